# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: when the CA may delete its logs, and what to say when it keeps them (step 11).

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.ca._Authority
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Draft
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Set

# Windows Server 2016. It and older ones keep logs that are not in the database yet until CertSvc was restarted:
# https://www.pkisolutions.com/database-log-files-are-not-truncated-when-you-perform-a-full-certification-authority-database-backup/
$lastBuildThatKeeps = 14393

Function Invoke-AdcsCaLogTruncation {
    <#
    .SYNOPSIS
    Lets the CA delete the logs that are in the set (step 11), if that was asked for and the set is proved good.

    .PARAMETER Run
    The run, see Invoke-AdcsCaBackup.

    .PARAMETER Session
    The prepared session.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run,

        [Parameter(Mandatory = $true)]
        [Object]
        $Session
    )

    $manifest = $Run.draft.manifest
    if (-not $Run.option.truncate_logs) {
        return
    }
    $doubt = Get-AdcsCaLogDoubt -Manifest $manifest
    if ($doubt) {
        Add-AdcsCaSkipped -Draft $Run.draft -What 'log truncation' -Why $doubt
        return
    }
    # the gate: nothing may be truncated before the set is stored, verified and recorded on the disk
    if (-not ($Run.draft.copied -and $manifest.verified)) {
        throw [Adcs.Ca.AdcsCaException]::new('Logs may not be truncated before the set is verified.', 11)
    }
    # counted here and not before Prepare: logs that came while the files were read must not hide those that go
    $manifest.truncation.logs_before = @(Get-AdcsCaLogFile -Authority $Run.authority).Count
    try {
        $Session.TruncateLogs()
        $manifest.truncation.done = $true
    }
    finally {
        $manifest.truncation.logs_after = @(Get-AdcsCaLogFile -Authority $Run.authority).Count
    }
}

Function Get-AdcsCaLogDoubt {
    <#
    .SYNOPSIS
    Why the logs of a set are not good enough for the CA to delete its own, as the end of a sentence; an empty text where they are.

    .PARAMETER Manifest
    The manifest of a set whose files are all stored.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Manifest
    )

    $logs = @($Manifest.files | Where-Object { $_.kind -eq 'log' })
    $unknown = @($logs | Where-Object { $null -eq (Get-AdcsCaLogGeneration -Name ([System.IO.Path]::GetFileName($_.path))) })
    if ($logs.Count -eq 0) {
        'the CA listed no log, and a database that was copied in use cannot be restored without its logs'
    }
    elseif ($unknown.Count) {
        "the CA listed '$($unknown[0].source)' as a log, and its name gives no generation, so a gap could not be seen"
    }
    elseif ($Manifest.log_generations.missing) {
        "the CA's log list has a gap of $($Manifest.log_generations.missing) generations"
    }
}

Function Get-AdcsCaKeptLogWarning {
    <#
    .SYNOPSIS
    What to say after a backup whose truncation left as many logs as there were; an empty text where it did not.

    .PARAMETER Result
    The result of the backup.

    .PARAMETER Repository
    The folder that holds the sets of the CA.

    .PARAMETER Build
    The build of Windows.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Result,

        [Parameter(Mandatory = $true)]
        [String]
        $Repository,

        [Int32]
        $Build = [Environment]::OSVersion.Version.Build
    )

    $logs = $Result.logs
    if (-not $logs.truncated -or $logs.before -eq 0 -or $logs.after -lt $logs.before) {
        return ''
    }
    $labels = try { @(Get-AdcsCaKeepingSet -Repository $Repository) } catch { @() }
    $warning = "TruncateLogs succeeded, but the CA kept all of its $($logs.after) logs"
    if ($labels.Count -gt 1) {
        $warning += ", as after each of the last $($labels.Count) backups, since $($labels[-1])"
    }
    if ($Build -gt $lastBuildThatKeeps) {
        return "$warning. The database engine still needs them."
    }
    "$warning. Windows Server 2016 and older keep logs until CertSvc was restarted, and write event 225 of ESENT to the Application log: " +
    "restart CertSvc ('Restart-Service CertSvc') before a backup, in an hour when nobody needs the CA."
}

Function Get-AdcsCaKeepingSet {
    <#
    .SYNOPSIS
    The labels of the newest sets after whose truncation the CA had kept all of its logs, newest first, up to the first one where it had not.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Repository
    )

    foreach ($label in Get-AdcsCaLabel -Path $Repository) {
        $truncation = (Read-AdcsCaSet -Path ([System.IO.Path]::Combine($Repository, $label)) -Depth none).manifest.truncation
        if (-not $truncation.done -or $truncation.logs_before -eq 0 -or $truncation.logs_after -lt $truncation.logs_before) {
            return
        }
        $label
    }
}

Export-ModuleMember -Function Get-AdcsCaKeptLogWarning, Invoke-AdcsCaLogTruncation

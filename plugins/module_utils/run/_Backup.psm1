# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: one backup, in the order that keeps it safe. The steps are Microsoft's sixteen:
# https://learn.microsoft.com/en-us/windows/win32/seccrypto/backing-up-certificate-services

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.certadm._CallLog
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.certadm._Certadm
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.ca._Authority
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.ca._Privilege
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.certadm._Session
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Failure
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Resource
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Text
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.files._Access
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Draft
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Lock
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Ownership
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Set
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.run._BackupFiles
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.run._BackupResult
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.run._Recover
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.run._Truncation

Function Invoke-AdcsCaBackup {
    <#
    .SYNOPSIS
    Makes one full backup of the certification authority of this host and publishes it as a set, or says why none was needed.

    .PARAMETER Option
    access, dynamic_files, path, previous_host, trace, truncate_logs, type, verify as the module takes them; max_age as a TimeSpan
    or $null; reserve_bytes.

    .PARAMETER Result
    The result of New-AdcsCaBackupResult; filled as the backup goes on, so that a failure shows how far it came.

    .PARAMETER CheckMode
    Do every check that writes nothing, and predict the set.

    .NOTES
    Throws Adcs.Ca.AdcsCaException. What the steps share is a hashtable, the run: option, result, authority, repository (of the functions of
    these names), started (UTC), draft (of New-AdcsCaDraft, $null until there is one), interrupted (whether staging held what a killed run
    left), log (Adcs.Ca.CallLog).
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Option,

        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Result,

        [Switch]
        $CheckMode
    )

    $authority = Get-AdcsCaAuthority
    $Result.ca = @{ name = $authority.name; host = $authority.host }
    $repository = Get-AdcsCaRepository -Path $Option.path -FolderName $authority.folder_name
    $run = @{
        option = $Option
        result = $Result
        authority = $authority
        repository = $repository
        started = [DateTime]::UtcNow
        draft = $null
        interrupted = $false
        log = [Adcs.Ca.CallLog]::new($Option.trace)
    }
    Update-AdcsCaResultLog -Run $run
    try {
        Invoke-AdcsCaBackupIfDue -Run $run -CheckMode:$CheckMode
    }
    catch {
        Update-AdcsCaResultLog -Run $run -After
        throw
    }
    finally {
        Update-AdcsCaResultCall -Run $run
    }
}

Function Invoke-AdcsCaBackupIfDue {
    <#
    .SYNOPSIS
    Finds that a fresh set makes a backup needless; else predicts one in check mode, or makes one alone.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run,

        [Switch]
        $CheckMode
    )

    $option = $Run.option
    $authority = $Run.authority
    $repository = $Run.repository
    Assert-AdcsCaOwnRepository -Repository $repository -Authority $authority -PreviousHost $option.previous_host
    if (-not (Get-AdcsCaLabel -Path $repository.staging) -and (Use-AdcsCaFreshSet -Run $Run)) {
        return
    }
    $caLock, $repositoryLock = Get-AdcsCaLock -Repository $repository -Authority $authority
    if ($CheckMode) {
        Assert-AdcsCaUnlocked -Lock $caLock
        Assert-AdcsCaUnlocked -Lock $repositoryLock
        Assert-AdcsCaAccess -Repository $repository -Access $option.access
        Assert-AdcsCaReady -Run $Run
        $doubt = Use-AdcsCaDisposable -Resource ([Adcs.Ca.CertadmLibrary]::new($authority.name, $Run.log)) -Block {
            param ($Certadm)
            Get-AdcsCaOnlineDoubt -Certadm $Certadm -Authority $authority
        }
        if ($doubt) {
            $Run.result.doubt = $doubt + (Get-AdcsCaRefusalCause -Authority $authority)
        }
        $Run.draft = New-AdcsCaDraft -Repository $repository -Type $option.type -Started $Run.started
        Add-AdcsCaManifestFact -Run $Run
        Update-AdcsCaPrediction -Run $Run
        return
    }

    Use-AdcsCaDisposable -Resource (Open-AdcsCaLock -Lock $caLock) -Block {
        # the list of a repository that another host is at work in is not ours to change
        Assert-AdcsCaUnlocked -Lock $repositoryLock
        Initialize-AdcsCaRepository -Repository $repository -Access $option.access
        Use-AdcsCaDisposable -Resource (Open-AdcsCaLock -Lock $repositoryLock) -Block { Invoke-AdcsCaBackupUnderLock -Run $Run }
    }
}

Function Invoke-AdcsCaBackupUnderLock {
    <#
    .SYNOPSIS
    The part of a backup that nobody else may do at the same time: put staging in order, then make a set where none is fresh.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run
    )

    # again, as another host may have made its first set here until the lock was free
    Assert-AdcsCaOwnRepository -Repository $Run.repository -Authority $Run.authority -PreviousHost $Run.option.previous_host
    $Run.result.leftovers = @(Clear-AdcsCaStaging -Repository $Run.repository -Authority $Run.authority -PreviousHost $Run.option.previous_host)
    $Run.interrupted = @($Run.result.leftovers | Where-Object { $_.action -ne 'kept' }).Count -gt 0
    $Run.result.changed = $Run.interrupted
    if (-not (Use-AdcsCaFreshSet -Run $Run)) {
        Assert-AdcsCaReady -Run $Run
        Use-AdcsCaDisposable -Resource (Enable-AdcsCaPrivilege) -Block { New-AdcsCaBackupSet -Run $Run }
    }
}

Function Assert-AdcsCaReady {
    <#
    .SYNOPSIS
    The checks of this host and of the destination that come before Certadm.dll is touched.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run
    )

    Assert-AdcsCaPrivilege
    Assert-AdcsCaFreeSpace -Repository $Run.repository -NeededBytes (Get-AdcsCaLiveSize -Authority $Run.authority) -ReserveBytes $Run.option.reserve_bytes
}

Function New-AdcsCaBackupSet {
    <#
    .SYNOPSIS
    Steps 1 to 16, and then the one decision: a set whose database files are all stored and verified is published, whatever failed
    after that; anything less is removed.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run
    )

    $failure = $null
    try {
        Use-AdcsCaDisposable -Resource ([Adcs.Ca.CertadmLibrary]::new($Run.authority.name, $Run.log)) -Block {
            param ($Certadm)
            $doubt = Get-AdcsCaOnlineDoubt -Certadm $Certadm -Authority $Run.authority
            $Run.draft = New-AdcsCaDraft -Repository $Run.repository -Type $Run.option.type -Started $Run.started
            $Run.result.label = $Run.draft.label
            Initialize-AdcsCaDraft -Draft $Run.draft
            Add-AdcsCaManifestFact -Run $Run
            Use-AdcsCaDisposable -Resource (Open-AdcsCaSession -Certadm $Certadm -Run $Run -Doubt $doubt) -Block {
                param ($Session)
                Copy-AdcsCaDatabase -Run $Run -Session $Session
                Confirm-AdcsCaCopy -Run $Run
                try {
                    Invoke-AdcsCaLogTruncation -Run $Run -Session $Session
                }
                finally {
                    # the files beside the database do not depend on the logs
                    Copy-AdcsCaDynamicFile -Run $Run -Session $Session
                }
            }
        }
    }
    catch {
        $failure = Add-AdcsCaDiskFullAdvice -ErrorRecord $_
    }

    if ($Run.draft.copied) {
        Complete-AdcsCaRun -Run $Run -Failure $failure
    }
    elseif ($null -ne $failure) {
        Undo-AdcsCaRun -Run $Run -Failure $failure
    }
}

Function Add-AdcsCaManifestFact {
    <#
    .SYNOPSIS
    What the manifest says of the CA and of this run, before any file is stored. Throws when no reader would take that.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run
    )

    $manifest = $Run.draft.manifest
    $manifest.ca = @{
        name = $Run.authority.name
        folder_name = $Run.authority.folder_name
        host = $Run.authority.host
        certificate_thumbprints = $Run.authority.certificate_thumbprints
    }
    $manifest.directories = $Run.authority.directories
    $manifest.tool = Get-AdcsCaToolVersion
    $manifest.powershell_version = $PSVersionTable.PSVersion.ToString()
    $manifest.os_version = [Environment]::OSVersion.VersionString
    $logCount = @(Get-AdcsCaLogFile -Authority $Run.authority).Count
    $manifest.truncation = @{
        requested = $Run.option.truncate_logs
        done = $false
        logs_before = $logCount
        logs_after = $logCount
    }
    Assert-AdcsCaManifest -Draft $Run.draft
}

Function Confirm-AdcsCaCopy {
    <#
    .SYNOPSIS
    Reads every stored file again and compares it with what was read from the CA; then records the set as copied, on the disk.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run
    )

    $set = $Run.draft
    if ($Run.option.verify) {
        $problems = @($set.manifest.files | ForEach-Object { Get-AdcsCaFileProblem -Path $set.staging -File $_ -Hash })
        if ($problems.Count) {
            $message = "The copy does not match what was read from the CA: $(@($problems | ForEach-Object { $_.message }) -join '; '). Check the destination's disk."
            throw [Adcs.Ca.AdcsCaException]::new($message)
        }
        $set.manifest.verified = $true
    }
    $set.manifest.success_codes = $Run.log.GetSuccessCodes()
    $set.manifest.finished = ConvertTo-AdcsCaTime -Time ([DateTime]::UtcNow)
    Save-AdcsCaManifest -Draft $set -State copied
    $set.copied = $true
}

Function Complete-AdcsCaRun {
    <#
    .SYNOPSIS
    Publishes the set and makes it the result; then reports what failed after the set was good, if anything did.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run,

        [Exception]
        $Failure
    )

    $Run.result.changed = $true
    $Run.result.left_on_disk = @($Run.draft.staging)
    if ($null -ne $Failure) {
        $what = if ($Failure.Step -eq 11) { 'log truncation' } else { 'the steps after the copy' }
        Add-AdcsCaSkipped -Draft $Run.draft -What $what -Why $Failure.Message
    }
    # once more, as a CA may delete logs only when the session ends
    $Run.draft.manifest.truncation.logs_after = Measure-AdcsCaLog -Authority $Run.authority -Otherwise $Run.draft.manifest.truncation.logs_after
    $Run.draft.manifest.success_codes = $Run.log.GetSuccessCodes()
    $Run.draft.manifest.finished = ConvertTo-AdcsCaTime -Time ([DateTime]::UtcNow)
    Update-AdcsCaBackupResult -Run $Run -Set $Run.draft
    try {
        Publish-AdcsCaDraft -Repository $Run.repository -Draft $Run.draft
    }
    catch {
        $Run.result.path = $null
        $cause = Add-AdcsCaDiskFullAdvice -ErrorRecord $_ -After $Failure
        if ($null -eq $Failure) {
            throw $cause.Append(" The copied set is left in '$($Run.draft.staging)'; the next run finishes it.")
        }
        throw $Failure.Append(" The copied set is left in '$($Run.draft.staging)', because it could not be published: $($cause.Message)")
    }

    if ($null -eq $Failure) {
        $Run.result.Remove('left_on_disk')
        return
    }
    $Run.result.left_on_disk = @($Run.draft.path)
    throw $Failure.Append(" The set '$($Run.draft.label)' is complete and was published in '$($Run.draft.path)'.")
}

Function Undo-AdcsCaRun {
    <#
    .SYNOPSIS
    Removes what a failed run left in staging, then throws its failure.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run,

        [Parameter(Mandatory = $true)]
        [Exception]
        $Failure
    )

    if ($null -eq $Run.draft) {
        throw $Failure
    }
    try {
        Remove-AdcsCaStaging -Repository $Run.repository -Label $Run.draft.label
    }
    catch {
        $Run.result.left_on_disk = @($Run.draft.staging)
        throw $Failure.Append(" What it left in '$($Run.draft.staging)' could not be removed: $($_.Exception.GetBaseException().Message)")
    }
    throw $Failure.Append(' No set was made, nothing was truncated, and nothing is left of the attempt.')
}

Export-ModuleMember -Function Invoke-AdcsCaBackup

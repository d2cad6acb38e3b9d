# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: the result of a backup. Every exit has every documented key, with the same meaning.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.ca._Authority
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Text
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Draft
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Findings
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Set

Function New-AdcsCaBackupResult {
    <#
    .SYNOPSIS
    The result of a backup before anything was done: every documented key, so that all exits have the same shape.

    .PARAMETER Option
    The module's options.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Option
    )

    @{
        changed = $false
        label = $null
        path = $null
        type = $Option.type
        files = @()
        file_count = 0
        files_omitted = 0
        bytes = 0
        duration_s = 0
        logs = @{ listed = 0; truncation_requested = $Option.truncate_logs; truncated = $false; before = 0; after = 0 }
        restore_map = @()
        skipped_items = @()
        leftovers = @()
        ca = @{ name = $null; host = $null }
        verified = $false
        reason = $null
        session_wait_s = 0
        success_codes = @()
        trace = @()
        trace_omitted = 0
        versions = @{
            collection = Get-AdcsCaToolVersion
            dotnet = [Environment]::Version.ToString()
            os = [Environment]::OSVersion.VersionString
            powershell = $PSVersionTable.PSVersion.ToString()
        }
    }
}

Function Update-AdcsCaResultLog {
    <#
    .SYNOPSIS
    Tells how many logs lie in the CA's log folder, so that a backup that fails tells that too.

    .PARAMETER Run
    The run, see Invoke-AdcsCaBackup.

    .PARAMETER After
    The number after the backup only.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run,

        [Switch]
        $After
    )

    $logs = $Run.result.logs
    $logs.after = Measure-AdcsCaLog -Authority $Run.authority -Otherwise $logs.after
    if (-not $After) {
        $logs.before = $logs.after
    }
}

Function Update-AdcsCaResultCall {
    <#
    .SYNOPSIS
    Tells what the calls of Certadm.dll answered in this run.

    .PARAMETER Run
    The run, see Invoke-AdcsCaBackup.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run
    )

    if ($null -eq $Run.result.reason) {
        $Run.result.success_codes = $Run.log.GetSuccessCodes()
    }
    $Run.result.trace = $Run.log.Describe()
    $Run.result.trace_omitted = $Run.log.Omitted
}

Function Update-AdcsCaBackupResult {
    <#
    .SYNOPSIS
    Makes a published set the result: what it holds, from its manifest.

    .PARAMETER Run
    The run, see Invoke-AdcsCaBackup.

    .PARAMETER Set
    The set that the result is to tell of.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Set
    )

    $manifest = $Set.manifest
    $result = $Run.result
    $result.label = $Set.label
    $result.path = $Set.path
    Update-AdcsCaResultFile -Run $Run -File $manifest.files
    $result.restore_map = @($manifest.restore_map)
    $result.skipped_items = @($manifest.skipped)
    $result.verified = $manifest.verified
    $result.success_codes = @($manifest.success_codes | Where-Object { $null -ne $_ })
    $result.logs = @{
        listed = @($manifest.files | Where-Object { $_.kind -eq 'log' }).Count
        truncation_requested = $manifest.truncation.requested
        truncated = $manifest.truncation.done
        before = $manifest.truncation.logs_before
        after = $manifest.truncation.logs_after
    }
}

Function Update-AdcsCaResultFile {
    <#
    .SYNOPSIS
    Makes the files of a set those of the result: how many and how large they are, and as many of them as it may list.

    .PARAMETER Run
    The run, see Invoke-AdcsCaBackup.

    .PARAMETER File
    All files, as entries of a manifest.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run,

        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Object[]]
        $File
    )

    $listed = Get-AdcsCaFileList -File @(if ($Run.option.list_files -ne $false) { $File })
    $Run.result.files = $listed.files
    $Run.result.file_count = $File.Count
    $Run.result.files_omitted = $File.Count - $listed.files.Count
    $Run.result.bytes = Get-AdcsCaTotal -File $File
}

Function Use-AdcsCaFreshSet {
    <#
    .SYNOPSIS
    Looks for a complete set no older than max_age, and makes it the result. A set dated in the future is never fresh, nor one that an
    earlier look found damaged or that cannot be judged; with a max_age of zero no set is, not even one of this very second.

    .PARAMETER Run
    The run, see Invoke-AdcsCaBackup.

    .OUTPUTS
    Whether there is one.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run
    )

    if ($null -eq $Run.option.max_age -or $Run.option.max_age -eq [TimeSpan]::Zero) {
        return $false
    }
    $store = Get-AdcsCaFindingStore -Repository $Run.repository -ReadOnly
    foreach ($label in Get-AdcsCaLabel -Path $Run.repository.path) {
        if (-not (Test-AdcsCaFindingGood -Finding (Get-AdcsCaFinding -Store $store -Label $label))) {
            continue
        }
        $found = Read-AdcsCaSet -Path ([System.IO.Path]::Combine($Run.repository.path, $label))
        if ($found.problems.Count -or $found.manifest.state -ne 'complete' -or $found.manifest.type -ne $Run.option.type) {
            continue
        }
        $age = $Run.started - (ConvertFrom-AdcsCaTime -Text $found.manifest.started)
        if ($age -lt [TimeSpan]::Zero) {
            continue
        }
        if ($age -gt $Run.option.max_age) {
            return $false
        }
        Update-AdcsCaBackupResult -Run $Run -Set $found
        $Run.result.reason = "The set $label is $([Math]::Floor($age.TotalMinutes)) minutes old, within max_age."
        return $true
    }
    return $false
}

Function Get-AdcsCaBackupListing {
    <#
    .SYNOPSIS
    The set of a result as text for diff mode: its folder, then one line for each file that the result lists.

    .PARAMETER Result
    The result of the module.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Result
    )

    $lines = @($Result.path) + @($Result.files | ForEach-Object {
            $size = if ($null -eq $_.size) { 'size not known yet' } else { "$($_.size) bytes" }
            "  $($_.path) ($($_.kind), $size)"
        })
    if ($Result.files_omitted) {
        $lines += "  $($Result.files_omitted) $(if ($Result.files.Count) { 'more ' })file$(if ($Result.files_omitted -ne 1) { 's' })"
    }
    ($lines -join "`n") + "`n"
}

Function Update-AdcsCaPrediction {
    <#
    .SYNOPSIS
    Makes the set that a run would make now the result, from the files in the CA's folders. Hashes are not known, nor the size
    of the restore map: they are $null.

    .PARAMETER Run
    The run, see Invoke-AdcsCaBackup.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run
    )

    $next = Get-AdcsCaNextDraft -Repository $Run.repository -Type $Run.option.type -Started $Run.started
    $live = @(Get-AdcsCaLiveFile -Authority $Run.authority)
    $map = @{ path = "$([Adcs.Ca.Layout]::Database)\$([Adcs.Ca.Layout]::RestoreMap)"; kind = 'restore_map'; source = $Run.authority.host; size = $null; sha256 = $null }
    $result = $Run.result
    $result.changed = $true
    $result.label = $next.label
    $result.path = $next.path
    Update-AdcsCaResultFile -Run $Run -File (@($map) + @($live | ForEach-Object {
            @{ path = "$([Adcs.Ca.Layout]::Database)\$($_.file.Name)"; kind = $_.kind; source = $_.file.FullName; size = $_.file.Length; sha256 = $null }
            }))
    $logCount = @($live | Where-Object { $_.kind -eq 'log' }).Count
    $result.logs.listed = $logCount
    $result.logs.before = $logCount
    $result.logs.after = $logCount
}

Export-ModuleMember -Function Get-AdcsCaBackupListing, New-AdcsCaBackupResult, Update-AdcsCaPrediction, Update-AdcsCaBackupResult, Update-AdcsCaResultCall, Update-AdcsCaResultLog,
Use-AdcsCaFreshSet

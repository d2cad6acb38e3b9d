# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: one backup, in the order that keeps it safe. The steps are Microsoft's sixteen:
# https://learn.microsoft.com/en-us/windows/win32/seccrypto/backing-up-certificate-services

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils._Certadm
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils._FileSystem
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Access
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Authority
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._BackupResult
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Catalogue
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Copy
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Failure
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Lock
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Repository
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Resource
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Set
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Staging
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Text
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Verify

# E_ACCESSDENIED
$accessDenied = 0x80070005

Function Invoke-AdcsCaBackup {
    <#
    .SYNOPSIS
    Makes one full backup of the certification authority of this host and publishes it as a set, or says why none was needed.

    .PARAMETER Option
    access, dynamic_files, path, previous_host, truncate_logs, type, verify as the module takes them; max_age as a TimeSpan or
    $null; reserve_bytes.

    .PARAMETER Result
    The result of New-AdcsCaBackupResult; filled as the backup goes on, so that a failure shows how far it came.

    .PARAMETER CheckMode
    Do every check that writes nothing, and predict the set.

    .NOTES
    Throws Adcs.Ca.BackupException. What the steps share is a hashtable, the run: option, result, authority, repository (of the functions of
    these names), started (UTC), set (of New-AdcsCaSet, $null until there is one).
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
    $run = @{ option = $Option; result = $Result; authority = $authority; repository = $repository; started = [DateTime]::UtcNow; set = $null }

    Assert-AdcsCaOwner -Repository $repository -Authority $authority -PreviousHost $Option.previous_host
    if (-not (Get-AdcsCaLabel -Path $repository.staging) -and (Use-AdcsCaFreshSet -Run $run)) {
        return
    }
    $caLock, $repositoryLock = Get-AdcsCaLock -Repository $repository -Authority $authority
    if ($CheckMode) {
        Assert-AdcsCaUnlocked -Lock $caLock
        Assert-AdcsCaUnlocked -Lock $repositoryLock
        Assert-AdcsCaAccess -Repository $repository -Access $Option.access
        Assert-AdcsCaReady -Run $run
        Use-AdcsCaResource -Resource ([Adcs.Ca.CertadmLibrary]::new($authority.name)) -Block {
            param ($Certadm)
            Assert-AdcsCaOnline -Certadm $Certadm -Authority $authority
        }
        $run.set = New-AdcsCaSet -Repository $repository -Type $Option.type -Started $run.started
        Add-AdcsCaManifestFact -Run $run
        Set-AdcsCaPrediction -Run $run
        return
    }

    Use-AdcsCaResource -Resource (Open-AdcsCaLock -Lock $caLock) -Block {
        # the list of a repository that another host is at work in is not ours to change
        Assert-AdcsCaUnlocked -Lock $repositoryLock
        Initialize-AdcsCaRepository -Repository $repository -Access $Option.access
        Use-AdcsCaResource -Resource (Open-AdcsCaLock -Lock $repositoryLock) -Block { Invoke-AdcsCaLockedRun -Run $run }
    }
}

Function Invoke-AdcsCaLockedRun {
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
    Assert-AdcsCaOwner -Repository $Run.repository -Authority $Run.authority -PreviousHost $Run.option.previous_host
    $Run.result.leftovers = @(Clear-AdcsCaStaging -Repository $Run.repository -Authority $Run.authority -PreviousHost $Run.option.previous_host)
    $Run.result.changed = @($Run.result.leftovers | Where-Object { $_.action -ne 'kept' }).Count -gt 0
    if (-not (Use-AdcsCaFreshSet -Run $Run)) {
        Assert-AdcsCaReady -Run $Run
        Use-AdcsCaResource -Resource (Enable-AdcsCaPrivilege) -Block { Invoke-AdcsCaRun -Run $Run }
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

Function Assert-AdcsCaOnline {
    <#
    .SYNOPSIS
    Throws unless the CA answers and accepts requests (step 3). An account that may back up the CA need not be allowed to ask for
    its state, so being denied that is left for Prepare to decide.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Object]
        $Certadm,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority
    )

    try {
        $online = $Certadm.IsServerOnline($env:COMPUTERNAME)
    }
    catch {
        if ((ConvertTo-AdcsCaException -ErrorRecord $_).Code -ne $accessDenied) {
            throw
        }
        return
    }
    if (-not $online) {
        $message = "The CA '$($Authority.name)' is paused. Resume it on '$env:COMPUTERNAME' with 'Resume-Service CertSvc', then run again."
        throw [Adcs.Ca.BackupException]::new($message, 3)
    }
}

Function Invoke-AdcsCaRun {
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
        Use-AdcsCaResource -Resource ([Adcs.Ca.CertadmLibrary]::new($Run.authority.name)) -Block {
            param ($Certadm)
            Assert-AdcsCaOnline -Certadm $Certadm -Authority $Run.authority
            $Run.set = New-AdcsCaSet -Repository $Run.repository -Type $Run.option.type -Started $Run.started
            $Run.result.label = $Run.set.label
            Initialize-AdcsCaSet -Set $Run.set
            Add-AdcsCaManifestFact -Run $Run
            Use-AdcsCaResource -Resource ($Certadm.Prepare($env:COMPUTERNAME, 'Full')) -Block {
                param ($Session)
                Copy-AdcsCaDatabase -Run $Run -Session $Session
                Confirm-AdcsCaCopy -Run $Run
                Limit-AdcsCaLog -Run $Run -Session $Session
                Copy-AdcsCaDynamicFile -Run $Run -Session $Session
            }
        }
    }
    catch {
        $failure = Add-AdcsCaDiskFullAdvice -ErrorRecord $_
    }

    if ($Run.set.copied) {
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

    $manifest = $Run.set.manifest
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
    Assert-AdcsCaManifest -Set $Run.set
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

    $set = $Run.set
    if ($Run.option.verify) {
        $problems = @($set.manifest.files | ForEach-Object { Get-AdcsCaFileProblem -Path $set.staging -File $_ -Hash })
        if ($problems.Count) {
            $message = "The copy does not match what was read from the CA: $(@($problems | ForEach-Object { $_.message }) -join '; '). Check the destination's disk."
            throw [Adcs.Ca.BackupException]::new($message, 0)
        }
        $set.manifest.verified = $true
    }
    $set.manifest.finished = ConvertTo-AdcsCaTime -Time ([DateTime]::UtcNow)
    Save-AdcsCaManifest -Set $set -State copied
    $set.copied = $true
}

Function Limit-AdcsCaLog {
    <#
    .SYNOPSIS
    Lets the CA delete the logs that are in the set (step 11), if that was asked for and the set is proved good.
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

    $manifest = $Run.set.manifest
    if (-not $Run.option.truncate_logs) {
        return
    }
    if ($manifest.log_generations.missing) {
        Add-AdcsCaSkipped -Set $Run.set -What 'log truncation' -Why "the CA's log list has a gap of $($manifest.log_generations.missing) generations"
        return
    }
    # the gate: nothing may be truncated before the set is stored, verified and recorded on the disk
    if (-not ($Run.set.copied -and $manifest.verified)) {
        throw [Adcs.Ca.BackupException]::new('Logs may not be truncated before the set is verified.', 11)
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
    $Run.result.left_on_disk = @($Run.set.staging)
    if ($null -ne $Failure) {
        Add-AdcsCaSkipped -Set $Run.set -What 'the steps after the copy' -Why $Failure.Message
    }
    $Run.set.manifest.finished = ConvertTo-AdcsCaTime -Time ([DateTime]::UtcNow)
    Set-AdcsCaResult -Run $Run -Set $Run.set
    try {
        Publish-AdcsCaSet -Repository $Run.repository -Set $Run.set
    }
    catch {
        $Run.result.path = $null
        $cause = Add-AdcsCaDiskFullAdvice -ErrorRecord $_ -After $Failure
        if ($null -eq $Failure) {
            throw $cause.Append(" The copied set is left in '$($Run.set.staging)'; the next run finishes it.")
        }
        throw $Failure.Append(" The copied set is left in '$($Run.set.staging)', because it could not be published: $($cause.Message)")
    }

    if ($null -eq $Failure) {
        $Run.result.Remove('left_on_disk')
        return
    }
    $Run.result.left_on_disk = @($Run.set.path)
    throw $Failure.Append(" The set '$($Run.set.label)' is complete and was published in '$($Run.set.path)'.")
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

    if ($null -eq $Run.set) {
        throw $Failure
    }
    try {
        Remove-AdcsCaStaging -Repository $Run.repository -Label $Run.set.label
    }
    catch {
        $Run.result.left_on_disk = @($Run.set.staging)
        throw $Failure.Append(" What it left in '$($Run.set.staging)' could not be removed: $($_.Exception.GetBaseException().Message)")
    }
    throw $Failure.Append(' No set was made, nothing was truncated, and nothing is left of the attempt.')
}

Export-ModuleMember -Function Invoke-AdcsCaBackup

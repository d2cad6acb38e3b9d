# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: one backup at a time for a CA and for a repository. A lock is a file that its holder keeps
# open and that lets others read it and nothing else, so it works across hosts on a share. The file names its holder. The system
# closes it when the process or the host dies; a file that nobody has open is taken over.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FolderAccess
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Failure
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.files._Access
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination

# ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION
$inUse = 0x80070020, 0x80070021

Function Get-AdcsCaLock {
    <#
    .SYNOPSIS
    The locks that a change of a repository takes, in the order in which to take them. Writes nothing.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority, where the change is a backup: the CA itself has a lock then, on its host, so that two
    backups of it to different destinations do not meet.

    .OUTPUTS
    Hashtables {path, what, trusted_owner: whether the folder of the lock must belong to somebody who may decide over it}.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Hashtable]
        $Authority
    )

    if ($Authority) {
        $folder = [System.IO.Path]::Combine([Environment]::GetFolderPath('CommonApplicationData'), 'adcs.ca')
        # every account may make a folder there
        @{ path = [System.IO.Path]::Combine($folder, "$($Authority.folder_name).lock"); what = "the CA '$($Authority.name)'"; trusted_owner = $true }
    }
    @{ path = [System.IO.Path]::Combine($Repository.path, [Adcs.Ca.Layout]::Lock); what = "the repository '$($Repository.path)'"; trusted_owner = $false }
}

Function Open-AdcsCaLock {
    <#
    .SYNOPSIS
    Takes a lock. Dispose the result to release it; the system does so when the process dies.

    .PARAMETER Lock
    A lock of Get-AdcsCaLock. Its folder is created, private, where it is missing.

    .OUTPUTS
    System.IO.FileStream

    .NOTES
    Throws Adcs.Ca.AdcsCaException that names the holder of a lock that is taken. On a full disk the file may be empty: it is locked all the
    same, and the key nameless of the lock is set then.
    #>
    [CmdletBinding()]
    [OutputType([System.IO.FileStream])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Lock
    )

    $folder = [System.IO.Path]::GetDirectoryName($Lock.path)
    Assert-AdcsCaOrdinaryFolder -Path $folder
    Assert-AdcsCaLockFolderTrusted -Lock $Lock
    if (-not [System.IO.Directory]::Exists($folder)) {
        $null = [Adcs.Ca.PrivateFolder]::Create($folder, (Get-AdcsCaPrivateSddl -Path $folder))
    }
    $holder = "host $env:COMPUTERNAME, process $PID, since $(ConvertTo-AdcsCaTime -Time ([DateTime]::UtcNow))"
    $content = [System.Text.UTF8Encoding]::new($false).GetBytes($holder)
    $file = $null
    try {
        $file = [System.IO.FileStream]::new(
            $Lock.path, [System.IO.FileMode]::OpenOrCreate, [System.IO.FileAccess]::ReadWrite, [System.IO.FileShare]::Read, 1, [System.IO.FileOptions]::DeleteOnClose)
        try {
            $file.SetLength(0)
            $file.Write($content, 0, $content.Length)
            $file.Flush()
        }
        catch {
            if (-not (Test-AdcsCaDiskFull -ErrorRecord $_)) {
                throw
            }
            $Lock.nameless = $true
        }
        $file
    }
    catch {
        $cause = $_.Exception.GetBaseException()
        if ($null -ne $file) {
            $file.Dispose()
        }
        $isFull = Test-AdcsCaDiskFull -ErrorRecord $_
        Assert-AdcsCaUnlocked -Lock $Lock
        $why = if ($isFull) { 'could not be taken, as the disk is full. Free a little space there by hand, then run again' } else { 'could not be taken, as its folder is not writable' }
        throw (ConvertTo-AdcsCaLockError -Lock $Lock -Cause $cause -What $why)
    }
}

Function Assert-AdcsCaUnlocked {
    <#
    .SYNOPSIS
    Throws and names the holder when somebody holds a lock, or when its folder is not to be trusted. Writes nothing.

    .PARAMETER Lock
    A lock of Get-AdcsCaLock.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Lock
    )

    Assert-AdcsCaLockFolderTrusted -Lock $Lock
    if (Test-AdcsCaLocked -Lock $Lock) {
        $holder = Get-AdcsCaLockHolder -Path $Lock.path
        $message = "Another run of this collection holds $($Lock.what): $holder. Wait until it ends, then run again."
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
}

Function Assert-AdcsCaLockFolderTrusted {
    <#
    .SYNOPSIS
    Throws when the folder of a lock is one that must belong to somebody trusted, and does not.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Lock
    )

    $folder = [System.IO.Path]::GetDirectoryName($Lock.path)
    if ($Lock.trusted_owner -and [System.IO.Directory]::Exists($folder)) {
        Assert-AdcsCaFolderTrusted -Path $folder
    }
}

Function Test-AdcsCaLocked {
    <#
    .SYNOPSIS
    Whether somebody holds a lock. Writes nothing. Throws where that cannot be told.

    .PARAMETER Lock
    A lock of Get-AdcsCaLock.
    #>
    [CmdletBinding()]
    [OutputType([Boolean])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Lock
    )

    if (-not [System.IO.File]::Exists($Lock.path)) {
        return $false
    }
    try {
        [System.IO.File]::Open($Lock.path, 'Open', 'Read', 'Read, Delete').Dispose()
        return $false
    }
    catch [System.IO.FileNotFoundException], [System.IO.DirectoryNotFoundException] {
        # its holder released it at this moment
        return $false
    }
    catch {
        $cause = $_.Exception.GetBaseException()
        if ($cause.HResult -notin $inUse) {
            throw (ConvertTo-AdcsCaLockError -Lock $Lock -Cause $cause -What 'could not be looked at')
        }
        return $true
    }
}

Function ConvertTo-AdcsCaLockError {
    <#
    .SYNOPSIS
    The AdcsCaException for a lock file that an account cannot use, with what there is to say of shares.

    .PARAMETER Lock
    A lock of Get-AdcsCaLock.

    .PARAMETER Cause
    What was caught.

    .PARAMETER What
    What could not be done, as the end of a sentence.
    #>
    [CmdletBinding()]
    [OutputType([Exception])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Lock,

        [Parameter(Mandatory = $true)]
        [Exception]
        $Cause,

        [Parameter(Mandatory = $true)]
        [String]
        $What
    )

    try {
        throw [Adcs.Ca.AdcsCaException]::FromIO($Cause, 'CreateFile', 0, $Lock.path, "The lock of $($Lock.what) $What")
    }
    catch {
        ConvertTo-AdcsCaShareError -Path $Lock.path -ErrorRecord $_
    }
}

Function Get-AdcsCaLockHolder {
    <#
    .SYNOPSIS
    The text of a lock file that another process holds.

    .PARAMETER Path
    The lock file.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    try {
        $file = [System.IO.File]::Open($Path, 'Open', 'Read', 'ReadWrite, Delete')
        $reader = [System.IO.StreamReader]::new($file)
        $holder = try { $reader.ReadToEnd() } finally { $reader.Dispose() }
    }
    catch {
        return 'a process that releases it at this moment, or whose lock this account may not read'
    }
    if ($holder.Trim()) { $holder } else { 'a process that is not named, as the disk was full when it began' }
}

Export-ModuleMember -Function Assert-AdcsCaUnlocked, Get-AdcsCaLock, Open-AdcsCaLock, Test-AdcsCaLocked

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: where a repository is, who may read it, and who holds it.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils._FileSystem
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils._Manifest

$labelPattern = '^[0-9]{8}T[0-9]{6}Z-(full|logs)$'
$lockName = '.lock'

# Windows PowerShell 5.1 cannot use longer paths:
# https://learn.microsoft.com/en-us/windows/win32/fileio/maximum-file-path-limitation
$maxPathLength = 259

Function Get-AdcsCaRepository {
    <#
    .SYNOPSIS
    Works out where the repository of a CA is below a destination, and throws when the destination cannot be one. Writes nothing.

    .PARAMETER Path
    The destination: an absolute local folder or a UNC share. It need not exist yet.

    .PARAMETER FolderName
    The sanitised name of the CA.

    .OUTPUTS
    A hashtable: path (the repository), staging (the folder where sets grow).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyString()]
        [String]
        $Path,

        [Parameter(Mandatory = $true)]
        [String]
        $FolderName
    )

    if ($Path -notmatch '^([A-Za-z]:[\\/]|\\\\(?![?.]\\)[^\\/]+\\[^\\/]+)') {
        throw [Adcs.Ca.BackupException]::new("The path '$Path' is not absolute. Give a path such as D:\Backup or \\server\share\folder.", 0)
    }
    $root = [System.IO.Path]::GetPathRoot($Path)
    $elements = @($Path.Substring($root.Length).Split([Char[]]'\/', [StringSplitOptions]::RemoveEmptyEntries))
    foreach ($element in $elements + $FolderName) {
        if (-not [Adcs.Ca.FileName]::IsPlain($element)) {
            throw [Adcs.Ca.BackupException]::new("The path '$Path' cannot be used: '$element' is not the name of a folder.", 0)
        }
    }
    if (-not [System.IO.Directory]::Exists($root)) {
        throw [Adcs.Ca.BackupException]::new("The path '$Path' cannot be used: the drive or share '$root' does not exist or cannot be reached.", 0)
    }

    $repository = [System.IO.Path]::Combine([String[]](@($root) + $elements + $FolderName))
    Assert-AdcsCaOrdinaryFolder -Path $repository
    $staging = [System.IO.Path]::Combine($repository, '.staging')
    $longest = [System.IO.Path]::Combine($staging, '00000000T000000Z-full', 'DataBase', "$FolderName.edb").Length
    if ($longest -gt $maxPathLength) {
        $message = "The path '$Path' is too long: a file of a set would have a path of $longest characters, and Windows PowerShell can use " +
        "$maxPathLength. Choose a shorter one."
        throw [Adcs.Ca.BackupException]::new($message, 0)
    }
    @{ path = $repository; staging = $staging }
}

Function Assert-AdcsCaOrdinaryFolder {
    <#
    .SYNOPSIS
    Throws when a path, or a folder above it, is a file or a reparse point (a link or a mounted volume). What does not exist is fine.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    for ($at = $Path; $at; $at = [System.IO.Path]::GetDirectoryName($at)) {
        $item = New-Object -TypeName System.IO.DirectoryInfo -ArgumentList $at
        if ([System.IO.File]::Exists($at)) {
            throw [Adcs.Ca.BackupException]::new("The path '$Path' cannot be used: '$at' is a file.", 0)
        }
        if ($item.Exists -and $item.Attributes -band [System.IO.FileAttributes]::ReparsePoint) {
            throw [Adcs.Ca.BackupException]::new("The path '$Path' cannot be used: '$at' is a reparse point (a link or a mounted volume), and none is followed.", 0)
        }
    }
}

Function Assert-AdcsCaFreeSpace {
    <#
    .SYNOPSIS
    Throws when the destination has less free space than a set needs. Works before the repository exists.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER NeededBytes
    The size of a set.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [Int64]
        $NeededBytes
    )

    $existing = $Repository.path
    while (-not [System.IO.Directory]::Exists($existing)) {
        $existing = [System.IO.Path]::GetDirectoryName($existing)
    }
    $free = [Adcs.Ca.FileSystem]::GetFreeBytes($existing)
    if ($free -lt $NeededBytes) {
        $message = "Too little free space at '$existing': the database and its logs need $NeededBytes bytes, $free are free. " +
        'Free space there, or choose another destination.'
        throw [Adcs.Ca.BackupException]::new($message, 0)
    }
}

Function Initialize-AdcsCaRepository {
    <#
    .SYNOPSIS
    Creates the folders down to the repository that are missing, each private from its first moment on.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository
    )

    $missing = New-Object -TypeName System.Collections.Stack
    for ($at = $Repository.path; $at -and -not [System.IO.Directory]::Exists($at); $at = [System.IO.Path]::GetDirectoryName($at)) {
        $missing.Push($at)
    }
    $sddl = Get-AdcsCaPrivateSddl
    foreach ($folder in $missing) {
        $null = [Adcs.Ca.FileSystem]::CreatePrivateDirectory($folder, $sddl)
    }
}

Function Get-AdcsCaPrivateSddl {
    <#
    .SYNOPSIS
    The access list of a repository: protected, full control for SYSTEM and Administrators, and for the account that runs the
    backup where it is no administrator, as a backup operator is under role separation.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param ()

    $user = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object -TypeName System.Security.Principal.WindowsPrincipal -ArgumentList $user
    $sddl = 'D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)'
    if (-not $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) {
        $sddl += "(A;OICI;FA;;;$($user.User.Value))"
    }
    $sddl
}

Function Lock-AdcsCaRepository {
    <#
    .SYNOPSIS
    Takes the lock of a repository. Dispose the result to release it; the system does so when the process dies.

    .DESCRIPTION
    The lock is an open handle on the file .lock that lets others read and nothing else, so it works across hosts on a share.
    The file names its holder. A file without a handle on it, as after a power failure, is taken over.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .OUTPUTS
    System.IO.FileStream
    #>
    [CmdletBinding()]
    [OutputType([System.IO.FileStream])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository
    )

    $path = [System.IO.Path]::Combine($Repository.path, $lockName)
    $holder = "host $env:COMPUTERNAME, process $PID, since $([DateTime]::UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [CultureInfo]::InvariantCulture))"
    $content = (New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false).GetBytes($holder)
    $lock = $null
    try {
        $lock = New-Object -TypeName System.IO.FileStream -ArgumentList @(
            $path, [System.IO.FileMode]::OpenOrCreate, [System.IO.FileAccess]::ReadWrite, [System.IO.FileShare]::Read, 1,
            [System.IO.FileOptions]::DeleteOnClose)
        $lock.SetLength(0)
        $lock.Write($content, 0, $content.Length)
        $lock.Flush()
        $lock
    }
    catch {
        $cause = $_.Exception.GetBaseException()
        if ($lock) {
            $lock.Dispose()
        }
        Assert-AdcsCaUnlocked -Repository $Repository
        throw [Adcs.Ca.BackupException]::FromIO($cause, 'CreateFile', 0, $path, "The repository '$($Repository.path)' is not writable")
    }
}

Function Assert-AdcsCaUnlocked {
    <#
    .SYNOPSIS
    Throws and names the holder when somebody holds the lock of a repository. Writes nothing.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository
    )

    $path = [System.IO.Path]::Combine($Repository.path, $lockName)
    if (-not [System.IO.File]::Exists($path)) {
        return
    }
    try {
        [System.IO.File]::Open($path, 'Open', 'Read', 'Read, Delete').Dispose()
    }
    catch {
        $holder = Get-AdcsCaLockHolder -Path $path
        $message = "Another backup holds the repository '$($Repository.path)': $holder. Wait until it ends, then run again."
        throw [Adcs.Ca.BackupException]::new($message, 0)
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
        $reader = New-Object -TypeName System.IO.StreamReader -ArgumentList $file
        try {
            $reader.ReadToEnd()
        }
        finally {
            $reader.Dispose()
        }
    }
    catch {
        'a process that releases it at this moment, or whose lock this account may not read'
    }
}

Function Get-AdcsCaLabel {
    <#
    .SYNOPSIS
    The labels of the folders in a repository, or in its staging, newest first. Folders with another name are not sets.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    $folder = New-Object -TypeName System.IO.DirectoryInfo -ArgumentList $Path
    if ($folder.Exists) {
        $folder.GetDirectories() | ForEach-Object { $_.Name } | Where-Object { $_ -cmatch $labelPattern } | Sort-Object -Descending
    }
}

Export-ModuleMember -Function Assert-AdcsCaFreeSpace, Assert-AdcsCaOrdinaryFolder, Assert-AdcsCaUnlocked, Get-AdcsCaLabel,
Get-AdcsCaRepository, Initialize-AdcsCaRepository, Lock-AdcsCaRepository

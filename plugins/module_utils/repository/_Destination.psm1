# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: where a repository is, and whether it can take a set.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileName
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileSystem
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout

# Windows PowerShell 5.1 cannot use longer paths:
# https://learn.microsoft.com/en-us/windows/win32/fileio/maximum-file-path-limitation
$maxPathLength = 259

# E_ACCESSDENIED
$accessDenied = 0x80070005

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
        throw [Adcs.Ca.AdcsCaException]::new("The path '$Path' is not absolute. Give a path such as D:\Backup or \\server\share\folder.")
    }
    $root = [System.IO.Path]::GetPathRoot($Path)
    $elements = @($Path.Substring($root.Length).Split([Char[]]'\/', [StringSplitOptions]::RemoveEmptyEntries))
    if (-not [Adcs.Ca.FileName]::IsPlain($FolderName)) {
        $message = "The folder_name '$FolderName' cannot be used: it is not the name of a folder. Give the name that the folder of the CA has below '$Path'."
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
    foreach ($element in $elements) {
        if (-not [Adcs.Ca.FileName]::IsPlain($element)) {
            throw [Adcs.Ca.AdcsCaException]::new("The path '$Path' cannot be used: '$element' is not the name of a folder.")
        }
    }
    Assert-AdcsCaReachable -Path $Path -Root $root
    Assert-AdcsCaNoRepository -Path $Path

    $repository = [System.IO.Path]::Combine([String[]](@($root) + $elements + $FolderName))
    Assert-AdcsCaOrdinaryFolder -Path $repository
    $staging = [System.IO.Path]::Combine($repository, [Adcs.Ca.Layout]::Staging)
    $fileName = @("$FolderName.edb", [Adcs.Ca.Layout]::RestoreMap) | Sort-Object -Property Length -Descending | Select-Object -First 1
    $longest = [System.IO.Path]::Combine($staging, [Adcs.Ca.Layout]::LongestFolder, [Adcs.Ca.Layout]::Database, $fileName).Length
    if ($longest -gt $maxPathLength) {
        $message = "The path '$Path' is too long: a file of a set would have a path of $longest characters, and Windows PowerShell can use " +
        "$maxPathLength. Choose a shorter one."
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
    @{ path = $repository; staging = $staging }
}

Function Assert-AdcsCaReachable {
    <#
    .SYNOPSIS
    Throws, and says why, when the drive or share of a destination cannot be reached.

    .PARAMETER Path
    The destination.

    .PARAMETER Root
    Its drive or share.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path,

        [Parameter(Mandatory = $true)]
        [String]
        $Root
    )

    try {
        [Adcs.Ca.FileSystem]::Reach($Root)
    }
    catch {
        $cause = ConvertTo-AdcsCaShareError -Path $Path -ErrorRecord $_
        throw $cause.Prepend("The path '$Path' cannot be used: the drive or share '$Root' does not exist or cannot be reached. ")
    }
}

Function Assert-AdcsCaNoRepository {
    <#
    .SYNOPSIS
    Throws when a destination is itself a repository or a set: a repository inside it would be taken for a stray folder there.

    .PARAMETER Path
    The destination.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    $hint = 'Give the folder that holds the repositories: each CA has its own below it.'
    $inside = @(try { Get-AdcsCaLabel -Path $Path } catch {
            # a folder that holds the repositories of others need not let itself be listed
            if ((ConvertTo-AdcsCaException -ErrorRecord $_).Code -ne $accessDenied) {
                throw
            }
        })
    if ($inside.Count) {
        throw [Adcs.Ca.AdcsCaException]::new("The path '$Path' cannot be used: it is the repository of a CA. $hint")
    }
    if ([Adcs.Ca.Layout]::IsLabel([System.IO.Path]::GetFileName($Path.TrimEnd([Char[]]'\/')))) {
        throw [Adcs.Ca.AdcsCaException]::new("The path '$Path' cannot be used: it is a set. $hint")
    }
}

Function Assert-AdcsCaOrdinaryFolder {
    <#
    .SYNOPSIS
    Throws when a path, or a folder above it, is a file or a link (or a mounted volume). What does not exist is fine.

    .PARAMETER Path
    The folder, absolute.
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
            throw [Adcs.Ca.AdcsCaException]::new("The path '$Path' cannot be used: '$at' is a file.")
        }
        if ([Adcs.Ca.FileSystem]::IsLink($item)) {
            throw [Adcs.Ca.AdcsCaException]::new("The path '$Path' cannot be used: '$at' is a reparse point that leads elsewhere (a link or a mounted volume), and none is followed.")
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

    .PARAMETER ReserveBytes
    What must be left free beside it.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [Int64]
        $NeededBytes,

        [Parameter(Mandatory = $true)]
        [Int64]
        $ReserveBytes
    )

    $existing = $Repository.path
    while (-not [System.IO.Directory]::Exists($existing)) {
        $existing = [System.IO.Path]::GetDirectoryName($existing)
    }
    try {
        $free = [Adcs.Ca.FileSystem]::GetFreeBytes($existing)
    }
    catch {
        throw (ConvertTo-AdcsCaShareError -Path $existing -ErrorRecord $_)
    }
    if ($free -lt $NeededBytes + $ReserveBytes) {
        $missing = $NeededBytes + $ReserveBytes - $free
        $needed, $reserve, $available, $short = $NeededBytes, $ReserveBytes, $free, $missing | ForEach-Object { ConvertTo-AdcsCaSizeText -Bytes $_ }
        $message = "Too little free space at '$existing': the database and its logs need $needed and the reserve is $reserve, but only $available are " +
        "free, $short too few. Free space there, run the role's entry point expire, or choose another destination."
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
}

Function ConvertTo-AdcsCaSizeText {
    <#
    .SYNOPSIS
    A number of bytes in the largest binary unit that fits: 512 B, 1.5 MiB.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [Int64]
        $Bytes
    )

    $value = [Double]$Bytes
    # what would be printed as 1024.0 of a unit is 1.0 of the next one
    foreach ($unit in 'B', 'KiB', 'MiB', 'GiB') {
        if ($value -lt 1023.95) {
            break
        }
        $value /= 1024
        $unit = 'TiB'
    }
    $form = if ($unit -eq 'B') { '{0:0} {1}' } else { '{0:0.0} {1}' }
    [String]::Format([CultureInfo]::InvariantCulture, $form, $value, $unit)
}

Function Get-AdcsCaLabel {
    <#
    .SYNOPSIS
    The labels of the folders in a repository, or in its staging, newest first; none where it does not exist. Folders with another
    name are not sets. Throws when the folder cannot be listed: nobody may take that for an empty repository.

    .PARAMETER Path
    The folder of a repository, or of its staging.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    try {
        $names = [Adcs.Ca.FileSystem]::GetFolderNames($Path)
    }
    catch {
        throw (ConvertTo-AdcsCaShareError -Path $Path -ErrorRecord $_)
    }
    $names | Where-Object { [Adcs.Ca.Layout]::IsLabel($_) } | Sort-Object -Descending
}

Export-ModuleMember -Function Assert-AdcsCaFreeSpace, Assert-AdcsCaOrdinaryFolder, Get-AdcsCaLabel, Get-AdcsCaRepository

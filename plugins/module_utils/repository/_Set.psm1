# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: is a set on disk what its manifest says? Reads only.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._Document
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileSystem
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Manifest

# What Windows answers to a read when the disk no longer has the content, as HRESULTs.
$mediaErrors = @(
    0x80070017  # ERROR_CRC
    0x80070019  # ERROR_SEEK
    0x8007001B  # ERROR_SECTOR_NOT_FOUND
    0x8007001E  # ERROR_READ_FAULT
    0x80070143  # ERROR_DATA_CHECKSUM_ERROR, of ReFS
    0x800701E3  # ERROR_DEVICE_HARDWARE_ERROR
    0x8007045D  # ERROR_IO_DEVICE
    0x80070570  # ERROR_FILE_CORRUPT
    0x80070571  # ERROR_DISK_CORRUPT
)

# how many files a result lists: with hundreds of hosts the output of a run stays small
$maxListedFiles = 2000

Function Read-AdcsCaSet {
    <#
    .SYNOPSIS
    Looks at the folder of a set: is its manifest intact, and is every file that it lists there as it was stored?

    .PARAMETER Path
    The folder; its name is the label.

    .PARAMETER Depth
    none: read the manifest only. sizes: look at every file too. hashes: read every file and compare its SHA-256.

    .OUTPUTS
    A hashtable: label, path, manifest (the document, or $null where it is not intact), problems (see New-AdcsCaProblem; none
    means complete where the manifest's state says so).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path,

        [ValidateSet('none', 'sizes', 'hashes')]
        [String]
        $Depth = 'sizes'
    )

    $set = @{ label = [System.IO.Path]::GetFileName($Path); path = $Path; manifest = $null; problems = @() }
    try {
        $set.manifest = ConvertFrom-AdcsCaManifest -Content (Read-AdcsCaManifest -Path $Path) -Label $set.label
    }
    catch {
        $set.manifest = $null
        $message = "the manifest cannot be used: $($_.Exception.GetBaseException().Message)"
        $set.problems = @(New-AdcsCaProblem -Kind manifest -Path ([System.IO.Path]::Combine($Path, [Adcs.Ca.Layout]::Manifest)) -Message $message)
        return $set
    }
    if ($Depth -ne 'none') {
        $set.problems = @(foreach ($file in $set.manifest.files) {
                Get-AdcsCaFileProblem -Path $Path -File $file -Hash:($Depth -eq 'hashes')
            })
    }
    $set
}

Function Test-AdcsCaManifestFile {
    <#
    .SYNOPSIS
    Whether a folder holds anything with the name of a manifest, whatever its state.

    .PARAMETER Path
    The folder of a set.
    #>
    [CmdletBinding()]
    [OutputType([Boolean])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    [System.IO.DirectoryInfo]::new($Path).GetFileSystemInfos([Adcs.Ca.Layout]::Manifest).Count -gt 0
}

Function Read-AdcsCaManifest {
    <#
    .SYNOPSIS
    The bytes of the manifest in a folder. Throws when it is missing, a link or too large.

    .PARAMETER Path
    The folder of a set.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    $file = [System.IO.Path]::Combine($Path, [Adcs.Ca.Layout]::Manifest)
    foreach ($item in $Path, $file) {
        $look = [Adcs.Ca.FileSystem]::Look($item)
        if ($null -ne $look -and $look.IsLink) {
            throw [Adcs.Ca.DocumentException]::new("'$item' is a reparse point that leads elsewhere, and none is followed")
        }
    }
    if ($null -eq $look -or $look.IsFolder) {
        throw [Adcs.Ca.DocumentException]::new('it is missing')
    }
    [Adcs.Ca.Document]::RequireSize($look.Size)
    # the comma keeps it one array
    , [System.IO.File]::ReadAllBytes($file)
}

Function ConvertFrom-AdcsCaManifest {
    <#
    .SYNOPSIS
    The document in the bytes of a manifest. Throws when they are too many, altered or not valid, or those of another set. What is
    refused here may not be written either.

    .PARAMETER Content
    The bytes.

    .PARAMETER Label
    The set that the manifest must be of.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Byte[]]
        $Content,

        [Parameter(Mandatory = $true)]
        [String]
        $Label
    )

    $manifest = [Adcs.Ca.Manifest]::Read($Content)
    if ($manifest.label -cne $Label) {
        throw [Adcs.Ca.DocumentException]::new("it belongs to the set '$($manifest.label)'")
    }
    $manifest
}

Function Get-AdcsCaFileProblem {
    <#
    .SYNOPSIS
    What is wrong with one file of a set; nothing when it is as the manifest says.

    .PARAMETER Path
    The folder of the set.

    .PARAMETER File
    The file's entry in the manifest.

    .PARAMETER Hash
    Read the file and compare its SHA-256 too.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path,

        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $File,

        [Switch]
        $Hash
    )

    $full = [System.IO.Path]::Combine($Path, $File.path)
    $name = $File.path
    try {
        # Windows PowerShell 5.1 has no paths of 260 characters or more, and says so here
        $null = [System.IO.FileInfo]::new($full)
        $item = [Adcs.Ca.FileSystem]::Look($full)
        $linked = $null -ne $item -and $item.IsLink
        for ($at = $full; $null -ne $item -and ($at = [System.IO.Path]::GetDirectoryName($at)).Length -gt $Path.Length; ) {
            $folder = [Adcs.Ca.FileSystem]::Look($at)
            $linked = $linked -or ($null -ne $folder -and $folder.IsLink)
        }
    }
    catch {
        return New-AdcsCaProblem -Kind unreadable -Path $full -Message "'$name' cannot be looked at: $($_.Exception.GetBaseException().Message)"
    }
    if ($null -eq $item) {
        return New-AdcsCaProblem -Kind missing -Path $full -Message "'$name' is missing"
    }
    if ($linked) {
        return New-AdcsCaProblem -Kind altered -Path $full -Message "'$name' is or lies below a reparse point that leads elsewhere"
    }
    if ($item.IsFolder) {
        return New-AdcsCaProblem -Kind altered -Path $full -Message "'$name' is a folder"
    }
    if ($item.Size -ne $File.size) {
        return New-AdcsCaProblem -Kind resized -Path $full -Message "'$name' has $($item.Size) bytes, not $($File.size)"
    }
    if (-not $Hash) {
        return
    }
    try {
        $sha256 = [Adcs.Ca.FileSystem]::Read($full).Sha256
    }
    catch {
        $cause = $_.Exception.GetBaseException()
        # what a disk lost is lost, while a file that is in use or on a share that went away may be whole
        $kind = if ($cause.HResult -in $mediaErrors) { 'altered' } else { 'unreadable' }
        return New-AdcsCaProblem -Kind $kind -Path $full -Message "'$name' cannot be read: $($cause.Message)"
    }
    if ($sha256 -cne $File.sha256) {
        New-AdcsCaProblem -Kind altered -Path $full -Message "'$name' was altered: its SHA-256 does not match"
    }
}

Function Get-AdcsCaExtraFile {
    <#
    .SYNOPSIS
    Problems for what lies in the folder of a set and is not in its manifest. A link is named and not followed.

    .PARAMETER Set
    The result of Read-AdcsCaSet, with a manifest.

    .PARAMETER Ignored
    The result of Get-AdcsCaIgnoredName. What is in a folder of such a name is not looked at.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Set,

        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [System.Collections.Generic.HashSet[String]]
        $Ignored
    )

    $known = [System.Collections.Generic.HashSet[String]]::new([StringComparer]::OrdinalIgnoreCase)
    $null = $known.Add([Adcs.Ca.Layout]::Manifest)
    foreach ($file in $Set.manifest.files) {
        $null = $known.Add($file.path)
    }
    $folders = [System.Collections.Stack]::new()
    $folders.Push($Set.path)
    while ($folders.Count) {
        $folder = $folders.Pop()
        try {
            $items = [System.IO.DirectoryInfo]::new($folder).GetFileSystemInfos()
        }
        catch {
            New-AdcsCaProblem -Kind unreadable -Path $folder -Message "'$folder' cannot be listed: $($_.Exception.GetBaseException().Message)"
            continue
        }
        foreach ($item in $items) {
            $relative = $item.FullName.Substring($Set.path.Length + 1)
            if ($Ignored.Contains($item.Name)) {
                continue
            }
            if ($item -is [System.IO.DirectoryInfo] -and -not [Adcs.Ca.FileSystem]::IsLink($item)) {
                $folders.Push($item.FullName)
            }
            elseif (-not $known.Contains($relative)) {
                New-AdcsCaProblem -Kind extra -Path $item.FullName -Message "'$relative' is in the set but not in its manifest"
            }
        }
    }
}

Function Get-AdcsCaTotal {
    <#
    .SYNOPSIS
    The sum of the sizes of files, in bytes; a size that is not known counts as nothing.

    .PARAMETER File
    Entries of a manifest.
    #>
    [CmdletBinding()]
    [OutputType([Int64])]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Object[]]
        $File
    )

    $total = [Int64]0
    foreach ($one in $File) {
        $total += $one.size
    }
    $total
}

Function Get-AdcsCaFileList {
    <#
    .SYNOPSIS
    The files of a set for a result, without those beyond the limit of what a result lists.

    .PARAMETER File
    Entries of a manifest.

    .OUTPUTS
    A hashtable: files (at most 2000), omitted (how many more there are).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Object[]]
        $File
    )

    @{ files = @($File | Select-Object -First $maxListedFiles); omitted = [Math]::Max(0, $File.Count - $maxListedFiles) }
}

Function New-AdcsCaProblem {
    <#
    .SYNOPSIS
    A problem of a set or a repository as results show it.

    .PARAMETER Kind
    missing, extra, resized, altered, unreadable (a file of a set), manifest, chain, future, found_earlier, unjudged (a set), owner
    (either), unknown, leftover (a repository).

    .PARAMETER Path
    The full path of what it is about.

    .PARAMETER Message
    What is wrong, in words.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [ValidateSet('missing', 'extra', 'resized', 'altered', 'unreadable', 'manifest', 'chain', 'future', 'found_earlier', 'unjudged', 'owner', 'unknown', 'leftover')]
        [String]
        $Kind,

        [Parameter(Mandatory = $true)]
        [String]
        $Path,

        [Parameter(Mandatory = $true)]
        [String]
        $Message
    )

    @{ kind = $Kind; path = $Path; message = $Message }
}

Export-ModuleMember -Function ConvertFrom-AdcsCaManifest, Get-AdcsCaExtraFile, Get-AdcsCaFileList, Get-AdcsCaFileProblem, Get-AdcsCaTotal, New-AdcsCaProblem, Test-AdcsCaManifestFile, Read-AdcsCaSet

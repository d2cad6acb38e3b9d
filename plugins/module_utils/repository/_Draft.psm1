# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: what a set is on disk. It grows in staging, its manifest says what is in it, and one rename
# publishes it.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._Deletion
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileName
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileSystem
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Manifest
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Set

Function New-AdcsCaDraft {
    <#
    .SYNOPSIS
    Starts a set: its names and its document, nothing on disk yet.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository. The caller holds its lock.

    .PARAMETER Type
    full or logs.

    .PARAMETER Started
    The time of the backup, UTC.

    .OUTPUTS
    A hashtable: label, path (where it will be published), staging (where it grows), manifest (the document so far), sources
    (relative path to the source that took it), copied (whether a crash from now on must not lose it).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [String]
        $Type,

        [Parameter(Mandatory = $true)]
        [DateTime]
        $Started
    )

    $draft = Get-AdcsCaNextDraft @PSBoundParameters
    $draft.manifest = @{
        schema = [Adcs.Ca.Manifest]::Schema
        label = $draft.label
        type = $Type
        prior = $null
        started = ConvertTo-AdcsCaTime -Time $Started
        finished = $null
        files = New-Object -TypeName System.Collections.ArrayList
        skipped = New-Object -TypeName System.Collections.ArrayList
        success_codes = @()
        verified = $false
    }
    $draft.sources = [System.Collections.Generic.Dictionary[String, String]]::new([StringComparer]::OrdinalIgnoreCase)
    $draft.copied = $false
    $draft
}

Function Initialize-AdcsCaDraft {
    <#
    .SYNOPSIS
    Creates the folders of a set in staging.

    .PARAMETER Draft
    The result of New-AdcsCaDraft. The caller holds the lock of its repository.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Draft
    )

    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($Draft.staging, [Adcs.Ca.Layout]::Database))
}

Function Get-AdcsCaNextDraft {
    <#
    .SYNOPSIS
    The label and the folders of the set that would be made at a time: that second, or the next one that is free.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER Type
    full or logs.

    .PARAMETER Started
    The time of the backup, UTC.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [String]
        $Type,

        [Parameter(Mandatory = $true)]
        [DateTime]
        $Started
    )

    for ($time = $Started; ; $time = $time.AddSeconds(1)) {
        $label = [Adcs.Ca.Layout]::LabelOf($time, $Type)
        $path = [System.IO.Path]::Combine($Repository.path, $label)
        $staging = [System.IO.Path]::Combine($Repository.staging, $label)
        if (-not ([System.IO.Directory]::Exists($path) -or [System.IO.Directory]::Exists($staging))) {
            return @{ label = $label; path = $path; staging = $staging }
        }
    }
}

Function Get-AdcsCaDraftFilePath {
    <#
    .SYNOPSIS
    The full path in staging for a file of a set. Only the last element of the source's name is used; a name that is no plain
    file name, or that another source of the set already took, throws.

    .PARAMETER Draft
    The result of New-AdcsCaDraft.

    .PARAMETER Folder
    DataBase or Dynamic.

    .PARAMETER Source
    The name as the CA gave it.

    .PARAMETER Step
    The step of the sequence, for the error.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Draft,

        [Parameter(Mandatory = $true)]
        [String]
        $Folder,

        [Parameter(Mandatory = $true)]
        [AllowEmptyString()]
        [String]
        $Source,

        [Parameter(Mandatory = $true)]
        [Int32]
        $Step
    )

    $name = $Source.Split('\')[-1]
    if (-not [Adcs.Ca.FileName]::IsPlain($name)) {
        throw [Adcs.Ca.AdcsCaException]::OnFile($null, $Step, $Source, "The CA listed '$Source', whose last element '$name' is not a plain file name. It was refused.")
    }
    $relative = "$Folder\$name"
    $first = Get-AdcsCaDraftFileSource -Draft $Draft -Folder $Folder -Source $Source
    if ($first) {
        throw [Adcs.Ca.AdcsCaException]::OnFile($null, $Step, $Source, "The CA listed '$first' and '$Source', which would be the same file '$relative' of the set. Both were refused.")
    }
    $Draft.sources[$relative] = $Source
    $path = [System.IO.Path]::Combine($Draft.staging, $relative)
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($path))
    $path
}

Function Get-AdcsCaDraftFileSource {
    <#
    .SYNOPSIS
    The source that already took the file of a set that another source would become; $null where the name is free.

    .PARAMETER Draft
    The result of New-AdcsCaDraft.

    .PARAMETER Folder
    DataBase or Dynamic.

    .PARAMETER Source
    The name as the CA gave it.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Draft,

        [Parameter(Mandatory = $true)]
        [String]
        $Folder,

        [Parameter(Mandatory = $true)]
        [AllowEmptyString()]
        [String]
        $Source
    )

    $first = $null
    $null = $Draft.sources.TryGetValue("$Folder\$($Source.Split('\')[-1])", [ref] $first)
    $first
}

Function Add-AdcsCaDraftFile {
    <#
    .SYNOPSIS
    Records a file that is stored and flushed in the set's manifest.

    .PARAMETER Draft
    The result of New-AdcsCaDraft.

    .PARAMETER Path
    The file in staging.

    .PARAMETER Kind
    database, log, patch, restore_map or dynamic.

    .PARAMETER Source
    The name as the CA gave it.

    .PARAMETER Copied
    Adcs.Ca.CopiedFile: its size and SHA-256.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Draft,

        [Parameter(Mandatory = $true)]
        [String]
        $Path,

        [Parameter(Mandatory = $true)]
        [String]
        $Kind,

        [Parameter(Mandatory = $true)]
        [String]
        $Source,

        [Parameter(Mandatory = $true)]
        [Object]
        $Copied
    )

    $relative = $Path.Substring($Draft.staging.Length + 1)
    $Draft.sources[$relative] = $Source
    $null = $Draft.manifest.files.Add(@{
            path = $relative
            kind = $Kind
            source = $Source
            size = $Copied.Size
            sha256 = $Copied.Sha256
        })
}

Function Add-AdcsCaSkipped {
    <#
    .SYNOPSIS
    Records what is not in a set, and why.

    .PARAMETER Draft
    The result of New-AdcsCaDraft.

    .PARAMETER What
    What is not in the set.

    .PARAMETER Why
    The reason, as the end of a sentence.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Draft,

        [Parameter(Mandatory = $true)]
        [String]
        $What,

        [Parameter(Mandatory = $true)]
        [String]
        $Why
    )

    $null = $Draft.manifest.skipped.Add(@{ what = $What; why = $Why })
}

Function Save-AdcsCaManifest {
    <#
    .SYNOPSIS
    Writes the manifest of a set in staging, flushed to the disk.

    .PARAMETER Draft
    The result of New-AdcsCaDraft.

    .PARAMETER State
    copied: every file of the database is stored, and a crash from here on must not lose the set. complete: to be published.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Draft,

        [Parameter(Mandatory = $true)]
        [ValidateSet('copied', 'complete')]
        [String]
        $State
    )

    $Draft.manifest.state = $State
    $content = Get-AdcsCaManifestContent -Label $Draft.label -Manifest $Draft.manifest
    [Adcs.Ca.FileSystem]::WriteDurably([System.IO.Path]::Combine($Draft.staging, [Adcs.Ca.Layout]::Manifest), $content)
}

Function Assert-AdcsCaManifest {
    <#
    .SYNOPSIS
    Throws when a manifest with what a set's manifest says so far could not be read again. That costs nothing before the database
    is copied. What is not known yet is taken to be good.

    .PARAMETER Draft
    The result of New-AdcsCaDraft, with the facts of the CA and of the run.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Draft
    )

    $sample = $Draft.manifest.Clone()
    $sample.state = 'copied'
    $sample.finished = $sample.started
    $sample.restore_map = @()
    $sample.files = @(@{ path = "$([Adcs.Ca.Layout]::Database)\$([Adcs.Ca.Layout]::RestoreMap)"; kind = 'restore_map'; source = ''; size = 0; sha256 = '' })
    $null = Get-AdcsCaManifestContent -Label $Draft.label -Manifest $sample
}

Function Get-AdcsCaManifestContent {
    <#
    .SYNOPSIS
    The bytes of a manifest, after its own reader took them. Throws where it does not, so that no such manifest is ever on the disk.
    #>
    [CmdletBinding()]
    [OutputType([Byte[]])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Label,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Manifest
    )

    try {
        $content = [Adcs.Ca.Manifest]::Write($Manifest)
        $null = ConvertFrom-AdcsCaManifest -Content $content -Label $Label
    }
    catch {
        $message = "The manifest of the set '$Label' was not written, because it could not be read again: $($_.Exception.GetBaseException().Message). " +
        'Check the value that it names in the registry of the CA; if that is right, report a defect of the collection.'
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
    # the comma keeps it one array
    , $content
}

Function Publish-AdcsCaDraft {
    <#
    .SYNOPSIS
    Writes the final manifest and renames the set from staging into the repository. Throws, and publishes nothing, unless the
    manifest can be read back and every file it lists is there with its size.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository. The caller holds its lock.

    .PARAMETER Draft
    The result of New-AdcsCaDraft.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Draft
    )

    Save-AdcsCaManifest -Draft $Draft -State complete
    Assert-AdcsCaOrdinaryFolder -Path $Draft.staging
    $check = Read-AdcsCaSet -Path $Draft.staging
    if ($check.problems.Count) {
        throw [Adcs.Ca.AdcsCaException]::new("The set '$($Draft.label)' was not published: $(@($check.problems | ForEach-Object { $_.message }) -join '; '). It is left in '$($Draft.staging)'.")
    }
    [Adcs.Ca.FileSystem]::MoveDurably($Draft.staging, $Draft.path)
    Remove-AdcsCaStaging -Repository $Repository
}

Function Remove-AdcsCaStaging {
    <#
    .SYNOPSIS
    Removes a folder from staging, and staging itself once it is empty.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository. The caller holds its lock.

    .PARAMETER Label
    The folder to remove; without it only an empty staging is removed.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [String]
        $Label
    )

    $folder = [System.IO.Path]::Combine($Repository.staging, $Label)
    if ($Label -and [System.IO.Directory]::Exists($folder)) {
        [Adcs.Ca.Deletion]::DeleteWhole($folder)
    }
    $staging = New-Object -TypeName System.IO.DirectoryInfo -ArgumentList $Repository.staging
    try {
        if ($staging.Exists -and $staging.GetFileSystemInfos().Count -eq 0) {
            $staging.Delete()
        }
    }
    catch [System.IO.IOException], [System.UnauthorizedAccessException] {
        # somebody looks into it; an empty folder does no harm, and the next run removes it
        return
    }
}

Export-ModuleMember -Function Add-AdcsCaDraftFile, Add-AdcsCaSkipped, Assert-AdcsCaManifest, Get-AdcsCaNextDraft, Get-AdcsCaDraftFilePath, Get-AdcsCaDraftFileSource, Initialize-AdcsCaDraft, New-AdcsCaDraft,
Publish-AdcsCaDraft, Remove-AdcsCaStaging, Save-AdcsCaManifest

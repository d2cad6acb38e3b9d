# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: what a backup session gives becomes files of a set.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._Deletion
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileName
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileSystem
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.ca._Authority
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Draft

Function Copy-AdcsCaDatabase {
    <#
    .SYNOPSIS
    Stores the restore map, the databases and their logs (steps 5 to 10).

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

    $set = $Run.draft
    $map = $Session.GetDatabaseLocations()
    Assert-AdcsCaListed -List $map -Step 5
    $path = Get-AdcsCaDraftFilePath -Draft $set -Folder ([Adcs.Ca.Layout]::Database) -Source ([Adcs.Ca.Layout]::RestoreMap) -Step 5
    Add-AdcsCaDraftFile -Draft $set -Path $path -Kind restore_map -Source $map.Function -Copied ([Adcs.Ca.FileSystem]::WriteNew($path, $map.Bytes))
    $set.manifest.restore_map = @($map.Entries | ForEach-Object { @{ kind = $_.Kind; path = $_.Name } })

    $databases = $Session.GetDatabaseNames()
    Assert-AdcsCaListed -List $databases -Step 6
    Copy-AdcsCaListedFile -Set $set -Session $Session -List $databases -DefaultKind database -Step 6

    $logs = $Session.GetBackupLogs()
    Copy-AdcsCaListedFile -Set $set -Session $Session -List $logs -DefaultKind log -Step 10
    $set.manifest.log_generations = Get-AdcsCaGenerationRange -File $set.manifest.files
    if ($null -eq $set.manifest.log_generations.low) {
        Add-AdcsCaSkipped -Draft $set -What 'the logs of the database' -Why 'the CA listed none that has a generation, and a database that was copied in use cannot be restored without its logs'
    }
}

Function Get-AdcsCaGenerationRange {
    <#
    .SYNOPSIS
    The lowest and highest log generation among the files of a set, and how many are missing between them.

    .PARAMETER File
    Entries of a manifest.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Object[]]
        $File
    )

    $numbers = @($File | Where-Object { $_.kind -eq 'log' } | ForEach-Object {
            Get-AdcsCaLogGeneration -Name ([System.IO.Path]::GetFileName($_.path))
        } | Sort-Object -Unique)
    if ($numbers.Count -eq 0) {
        return @{ low = $null; high = $null; missing = 0 }
    }
    @{ low = $numbers[0]; high = $numbers[-1]; missing = $numbers[-1] - $numbers[0] + 1 - $numbers.Count }
}

Function Assert-AdcsCaListed {
    <#
    .SYNOPSIS
    Throws when a list without which nothing can be restored is empty.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Object]
        $List,

        [Parameter(Mandatory = $true)]
        [Int32]
        $Step
    )

    if ($List.Entries.Count -eq 0) {
        $message = "$($List.Function) listed nothing, and a set without that cannot be restored. Check that the CA has a database and answers requests."
        throw [Adcs.Ca.AdcsCaException]::OnFile($List.Function, $Step, $null, $message)
    }
}

Function Copy-AdcsCaListedFile {
    <#
    .SYNOPSIS
    Stores every file of a list (steps 7 to 9).
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Set,

        [Parameter(Mandatory = $true)]
        [Object]
        $Session,

        [Parameter(Mandatory = $true)]
        [Object]
        $List,

        [Parameter(Mandatory = $true)]
        [String]
        $DefaultKind,

        [Parameter(Mandatory = $true)]
        [Int32]
        $Step
    )

    # all names are judged before the first file is read, so that a refused list costs nothing
    $paths = @($List.Entries | ForEach-Object { Get-AdcsCaDraftFilePath -Draft $Set -Folder ([Adcs.Ca.Layout]::Database) -Source $_.Name -Step $Step })
    for ($i = 0; $i -lt $paths.Count; $i++) {
        $entry = $List.Entries[$i]
        $kind = if ($entry.Kind -in 'database', 'log', 'patch') { $entry.Kind } else { $DefaultKind }
        $copied = $Session.CopyFile($entry.Name, $paths[$i])
        Add-AdcsCaDraftFile -Draft $Set -Path $paths[$i] -Kind $kind -Source $entry.Name -Copied $copied
    }
}

Function Copy-AdcsCaDynamicFile {
    <#
    .SYNOPSIS
    Stores the files beside the database that the CA names (steps 12 and 13). The database is copied already, so nothing here is a failure:
    what cannot be stored is skipped and reported.

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

    if (-not $Run.option.dynamic_files) {
        return
    }
    try {
        $entries = $Session.GetDynamicFileList().Entries
    }
    catch {
        Add-AdcsCaSkipped -Draft $Run.draft -What 'every file beside the database' -Why "their list could not be had: $((ConvertTo-AdcsCaException -ErrorRecord $_).Message)"
        return
    }
    foreach ($entry in $entries) {
        try {
            Add-AdcsCaDynamicFile -Run $Run -Source $entry.Name
        }
        catch {
            Add-AdcsCaSkipped -Draft $Run.draft -What $entry.Name -Why (ConvertTo-AdcsCaException -ErrorRecord $_).Message
        }
    }
}

Function Add-AdcsCaDynamicFile {
    <#
    .SYNOPSIS
    Stores one file beside the database, or throws why not: then its name in the set stays free for another one.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run,

        [Parameter(Mandatory = $true)]
        [String]
        $Source
    )

    $set = $Run.draft
    $name = $Source.Split('\')[-1]
    if (-not [Adcs.Ca.FileName]::IsPlain($name)) {
        throw [Adcs.Ca.AdcsCaException]::new("its last element '$name' is not a plain file name", 13)
    }
    $first = Get-AdcsCaDraftFileSource -Draft $set -Folder ([Adcs.Ca.Layout]::Dynamic) -Source $Source
    if ($first) {
        throw [Adcs.Ca.AdcsCaException]::new("it would be the same file of the set as '$first'", 13)
    }
    $local = ConvertTo-AdcsCaLocalPath -Authority $Run.authority -Path $Source
    if (-not $local) {
        throw [Adcs.Ca.AdcsCaException]::new('it is not on this host', 13)
    }
    $folder = [System.IO.Path]::Combine($set.staging, [Adcs.Ca.Layout]::Dynamic)
    $null = [System.IO.Directory]::CreateDirectory($folder)
    $path = [System.IO.Path]::Combine($folder, $name)
    try {
        $copied = [Adcs.Ca.FileSystem]::CopyFile($local, $path, $Run.option.verify)
    }
    catch {
        $failure = ConvertTo-AdcsCaException -ErrorRecord $_
        try {
            [Adcs.Ca.Deletion]::DeleteFile($path)
        }
        catch {
            $failure = $failure.Append(" A part of it stays in the set, as '$path' could not be deleted: $($_.Exception.GetBaseException().Message)")
        }
        throw $failure
    }
    Add-AdcsCaDraftFile -Draft $set -Path $path -Kind dynamic -Source $Source -Copied $copied
}

Export-ModuleMember -Function Copy-AdcsCaDatabase, Copy-AdcsCaDynamicFile

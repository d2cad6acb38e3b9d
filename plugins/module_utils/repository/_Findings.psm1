# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: what looks at the sets of a repository found, kept beside the sets in the folder .checks. Damage
# that was found stays until a look with hashes clears it. Writing needs no lock and never fails a look.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._Document
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileSystem
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._FindingStore
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Set

# a folder that takes nothing is not asked again for each set, as a rename waits for others
$maxFailures = 3

# how often an entry is merged anew with what other looks wrote meanwhile
$maxTries = 5

# a file that a writer left, once no writer can be at work on it
$oldestTemporary = [TimeSpan]::FromDays(1)

# the findings of a set that is not in the repository
$oldestOrphan = [TimeSpan]::FromDays(365)

Function Get-AdcsCaFindingStore {
    <#
    .SYNOPSIS
    The folder with the findings of a repository, and whether it can be used. Never fails.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER ReadOnly
    Keep nothing, as in check mode.

    .OUTPUTS
    A hashtable: path, names (of its files), why (it cannot be used; $null where it can), read_only, failures (why the findings of a set
    were not kept, one each), refusals (how many of these the folder is to blame for).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Switch]
        $ReadOnly
    )

    $store = @{
        path = [System.IO.Path]::Combine($Repository.path, [Adcs.Ca.Layout]::Findings)
        names = [System.Collections.Generic.HashSet[String]]::new([StringComparer]::OrdinalIgnoreCase)
        why = $null
        read_only = [Boolean]$ReadOnly
        failures = [System.Collections.ArrayList]::new()
        refusals = 0
    }
    try {
        if (Test-AdcsCaFindingFolder -Path $store.path) {
            foreach ($item in [System.IO.DirectoryInfo]::new($store.path).GetFileSystemInfos()) {
                $null = $store.names.Add($item.Name)
            }
        }
    }
    catch {
        $store.why = "the folder '$($store.path)' cannot be used: $((ConvertTo-AdcsCaException -ErrorRecord $_).Message)"
    }
    $store
}

Function Test-AdcsCaFindingFolder {
    <#
    .SYNOPSIS
    Whether the folder with the findings is there. Throws when something else is, or when that cannot be told.

    .PARAMETER Path
    The folder.
    #>
    [CmdletBinding()]
    [OutputType([Boolean])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    $look = [Adcs.Ca.FileSystem]::Look($Path)
    if ($null -ne $look -and $look.IsLink) {
        throw [Adcs.Ca.AdcsCaException]::new('it is a reparse point that leads elsewhere (a link or a mounted volume), and none is followed')
    }
    if ($null -ne $look -and -not $look.IsFolder) {
        throw [Adcs.Ca.AdcsCaException]::new('it is a file')
    }
    $null -ne $look
}

Function Get-AdcsCaFinding {
    <#
    .SYNOPSIS
    What is kept of the looks at one set. Never fails.

    .PARAMETER Store
    The result of Get-AdcsCaFindingStore.

    .PARAMETER Label
    The set.

    .PARAMETER Fresh
    Look for the file, whatever the store's names say.

    .OUTPUTS
    A hashtable: path, content (the bytes of the file, $null for none), checks (the entries), state: good (intact, or nothing is kept), damaged (a look with hashes replaces it), unusable
    (unreadable, or of a newer version: it is left alone), why (it is not good).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Store,

        [Parameter(Mandatory = $true)]
        [String]
        $Label,

        [Switch]
        $Fresh
    )

    $name = "$Label.json"
    $finding = @{ path = [System.IO.Path]::Combine($Store.path, $name); content = $null; checks = @(); state = 'good'; why = $null }
    if ($null -ne $Store.why) {
        $finding.state = 'unusable'
        $finding.why = $Store.why
        return $finding
    }
    if (-not $Fresh -and -not $Store.names.Contains($name)) {
        return $finding
    }
    try {
        $look = [Adcs.Ca.FileSystem]::Look($finding.path)
        if ($null -ne $look) {
            if ($look.IsLink -or $look.IsFolder) {
                throw [Adcs.Ca.AdcsCaException]::new('it is a folder or leads elsewhere')
            }
            [Adcs.Ca.Document]::RequireSize($look.Size)
            $finding.content = [System.IO.File]::ReadAllBytes($finding.path)
            $finding.checks = @([Adcs.Ca.FindingStore]::Read($finding.content, $Label).checks)
        }
    }
    catch {
        $cause = $_.Exception.GetBaseException()
        $spoiled = $cause -is [Adcs.Ca.DocumentException]
        $finding.state = if ($spoiled -and -not $cause.IsNewer) { 'damaged' } else { 'unusable' }
        $what = if (-not $spoiled) { 'cannot be read' } elseif ($cause.IsNewer) { 'is of a newer version' } else { 'is damaged' }
        $finding.why = "'$($finding.path)' $($what): $($cause.Message)"
    }
    $finding
}

Function Test-AdcsCaFindingGood {
    <#
    .SYNOPSIS
    Whether nothing that is kept of a set speaks against it.

    .PARAMETER Finding
    The result of Get-AdcsCaFinding.
    #>
    [CmdletBinding()]
    [OutputType([Boolean])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Finding
    )

    $Finding.state -eq 'good' -and -not @(Get-AdcsCaDamage -Check $Finding.checks).Count
}

Function Get-AdcsCaDamage {
    <#
    .SYNOPSIS
    The entries that say that files of a set are damaged.

    .PARAMETER Check
    Entries of a finding.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Object[]]
        $Check
    )

    $Check | Where-Object { $_.kind -ceq 'files' -and $_.result -ceq 'damaged' }
}

Function Save-AdcsCaCheck {
    <#
    .SYNOPSIS
    Keeps the entry of a look beside the set. Never fails: why it was not kept is added to the store's failures.

    .PARAMETER Store
    The result of Get-AdcsCaFindingStore.

    .PARAMETER Set
    The result of Read-AdcsCaSet.

    .PARAMETER Before
    The result of Get-AdcsCaFinding before the look.

    .PARAMETER Check
    The result of New-AdcsCaCheck.

    .OUTPUTS
    Whether it was kept.
    #>
    [CmdletBinding()]
    [OutputType([Boolean])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Store,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Set,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Before,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Check
    )

    if ($Store.read_only) {
        return $false
    }
    if ($Store.refusals -ge $maxFailures) {
        $null = $Store.failures.Add($Store.failures[0])
        return $false
    }
    $temporary = $null
    $isWriting = $false
    try {
        for ($try = 1; $try -le $maxTries; $try++) {
            # as it is now: another look may have ended while this one went on
            $now = Get-AdcsCaFinding -Store $Store -Label $Set.label -Fresh
            if ($now.state -eq 'unusable' -or ($now.state -eq 'damaged' -and $Check.depth -ne 'hashes')) {
                throw [Adcs.Ca.AdcsCaException]::new($now.why)
            }
            if (-not (Test-AdcsCaSetThere -Set $Set -Sha256 $Check.manifest_sha256)) {
                return $false
            }
            $others = @(Select-AdcsCaCheck -Before $Before -Now $now -Depth $Check.depth -Set $Set)
            $content = [Adcs.Ca.FindingStore]::Write(@{ schema = [Adcs.Ca.FindingStore]::Schema; label = $Set.label; checks = $others + $Check }, $Set.label)
            $isWriting = $true
            if (-not (Test-AdcsCaFindingFolder -Path $Store.path)) {
                $null = [System.IO.Directory]::CreateDirectory($Store.path)
            }
            $temporary = "$($now.path).$([Guid]::NewGuid().ToString('N').Substring(0, 12)).new"
            if ($null -ne $now.content) {
                # a file that is read-only cannot be replaced
                [System.IO.File]::SetAttributes($now.path, [System.IO.FileAttributes]::Normal)
            }
            if ([Adcs.Ca.FileSystem]::TryWriteDurably($now.path, $now.content, $content, $temporary)) {
                return $true
            }
            $isWriting = $false
            Remove-AdcsCaFindingFile -Path $temporary
        }
        throw [Adcs.Ca.AdcsCaException]::new("other looks wrote '$($now.path)' each of the $maxTries times that this one was about to")
    }
    catch {
        $null = $Store.failures.Add((ConvertTo-AdcsCaException -ErrorRecord $_).Message)
        # what is wrong with the findings of one set says nothing of the folder
        $Store.refusals += [Int32]$isWriting
        if ($null -ne $temporary) {
            Remove-AdcsCaFindingFile -Path $temporary
        }
        return $false
    }
}

Function Test-AdcsCaSetThere {
    <#
    .SYNOPSIS
    Whether a set that was looked at is still the same one: what left its place meanwhile is not damaged. A manifest that cannot be read at
    this moment is no other one. Throws when it cannot be told.

    .PARAMETER Set
    The result of Read-AdcsCaSet before.

    .PARAMETER Sha256
    The hash of its manifest then.
    #>
    [CmdletBinding()]
    [OutputType([Boolean])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Set,

        [Parameter(Mandatory = $true)]
        [String]
        $Sha256
    )

    $manifest = (Read-AdcsCaSet -Path $Set.path -Depth none).manifest
    if ($null -ne $manifest) {
        return $manifest.manifest_sha256 -ceq $Sha256
    }
    $null -ne [Adcs.Ca.FileSystem]::Look($Set.path)
}

Function Select-AdcsCaCheck {
    <#
    .SYNOPSIS
    The entries that stay beside a new one of the kind files: those of every other kind, and those of this kind that it may not replace.

    .PARAMETER Before
    The result of Get-AdcsCaFinding before the look.

    .PARAMETER Now
    The result of Get-AdcsCaFinding after it.

    .PARAMETER Depth
    How the new look was made.

    .PARAMETER Set
    The result of Read-AdcsCaSet for it. It says nothing of a file that it could not read.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Before,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Now,

        [Parameter(Mandatory = $true)]
        [String]
        $Depth,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Set
    )

    $unread = @($Set.problems | Where-Object { $_.kind -eq 'unreadable' } | ForEach-Object { $_.path })
    $name = { param ($Entry) '{0} {1} {2} {3}' -f $Entry.depth, $Entry.at, $Entry.host, $Entry.result }
    $seen = @($Before.checks | Where-Object { $_.kind -ceq 'files' } | ForEach-Object { & $name $_ })
    foreach ($entry in $Now.checks) {
        $stays = if ($entry.kind -cne 'files') {
            $true
        }
        elseif ($entry.problems | Where-Object { [System.IO.Path]::Combine($Set.path, $_.path) -in $unread }) {
            $true
        }
        elseif ($Depth -eq 'sizes') {
            $entry.depth -cne 'sizes'
        }
        else {
            # damage that somebody found while this look went on may have come after it
            $entry.result -ceq 'damaged' -and (& $name $entry) -cnotin $seen
        }
        if ($stays) {
            $entry
        }
    }
}

Function Get-AdcsCaFindingWarning {
    <#
    .SYNOPSIS
    One sentence when findings were not kept that should have been; nothing otherwise.

    .PARAMETER Store
    The result of Get-AdcsCaFindingStore, after the looks.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Store
    )

    $count = $Store.failures.Count
    if ($count) {
        "The findings of $count $(if ($count -eq 1) { 'set' } else { 'sets' }) were not kept: $($Store.failures[0].TrimEnd('.'))."
    }
}

Function Remove-AdcsCaFinding {
    <#
    .SYNOPSIS
    Deletes the findings of sets that were deleted, and what a writer left. Never fails. A set that is not in the repository may be back
    tomorrow: what is kept of it goes after a year, and never where it says that the set is damaged.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER Label
    The sets that were deleted.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [AllowEmptyCollection()]
        [String[]]
        $Label = @()
    )

    $store = Get-AdcsCaFindingStore -Repository $Repository
    $there = try { @(Get-AdcsCaLabel -Path $Repository.path) } catch { $null }
    foreach ($name in $store.names) {
        $match = [Adcs.Ca.Layout]::MatchFinding($name)
        if (-not $match.Success) {
            continue
        }
        $path = [System.IO.Path]::Combine($store.path, $name)
        $set, $writer = $match.Groups['label'].Value, $match.Groups['writer'].Value
        $age = [DateTime]::UtcNow - [System.IO.File]::GetLastWriteTimeUtc($path)
        $goes = if ($set -cin $Label) {
            $true
        }
        elseif ($writer) {
            $age -gt $oldestTemporary
        }
        else {
            $null -ne $there -and $set -cnotin $there -and $age -gt $oldestOrphan -and (Test-AdcsCaFindingGood -Finding (Get-AdcsCaFinding -Store $store -Label $set))
        }
        if ($goes) {
            Remove-AdcsCaFindingFile -Path $path
        }
    }
}

Function Remove-AdcsCaFindingFile {
    <#
    .SYNOPSIS
    Deletes a file in the folder with the findings, as far as that can be done. Never fails.

    .PARAMETER Path
    The file.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    try {
        if ([System.IO.File]::Exists($Path)) {
            [System.IO.File]::SetAttributes($Path, [System.IO.FileAttributes]::Normal)
            [System.IO.File]::Delete($Path)
        }
    }
    catch {
        # what is left does no harm: no set asks for it
        return
    }
}

Export-ModuleMember -Function Get-AdcsCaDamage, Get-AdcsCaFinding, Get-AdcsCaFindingStore, Get-AdcsCaFindingWarning, Remove-AdcsCaFinding, Save-AdcsCaCheck,
Test-AdcsCaFindingGood

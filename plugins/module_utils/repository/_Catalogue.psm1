# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: what a repository holds, good and bad, as data. Writes nothing but findings, where asked to.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Findings
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Ignored
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Judgement
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Lock
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Ownership
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Set

Function Get-AdcsCaCatalogue {
    <#
    .SYNOPSIS
    Lists the sets of a repository, newest first, and everything in it that is not as it should be.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER Depth
    none: read the manifests. sizes: look at every file of every set. hashes: read every file and compare its SHA-256.

    .PARAMETER Now
    The time that ages are counted from, UTC.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority, where the repository is that of a CA on this host: that it belongs to another is a problem.

    .PARAMETER PreviousHost
    The host that the CA moved away from. Its sets count as sets of this CA.

    .PARAMETER IgnoredName
    Names of files and folders that are no problem, besides those of Get-AdcsCaIgnoredName.

    .PARAMETER Keep
    Keep what the looks found beside the sets.

    .OUTPUTS
    A hashtable: sets (see Get-AdcsCaCatalogueEntry), problems (of the repository itself, see New-AdcsCaProblem), bytes (of all
    sets together), warning (when findings were not kept that should have been; $null otherwise).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [String]
        $Depth,

        [Parameter(Mandatory = $true)]
        [DateTime]
        $Now,

        [Hashtable]
        $Authority,

        [AllowNull()]
        [AllowEmptyString()]
        [String]
        $PreviousHost,

        [AllowEmptyCollection()]
        [String[]]
        $IgnoredName = @(),

        [Switch]
        $Keep
    )

    $ignored = Get-AdcsCaIgnoredName -Name $IgnoredName
    $store = Get-AdcsCaFindingStore -Repository $Repository -ReadOnly:(-not $Keep)
    $owner = @{ Authority = $Authority; PreviousHost = $PreviousHost }
    $foreign = if ($Authority) { Get-AdcsCaForeignOwner -Repository $Repository @owner }
    $sets = @(foreach ($label in Get-AdcsCaLabel -Path $Repository.path) {
            $finding = Get-AdcsCaFinding -Store $store -Label $label
            $set = Read-AdcsCaSet -Path ([System.IO.Path]::Combine($Repository.path, $label)) -Depth $Depth
            $check = New-AdcsCaCheck -Set $set -Depth $Depth
            $kept = $null -ne $check -and (Save-AdcsCaCheck -Store $store -Set $set -Before $finding -Check $check)
            if ($foreign -and $null -ne $set.manifest -and -not (Test-AdcsCaOwnSet -Owner $set.manifest.ca @owner)) {
                $set.problems += New-AdcsCaProblem -Kind owner -Path $set.path -Message "it is of the CA '$($set.manifest.ca.name)' on '$($set.manifest.ca.host)'"
            }
            $entry = Get-AdcsCaCatalogueEntry -Set $set -Depth $Depth -Now $Now -Ignored $ignored
            Add-AdcsCaJudgement -Entry $entry -Set $set -Finding $finding -Check $check -Kept $kept
            $entry
        })
    Add-AdcsCaChain -Entry $sets
    $problems = @(Get-AdcsCaRepositoryProblem -Repository $Repository -Label @($sets | ForEach-Object { $_.label }) -Ignored $ignored)
    if ($foreign) {
        $problems += New-AdcsCaProblem -Kind owner -Path $Repository.path -Message $foreign
    }
    @{
        sets = $sets
        problems = $problems
        bytes = [Int64]($sets | ForEach-Object { $_.bytes } | Measure-Object -Sum).Sum
        warning = Get-AdcsCaFindingWarning -Store $store
    }
}

Function Get-AdcsCaCatalogueEntry {
    <#
    .SYNOPSIS
    One set as data. A set that cannot be read is an entry with problems, never an error.

    .PARAMETER Set
    The result of Read-AdcsCaSet.

    .PARAMETER Depth
    How the set was looked at.

    .PARAMETER Now
    The time that ages are counted from, UTC.

    .PARAMETER Ignored
    The result of Get-AdcsCaIgnoredName.

    .OUTPUTS
    A hashtable: label, path, type, prior, chain, started, finished, duration_s, age_s, bytes, file_count, complete, verified,
    problems, and for Add-AdcsCaJudgement judged, checked, verified_at. What the manifest would have told is $null where it cannot
    be used; complete is $null where nobody looked.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Set,

        [Parameter(Mandatory = $true)]
        [String]
        $Depth,

        [Parameter(Mandatory = $true)]
        [DateTime]
        $Now,

        [Parameter(Mandatory = $true)]
        [System.Collections.Generic.HashSet[String]]
        $Ignored
    )

    $entry = @{
        label = $Set.label
        path = $Set.path
        type = $Set.label.Split('-')[-1]
        prior = $null
        chain = $null
        started = $null
        finished = $null
        duration_s = $null
        age_s = $null
        bytes = $null
        file_count = $null
        complete = $false
        verified = $false
        judged = $true
        checked = $null
        verified_at = $null
        problems = @($Set.problems)
    }
    $manifest = $Set.manifest
    if ($null -eq $manifest) {
        return $entry
    }

    $started = ConvertFrom-AdcsCaTime -Text $manifest.started
    $entry.prior = $manifest.prior
    $entry.started = $manifest.started
    $entry.finished = $manifest.finished
    $entry.duration_s = [Int64]((ConvertFrom-AdcsCaTime -Text $manifest.finished) - $started).TotalSeconds
    $entry.age_s = [Int64]($Now - $started).TotalSeconds
    $entry.file_count = $manifest.files.Count
    $entry.bytes = Get-AdcsCaTotal -File $manifest.files
    if ($manifest.state -ne 'complete') {
        $entry.problems += New-AdcsCaProblem -Kind manifest -Path $Set.path -Message "the state of the manifest is '$($manifest.state)', not complete"
    }
    if ($Depth -ne 'none') {
        $entry.complete = $entry.problems.Count -eq 0
        $entry.verified = $entry.complete -and ($Depth -eq 'hashes' -or $manifest.verified)
        $entry.problems += @(Get-AdcsCaExtraFile -Set $Set -Ignored $Ignored)
    }
    elseif ($entry.problems.Count -eq 0) {
        $entry.complete = $null
        $entry.verified = $null
    }
    if ($started -gt $Now) {
        $entry.problems += New-AdcsCaProblem -Kind future -Path $Set.path -Message "the set is dated in the future: $($manifest.started)"
    }
    $entry
}

Function Add-AdcsCaChain {
    <#
    .SYNOPSIS
    Fills in the chain of each entry: the label of the full set that it needs to be restored, itself for a full one. A logs set
    whose chain has a hole gets a problem instead.

    .PARAMETER Entry
    The sets of a repository, as Get-AdcsCaCatalogueEntry gives them.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Entry
    )

    $byLabel = @{}
    foreach ($one in $Entry) {
        $byLabel[$one.label] = $one
    }
    foreach ($one in $Entry | Where-Object { $null -ne $_.started }) {
        $at = $one
        for ($steps = 0; $null -ne $at -and $at.type -eq 'logs' -and $steps -le $Entry.Count; $steps++) {
            $at = if ($null -ne $at.prior) { $byLabel[$at.prior] } else { $null }
        }
        if ($null -ne $at -and $at.type -eq 'full') {
            $one.chain = $at.label
        }
        else {
            $one.problems += New-AdcsCaProblem -Kind chain -Path $one.path -Message 'a set that it continues is not in the repository'
        }
    }
}

Function Get-AdcsCaRepositoryProblem {
    <#
    .SYNOPSIS
    Problems for what lies in a repository and is no set: unknown folders and files, and what is left in staging.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER Label
    The labels of its sets.

    .PARAMETER Ignored
    The result of Get-AdcsCaIgnoredName.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [String[]]
        $Label,

        [Parameter(Mandatory = $true)]
        [System.Collections.Generic.HashSet[String]]
        $Ignored
    )

    $known = [System.Collections.Generic.HashSet[String]]::new([String[]]($Label + [Adcs.Ca.Layout]::Findings + [Adcs.Ca.Layout]::Lock + [Adcs.Ca.Layout]::Staging), [StringComparer]::OrdinalIgnoreCase)
    $strangers = @(Get-AdcsCaFolderItem -Path $Repository.path | Where-Object { -not ($known.Contains($_.Name) -or $Ignored.Contains($_.Name)) })
    $expired = @($strangers | Where-Object { $_ -is [System.IO.DirectoryInfo] -and [Adcs.Ca.Layout]::IsExpired($_.Name) })
    foreach ($item in $strangers | Where-Object { $_ -notin $expired }) {
        New-AdcsCaProblem -Kind unknown -Path $item.FullName -Message "'$($item.Name)' is in the repository but is no set"
    }
    $leftovers = @()
    # a backup at work has its set there
    $lock = Get-AdcsCaLock -Repository $Repository
    try {
        if (Test-AdcsCaLocked -Lock $lock) {
            return
        }
        $leftovers = @(Get-AdcsCaFolderItem -Path $Repository.staging | Where-Object { -not $Ignored.Contains($_.Name) })
    }
    catch {
        New-AdcsCaProblem -Kind leftover -Path $Repository.staging -Message "staging cannot be looked at: $((ConvertTo-AdcsCaException -ErrorRecord $_).Message)"
    }
    $expired += @($leftovers | Where-Object { [Adcs.Ca.Layout]::IsExpired($_.Name) })
    foreach ($item in $leftovers | Where-Object { $_ -notin $expired }) {
        New-AdcsCaProblem -Kind leftover -Path $item.FullName -Message "'$($item.Name)' is left in staging; the next backup deals with it"
    }
    foreach ($item in $expired) {
        New-AdcsCaProblem -Kind leftover -Path $item.FullName -Message "'$($item.Name)' is what is left of a set that expired; the next backup or expiry deletes it"
    }
}

Function Get-AdcsCaFolderItem {
    <#
    .SYNOPSIS
    What lies in a folder; nothing where it does not exist. Throws when it leads elsewhere or cannot be listed.

    .PARAMETER Path
    The folder.
    #>
    [CmdletBinding()]
    [OutputType([System.IO.FileSystemInfo])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    Assert-AdcsCaOrdinaryFolder -Path $Path
    $folder = [System.IO.DirectoryInfo]::new($Path)
    if ($folder.Exists) {
        $folder.GetFileSystemInfos()
    }
}

Export-ModuleMember -Function Get-AdcsCaCatalogue

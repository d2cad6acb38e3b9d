# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: what this look at a set and the earlier ones together say of it.

#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Text
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Findings
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Set

# what proves that a file is not as it was stored; what cannot be read proves nothing
$damage = @('missing', 'resized', 'altered')

$maxProblems = 20
$maxNamed = 3

Function New-AdcsCaCheck {
    <#
    .SYNOPSIS
    The entry for a look that is to be kept; nothing for one that is not: a good look with sizes, one that could not read every file and
    found no damage, one at the manifest only.

    .PARAMETER Set
    The result of Read-AdcsCaSet.

    .PARAMETER Depth
    How the set was looked at.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Set,

        [Parameter(Mandatory = $true)]
        [String]
        $Depth
    )

    $found = @($Set.problems | Where-Object { $_.kind -in $damage })
    $unread = @($Set.problems | Where-Object { $_.kind -eq 'unreadable' })
    if ($null -eq $Set.manifest -or $Depth -eq 'none' -or (-not $found.Count -and ($Depth -eq 'sizes' -or $unread.Count))) {
        return
    }
    @{
        kind = 'files'
        depth = $Depth
        at = ConvertTo-AdcsCaTime -Time ([DateTime]::UtcNow)
        by = Get-AdcsCaToolVersion
        host = $env:COMPUTERNAME
        manifest_sha256 = $Set.manifest.manifest_sha256
        result = if ($found.Count) { 'damaged' } else { 'good' }
        problem_count = $found.Count
        problems = @($found | Select-Object -First $maxProblems | ForEach-Object {
                @{ kind = $_.kind; path = $_.path.Substring($Set.path.Length + 1); message = $_.message }
            })
    }
}

Function Add-AdcsCaJudgement {
    <#
    .SYNOPSIS
    Lets what is kept of a set, and this look at it, decide: sets judged, checked and verified_at of its entry, and complete, verified and
    problems where earlier looks speak against it.

    .PARAMETER Entry
    The result of Get-AdcsCaCatalogueEntry.

    .PARAMETER Set
    The result of Read-AdcsCaSet.

    .PARAMETER Finding
    The result of Get-AdcsCaFinding before the look.

    .PARAMETER Check
    The result of New-AdcsCaCheck, or $null.

    .PARAMETER Kept
    Whether that was kept.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Entry,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Set,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Finding,

        [AllowNull()]
        [Hashtable]
        $Check,

        [Boolean]
        $Kept
    )

    $full = $null -ne $Check -and $Check.depth -eq 'hashes'
    $earlier = @(if (-not $full) { $Finding.checks | Where-Object { $_.kind -ceq 'files' } })
    $against = @(Get-AdcsCaDamage -Check $earlier | Where-Object { $null -eq $Check -or $_.depth -cne $Check.depth } | ForEach-Object {
            New-AdcsCaProblem -Kind found_earlier -Path $Set.path -Message (Get-AdcsCaFindingText -Check $_)
        })
    if ($against.Count) {
        $Entry.complete = $false
        $Entry.verified = $false
    }
    $Entry.judged = $Finding.state -eq 'good' -or ($Finding.state -eq 'damaged' -and $full)
    if (-not $Entry.judged) {
        if ($Entry.complete -ne $false) {
            $Entry.complete = $null
            $Entry.verified = $null
        }
        $hint = if ($Finding.state -eq 'damaged') { 'Only a look with hashes can judge it anew.' } else { 'No look judges it until that is put right.' }
        $against += New-AdcsCaProblem -Kind unjudged -Path $Finding.path -Message "whether the set is good is not known, because $($Finding.why). $hint"
    }
    $Entry.problems = @($against) + @($Entry.problems)

    $sha256 = if ($null -ne $Set.manifest) { $Set.manifest.manifest_sha256 }
    $last = $earlier | Where-Object { $_.depth -ceq 'hashes' -and ($_.result -ceq 'damaged' -or $_.manifest_sha256 -ceq $sha256) } |
        Sort-Object -Property { $_.at } | Select-Object -Last 1
    if ($full) {
        $last = $Check
    }
    if ($null -ne $last) {
        $Entry.checked = @{
            at = $last.at
            by = $last.by
            depth = $last.depth
            kept = -not $full -or $Kept
            problem_count = $last.problem_count
            result = $last.result
        }
    }
    $good = $null -ne $last -and $last.result -ceq 'good'
    if ($Entry.complete -and $good) {
        $Entry.verified = $true
    }
    if ($Entry.verified) {
        $Entry.verified_at = if ($good) { $last.at } else { $Entry.finished }
    }
}

Function Get-AdcsCaFindingText {
    <#
    .SYNOPSIS
    An entry that says damaged, in words.

    .PARAMETER Check
    The entry.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Check
    )

    $named = @($Check.problems | Select-Object -First $maxNamed | ForEach-Object { $_.message }) -join ', '
    $more = $Check.problem_count - [Math]::Min($maxNamed, $Check.problems.Count)
    $count = if ($Check.problem_count -eq 1) { '1 problem' } else { "$($Check.problem_count) problems" }
    "a look with $($Check.depth) on $($Check.at) found $($count): $named$(if ($more) { " and $more more" }); only a look with hashes can clear that"
}

Export-ModuleMember -Function Add-AdcsCaJudgement, New-AdcsCaCheck

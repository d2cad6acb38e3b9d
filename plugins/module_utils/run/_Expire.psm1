# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: deletes the sets that a plan names, after checking again that each may go. A set leaves the
# repository by one rename into staging, so a run that is interrupted leaves no half set behind.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._Deletion
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Expired
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Findings

$discarded = 'an earlier run could not delete all of it'

Function Assert-AdcsCaExpirable {
    <#
    .SYNOPSIS
    Throws unless every named set may go: it is there, complete and not dated in the future, no set that stays needs it, it is not the newest
    complete full set, and enough complete full sets stay. Writes nothing.

    .PARAMETER Set
    The sets of the repository, as Get-AdcsCaCatalogue gives them.

    .PARAMETER Label
    The labels of the sets that are to go.

    .PARAMETER KeepMinimum
    How many complete full sets must stay.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Set,

        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [AllowEmptyString()]
        [String[]]
        $Label,

        [Parameter(Mandatory = $true)]
        [Int32]
        $KeepMinimum
    )

    $going = [System.Collections.Generic.HashSet[String]]::new([String[]]$Label)
    foreach ($name in $going) {
        $entry = $Set | Where-Object { $_.label -ceq $name }
        if ($null -eq $entry) {
            throw [Adcs.Ca.AdcsCaException]::new("The set '$name' is not in the repository. Nothing was deleted.")
        }
        if ($null -eq $entry.started) {
            throw [Adcs.Ca.AdcsCaException]::new("The set '$name' has no readable manifest: $($entry.problems[0].message). Nothing was deleted; look at it and delete it by hand.")
        }
        if (-not $entry.complete) {
            throw [Adcs.Ca.AdcsCaException]::new("The set '$($entry.label)' is not complete: $($entry.problems[0].message). Nothing was deleted; look at it and delete it by hand.")
        }
        if ($entry.age_s -lt 0) {
            throw [Adcs.Ca.AdcsCaException]::new("The set '$($entry.label)' is dated in the future. Nothing was deleted.")
        }
    }

    $staying = @($Set | Where-Object { -not $going.Contains($_.label) })
    foreach ($entry in $staying | Where-Object { $null -ne $_.prior -and $going.Contains($_.prior) }) {
        throw [Adcs.Ca.AdcsCaException]::new("The set '$($entry.prior)' is needed by '$($entry.label)', which stays. Nothing was deleted.")
    }
    # what such a set continues is not known; its chain begins at the newest full set before it, if it is not lost
    $fulls = [String[]]@($Set | Where-Object { $_.type -eq 'full' } | ForEach-Object { $_.label })
    [Array]::Sort($fulls, [StringComparer]::Ordinal)
    foreach ($entry in $staying | Where-Object { $_.type -eq 'logs' -and $null -eq $_.started }) {
        $place = -bnot [Array]::BinarySearch($fulls, $entry.label, [StringComparer]::Ordinal)
        if ($place -gt 0 -and $going.Contains($fulls[$place - 1])) {
            throw [Adcs.Ca.AdcsCaException]::new("The set '$($fulls[$place - 1])' may be needed by '$($entry.label)', whose manifest cannot be read. Nothing was deleted.")
        }
    }
    $full = @($Set | Where-Object { $_.type -eq 'full' -and $_.complete -and $_.age_s -ge 0 })
    if ($full.Count -and $going.Contains($full[0].label)) {
        throw [Adcs.Ca.AdcsCaException]::new("The set '$($full[0].label)' is the newest complete full set, which is never deleted. Nothing was deleted.")
    }
    $left = @($full | Where-Object { -not $going.Contains($_.label) }).Count
    if ($left -lt $KeepMinimum -and $left -lt $full.Count) {
        throw [Adcs.Ca.AdcsCaException]::new("Only $left complete full sets would stay, and keep_minimum is $KeepMinimum. Nothing was deleted.")
    }
}

Function Remove-AdcsCaSet {
    <#
    .SYNOPSIS
    Deletes sets one after the other, in the order given, and what earlier runs left of such. One that cannot be deleted does not stop the
    others.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository. The caller holds its lock.

    .PARAMETER Set
    The sets, as Get-AdcsCaCatalogue gives them; they passed Assert-AdcsCaExpirable.

    .PARAMETER Result
    changed, removed and bytes_freed are brought up to date set by set, so that a failure shows how far it came. leftovers gets a hashtable
    {label, action, why} for what earlier runs left.

    .NOTES
    Throws Adcs.Ca.AdcsCaException, after all sets had their turn, that names each of them that could not be deleted.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Set,

        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Result
    )

    # first, as what is left of a set takes the place of a new one with its name
    $earlier = @(Get-AdcsCaExpired -Repository $Repository | ForEach-Object { [System.IO.Path]::GetFileName($_) })
    $left = @(if ($earlier.Count) { Clear-AdcsCaExpired -Repository $Repository -Result $Result })
    # in the order of the set, with the cause
    $failed = [ordered]@{}
    foreach ($entry in $Set) {
        try {
            Move-AdcsCaSetToStaging -Repository $Repository -Label $entry.label
            $Result.removed += $entry.label
            $Result.changed = $true
        }
        catch {
            $failed[$entry.label] = (ConvertTo-AdcsCaException -ErrorRecord $_).Message
            continue
        }
        $left = @(Clear-AdcsCaExpired -Repository $Repository -Result $Result)
    }
    Remove-AdcsCaFinding -Repository $Repository -Label @($Result.removed)

    # the last pass tells: what one could not delete, the next one may have; what an earlier run left fails none for ever
    foreach ($label in $earlier) {
        $stays = @($left | Where-Object { $_.label -ceq $label })
        $Result.leftovers += if ($stays.Count) { $stays[0] } else { @{ label = $label; action = 'discarded'; why = $discarded } }
    }
    foreach ($one in $left | Where-Object { $_.label -cnotin $earlier }) {
        $failed[[Adcs.Ca.Layout]::LabelOfExpired($one.label)] = "$($one.why); what is left of it goes with the next run"
    }
    if ($failed.Count) {
        $causes = @($failed.Keys | ForEach-Object { "$_`: $($failed[$_].TrimEnd('.'))" }) -join '; '
        $what = if ($failed.Count -eq 1) { '1 set' } else { "$($failed.Count) sets" }
        throw [Adcs.Ca.AdcsCaException]::new("$what could not be deleted in full: $causes. Remove the cause, then run again.")
    }
}

Function Clear-AdcsCaExpired {
    <#
    .SYNOPSIS
    Deletes what has expired, and counts what that frees.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository. The caller holds its lock.

    .PARAMETER Result
    changed and bytes_freed are brought up to date.

    .OUTPUTS
    The result of Remove-AdcsCaExpired; where the sets cannot be looked for, each of this run counts as kept.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Result
    )

    $freed = @{ bytes = [Int64]0 }
    try {
        $before = @(Get-AdcsCaExpired -Repository $Repository).Count
        $left = @(Remove-AdcsCaExpired -Repository $Repository -Freed $freed)
        $Result.changed = $Result.changed -or $left.Count -lt $before -or $freed.bytes -gt 0
        $left
    }
    catch {
        $why = (ConvertTo-AdcsCaException -ErrorRecord $_).Message
        $Result.removed | ForEach-Object { @{ label = [Adcs.Ca.Layout]::ExpiredName($_); action = 'kept'; why = $why } }
    }
    $Result.bytes_freed += $freed.bytes
}

Function Measure-AdcsCaExpired {
    <#
    .SYNOPSIS
    What Remove-AdcsCaSet would do about what earlier runs left. Writes nothing.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER Result
    changed, bytes_freed and leftovers are brought up to date.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Result
    )

    foreach ($path in @(Get-AdcsCaExpired -Repository $Repository)) {
        $one = @{ label = [System.IO.Path]::GetFileName($path); action = 'discarded'; why = $discarded }
        try {
            $Result.bytes_freed += [Adcs.Ca.Deletion]::MeasureFolder($path, [Adcs.Ca.Layout]::Manifest)
            $Result.changed = $true
        }
        catch {
            $one.action = 'kept'
            $one.why = $_.Exception.GetBaseException().Message
        }
        $Result.leftovers += $one
    }
}

Export-ModuleMember -Function Assert-AdcsCaExpirable, Measure-AdcsCaExpired, Remove-AdcsCaSet

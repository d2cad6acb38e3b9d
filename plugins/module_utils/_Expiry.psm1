# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: deletes the sets that a plan names, after checking again that each may go. A set leaves the
# repository by one rename into staging, so a run that is interrupted leaves no half set behind.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils._FileSystem
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Catalogue
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Failure
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Findings
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Repository
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Staging

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
            throw [Adcs.Ca.BackupException]::new("The set '$name' is not in the repository. Nothing was deleted.", 0)
        }
        if ($null -eq $entry.started) {
            throw [Adcs.Ca.BackupException]::new("The set '$name' has no readable manifest: $($entry.problems[0].message). Nothing was deleted; look at it and delete it by hand.", 0)
        }
        if (-not $entry.complete) {
            throw [Adcs.Ca.BackupException]::new("The set '$($entry.label)' is not complete: $($entry.problems[0].message). Nothing was deleted; look at it and delete it by hand.", 0)
        }
        if ($entry.age_s -lt 0) {
            throw [Adcs.Ca.BackupException]::new("The set '$($entry.label)' is dated in the future. Nothing was deleted.", 0)
        }
    }

    $staying = @($Set | Where-Object { -not $going.Contains($_.label) })
    foreach ($entry in $staying | Where-Object { $null -ne $_.prior -and $going.Contains($_.prior) }) {
        throw [Adcs.Ca.BackupException]::new("The set '$($entry.prior)' is needed by '$($entry.label)', which stays. Nothing was deleted.", 0)
    }
    # what such a set continues is not known; its chain begins at the newest full set before it, if it is not lost
    $fulls = [String[]]@($Set | Where-Object { $_.type -eq 'full' } | ForEach-Object { $_.label })
    [Array]::Sort($fulls, [StringComparer]::Ordinal)
    foreach ($entry in $staying | Where-Object { $_.type -eq 'logs' -and $null -eq $_.started }) {
        $place = -bnot [Array]::BinarySearch($fulls, $entry.label, [StringComparer]::Ordinal)
        if ($place -gt 0 -and $going.Contains($fulls[$place - 1])) {
            throw [Adcs.Ca.BackupException]::new("The set '$($fulls[$place - 1])' may be needed by '$($entry.label)', whose manifest cannot be read. Nothing was deleted.", 0)
        }
    }
    $full = @($Set | Where-Object { $_.type -eq 'full' -and $_.complete -and $_.age_s -ge 0 })
    if ($full.Count -and $going.Contains($full[0].label)) {
        throw [Adcs.Ca.BackupException]::new("The set '$($full[0].label)' is the newest complete full set, which is never deleted. Nothing was deleted.", 0)
    }
    $left = @($full | Where-Object { -not $going.Contains($_.label) }).Count
    if ($left -lt $KeepMinimum -and $left -lt $full.Count) {
        throw [Adcs.Ca.BackupException]::new("Only $left complete full sets would stay, and keep_minimum is $KeepMinimum. Nothing was deleted.", 0)
    }
}

Function Remove-AdcsCaSet {
    <#
    .SYNOPSIS
    Deletes sets one after the other, in the order given. One that cannot be deleted does not stop the others.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository. The caller holds its lock.

    .PARAMETER Set
    The sets, as Get-AdcsCaCatalogue gives them; they passed Assert-AdcsCaExpirable.

    .PARAMETER Result
    removed and bytes_freed are brought up to date set by set, so that a failure shows how far it came.

    .PARAMETER Kept
    Gets the name and the cause of each set that an earlier run had to delete and that cannot be deleted now either.

    .NOTES
    Throws Adcs.Ca.BackupException, after all sets had their turn, that names each of them that could not be deleted.
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
        $Result,

        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Kept
    )

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
        $freed = @{ bytes = [Int64]0 }
        try {
            foreach ($left in @(Remove-AdcsCaExpired -Repository $Repository -Freed $freed)) {
                $label = $left.label -replace '\.expired\z'
                if ($label -cin $Result.removed) {
                    $failed[$label] = "$($left.why); what is left of it goes with the next run"
                }
                else {
                    # what an earlier run left must not keep this one from its work for ever
                    $Kept[$left.label] = $left.why
                }
            }
        }
        catch {
            $failed[$entry.label] = (ConvertTo-AdcsCaException -ErrorRecord $_).Message
        }
        $Result.bytes_freed += $freed.bytes
    }
    Remove-AdcsCaFinding -Repository $Repository -Label @($Result.removed)
    if ($failed.Count) {
        $causes = @($failed.Keys | ForEach-Object { "$_`: $($failed[$_].TrimEnd('.'))" }) -join '; '
        $what = if ($failed.Count -eq 1) { '1 set' } else { "$($failed.Count) sets" }
        throw [Adcs.Ca.BackupException]::new("$what could not be deleted in full: $causes. Remove the cause, then run again.", 0)
    }
}

Export-ModuleMember -Function Assert-AdcsCaExpirable, Remove-AdcsCaSet

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: what an interrupted run left in staging is finished or removed.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._Deletion
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.ca._Authority
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Draft
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Expired
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Ownership
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Set

Function Clear-AdcsCaStaging {
    <#
    .SYNOPSIS
    Goes through staging. A set that reached the state copied is finished and published, because its logs may be gone from the
    CA already and it may be the only copy; what did not come so far is removed. The manifest appears with that state, by a
    rename, so a set that has one, or anything of its name, was copied: where it is damaged, it is kept as it is.
    The deletion of a set that expired is finished. A folder with any other name is left alone.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository. The caller holds its lock.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.

    .PARAMETER PreviousHost
    The host that the CA moved away from. Its sets count as sets of this CA.

    .OUTPUTS
    Hashtables {label, action: adopted, discarded or kept, why}.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority,

        [AllowNull()]
        [AllowEmptyString()]
        [String]
        $PreviousHost
    )

    Assert-AdcsCaOrdinaryFolder -Path $Repository.staging
    foreach ($label in Get-AdcsCaLabel -Path $Repository.staging) {
        try {
            Clear-AdcsCaLeftover -Repository $Repository -Authority $Authority -PreviousHost $PreviousHost -Label $label
        }
        catch {
            # the next backup tries again; that this one takes place must not depend on an old set
            @{ label = $label; action = 'kept'; why = "it could not be dealt with: $((ConvertTo-AdcsCaException -ErrorRecord $_).Message)" }
        }
    }
    Remove-AdcsCaExpired -Repository $Repository
}

Function Clear-AdcsCaLeftover {
    <#
    .SYNOPSIS
    Deals with one set in staging, as Clear-AdcsCaStaging says, and tells what became of it.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority,

        [AllowNull()]
        [AllowEmptyString()]
        [String]
        $PreviousHost,

        [Parameter(Mandatory = $true)]
        [String]
        $Label
    )

    Assert-AdcsCaOrdinaryFolder -Path ([System.IO.Path]::Combine($Repository.staging, $Label))
    $found = Read-AdcsCaSet -Path ([System.IO.Path]::Combine($Repository.staging, $Label)) -Depth hashes
    if (-not (Test-AdcsCaManifestFile -Path $found.path)) {
        Remove-AdcsCaStaging -Repository $Repository -Label $Label
        return @{ label = $Label; action = 'discarded'; why = $found.problems[0].message }
    }
    if ($found.problems.Count) {
        return @{ label = $Label; action = 'kept'; why = @($found.problems | ForEach-Object { $_.message }) -join '; ' }
    }
    $owner = $found.manifest.ca
    if (-not (Test-AdcsCaOwnSet -Owner $owner -Authority $Authority -PreviousHost $PreviousHost)) {
        return @{ label = $Label; action = 'kept'; why = "it is of the CA '$($owner.name)' on '$($owner.host)'" }
    }
    Complete-AdcsCaLeftover -Repository $Repository -Authority $Authority -Found $found
    @{ label = $Label; action = 'adopted'; why = 'the run that made it was interrupted after every file was stored and verified' }
}

Function Complete-AdcsCaLeftover {
    <#
    .SYNOPSIS
    Publishes a copied set that an interrupted run left. Whether its logs were truncated is not known then.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Found
    )

    $manifest = $Found.manifest
    $skipped = New-Object -TypeName System.Collections.ArrayList -ArgumentList (, $manifest.skipped)
    $manifest.skipped = $skipped
    $set = @{
        label = $Found.label
        path = [System.IO.Path]::Combine($Repository.path, $Found.label)
        staging = $Found.path
        manifest = $manifest
    }
    if ($manifest.state -eq 'copied') {
        # files that came after the copy are in no manifest, and the last of them may be cut off
        $dynamic = [System.IO.Path]::Combine($Found.path, [Adcs.Ca.Layout]::Dynamic)
        $recorded = @($manifest.files | Where-Object { $_.path.StartsWith("$([Adcs.Ca.Layout]::Dynamic)\", [StringComparison]::OrdinalIgnoreCase) })
        if (-not $recorded.Count -and [System.IO.Directory]::Exists($dynamic)) {
            [Adcs.Ca.Deletion]::DeleteWhole($dynamic)
        }
        if ($manifest.truncation.requested) {
            $manifest.truncation.done = $null
        }
        $manifest.truncation.logs_after = @(Get-AdcsCaLogFile -Authority $Authority).Count
        $manifest.verified = $true
        Add-AdcsCaSkipped -Draft $set -What 'the steps after the copy' -Why 'the run was interrupted'
    }
    Publish-AdcsCaDraft -Repository $Repository -Draft $set
}

Export-ModuleMember -Function Clear-AdcsCaStaging

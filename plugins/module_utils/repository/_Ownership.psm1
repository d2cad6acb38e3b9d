# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: whose repository, and whose set, something is.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Set

Function Assert-AdcsCaOwnRepository {
    <#
    .SYNOPSIS
    Throws when a repository belongs to another CA or another host: two CAs whose sanitised names are equal, or two hosts that share
    one repository, would otherwise expire and continue each other's sets.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.

    .PARAMETER PreviousHost
    The host that the CA moved away from. Its sets count as sets of this CA.
    #>
    [CmdletBinding()]
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

    $foreign = Get-AdcsCaForeignOwner @PSBoundParameters
    if ($foreign) {
        throw [Adcs.Ca.AdcsCaException]::new($foreign)
    }
}

Function Get-AdcsCaForeignOwner {
    <#
    .SYNOPSIS
    Why a repository is not this CA's, in words; nothing when it is, or has no readable set. The newest readable set tells: older ones
    may be of a host that the CA moved away from long ago.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.

    .PARAMETER PreviousHost
    The host that the CA moved away from. Its sets count as sets of this CA.
    #>
    [CmdletBinding()]
    [OutputType([String])]
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

    foreach ($label in Get-AdcsCaLabel -Path $Repository.path) {
        $owner = (Read-AdcsCaSet -Path ([System.IO.Path]::Combine($Repository.path, $label)) -Depth none).manifest.ca
        if ($null -eq $owner) {
            continue
        }
        if (-not (Test-AdcsCaOwnSet -Owner $owner -Authority $Authority -PreviousHost $PreviousHost)) {
            "The repository '$($Repository.path)' belongs to the CA '$($owner.name)' on '$($owner.host)', as its set '$label' says, and this is " +
            "'$($Authority.name)' on '$($Authority.host)'. Give each CA a path of its own; if this CA moved here, set previous_host."
        }
        return
    }
}

Function Test-AdcsCaOwnSet {
    <#
    .SYNOPSIS
    Whether a set is of this CA, made on this host or on the one that the CA moved away from.

    .PARAMETER Owner
    The part ca of a manifest.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.

    .PARAMETER PreviousHost
    The host that the CA moved away from.
    #>
    [CmdletBinding()]
    [OutputType([Boolean])]
    param (
        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Owner,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority,

        [AllowNull()]
        [AllowEmptyString()]
        [String]
        $PreviousHost
    )

    $Owner.name -ceq $Authority.name -and $Owner.host -in $Authority.host, $PreviousHost
}

Export-ModuleMember -Function Assert-AdcsCaOwnRepository, Get-AdcsCaForeignOwner, Test-AdcsCaOwnSet

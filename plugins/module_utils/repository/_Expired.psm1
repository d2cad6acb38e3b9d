# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: a set that expires is taken out of the repository by a rename, then deleted.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._Deletion
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileSystem
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Failure
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Draft

Function Move-AdcsCaSetToStaging {
    <#
    .SYNOPSIS
    Takes a set out of the sets of a repository by one rename, to be deleted. That needs no space: a full disk has none for staging,
    and the set is renamed where it is.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository. The caller holds its lock.

    .PARAMETER Label
    The set.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Parameter(Mandatory = $true)]
        [String]
        $Label
    )

    Assert-AdcsCaOrdinaryFolder -Path $Repository.staging
    $source = [System.IO.Path]::Combine($Repository.path, $Label)
    Assert-AdcsCaOrdinaryFolder -Path $source
    try {
        $null = [System.IO.Directory]::CreateDirectory($Repository.staging)
        [Adcs.Ca.FileSystem]::MoveDurably($source, [System.IO.Path]::Combine($Repository.staging, [Adcs.Ca.Layout]::ExpiredName($Label)))
    }
    catch {
        Remove-AdcsCaStaging -Repository $Repository
        if (-not (Test-AdcsCaDiskFull -ErrorRecord $_)) {
            throw
        }
        [Adcs.Ca.FileSystem]::MoveDurably($source, [Adcs.Ca.Layout]::ExpiredName($source))
    }
}

Function Get-AdcsCaExpired {
    <#
    .SYNOPSIS
    The full paths of the sets that expired and are still on the disk.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository
    )

    Assert-AdcsCaOrdinaryFolder -Path $Repository.staging
    foreach ($parent in $Repository.staging, $Repository.path) {
        [Adcs.Ca.FileSystem]::GetFolderNames($parent) | Where-Object { [Adcs.Ca.Layout]::IsExpired($_) } | ForEach-Object { [System.IO.Path]::Combine($parent, $_) }
    }
}

Function Remove-AdcsCaExpired {
    <#
    .SYNOPSIS
    Deletes the sets that expired, and staging once it is empty.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository. The caller holds its lock.

    .PARAMETER Freed
    Its key bytes grows by the size of each file that was deleted; a manifest does not count.

    .OUTPUTS
    A hashtable {label, action: kept, why} for each that could not be deleted.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [Hashtable]
        $Freed = @{ bytes = [Int64]0 }
    )

    foreach ($path in @(Get-AdcsCaExpired -Repository $Repository)) {
        $cause = $null
        try {
            $deletion = [Adcs.Ca.Deletion]::DeleteFolder($path, [Adcs.Ca.Layout]::Manifest)
            $Freed.bytes += $deletion.FreedBytes
            $cause = $deletion.Cause
        }
        catch {
            $cause = $_.Exception
        }
        if ($null -ne $cause) {
            @{ label = [System.IO.Path]::GetFileName($path); action = 'kept'; why = "it could not be deleted: $($cause.GetBaseException().Message)" }
        }
    }
    Remove-AdcsCaStaging -Repository $Repository
}

Export-ModuleMember -Function Get-AdcsCaExpired, Move-AdcsCaSetToStaging, Remove-AdcsCaExpired

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: how much space there is where sets go and where the CA has its logs. A CA stops when the volume
# of its logs is full. Failing to measure is never an error.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileSystem
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.ca._Authority

Function Get-AdcsCaSpace {
    <#
    .SYNOPSIS
    Measures the space at a repository and at the logs of the CA, as far as each is known.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository, or $null. It need not exist yet.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority where the CA is on this host, or $null.

    .OUTPUTS
    A hashtable: destination and log_volume {path, free_bytes, total_bytes}, logs {count, bytes}; each $null where it cannot be told.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [AllowNull()]
        [Hashtable]
        $Repository,

        [AllowNull()]
        [Hashtable]
        $Authority
    )

    $space = @{ destination = $null; log_volume = $null; logs = $null }
    if ($null -ne $Repository) {
        $space.destination = Get-AdcsCaVolumeSpace -Path ([System.IO.Path]::GetDirectoryName($Repository.path))
    }
    if ($null -ne $Authority) {
        $space.log_volume = Get-AdcsCaVolumeSpace -Path $Authority.directories.log
        $space.logs = try {
            $files = @(Get-AdcsCaLogFile -Authority $Authority)
            @{ count = $files.Count; bytes = [Int64]($files | Measure-Object -Property Length -Sum).Sum }
        }
        catch {
            $null
        }
    }
    $space
}

Function Get-AdcsCaVolumeSpace {
    <#
    .SYNOPSIS
    The space of the volume or share that a folder is in, or would be in; nothing where it cannot be measured.

    .PARAMETER Path
    The folder, absolute. It need not exist.

    .OUTPUTS
    A hashtable: path (the folder), free_bytes, total_bytes, as a quota lets the caller see them.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    try {
        for ($at = $Path; $null -eq [Adcs.Ca.FileSystem]::Look($at); ) {
            $at = [System.IO.Path]::GetDirectoryName($at)
        }
        $space = [Adcs.Ca.FileSystem]::GetSpace($at)
        @{ path = $Path; free_bytes = $space.Free; total_bytes = $space.Total }
    }
    catch {
        return
    }
}

Export-ModuleMember -Function Get-AdcsCaSpace, Get-AdcsCaVolumeSpace

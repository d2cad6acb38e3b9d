# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: what is acquired is released, on every path.

Function Use-AdcsCaDisposable {
    <#
    .SYNOPSIS
    Runs a block and disposes a resource after it, also when the task is stopped. The first failure is the one that is thrown.

    .PARAMETER Resource
    What to dispose.

    .PARAMETER Block
    What to run; it gets the resource as its one argument.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [IDisposable]
        $Resource,

        [Parameter(Mandatory = $true)]
        [ScriptBlock]
        $Block
    )

    $failure = $null
    try {
        try {
            & $Block $Resource
        }
        catch {
            $failure = $_
        }
    }
    finally {
        try {
            $Resource.Dispose()
        }
        catch {
            if ($null -eq $failure) {
                $failure = $_
            }
        }
    }
    if ($null -ne $failure) {
        throw $failure
    }
}

Export-ModuleMember -Function Use-AdcsCaDisposable

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: times, spans and sizes as text, and the name of this version.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors

$toolVersion = 'adcs.ca 0.1.0'
$timeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'"

Function Get-AdcsCaToolVersion {
    <#
    .SYNOPSIS
    The name and version of this collection, as manifests and findings have it.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param ()

    $toolVersion
}

Function ConvertTo-AdcsCaTime {
    <#
    .SYNOPSIS
    A UTC time as manifests and results write it: 2026-11-22T21:39:00Z.

    .PARAMETER Time
    A time, UTC.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [DateTime]
        $Time
    )

    $Time.ToString($timeFormat, [CultureInfo]::InvariantCulture)
}

Function ConvertFrom-AdcsCaTime {
    <#
    .SYNOPSIS
    The UTC time of a manifest's text.

    .PARAMETER Text
    Such as 2026-11-22T21:39:00Z.
    #>
    [CmdletBinding()]
    [OutputType([DateTime])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Text
    )

    [DateTime]::ParseExact($Text, $timeFormat, [CultureInfo]::InvariantCulture, 'AssumeUniversal, AdjustToUniversal')
}

Function ConvertTo-AdcsCaTimeSpan {
    <#
    .SYNOPSIS
    A TimeSpan from a text such as 90min, 12h, 2d or 1d12h (w, d, h, min, s). Throws on anything else.

    .PARAMETER Option
    The name of the option that holds the text, for the error.

    .PARAMETER Text
    Such as 12h or 1d12h; numbers are whole, units in that order.
    #>
    [CmdletBinding()]
    [OutputType([TimeSpan])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Option,

        [Parameter(Mandatory = $true)]
        [AllowEmptyString()]
        [String]
        $Text
    )

    if ($Text -cnotmatch '^(?=.)(?:([0-9]{1,5})w)?(?:([0-9]{1,5})d)?(?:([0-9]{1,5})h)?(?:([0-9]{1,5})min)?(?:([0-9]{1,5})s)?\z') {
        throw [Adcs.Ca.AdcsCaException]::new("${Option}: '$Text' is not a time span. Use whole numbers with w, d, h, min and s in that order, such as 12h or 1d12h.")
    }
    $number = @(1..5 | ForEach-Object { if ($Matches[$_]) { [Int32]$Matches[$_] } else { 0 } })
    New-Object -TypeName TimeSpan -ArgumentList (7 * $number[0] + $number[1]), $number[2], $number[3], $number[4]
}

Function ConvertTo-AdcsCaSize {
    <#
    .SYNOPSIS
    The bytes in a text such as 0, 500M or 2G (K, M, G and T count in 1024s). Throws on anything else.

    .PARAMETER Option
    The name of the option that holds the text, for the error.

    .PARAMETER Text
    A whole number with at most one of the four letters.
    #>
    [CmdletBinding()]
    [OutputType([Int64])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Option,

        [Parameter(Mandatory = $true)]
        [AllowEmptyString()]
        [String]
        $Text
    )

    if ($Text -cnotmatch '^([0-9]{1,6})([KMGT]?)\z') {
        throw [Adcs.Ca.AdcsCaException]::new("${Option}: '$Text' is not a size. Use a whole number of at most six digits with K, M, G or T, such as 500M or 2G.")
    }
    $unit = @{ '' = 1; K = 1KB; M = 1MB; G = 1GB; T = 1TB }
    [Int64]$Matches[1] * [Int64]$unit[$Matches[2]]
}

Export-ModuleMember -Function ConvertFrom-AdcsCaTime, ConvertTo-AdcsCaSize, ConvertTo-AdcsCaTime, ConvertTo-AdcsCaTimeSpan, Get-AdcsCaToolVersion

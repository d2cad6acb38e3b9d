# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

@{
    GUID = '14b88840-3f3c-4aa8-b6df-53b0a75ef128'
    ModuleVersion = '1.0.0'
    Author = 'adcs.ca contributors'
    Description = 'Stand-ins of the adcs.ca test lab; not a part of PowerShell'
    CompatiblePSEditions = @('Core')
    NestedModules = 'Microsoft.PowerShell.Security.dll'
    FunctionsToExport = @()
    AliasesToExport = @()
    CmdletsToExport = @(
        'ConvertFrom-SecureString', 'ConvertTo-SecureString'
    )
}

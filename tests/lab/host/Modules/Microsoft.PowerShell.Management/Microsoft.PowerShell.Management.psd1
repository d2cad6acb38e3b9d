# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

@{
    GUID = '2b839659-f8cb-4e8d-bb1c-decd658b053c'
    ModuleVersion = '1.0.0'
    Author = 'adcs.ca contributors'
    Description = 'Stand-ins of the adcs.ca test lab; not a part of PowerShell'
    CompatiblePSEditions = @('Core')
    NestedModules = 'Microsoft.PowerShell.Commands.Management.dll'
    FunctionsToExport = @()
    AliasesToExport = @()
    CmdletsToExport = @(
        'Add-Content', 'Convert-Path', 'Copy-Item', 'Get-ChildItem', 'Get-Content', 'Get-Item', 'Get-ItemProperty',
        'Get-ItemPropertyValue', 'Get-Location', 'Get-Process', 'Get-PSDrive', 'Join-Path', 'Move-Item', 'New-Item',
        'New-ItemProperty', 'Pop-Location', 'Push-Location', 'Remove-Item', 'Remove-ItemProperty', 'Rename-Item',
        'Resolve-Path', 'Set-Content', 'Set-ItemProperty', 'Set-Location', 'Split-Path', 'Test-Path'
    )
}

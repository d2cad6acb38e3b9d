# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

@{
    GUID = 'ed8951ea-810b-49aa-bd70-b5b851697963'
    ModuleVersion = '1.0.0'
    Author = 'adcs.ca contributors'
    Description = 'Stand-ins of the adcs.ca test lab; not a part of PowerShell'
    CompatiblePSEditions = @('Core')
    NestedModules = 'Microsoft.PowerShell.Commands.Utility.dll'
    FunctionsToExport = @()
    AliasesToExport = @()
    CmdletsToExport = @(
        'Add-Member', 'Add-Type', 'ConvertFrom-Json', 'ConvertTo-Json', 'Get-Date', 'Get-Host', 'Get-PSCallStack',
        'Get-Variable', 'Invoke-Expression', 'Measure-Object', 'New-Guid', 'New-Object', 'New-Variable', 'Out-File',
        'Out-String', 'Remove-Variable', 'Select-Object', 'Set-Alias', 'Set-Variable', 'Sort-Object', 'Start-Sleep',
        'Write-Error', 'Write-Host', 'Write-Information', 'Write-Output', 'Write-Verbose', 'Write-Warning'
    )
}

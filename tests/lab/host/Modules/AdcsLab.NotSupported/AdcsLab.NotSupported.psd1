# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# The cmdlets of PowerShell's own modules that have no stand-in: each is here a function that fails by name.
@{
    GUID = '9aec2d31-fdc7-4d86-b42f-852cb8036daf'
    ModuleVersion = '1.0.0'
    Author = 'adcs.ca contributors'
    Description = 'What the adcs.ca test lab does not have of PowerShell'
    CompatiblePSEditions = @('Core')
    RootModule = 'AdcsLab.NotSupported.psm1'
    AliasesToExport = @()
    CmdletsToExport = @()
    FunctionsToExport = @(
        'Clear-Content', 'Clear-Item', 'Clear-ItemProperty', 'Clear-RecycleBin', 'Clear-Variable', 'Compare-Object',
        'Connect-WSMan', 'ConvertFrom-CliXml', 'ConvertFrom-Csv', 'ConvertFrom-Markdown', 'ConvertFrom-SddlString',
        'ConvertFrom-StringData', 'ConvertTo-CliXml', 'ConvertTo-Csv', 'ConvertTo-Html', 'ConvertTo-Xml',
        'Copy-ItemProperty', 'Debug-Process', 'Debug-Runspace', 'Disable-PSBreakpoint', 'Disable-RunspaceDebug',
        'Disable-WSManCredSSP', 'Disconnect-WSMan', 'Enable-PSBreakpoint', 'Enable-RunspaceDebug',
        'Enable-WSManCredSSP', 'Export-Alias', 'Export-Clixml', 'Export-Csv', 'Export-FormatData', 'Export-PSSession',
        'Format-Custom', 'Format-Hex', 'Format-List', 'Format-Table', 'Format-Wide', 'Get-Acl', 'Get-Alias',
        'Get-AuthenticodeSignature', 'Get-CimAssociatedInstance', 'Get-CimClass', 'Get-CimInstance', 'Get-CimSession',
        'Get-Clipboard', 'Get-CmsMessage', 'Get-ComputerInfo', 'Get-Counter', 'Get-Credential', 'Get-Culture',
        'Get-Error', 'Get-Event', 'Get-EventSubscriber', 'Get-ExecutionPolicy', 'Get-FileHash', 'Get-FormatData',
        'Get-HotFix', 'Get-MarkdownOption', 'Get-Member', 'Get-PfxCertificate', 'Get-PSBreakpoint', 'Get-PSProvider',
        'Get-Random', 'Get-Runspace', 'Get-RunspaceDebug', 'Get-SecureRandom', 'Get-Service', 'Get-TimeZone',
        'Get-TraceSource', 'Get-TypeData', 'Get-UICulture', 'Get-Unique', 'Get-Uptime', 'Get-Verb', 'Get-WinEvent',
        'Get-WSManCredSSP', 'Get-WSManInstance', 'Group-Object', 'Import-Alias', 'Import-Clixml', 'Import-Csv',
        'Import-LocalizedData', 'Import-PowerShellDataFile', 'Import-PSSession', 'Invoke-CimMethod', 'Invoke-Item',
        'Invoke-RestMethod', 'Invoke-WebRequest', 'Invoke-WSManAction', 'Join-String', 'Measure-Command',
        'Move-ItemProperty', 'New-Alias', 'New-CimInstance', 'New-CimSession', 'New-CimSessionOption', 'New-Event',
        'New-FileCatalog', 'New-PSDrive', 'New-Service', 'New-TemporaryFile', 'New-TimeSpan', 'New-WinEvent',
        'New-WSManInstance', 'New-WSManSessionOption', 'Out-GridView', 'Out-Printer', 'Protect-CmsMessage', 'Read-Host',
        'Register-CimIndicationEvent', 'Register-EngineEvent', 'Register-ObjectEvent', 'Remove-Alias',
        'Remove-CimInstance', 'Remove-CimSession', 'Remove-Event', 'Remove-PSBreakpoint', 'Remove-PSDrive',
        'Remove-Service', 'Remove-TypeData', 'Remove-WSManInstance', 'Rename-Computer', 'Rename-ItemProperty',
        'Restart-Computer', 'Restart-Service', 'Resume-Service', 'Select-String', 'Select-Xml', 'Send-MailMessage',
        'Set-Acl', 'Set-AuthenticodeSignature', 'Set-CimInstance', 'Set-Clipboard', 'Set-Date', 'Set-ExecutionPolicy',
        'Set-Item', 'Set-MarkdownOption', 'Set-PSBreakpoint', 'Set-Service', 'Set-TimeZone', 'Set-TraceSource',
        'Set-WSManInstance', 'Set-WSManQuickConfig', 'Show-Command', 'Show-Markdown', 'Start-Process', 'Start-Service',
        'Start-Transcript', 'Stop-Computer', 'Stop-Process', 'Stop-Service', 'Stop-Transcript', 'Suspend-Service',
        'Tee-Object', 'Test-Connection', 'Test-FileCatalog', 'Test-Json', 'Test-WSMan', 'Trace-Command', 'Unblock-File',
        'Unprotect-CmsMessage', 'Unregister-Event', 'Update-FormatData', 'Update-List', 'Update-TypeData',
        'Wait-Debugger', 'Wait-Event', 'Wait-Process', 'Write-Debug', 'Write-Progress'
    )
}

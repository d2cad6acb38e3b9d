# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

$refuse = {
    $name = $MyInvocation.MyCommand.Name
    $exception = [System.NotSupportedException]::new("$name is not supported by the lab host.")
    throw [System.Management.Automation.ErrorRecord]::new($exception, 'LabHostNotSupported', 'NotImplemented', $name)
}
$manifest = [System.Management.Automation.Language.Parser]::ParseFile("$PSScriptRoot\AdcsLab.NotSupported.psd1", [ref]$null, [ref]$null)
$table = $manifest.Find({ $args[0] -is [System.Management.Automation.Language.HashtableAst] }, $false).SafeGetValue()
foreach ($name in $table.FunctionsToExport) {
    $null = $ExecutionContext.SessionState.InvokeProvider.Item.Set("function:$name", $refuse)
}

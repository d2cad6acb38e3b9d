# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Reads a list of hashes as exec_wrapper.ps1 of ansible-core does, and prints what it takes from it as JSON.
param ([String] $Path)

$text = [System.IO.File]::ReadAllText($Path)
$ast = [System.Management.Automation.Language.Parser]::ParseInput($text, $Path, [ref]$null, [ref]$null)
$table = $ast.Find({ $args[0] -is [System.Management.Automation.Language.HashtableAst] }, $false)
$list = $table.SafeGetValue()
$bad = @($list.HashList | Where-Object { $_ -isnot [Hashtable] -or $_.Hash -isnot [String] -or $_.Hash.Length -ne 64 })
@{
    version = $list.Version
    bad = $bad.Count
    trusted = @($list.HashList | Where-Object { $_.Mode -eq 'Trusted' } | ForEach-Object { $_.Hash })
} | ConvertTo-Json -Compress

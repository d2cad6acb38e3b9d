# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Runs modules and scripts of the collection in one process, one request a line, so that a test case costs no start of an engine.
# The module utils are loaded as Ansible's wrapper loads them: all C# in one compilation with warnings as errors, then each psm1.
#
# Request:  {"module": path, "params": {...}} or {"script": text}; paths are Windows paths.
# The one argument is a JSON file: {"add_type": path, "compiled": path, "csharp": [paths], "powershell": [paths]}. It has no param block,
# because an engine binds standard input to a script that has one.
# Response: {"output": the module's own JSON or the script's values, "rc": exit code} or {"error": text}

$ErrorActionPreference = 'Stop'
$utf8 = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
$load = [System.IO.File]::ReadAllText($args[0], $utf8) | ConvertFrom-Json -AsHashtable

Function Get-Text {
    param ([String]$Path)
    [System.IO.File]::ReadAllText($Path, $utf8)
}

$sources = @($load.csharp | ForEach-Object { Get-Text $_ }) + @'
namespace Lab
{
    public static class Shim
    {
        [System.Runtime.InteropServices.DllImport(@"C:\Lab\labshim.dll")]
        public static extern void LabReset();
    }
}
'@

# Compiles all C# as Ansible does, and keeps the assembly beside the worker.
Function Import-Source {
    $global:keepAssembly = {
        param ([System.IO.MemoryStream]$Stream)
        $new = "$($load.compiled).$PID.new"
        [System.IO.File]::WriteAllBytes($new, $Stream.ToArray())
        [System.IO.File]::Move($new, $load.compiled, $true)
        $Stream
    }
    $parts = (Get-Text $load.add_type) -split [Regex]::Escape('::Default.LoadFromStream($code_ms')
    if ($parts.Count -ne 2) {
        throw "Add-CSharpType of this ansible-core loads an assembly in $($parts.Count - 1) places, not in one"
    }
    New-Module -Name AddType -ScriptBlock ([ScriptBlock]::Create($parts -join '::Default.LoadFromStream((& $global:keepAssembly $code_ms)')) | Import-Module
    Add-CSharpType -References $sources
}

# Compiling is most of a start: later ones with the same sources load what the first one kept.
Function Import-Kept {
    $stream = [System.IO.MemoryStream]::new([System.IO.File]::ReadAllBytes($load.compiled))
    $types = [System.Runtime.Loader.AssemblyLoadContext]::Default.LoadFromStream($stream).GetTypes()
    $accelerators = [PSObject].Assembly.GetType('System.Management.Automation.TypeAccelerators')
    foreach ($line in [Regex]::Matches($sources -join "`n", '(?m)^//\s*TypeAccelerator\s+-Name\s+(?<name>[\w.]+)\s+-TypeName\s+(?<type>\w+)')) {
        $accelerators::Add($line.Groups['name'].Value, ($types | Where-Object { $_.Name -ceq $line.Groups['type'].Value }))
    }
}

if ([System.IO.File]::Exists($load.compiled)) { Import-Kept } else { Import-Source }
foreach ($path in $load.powershell) {
    $name = [System.IO.Path]::GetFileNameWithoutExtension($path)
    New-Module -Name $name -ScriptBlock ([ScriptBlock]::Create((Get-Text $path))) | Import-Module -Scope Global -WarningAction SilentlyContinue
}

[Ansible.Basic.AnsibleModule]::WriteLine = { param ([String]$Line) $global:moduleOutput = $Line }
[Ansible.Basic.AnsibleModule]::Exit = {
    param ([Int32]$Code)
    $global:moduleExit = $Code
    throw 'module exit'
}

Function Invoke-Module {
    param ([Hashtable]$Request)

    $global:moduleOutput = $null
    $global:moduleExit = $null
    $global:complex_args = $Request.params
    try {
        & ([ScriptBlock]::Create((Get-Text $Request.module)))
    }
    catch {
        if ($null -eq $global:moduleExit) {
            return @{ error = "$_`n$($_.ScriptStackTrace)" }
        }
    }
    @{ output = $global:moduleOutput; rc = $global:moduleExit }
}

Function Invoke-Script {
    param ([Hashtable]$Request)

    try {
        @{ output = @(& ([ScriptBlock]::Create($Request.script))); rc = 0 }
    }
    catch {
        @{ error = "$($_.Exception.GetBaseException().Message)`n$($_.ScriptStackTrace)" }
    }
}

[Console]::Out.WriteLine('ready')
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $request = $line | ConvertFrom-Json -AsHashtable
    [Lab.Shim]::LabReset()
    $response = if ($request.Contains('module')) { Invoke-Module -Request $request } else { Invoke-Script -Request $request }
    [Console]::Out.WriteLine(($response | ConvertTo-Json -Compress -Depth 20))
}

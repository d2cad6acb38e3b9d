# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Prints the identity of the host and of every stand-in assembly beside it.
foreach ($name in 'pwsh', 'Microsoft.PowerShell.Commands.Management', 'Microsoft.PowerShell.Commands.Utility',
    'Microsoft.PowerShell.Security', 'Microsoft.PowerShell.ConsoleHost', 'Microsoft.PowerShell.Commands.Diagnostics',
    'Microsoft.WSMan.Management') {
    $path = "$PSHOME\$name.dll"
    $file = [System.Diagnostics.FileVersionInfo]::GetVersionInfo($path)
    $assembly = [System.Reflection.AssemblyName]::GetAssemblyName($path)
    "$($file.CompanyName)|$($file.ProductName)|$($assembly.Version)|$($assembly.GetPublicKeyToken().Length)"
}

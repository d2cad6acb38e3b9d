# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Prints one line for each stand-in cmdlet: its name and its parameters, the common ones apart.
$common = [System.Management.Automation.Cmdlet]::CommonParameters + [System.Management.Automation.Cmdlet]::OptionalCommonParameters
foreach ($module in 'Management', 'Security', 'Utility') {
    foreach ($command in Get-Command -Module "Microsoft.PowerShell.$module") {
        $names = $command.Parameters.Keys | Where-Object { $_ -notin $common -and $_ -notlike 'Refused*' } | Sort-Object
        "$($command.Name): $($names -join ' ')".TrimEnd()
    }
}

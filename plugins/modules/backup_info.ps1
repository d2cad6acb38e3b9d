#!powershell

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Authority
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Catalogue
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Failure
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Options
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Repository
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Text

$spec = @{
    options = @{
        fail_on_problems = @{ type = 'bool'; default = $false }
        folder_name = @{ type = 'str' }
        path = @{ type = 'str'; required = $true }
        previous_host = @{ type = 'str' }
        verify = @{ type = 'str'; choices = @('none', 'sizes', 'hashes'); default = 'sizes' }
    }
    supports_check_mode = $true
}

Remove-AdcsCaBlankArgument -Option $spec.options
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$now = [DateTime]::UtcNow
$authority = $null
$module.Result.path = $null
$module.Result.now = ConvertTo-AdcsCaTime -Time $now
$module.Result.ca = @{ name = $null; host = $null }
$module.Result.folder_name = $module.Params.folder_name
$module.Result.sets = @()
$module.Result.problems = @()
$module.Result.bytes = 0

try {
    Assert-AdcsCaOption -Option $spec.options -Value $module.Params
    if ($null -eq $module.Params.folder_name) {
        $authority = Get-AdcsCaAuthority
        $module.Result.ca = @{ name = $authority.name; host = $authority.host }
        $module.Result.folder_name = $authority.folder_name
    }
    $repository = Get-AdcsCaRepository -Path $module.Params.path -FolderName $module.Result.folder_name
    $module.Result.path = $repository.path
    $catalogue = Get-AdcsCaCatalogue -Repository $repository -Depth $module.Params.verify -Now $now -Authority $authority -PreviousHost $module.Params.previous_host
}
catch {
    $module.FailJson((ConvertTo-AdcsCaException -ErrorRecord $_).Message, $_)
}

$module.Result.sets = $catalogue.sets
$module.Result.problems = $catalogue.problems
$module.Result.bytes = $catalogue.bytes

$messages = @(foreach ($set in $catalogue.sets) {
        foreach ($problem in $set.problems) {
            "$($set.label): $($problem.message)"
        }
    }) + @($catalogue.problems | ForEach-Object { $_.message })
if ($module.Params.fail_on_problems -and $messages.Count) {
    $shown = @($messages | Select-Object -First 10) -join '; '
    $module.FailJson("The repository '$($repository.path)' has $($messages.Count) problems: $shown$(if ($messages.Count -gt 10) { '; ...' }).")
}
$module.ExitJson()

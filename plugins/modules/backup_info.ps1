#!powershell

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.ca._Authority
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Options
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Catalogue
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Set
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Space

$spec = @{
    options = @{
        fail_on_problems = @{ type = 'bool'; default = $false }
        files_of = @{ type = 'str' }
        folder_name = @{ type = 'str' }
        ignored_names = @{ type = 'list'; elements = 'str'; default = @() }
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
$module.Result.files = @()
$module.Result.files_omitted = 0
$module.Result.space = Get-AdcsCaSpace

try {
    Assert-AdcsCaOption -Option $spec.options -Value $module.Params
    if ($null -eq $module.Params.folder_name) {
        $authority = Get-AdcsCaAuthority
        $module.Result.ca = @{ name = $authority.name; host = $authority.host }
        $module.Result.folder_name = $authority.folder_name
        # also when the destination cannot be reached: a full volume of logs stops the CA
        $module.Result.space = Get-AdcsCaSpace -Authority $authority
    }
    $repository = Get-AdcsCaRepository -Path $module.Params.path -FolderName $module.Result.folder_name
    $module.Result.path = $repository.path
    $module.Result.space.destination = (Get-AdcsCaSpace -Repository $repository).destination
    $look = @{
        Depth = $module.Params.verify
        Now = $now
        Authority = $authority
        PreviousHost = $module.Params.previous_host
        IgnoredName = $module.Params.ignored_names
        Keep = -not $module.CheckMode
    }
    $catalogue = Get-AdcsCaCatalogue -Repository $repository @look
}
catch {
    $module.FailJson((ConvertTo-AdcsCaException -ErrorRecord $_).Message, $_)
}

$module.Result.sets = $catalogue.sets
$module.Result.problems = $catalogue.problems
$module.Result.bytes = $catalogue.bytes
$named = $catalogue.sets | Where-Object { $_.label -ceq $module.Params.files_of }
if ($null -ne $named) {
    $manifest = (Read-AdcsCaSet -Path $named.path -Depth none).manifest
    $listed = Get-AdcsCaFileList -File @(if ($null -ne $manifest) { $manifest.files })
    $module.Result.files = @($listed.files | ForEach-Object { @{ path = $_.path; kind = $_.kind; size = $_.size } })
    $module.Result.files_omitted = $listed.omitted
}
if ($catalogue.warning) {
    $module.Warn($catalogue.warning)
}

$messages = @(foreach ($set in $catalogue.sets) {
        foreach ($problem in $set.problems) {
            "$($set.label): $($problem.message)"
        }
    }) + @($catalogue.problems | ForEach-Object { $_.message })
if ($module.Params.fail_on_problems -and $messages.Count) {
    $shown = @($messages | Select-Object -First 10) -join '; '
    $module.FailJson("The repository '$($repository.path)' has $(if ($messages.Count -eq 1) { '1 problem' } else { "$($messages.Count) problems" }): $shown$(if ($messages.Count -gt 10) { '; ...' }).")
}
$module.ExitJson()

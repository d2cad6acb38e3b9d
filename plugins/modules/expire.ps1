#!powershell

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.ca._Authority
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Options
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Resource
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Catalogue
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Destination
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Expired
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Lock
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Ownership
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.repository._Space
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.run._Expire

# The action plugin of this name turns the policy into labels on the controller, and leaves it and the limit out here.
$spec = @{
    options = @{
        # set by the action plugin alone
        _labels = @{ type = 'list'; elements = 'str' }
        ignored_names = @{ type = 'list'; elements = 'str'; default = @() }
        keep_daily = @{ type = 'int' }
        keep_hourly = @{ type = 'int' }
        keep_labels = @{ type = 'list'; elements = 'str'; default = @() }
        keep_last = @{ type = 'int' }
        keep_minimum = @{ type = 'int'; default = 1 }
        keep_monthly = @{ type = 'int' }
        keep_weekly = @{ type = 'int' }
        keep_within = @{ type = 'str' }
        keep_yearly = @{ type = 'int' }
        limit = @{ type = 'int'; default = 10 }
        path = @{ type = 'str'; required = $true }
        previous_host = @{ type = 'str' }
    }
    supports_check_mode = $true
}

Remove-AdcsCaBlankArgument -Option $spec.options
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$labels = @($module.Params._labels | Select-Object -Unique)
$result = @{ changed = $false; removed = @(); bytes_freed = [Int64]0; free_bytes_before = $null; free_bytes_after = $null; leftovers = @() }
$lock = $null
$failure = $null
try {
    Assert-AdcsCaOption -Option $spec.options -Value $module.Params
    if ($null -eq $module.Params._labels) {
        throw [Adcs.Ca.AdcsCaException]::new('There are no labels: the policy is turned into labels by the action plugin of this module, which did not run.')
    }
    $authority = Get-AdcsCaAuthority
    $repository = Get-AdcsCaRepository -Path $module.Params.path -FolderName $authority.folder_name
    $lock = Get-AdcsCaLock -Repository $repository
    $check = {
        Assert-AdcsCaOwnRepository -Repository $repository -Authority $authority -PreviousHost $module.Params.previous_host
        $catalogue = Get-AdcsCaCatalogue -Repository $repository -Depth sizes -Now ([DateTime]::UtcNow) -IgnoredName $module.Params.ignored_names
        Assert-AdcsCaExpirable -Set $catalogue.sets -Label $labels -KeepMinimum $module.Params.keep_minimum
        @(foreach ($label in $labels) { $catalogue.sets | Where-Object { $_.label -ceq $label } })
    }
    $going = @(& $check)
    if ($module.CheckMode) {
        Assert-AdcsCaUnlocked -Lock $lock
        $result.changed = $going.Count -gt 0
        $result.removed = @($going | ForEach-Object { $_.label })
        $result.bytes_freed = [Int64]($going | ForEach-Object { $_.bytes } | Measure-Object -Sum).Sum
        Measure-AdcsCaExpired -Repository $repository -Result $result
    }
    elseif ($going.Count -or @(Get-AdcsCaExpired -Repository $repository).Count) {
        $destination = [System.IO.Path]::GetDirectoryName($repository.path)
        Use-AdcsCaDisposable -Resource (Open-AdcsCaLock -Lock $lock) -Block {
            $result.free_bytes_before = (Get-AdcsCaVolumeSpace -Path $destination).free_bytes
            try {
                # again, as somebody else may have held the lock until now
                Remove-AdcsCaSet -Repository $repository -Set @(& $check) -Result $result
            }
            finally {
                $result.free_bytes_after = (Get-AdcsCaVolumeSpace -Path $destination).free_bytes
            }
        }
    }
}
catch {
    $failure = $_
}

foreach ($key in @($result.Keys)) {
    $module.Result[$key] = $result[$key]
}
if ($null -ne $lock -and $lock.nameless) {
    $module.Warn("The disk of '$($repository.path)' is full. The lock of this run had no room for the name of its holder, which does no harm.")
}
foreach ($leftover in $result.leftovers | Where-Object { $_.action -eq 'kept' }) {
    $module.Warn("An earlier run left $($leftover.label), and it stays: $($leftover.why.TrimEnd('.')).")
}
if ($null -ne $failure) {
    $module.FailJson((ConvertTo-AdcsCaException -ErrorRecord $failure).Message, $failure)
}
$module.ExitJson()

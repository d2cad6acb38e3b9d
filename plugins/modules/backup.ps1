#!powershell

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._ResultCodes
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.common._Options
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.run._Backup
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.run._BackupResult
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils.run._Truncation

$spec = @{
    options = @{
        access = @{ type = 'list'; elements = 'str'; default = @() }
        dynamic_files = @{ type = 'bool'; default = $true }
        list_files = @{ type = 'bool'; default = $true }
        max_age = @{ type = 'str' }
        path = @{ type = 'str'; required = $true }
        previous_host = @{ type = 'str' }
        reserve = @{ type = 'str'; default = '256M' }
        trace = @{ type = 'bool'; default = $false }
        truncate_logs = @{ type = 'bool'; default = $false }
        type = @{ type = 'str'; choices = @('full'); default = 'full' }
        verify = @{ type = 'bool'; default = $true }
    }
    supports_check_mode = $true
}

Remove-AdcsCaBlankArgument -Option $spec.options
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$option = @{
    access = $module.Params.access
    dynamic_files = $module.Params.dynamic_files
    list_files = $module.Params.list_files
    max_age = $null
    path = $module.Params.path
    previous_host = $module.Params.previous_host
    reserve_bytes = 0
    trace = $module.Params.trace
    truncate_logs = $module.Params.truncate_logs
    type = $module.Params.type
    verify = $module.Params.verify
}
$result = New-AdcsCaBackupResult -Option $option
$stopwatch = [System.Diagnostics.Stopwatch]::StartNew()
$failure = $null
try {
    Assert-AdcsCaOption -Option $spec.options -Value $module.Params
    if ($null -ne $module.Params.max_age) {
        $option.max_age = ConvertTo-AdcsCaTimeSpan -Option max_age -Text $module.Params.max_age
    }
    $option.reserve_bytes = ConvertTo-AdcsCaSize -Option reserve -Text $module.Params.reserve
    if ($option.truncate_logs -and -not $option.verify) {
        throw [Adcs.Ca.AdcsCaException]::new('truncate_logs needs verify: logs are not given up for a copy that was not read again.')
    }
    Invoke-AdcsCaBackup -Option $option -Result $result -CheckMode:$module.CheckMode
}
catch {
    $failure = $_
}
$result.duration_s = [Math]::Round($stopwatch.Elapsed.TotalSeconds, 3)

if ($result.doubt) {
    $module.Warn("$($result.doubt) Only a run without check mode shows whether the CA can be backed up.")
}
$result.Remove('doubt')
foreach ($key in @($result.Keys)) {
    $module.Result[$key] = $result[$key]
}
foreach ($leftover in $result.leftovers | Where-Object { $_.action -eq 'kept' }) {
    $module.Warn("An earlier run left $($leftover.label), and it stays: $($leftover.why.TrimEnd('.')).")
}
if ($null -eq $result.reason) {
    # of this run's own set; whoever made an older one was told
    foreach ($skipped in $result.skipped_items) {
        $module.Warn("Not in the set $($result.label): $($skipped.what), because $($skipped.why.TrimEnd('.')).")
    }
    $warning = if ($result.path) { Get-AdcsCaKeptLogWarning -Result $result -Repository ([System.IO.Path]::GetDirectoryName($result.path)) }
    if ($warning) {
        $module.Warn($warning)
    }
}
if ($result.session_wait_s) {
    $module.Warn("The CA still held the session of a run that was killed; this run waited $([Math]::Round($result.session_wait_s)) seconds for its end.")
}
$module.Diff.before = ''
$module.Diff.after = if ($result.changed) { Get-AdcsCaBackupListing -Result $result } else { '' }

if ($null -ne $failure) {
    $cause = ConvertTo-AdcsCaException -ErrorRecord $failure
    $module.Result.hresult = if ($null -ne $cause.Code) { [Adcs.Ca.ResultCode]::Format($cause.Code) } else { $null }
    $module.Result.hresult_name = $cause.CodeName
    $module.Result.function = $cause.Function
    $module.Result.step = if ($cause.Step) { $cause.Step } else { $null }
    $module.Result.file = $cause.File
    $module.Result.left_on_disk = @($result.left_on_disk | Where-Object { $_ })
    $module.FailJson($cause.Message, $failure)
}
$module.ExitJson()

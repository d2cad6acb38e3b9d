# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: the privileges that a backup needs.

#AnsibleRequires -CSharpUtil Ansible.Privilege
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors

Function Assert-AdcsCaPrivilege {
    <#
    .SYNOPSIS
    Throws unless the process token holds the privileges that a backup needs, enabled or not.

    .NOTES
    Both are needed for backup and for restore:
    https://learn.microsoft.com/en-us/windows/win32/seccrypto/setting-the-backup-and-restore-privileges
    #>
    [CmdletBinding()]
    param ()

    $right = @{
        SeBackupPrivilege = 'Back up files and directories'
        SeRestorePrivilege = 'Restore files and directories'
    }
    $process = [Ansible.Privilege.PrivilegeUtil]::GetCurrentProcess()
    $held = [Ansible.Privilege.PrivilegeUtil]::GetAllPrivilegeInfo($process).Keys
    $missing = @($right.Keys | Sort-Object | Where-Object { $_ -notin $held })
    if ($missing.Count) {
        $user = [System.Security.Principal.WindowsIdentity]::GetCurrent().Name
        $rights = @($missing | ForEach-Object { "'$($right[$_])'" }) -join ' and '
        $message = "The account '$user' does not hold $($missing -join ' and ') in this session. Give it the user right $rights, and " +
        'run in an elevated session: a local account other than the built-in Administrator is filtered over WinRM unless ' +
        'LocalAccountTokenFilterPolicy is set.'
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
}

Function Enable-AdcsCaPrivilege {
    <#
    .SYNOPSIS
    Enables the two privileges of a backup. Dispose the result to put them back as they were.
    #>
    [CmdletBinding()]
    param ()

    [Ansible.Privilege.PrivilegeEnabler]::new($true, [String[]]@('SeBackupPrivilege', 'SeRestorePrivilege'))
}

Export-ModuleMember -Function Assert-AdcsCaPrivilege, Enable-AdcsCaPrivilege

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Compiles Ansible.Basic.cs through Ansible's own AddType util, both in the folder named by the argument.
$ErrorActionPreference = 'Stop'
$util = [ScriptBlock]::Create([System.IO.File]::ReadAllText("$($args[0])\Ansible.ModuleUtils.AddType.psm1"))
New-Module -Name AddType -ScriptBlock $util | Import-Module
Add-CSharpType -References @([System.IO.File]::ReadAllText("$($args[0])\Ansible.Basic.cs"))
[Ansible.Basic.AnsibleModule].FullName

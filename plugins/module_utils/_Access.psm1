# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: who may read a repository. Its access list is set before anything is stored in it.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils._PrivateFolder
#AnsibleRequires -PowerShell ansible_collections.adcs.ca.plugins.module_utils._Failure

# https://learn.microsoft.com/en-us/windows/win32/fileio/file-security-and-access-rights
$fullControl = 0x1F01FF
$readAndExecute = 0x1200A9
$genericAll = 0x10000000

# of the flags about inheritance, those of an entry that holds for a folder and for all below it
$inherited = [System.Security.AccessControl.AceFlags]'ObjectInherit, ContainerInherit'
$inheritanceFlags = [System.Security.AccessControl.AceFlags]'ObjectInherit, ContainerInherit, InheritOnly, NoPropagateInherit'

$system = 'S-1-5-18'
$administrators = 'S-1-5-32-544'
$everyone = 'S-1-1-0'
$authenticatedUsers = 'S-1-5-11'

Function Initialize-AdcsCaRepository {
    <#
    .SYNOPSIS
    Creates the folders down to the repository that are missing, each private from its first moment on, and makes a repository
    private that exists already.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER Access
    Accounts and groups that may read, by name or SID.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [AllowEmptyCollection()]
        [String[]]
        $Access = @()
    )

    $reader = @($Access | ForEach-Object { ConvertTo-AdcsCaSid -Name $_ })
    try {
        if ([System.IO.Directory]::Exists($Repository.path)) {
            $list = Get-AdcsCaNarrowerSddl -Path $Repository.path -Reader $reader
            if ($list) {
                [Adcs.Ca.PrivateFolder]::SetAccess($Repository.path, $list)
            }
            return
        }
        $missing = [System.Collections.Stack]::new()
        for ($at = $Repository.path; $at -and -not [System.IO.Directory]::Exists($at); $at = [System.IO.Path]::GetDirectoryName($at)) {
            $missing.Push($at)
        }
        $list = Get-AdcsCaPrivateSddl -Reader $reader
        foreach ($folder in $missing) {
            $null = [Adcs.Ca.PrivateFolder]::Create($folder, $list)
        }
    }
    catch {
        throw (ConvertTo-AdcsCaShareError -Path $Repository.path -ErrorRecord $_)
    }
}

Function Assert-AdcsCaAccess {
    <#
    .SYNOPSIS
    Throws what Initialize-AdcsCaRepository would throw of the access list. Writes nothing.

    .PARAMETER Repository
    The result of Get-AdcsCaRepository.

    .PARAMETER Access
    Accounts and groups that may read, by name or SID.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Repository,

        [AllowEmptyCollection()]
        [String[]]
        $Access = @()
    )

    $reader = @($Access | ForEach-Object { ConvertTo-AdcsCaSid -Name $_ })
    if ([System.IO.Directory]::Exists($Repository.path)) {
        $null = Get-AdcsCaNarrowerSddl -Path $Repository.path -Reader $reader
    }
}

Function Get-AdcsCaPrivateSddl {
    <#
    .SYNOPSIS
    The access list of a repository: protected, full control for SYSTEM and Administrators, and for the account that runs the
    backup where it is no administrator, as a backup operator is under role separation.

    .PARAMETER Reader
    The SIDs of those who may read.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [AllowEmptyCollection()]
        [String[]]
        $Reader = @()
    )

    ConvertTo-AdcsCaSddl -Entry (Get-AdcsCaWantedAccess -Reader $Reader)
}

Function Get-AdcsCaWantedAccess {
    <#
    .SYNOPSIS
    The entries of a repository's access list, {sid, mask}.

    .PARAMETER Reader
    The SIDs of those who may read.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [AllowEmptyCollection()]
        [String[]]
        $Reader = @()
    )

    $full = @($system, (Get-AdcsCaKeeper) , $administrators | Select-Object -Unique)
    foreach ($sid in $full) {
        @{ sid = $sid; mask = $fullControl }
    }
    foreach ($sid in $Reader | Where-Object { $_ -notin $full } | Select-Object -Unique) {
        @{ sid = $sid; mask = $readAndExecute }
    }
}

Function Get-AdcsCaKeeper {
    <#
    .SYNOPSIS
    The SID through which the account that runs the task gets at a repository: that of Administrators, or its own.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param ()

    $user = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = [System.Security.Principal.WindowsPrincipal]::new($user)
    if ($principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) {
        return $administrators
    }
    $user.User.Value
}

Function Get-AdcsCaNarrowerSddl {
    <#
    .SYNOPSIS
    The access list that an existing repository should get, or nothing when it may stay. An inherited list is replaced. A list
    that was protected on purpose is only ever narrowed: nobody gets a right from it that was not in it.

    .PARAMETER Path
    The repository.

    .PARAMETER Reader
    The SIDs of those who may read.

    .NOTES
    Throws Adcs.Ca.BackupException when the list does not let in those who need it.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path,

        [AllowEmptyCollection()]
        [String[]]
        $Reader = @()
    )

    $wanted = @(Get-AdcsCaWantedAccess -Reader $Reader)
    $descriptor = [System.Security.AccessControl.RawSecurityDescriptor]::new([Adcs.Ca.PrivateFolder]::GetAccess($Path))
    $isProtected = $descriptor.ControlFlags -band [System.Security.AccessControl.ControlFlags]::DiscretionaryAclProtected
    if (-not $isProtected -or $null -eq $descriptor.DiscretionaryAcl) {
        return ConvertTo-AdcsCaSddl -Entry $wanted
    }

    $present = @($descriptor.DiscretionaryAcl | ForEach-Object { ConvertFrom-AdcsCaAce -Ace $_ })
    # whoever runs the task may keep a right of its own beside that of its group
    $own = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    $allowed = $wanted + @($present | Where-Object { $_.sid -eq $own -and $own -notin $wanted.sid } | ForEach-Object { @{ sid = $own; mask = $fullControl } })
    $kept = @(foreach ($entry in $allowed) {
            $mask = $entry.mask -band (Get-AdcsCaGrantedMask -Entry $present -Sid $entry.sid)
            if ($mask) {
                @{ sid = $entry.sid; mask = $mask }
            }
        })
    Assert-AdcsCaAccessKept -Path $Path -Entry $kept -Reader $Reader -Own $own
    $denied = @($present | Where-Object { $_.denies })
    $before = @($present | ForEach-Object { "$($_.denies) $($_.sid) $($_.mask)" } | Sort-Object -Unique) -join ';'
    $after = @($denied + $kept | ForEach-Object { "$([bool]$_.denies) $($_.sid) $($_.mask)" } | Sort-Object -Unique) -join ';'
    if ($before -ne $after) {
        ConvertTo-AdcsCaSddl -Entry ($denied + $kept)
    }
}

Function Assert-AdcsCaAccessKept {
    <#
    .SYNOPSIS
    Throws when a protected list lacks what a backup or the option access needs. It was made so by somebody, who has to change it.

    .PARAMETER Path
    The repository.

    .PARAMETER Entry
    What the list would grant, {sid, mask}.

    .PARAMETER Reader
    The SIDs of those who should be able to read.

    .PARAMETER Own
    The SID of the account that runs the task.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path,

        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Entry,

        [AllowEmptyCollection()]
        [String[]]
        $Reader = @(),

        [Parameter(Mandatory = $true)]
        [String]
        $Own
    )

    $full = @($Entry | Where-Object { $_.mask -eq $fullControl } | ForEach-Object { $_.sid })
    $keeper = Get-AdcsCaKeeper
    if ($keeper -notin $full -and $Own -notin $full) {
        $message = "The access list of '$Path' does not give $(Get-AdcsCaAccountName -Sid $keeper) full control of all below it, and a tighter list is never " +
        'widened. Give it full control by hand, or choose another destination.'
        throw [Adcs.Ca.BackupException]::new($message, 0)
    }
    foreach ($sid in $Reader) {
        if (-not @($Entry | Where-Object { $_.sid -eq $sid -and ($_.mask -band $readAndExecute) -eq $readAndExecute }).Count) {
            $message = "The access list of '$Path' does not let $(Get-AdcsCaAccountName -Sid $sid) read, as 'access' asks, and a tighter list is " +
            "never widened. Let it read by hand, or remove it from 'access'."
            throw [Adcs.Ca.BackupException]::new($message, 0)
        }
    }
}

Function ConvertFrom-AdcsCaAce {
    <#
    .SYNOPSIS
    An entry of an access list as {sid, mask, denies, reaches}: reaches says that it holds for the folder and all below it.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Object]
        $Ace
    )

    $mask = $Ace.AccessMask
    if ($mask -band $genericAll) {
        $mask = $fullControl
    }
    @{
        sid = $Ace.SecurityIdentifier.Value
        mask = $mask
        denies = $Ace.AceType -ne [System.Security.AccessControl.AceType]::AccessAllowed
        reaches = ($Ace.AceFlags -band $inheritanceFlags) -eq $inherited
    }
}

Function Get-AdcsCaGrantedMask {
    <#
    .SYNOPSIS
    The rights that entries grant to a SID, by itself or as one of Everyone or Authenticated Users.
    #>
    [CmdletBinding()]
    [OutputType([Int32])]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Entry,

        [Parameter(Mandatory = $true)]
        [String]
        $Sid
    )

    $mask = 0
    foreach ($one in $Entry) {
        if (-not $one.denies -and $one.reaches -and $one.sid -in $Sid, $everyone, $authenticatedUsers) {
            $mask = $mask -bor $one.mask
        }
    }
    $mask
}

Function ConvertTo-AdcsCaSddl {
    <#
    .SYNOPSIS
    A protected access list, inherited by everything below, in text form. Entries that deny come first, as Windows wants them.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Entry
    )

    $text = foreach ($one in $Entry) {
        '({0};OICI;0x{1:X};;;{2})' -f $(if ($one.denies) { 'D' } else { 'A' }), $one.mask, $one.sid
    }
    'D:P' + (-join $text)
}

Function ConvertTo-AdcsCaSid {
    <#
    .SYNOPSIS
    The SID of an account or group, given by name or as a SID already. Throws where there is none.

    .PARAMETER Name
    Such as BUILTIN\Backup Operators, EXAMPLE\PKI-Auditors or S-1-5-32-551.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyString()]
        [String]
        $Name
    )

    try {
        if ($Name -match '^S-1-[0-9-]+$') {
            return [System.Security.Principal.SecurityIdentifier]::new($Name).Value
        }
        [System.Security.Principal.NTAccount]::new($Name).Translate([System.Security.Principal.SecurityIdentifier]).Value
    }
    catch {
        throw [Adcs.Ca.BackupException]::new("'access' names '$Name', but this host knows no such account or group.", 0)
    }
}

Function Get-AdcsCaAccountName {
    <#
    .SYNOPSIS
    The name of a SID in quotes, or the SID where it has none.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Sid
    )

    try {
        "'$([System.Security.Principal.SecurityIdentifier]::new($Sid).Translate([System.Security.Principal.NTAccount]).Value)'"
    }
    catch {
        "'$Sid'"
    }
}

Export-ModuleMember -Function Assert-AdcsCaAccess, Get-AdcsCaPrivateSddl, Initialize-AdcsCaRepository

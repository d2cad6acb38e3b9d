# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: who may read a repository. Its access list is set before anything is stored in it.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FolderAccess

# https://learn.microsoft.com/en-us/windows/win32/fileio/file-security-and-access-rights
$fullControl = 0x1F01FF
$readAndExecute = 0x1200A9
$genericAll = 0x10000000

# of the flags about inheritance, those of an entry that holds for a folder and for all below it
$inherited = [System.Security.AccessControl.AceFlags]'ObjectInherit, ContainerInherit'
$inheritanceFlags = [System.Security.AccessControl.AceFlags]'ObjectInherit, ContainerInherit, InheritOnly, NoPropagateInherit'

$system = 'S-1-5-18'
$administrators = 'S-1-5-32-544'
# https://learn.microsoft.com/en-us/windows-server/identity/ad-ds/manage/understand-security-identifiers
$trustedInstaller = 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464'
$everyone = 'S-1-1-0'
$authenticatedUsers = 'S-1-5-11'
$users = 'S-1-5-32-545'
# SYSTEM, NETWORK SERVICE and virtual accounts show the computer's account on the network
$actsAsComputer = '^S-1-5-(18|20|80-.+)$'

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
        $list = Get-AdcsCaPrivateSddl -Path $Repository.path -Reader $reader
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
    backup where it is no administrator, as a backup operator is under role separation, or as anybody may be on a file server.

    .PARAMETER Path
    The folder. On a share the administrators of the list are those of the file server.

    .PARAMETER Reader
    The SIDs of those who may read.
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

    ConvertTo-AdcsCaSddl -Entry (Get-AdcsCaWantedAccess -Path $Path -Reader $Reader)
}

Function Get-AdcsCaWantedAccess {
    <#
    .SYNOPSIS
    The entries of a repository's access list, {sid, mask}.

    .PARAMETER Path
    The folder.

    .PARAMETER Reader
    The SIDs of those who may read.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path,

        [AllowEmptyCollection()]
        [String[]]
        $Reader = @()
    )

    $full = @($system, (Get-AdcsCaWriterSid -Path $Path), $administrators | Where-Object { $_ } | Select-Object -Unique)
    foreach ($sid in $full) {
        @{ sid = $sid; mask = $fullControl }
    }
    foreach ($sid in $Reader | Where-Object { $_ -notin $full } | Select-Object -Unique) {
        @{ sid = $sid; mask = $readAndExecute }
    }
}

Function Get-AdcsCaWriterSid {
    <#
    .SYNOPSIS
    The SID through which the account that runs the task gets at a repository: that of Administrators, or its own; nothing where a
    file server knows it by no SID of this host.

    .PARAMETER Path
    The folder. Whether the account is an administrator of the file server cannot be told from here, so on a share it is its own SID.

    .NOTES
    What the service accounts are on the network: https://learn.microsoft.com/en-us/windows/win32/services/service-user-accounts
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    $user = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    if ($Path.StartsWith('\\')) {
        if ($user.User.Value -notmatch $actsAsComputer) {
            return $user.User.Value
        }
        try {
            return [System.Security.Principal.NTAccount]::new("$env:COMPUTERNAME`$").Translate([System.Security.Principal.SecurityIdentifier]).Value
        }
        catch [System.Security.Principal.IdentityNotMappedException] {
            return $null
        }
    }
    $principal = [System.Security.Principal.WindowsPrincipal]::new($user)
    if ($principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) {
        return $administrators
    }
    $user.User.Value
}

Function Get-AdcsCaNarrowerSddl {
    <#
    .SYNOPSIS
    The access list that an existing repository should get, or nothing when it may stay. Nobody but the account itself gets a right
    that he did not have: an inherited list is replaced where the new one gives no more, one that was protected on purpose is narrowed.

    .PARAMETER Path
    The repository.

    .PARAMETER Reader
    The SIDs of those who may read.

    .NOTES
    Throws Adcs.Ca.AdcsCaException when the list does not let in those who need it.
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

    $wanted = @(Get-AdcsCaWantedAccess -Path $Path -Reader $Reader)
    $descriptor = [System.Security.AccessControl.RawSecurityDescriptor]::new([Adcs.Ca.PrivateFolder]::GetAccess($Path))
    $isProtected = $descriptor.ControlFlags -band [System.Security.AccessControl.ControlFlags]::DiscretionaryAclProtected
    if ($null -eq $descriptor.DiscretionaryAcl) {
        return ConvertTo-AdcsCaSddl -Entry $wanted
    }

    $present = @($descriptor.DiscretionaryAcl | ForEach-Object { ConvertFrom-AdcsCaAce -Ace $_ })
    $user = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $own = $user.User.Value
    # whoever runs the task may keep a right of its own beside that of its group, and on a share the one of a group of the domain
    $mine = @($own) + @(if ($Path.StartsWith('\\') -and $own -notin $present.sid) { $user.Groups.Value | Where-Object { $_ -match '^S-1-5-21-' } })
    $allowed = $wanted + @($present | Where-Object { $_.sid -in $mine -and $_.sid -notin $wanted.sid } | ForEach-Object { @{ sid = $_.sid; mask = $fullControl } })
    # what a volume grants to Users holds for every account that an option can name; a list that was protected is taken at its word
    $everybody = if ($isProtected) { $everyone, $authenticatedUsers } else { $everyone, $authenticatedUsers, $users }
    $kept = @(foreach ($entry in $allowed) {
            $mask = $entry.mask -band (Get-AdcsCaGrantedMask -Entry $present -Sid (@($entry.sid) + $everybody))
            if ($mask) {
                @{ sid = $entry.sid; mask = $mask }
            }
        })
    if (-not $isProtected) {
        # the account may name itself: whoever can set the list gains nothing by that
        Assert-AdcsCaAccessKept -Path $Path -Entry $kept -Reader $Reader -Own $administrators
        return ConvertTo-AdcsCaSddl -Entry $wanted
    }
    Assert-AdcsCaAccessKept -Path $Path -Entry $kept -Reader $Reader -Own $mine
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
    The SIDs of the account that runs the task that may stand in the list beside Administrators.
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
        [String[]]
        $Own
    )

    $full = @($Entry | Where-Object { $_.mask -eq $fullControl } | ForEach-Object { $_.sid })
    # whether the account is one of the administrators of a file server shows when it writes
    $keeper = if ($Path.StartsWith('\\')) { $administrators } else { Get-AdcsCaWriterSid -Path $Path }
    if (-not @(@($keeper) + $Own | Where-Object { $_ -in $full }).Count) {
        $message = "The access list of '$Path' does not give $(Get-AdcsCaAccountName -Sid $keeper) full control of all below it, and a tighter list is never " +
        'widened. Give it full control by hand, or choose another destination.'
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
    foreach ($sid in $Reader) {
        if (-not @($Entry | Where-Object { $_.sid -eq $sid -and ($_.mask -band $readAndExecute) -eq $readAndExecute }).Count) {
            $message = "The access list of '$Path' does not let $(Get-AdcsCaAccountName -Sid $sid) read, as 'access' asks, and a tighter list is " +
            "never widened. Let it read by hand, or remove it from 'access'."
            throw [Adcs.Ca.AdcsCaException]::new($message)
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
    The rights that entries grant to an account that these SIDs stand for.
    #>
    [CmdletBinding()]
    [OutputType([Int32])]
    param (
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Entry,

        [Parameter(Mandatory = $true)]
        [String[]]
        $Sid
    )

    $mask = 0
    foreach ($one in $Entry) {
        if (-not $one.denies -and $one.reaches -and $one.sid -in $Sid) {
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
        throw [Adcs.Ca.AdcsCaException]::new("'access' names '$Name', but this host knows no such account or group.")
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

Function Assert-AdcsCaFolderTrusted {
    <#
    .SYNOPSIS
    Throws when an existing folder belongs to an account that must not decide over it: an owner can give himself any right.

    .PARAMETER Path
    The folder.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    $owner = [System.Security.AccessControl.RawSecurityDescriptor]::new([Adcs.Ca.PrivateFolder]::GetAccess($Path)).Owner.Value
    $own = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    if ($owner -notin $system, $administrators, $trustedInstaller, $own) {
        $message = "The folder '$Path' belongs to $(Get-AdcsCaAccountName -Sid $owner), who could keep every backup from running. Find out who made it, then " +
        'delete it, or give it to Administrators: icacls <folder> /setowner *S-1-5-32-544.'
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
}

Export-ModuleMember -Function Assert-AdcsCaAccess, Assert-AdcsCaFolderTrusted, Get-AdcsCaPrivateSddl, Initialize-AdcsCaRepository

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: what this host says about its certification authority, without Certadm.dll.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors

$configurationKey = 'SYSTEM\CurrentControlSet\Services\CertSvc\Configuration'

# Names of the database engine: five hexadecimal digits, eight on a database that used them up. edb.log, the log in use, has
# none and is never part of a backup.
# https://learn.microsoft.com/en-us/windows/win32/extensible-storage-engine/jet-loginfo-structure
$logNamePattern = '^edb([0-9a-f]{5,8})\.log$'

Function Get-AdcsCaAuthority {
    <#
    .SYNOPSIS
    Reads the identity and the folders of the certification authority of this host from its registry.

    .OUTPUTS
    A hashtable: name (the CA's common name), folder_name (the sanitised name, which names its database and its repository),
    host (the CA's DNS name), certificate_thumbprints, interface_flags, role_separation (whether it is on), and directories {database,
    log, system, temp}.

    .NOTES
    The value Active and the layout below it: https://learn.microsoft.com/en-us/troubleshoot/windows-server/certificates-and-public-key-infrastructure-pki/move-certification-authority-to-another-server
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param ()

    $configuration = Get-AdcsCaRegistryValue -Key $configurationKey
    if ([String]::IsNullOrEmpty($configuration.Active)) {
        $message = "No certification authority is configured on this host: the value Active of 'HKLM\$configurationKey' is missing. " +
        'Run the task on the CA host, or install the Certification Authority role first.'
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
    $authority = Get-AdcsCaRegistryValue -Key "$configurationKey\$($configuration.Active)"
    if ($authority.Count -eq 0) {
        $message = "The registry of this host names the certification authority '$($configuration.Active)', " +
        "but has no values for it below 'HKLM\$configurationKey'."
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }

    foreach ($folder in $configuration.DBDirectory, $configuration.DBLogDirectory) {
        if (-not [System.IO.Directory]::Exists($folder)) {
            $message = "The registry of this host names the folder '$folder' for the database of '$($configuration.Active)', but it does not exist."
            throw [Adcs.Ca.AdcsCaException]::new($message)
        }
    }

    @{
        name = if ($authority.CommonName) { $authority.CommonName } else { $configuration.Active }
        folder_name = $configuration.Active
        host = if ($authority.CAServerName) { $authority.CAServerName } else { $env:COMPUTERNAME }
        certificate_thumbprints = @($authority.CACertHash | Where-Object { $_ -match '[0-9a-f]' } | ForEach-Object { ($_ -replace '[^0-9a-fA-F]').ToLowerInvariant() })
        interface_flags = if ($authority.InterfaceFlags -is [Int32]) { $authority.InterfaceFlags } else { 0 }
        role_separation = $authority.RoleSeparationEnabled -is [Int32] -and $authority.RoleSeparationEnabled -ne 0
        directories = @{
            database = $configuration.DBDirectory
            log = $configuration.DBLogDirectory
            system = $configuration.DBSystemDirectory
            temp = $configuration.DBTempDirectory
        }
    }
}

Function Get-AdcsCaRegistryValue {
    <#
    .SYNOPSIS
    The values of a key below HKEY_LOCAL_MACHINE by their names; none where the key does not exist.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Key
    )

    $values = @{}
    $opened = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($Key)
    if ($null -ne $opened) {
        try {
            foreach ($name in $opened.GetValueNames()) {
                $values[$name] = $opened.GetValue($name)
            }
        }
        finally {
            $opened.Dispose()
        }
    }
    $values
}

Function Get-AdcsCaLiveFile {
    <#
    .SYNOPSIS
    Lists the database and the numbered log files that lie in the CA's folders now, oldest log first.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.

    .OUTPUTS
    Hashtables {kind: database or log, file: System.IO.FileInfo}.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority
    )

    $database = New-Object -TypeName System.IO.FileInfo -ArgumentList ([System.IO.Path]::Combine($Authority.directories.database, "$($Authority.folder_name).edb"))
    if ($database.Exists) {
        @{ kind = 'database'; file = $database }
    }
    Get-AdcsCaLogFile -Authority $Authority | ForEach-Object { @{ kind = 'log'; file = $_ } }
}

Function Get-AdcsCaLiveSize {
    <#
    .SYNOPSIS
    The size in bytes that a full backup may reach: the database and every log, the one in use included.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.
    #>
    [CmdletBinding()]
    [OutputType([Int64])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority
    )

    $total = [Int64]0
    foreach ($live in Get-AdcsCaLiveFile -Authority $Authority) {
        $total += $live.file.Length
    }
    $current = New-Object -TypeName System.IO.FileInfo -ArgumentList ([System.IO.Path]::Combine($Authority.directories.log, 'edb.log'))
    if ($current.Exists) {
        $total += $current.Length
    }
    $total
}

Function Get-AdcsCaLogFile {
    <#
    .SYNOPSIS
    Lists the numbered log files of the CA's database, oldest first, as System.IO.FileInfo.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.
    #>
    [CmdletBinding()]
    [OutputType([System.IO.FileInfo])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority
    )

    $directory = New-Object -TypeName System.IO.DirectoryInfo -ArgumentList $Authority.directories.log
    $directory.GetFiles('edb*.log') |
        Where-Object { $null -ne (Get-AdcsCaLogGeneration -Name $_.Name) } |
        Sort-Object -Property { Get-AdcsCaLogGeneration -Name $_.Name }
}

Function Measure-AdcsCaLog {
    <#
    .SYNOPSIS
    How many numbered log files lie in the CA's log folder.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.

    .PARAMETER Otherwise
    The answer where the folder cannot be listed.
    #>
    [CmdletBinding()]
    [OutputType([Int32])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority,

        [Parameter(Mandatory = $true)]
        [Int32]
        $Otherwise
    )

    try {
        @(Get-AdcsCaLogFile -Authority $Authority).Count
    }
    catch {
        $Otherwise
    }
}

Function Get-AdcsCaLogGeneration {
    <#
    .SYNOPSIS
    The generation in the name of a log file as a number, or $null where the name has none.

    .PARAMETER Name
    A file name without its folder.
    #>
    [CmdletBinding()]
    [OutputType([Int64])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Name
    )

    if ($Name -match $logNamePattern) {
        [Convert]::ToInt64($Matches[1], 16)
    }
}

Function ConvertTo-AdcsCaLocalPath {
    <#
    .SYNOPSIS
    Maps a name such as \\ca01.example.com\C$\folder\file to C:\folder\file where the host is this one; $null otherwise.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.

    .PARAMETER Path
    The name as the CA gave it: UNC, or already local.

    .NOTES
    A WinRM session has no delegated credentials, so the CA's own administrative share may refuse it:
    https://learn.microsoft.com/en-us/powershell/scripting/security/remoting/ps-remoting-second-hop
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority,

        [Parameter(Mandatory = $true)]
        [String]
        $Path
    )

    if ($Path -match '^[A-Za-z]:\\') {
        return $Path
    }
    if ($Path -match '^\\\\(?<host>[^\\]+)\\(?<drive>[A-Za-z])\$\\(?<rest>.+)$') {
        $own = @($Authority.host, $Authority.host.Split('.')[0], $env:COMPUTERNAME, 'localhost')
        if ($Matches.host -in $own) {
            return '{0}:\{1}' -f $Matches.drive, $Matches.rest
        }
    }
    return $null
}

Export-ModuleMember -Function ConvertTo-AdcsCaLocalPath, Get-AdcsCaAuthority,
Get-AdcsCaLiveFile, Get-AdcsCaLiveSize, Get-AdcsCaLogFile, Get-AdcsCaLogGeneration, Measure-AdcsCaLog

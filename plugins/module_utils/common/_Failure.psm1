# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: what PowerShell caught, as the one exception type with its facts.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors

# What a share answers to an identity that it does not know or that cannot be passed on to it, as HRESULTs.
$refusedByShare = @(
    0x80070005  # ERROR_ACCESS_DENIED
    0x80070056  # ERROR_INVALID_PASSWORD
    0x800704F1  # ERROR_DOWNGRADE_DETECTED
    0x800704F8  # ERROR_SMB_GUEST_LOGON_BLOCKED
    0x80070520  # ERROR_NO_SUCH_LOGON_SESSION
    0x8007052E  # ERROR_LOGON_FAILURE
    0x8007052F  # ERROR_ACCOUNT_RESTRICTION
    0x80070542  # ERROR_BAD_IMPERSONATION_LEVEL
    0x80070569  # ERROR_LOGON_TYPE_NOT_GRANTED
)

# What Windows answers to a write that finds no room, as HRESULTs.
$diskFull = @(
    0x80070027  # ERROR_HANDLE_DISK_FULL
    0x80070070  # ERROR_DISK_FULL
    0x8007013A  # ERROR_DISK_RESOURCES_EXHAUSTED
    0x8007050F  # ERROR_DISK_QUOTA_EXCEEDED
    0x80070540  # ERROR_ALLOTTED_SPACE_EXCEEDED
    0x80070718  # ERROR_NOT_ENOUGH_QUOTA
)

$diskFullAdvice = "On a full disk, the role's entry point expire deletes old sets without a backup before it."

Function ConvertTo-AdcsCaException {
    <#
    .SYNOPSIS
    The AdcsCaException in an error record; one made from its innermost exception where there is none.

    .PARAMETER ErrorRecord
    What was caught.
    #>
    [CmdletBinding()]
    [OutputType([Exception])]
    param (
        [Parameter(Mandatory = $true)]
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord
    )

    for ($e = $ErrorRecord.Exception; $null -ne $e; $e = $e.InnerException) {
        if ($e -is [Adcs.Ca.AdcsCaException]) {
            return $e
        }
    }
    [Adcs.Ca.AdcsCaException]::Unexpected($ErrorRecord.Exception.GetBaseException())
}

Function Test-AdcsCaDiskFull {
    <#
    .SYNOPSIS
    Whether an error says that a disk or a quota is full.

    .PARAMETER ErrorRecord
    What was caught.
    #>
    [CmdletBinding()]
    [OutputType([Boolean])]
    param (
        [Parameter(Mandatory = $true)]
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord
    )

    for ($e = $ErrorRecord.Exception; $null -ne $e; $e = $e.InnerException) {
        $code = if ($e -is [Adcs.Ca.AdcsCaException]) { $e.Code } else { $e.HResult }
        if ($code -in $diskFull) {
            return $true
        }
    }
    $false
}

Function Add-AdcsCaDiskFullAdvice {
    <#
    .SYNOPSIS
    The AdcsCaException in an error record, with the way out where the destination is full. What the CA answers speaks of its own disk.

    .PARAMETER ErrorRecord
    What was caught.

    .PARAMETER After
    A failure that is told before this one, and may have said so already.
    #>
    [CmdletBinding()]
    [OutputType([Exception])]
    param (
        [Parameter(Mandatory = $true)]
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord,

        [AllowNull()]
        [Exception]
        $After
    )

    $failure = ConvertTo-AdcsCaException -ErrorRecord $ErrorRecord
    $isOfAuthority = $failure.Origin -eq 'Authority'
    $isTold = $null -ne $After -and $After.Message.Contains($diskFullAdvice)
    if ($isOfAuthority -or $isTold -or -not (Test-AdcsCaDiskFull -ErrorRecord $ErrorRecord)) {
        return $failure
    }
    $failure.Append(" $diskFullAdvice")
}

Function ConvertTo-AdcsCaShareError {
    <#
    .SYNOPSIS
    The AdcsCaException in an error record. Where a share refused access it also explains why that happens in a remote session.

    .PARAMETER Path
    The folder that was to be used.

    .PARAMETER ErrorRecord
    What was caught.

    .NOTES
    The second hop: https://learn.microsoft.com/en-us/powershell/scripting/security/remoting/ps-remoting-second-hop
    #>
    [CmdletBinding()]
    [OutputType([Exception])]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Path,

        [Parameter(Mandatory = $true)]
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord
    )

    $cause = ConvertTo-AdcsCaException -ErrorRecord $ErrorRecord
    if (-not $Path.StartsWith('\\') -or $cause.Code -notin $refusedByShare) {
        return $cause
    }
    $user = [System.Security.Principal.WindowsIdentity]::GetCurrent().Name
    $cause.Append(" The share was reached as '$user' from a remote session, which usually has no credentials to pass on to another server (the " +
        "'double hop'). Connect with CredSSP, or with Kerberos and delegation (ansible_winrm_kerberos_delegation), or run the task with " +
        "become and become_method runas; check that the account may write to the share; or choose a local folder.")
}

Export-ModuleMember -Function Add-AdcsCaDiskFullAdvice, ConvertTo-AdcsCaException, ConvertTo-AdcsCaShareError, Test-AdcsCaDiskFull

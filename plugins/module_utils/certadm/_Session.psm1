# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: whether the CA gives a backup session, and if not, why (steps 3 and 4).

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors

# What the CA answers to an account that it does not let in. One that may back up need not be allowed to ask for the state.
$refusals = @(
    0x80070005  # E_ACCESSDENIED
    0x80094008  # CERTSRV_E_ROLECONFLICT
)

# hrBackupInProgress
$sessionOpen = 0xC80001F9

# IF_NOLOCALICERTADMINBACKUP of certsrv.h
$noLocalBackup = 0x80

# DCOM lets the session of a killed process go after its pings stay out, which takes some minutes ("might not release the resources
# immediately": MS-CSRA 3.1.4.1.14, https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-csra/).
$sessionWait = [TimeSpan]::FromMinutes(10)
$longestPause = [TimeSpan]::FromSeconds(15)

$sessionHolders = ' The session belongs to certutil, to the Certification Authority console, to Windows Server Backup or another backup product, ' +
"or to a run that was killed. It ends with the program that holds it, some minutes after a kill; 'Restart-Service CertSvc' ends it at once."

Function Get-AdcsCaOnlineDoubt {
    <#
    .SYNOPSIS
    Asks the CA whether it accepts requests (step 3). Throws where it surely does not.

    .PARAMETER Certadm
    An Adcs.Ca.CertadmLibrary.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.

    .OUTPUTS
    $null where nothing speaks against a session; otherwise a sentence that does, and Prepare decides.

    .NOTES
    The documentation gives FALSE for a paused CA. The call below it gives the same to an account without Read permission on the CA:
    https://learn.microsoft.com/en-us/windows/win32/api/certbcli/nf-certbcli-certsrvisserveronlinew
    https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-csra/babc0fb8-4cbc-4527-ae09-3c4433c300a9
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [Object]
        $Certadm,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority
    )

    try {
        $online = $Certadm.IsServerOnline($env:COMPUTERNAME)
    }
    catch {
        if ((ConvertTo-AdcsCaException -ErrorRecord $_).Code -notin $refusals) {
            throw
        }
        return
    }
    if ($online) {
        return
    }
    $state = Get-AdcsCaServiceState
    $why = switch ($state) {
        'Paused' { "is paused. Resume it on '$env:COMPUTERNAME' with 'Resume-Service CertSvc', then run again." }
        'PausePending' { "is being paused. Resume it on '$env:COMPUTERNAME' with 'Resume-Service CertSvc', then run again." }
        'Stopped' { "is stopped. Start it on '$env:COMPUTERNAME' with 'Start-Service CertSvc', then run again." }
        'StopPending' { "is stopping. Start it on '$env:COMPUTERNAME' with 'Start-Service CertSvc', then run again." }
        'StartPending' { "is still starting on '$env:COMPUTERNAME'. Wait until it answers requests, then run again." }
        'ContinuePending' { "is being resumed on '$env:COMPUTERNAME'. Wait until it answers requests, then run again." }
    }
    if ($why) {
        throw [Adcs.Ca.AdcsCaException]::OnFile('CertSrvIsServerOnlineW', 3, $null, "The CA '$($Authority.name)' $why")
    }
    $service = if ($state -eq 'Running') { 'its service runs' } else { 'the state of its service is not known to this account' }
    "The CA answered that it is not online, while $service. That is the answer to an account without Read permission on the CA, or the CA is paused."
}

Function Get-AdcsCaServiceState {
    <#
    .SYNOPSIS
    The state of CertSvc as System.ServiceProcess.ServiceControllerStatus names it, or 'not known': the service manager is often closed to
    accounts that are no administrators.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param ()

    try {
        (Get-Service -Name CertSvc -ErrorAction Stop).Status.ToString()
    }
    catch {
        'not known'
    }
}

Function Open-AdcsCaSession {
    <#
    .SYNOPSIS
    Opens a backup session (step 4). While the session of a killed run of ours is still open, it waits for the end of that.

    .PARAMETER Certadm
    An Adcs.Ca.CertadmLibrary.

    .PARAMETER Run
    The run, see Invoke-AdcsCaBackup. Its result learns how long it waited.

    .PARAMETER Doubt
    The result of Get-AdcsCaOnlineDoubt.

    .PARAMETER WaitLimit
    How long it waits at most.

    .OUTPUTS
    An Adcs.Ca.BackupSession. Only the calling thread may use it; it must be disposed.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [Object]
        $Certadm,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run,

        [AllowNull()]
        [AllowEmptyString()]
        [String]
        $Doubt,

        [TimeSpan]
        $WaitLimit = $sessionWait
    )

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    for ($pause = [TimeSpan]::FromSeconds(1); ; $pause += $pause) {
        try {
            return $Certadm.Prepare($env:COMPUTERNAME, 'Full')
        }
        catch {
            $failure = ConvertTo-AdcsCaException -ErrorRecord $_
        }
        $pause = @($pause, $longestPause, ($WaitLimit - $watch.Elapsed) | Sort-Object)[0]
        $mayWait = $Run.interrupted -and $pause -gt [TimeSpan]::Zero
        if ($failure.Code -ne $sessionOpen -or -not $mayWait) {
            throw (Add-AdcsCaSessionAdvice -Failure $failure -Run $Run -Doubt $Doubt)
        }
        Start-Sleep -Milliseconds ([Math]::Ceiling($pause.TotalMilliseconds))
        $Run.result.session_wait_s = [Math]::Round($watch.Elapsed.TotalSeconds, 3)
    }
}

Function Add-AdcsCaSessionAdvice {
    <#
    .SYNOPSIS
    A failure of Prepare with what else this host knows of its cause.
    #>
    [CmdletBinding()]
    [OutputType([Exception])]
    param (
        [Parameter(Mandatory = $true)]
        [Exception]
        $Failure,

        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Run,

        [AllowNull()]
        [AllowEmptyString()]
        [String]
        $Doubt
    )

    $advice = ''
    if ($Failure.Code -eq $sessionOpen) {
        $advice += $sessionHolders
        if ($Run.result.session_wait_s) {
            $advice += " A run that was killed had left a set in staging, so this one waited $([Math]::Round($Run.result.session_wait_s)) seconds for its session to end."
        }
    }
    if ($Failure.Code -in $refusals) {
        $advice += Get-AdcsCaRefusalCause -Authority $Run.authority
    }
    if ($Doubt) {
        $advice += " $Doubt"
    }
    $Failure.Append($advice)
}

Function Get-AdcsCaRefusalCause {
    <#
    .SYNOPSIS
    What in the settings of a CA refuses a backup on its own host, as sentences; an empty text where nothing does.

    .PARAMETER Authority
    The result of Get-AdcsCaAuthority.
    #>
    [CmdletBinding()]
    [OutputType([String])]
    param (
        [Parameter(Mandatory = $true)]
        [Hashtable]
        $Authority
    )

    $causes = ''
    if ($Authority.interface_flags -band $noLocalBackup) {
        $causes += " The value InterfaceFlags of the CA has the flag 0x80 (IF_NOLOCALICERTADMINBACKUP), which refuses backups on its own host: clear it with " +
        "'certutil -setreg CA\InterfaceFlags -IF_NOLOCALICERTADMINBACKUP' and restart CertSvc."
    }
    if ($Authority.role_separation) {
        $causes += ' Role separation is on (RoleSeparationEnabled), which refuses an account with more than one CA role: use one that is a backup operator only.'
    }
    $causes
}

Export-ModuleMember -Function Get-AdcsCaOnlineDoubt, Get-AdcsCaRefusalCause, Open-AdcsCaSession

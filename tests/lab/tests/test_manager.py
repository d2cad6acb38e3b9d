# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The service control manager refuses PowerShell, as it refuses an account that is no administrator over the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from adcs_lab.faults import Fault

if TYPE_CHECKING:
    from adcs_lab.ca import SimulatedCa
    from adcs_lab.engine import Engine

TIMEOUT_S = 120
REFUSED = Fault("OpenSCManagerW", "*", "hresult", "0x00000005")
STATE = """
try { (Get-Service -Name CertSvc -ErrorAction Stop).Status.ToString() } catch { $_.FullyQualifiedErrorId }
try { [System.ServiceProcess.ServiceController]::GetServices().Name -contains 'CertSvc' }
catch { "error $($_.Exception.GetBaseException().NativeErrorCode)" }
exit
"""
# PowerShell 7 takes the refusal for a service that is not there; .NET below it tells the error.
NOT_FOUND = "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand"
ONLINE = """
$type = Add-Type -PassThru -Name Certadm -MemberDefinition @'
[DllImport("certadm.dll", CharSet = CharSet.Unicode)]
public static extern int CertSrvIsServerOnlineW(string server, out int online);
'@
$online = 0
"$($type::CertSrvIsServerOnlineW($env:COMPUTERNAME, [ref]$online)) $online"
"""


def run(engine: Engine, command: str) -> list[str]:
    return engine.run(["-NoProfile", "-Command", command], TIMEOUT_S).stdout.decode("utf-8").splitlines()


def test_without_a_fault_the_manager_tells_the_state(engine: Engine, ca: SimulatedCa) -> None:
    ca.set_faults("another call", [Fault("OpenSCManagerW", 99, "hresult", "0x00000005")])
    assert run(engine, STATE) == ["Running", "True"]


@pytest.mark.substitute("service manager")
def test_a_refusal_reaches_powershell(engine: Engine, ca: SimulatedCa) -> None:
    ca.set_faults("refused", [REFUSED])
    assert run(engine, STATE) == [NOT_FOUND, "error 5"]
    assert {(fired.fn, fired.fault) for fired in ca.journal().faults} == {("OpenSCManagerW", "hresult")}


@pytest.mark.substitute("service manager")
@pytest.mark.allowed_violations("library_not_freed")
def test_a_refusal_does_not_take_the_ca_away(engine: Engine, ca: SimulatedCa) -> None:
    ca.set_faults("refused", [REFUSED])
    assert run(engine, ONLINE + STATE) == ["0 1", NOT_FOUND, "error 5"]

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the CA gives a backup session, and what is said when it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from adcs_lab.faults import Fault
from helpers.component.case import Case
from helpers.component.fabricate import label_of
from helpers.component.worker import WorkerDied

ONLINE = "CertSrvIsServerOnlineW"
PREPARE = "CertSrvBackupPrepareW"
BUSY = "0xC80001F9"
LONG_AGO = datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
KEY = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\CertSvc\\Configuration\\{folder}"
# A Certadm whose Prepare fails with a code so many times; it counts its calls.
FAKE = """
$fake = [PSCustomObject]@{{ calls = 0; times = {times} }}
$fake | Add-Member ScriptMethod Prepare {{
    $this.calls++
    if ($this.calls -le $this.times) {{ throw [Adcs.Ca.AdcsCaException]::FromHResult('Authority', 'CertSrvBackupPrepareW', {code}, 4, $null, 'for it') }}
    'the session'
}}
"""
OPEN = """
$run = @{{ interrupted = ${interrupted}; result = @{{ session_wait_s = 0 }}; authority = @{{ interface_flags = 0; role_separation = $false }} }}
$session = $null
$message = $null
try {{ $session = Open-AdcsCaSession -Certadm $fake -Run $run -Doubt '' -WaitLimit ([TimeSpan]::FromMilliseconds({limit_ms})) }}
catch {{ $message = $_.Exception.Message }}
@{{ session = $session; message = $message; calls = $fake.calls; waited = $run.result.session_wait_s }} | ConvertTo-Json
"""
STATE = """
function global:Get-Service {{ param ($Name, $ErrorAction) {answer} }}
try {{
    $fake = [PSCustomObject]@{{}}
    $fake | Add-Member ScriptMethod IsServerOnline {{ param ($Server) $false }}
    $answer = $null
    $message = $null
    try {{ $answer = Get-AdcsCaOnlineDoubt -Certadm $fake -Authority @{{ name = 'A CA' }} }} catch {{ $message = $_.Exception.Message }}
    @{{ doubt = "$answer"; message = "$message" }} | ConvertTo-Json
}}
finally {{ Remove-Item Function:\\Get-Service }}
"""


def ask(case: Case, script: str) -> dict[str, Any]:
    """Run a script that prints one JSON object."""
    (text,) = case.worker.script(script)
    return dict(json.loads(text))


def leave_a_killed_run(case: Case) -> str:
    """Kill a backup in the middle of the database; return the label that it left in staging."""
    case.faults(Fault("CertSrvBackupRead", 3, "crash"))
    with pytest.raises(WorkerDied):
        case.backup()
    case.faults()
    (left,) = (case.repository / ".staging").iterdir()
    return left.name


# --- FALSE ---


@pytest.mark.parametrize(
    ("state", "words", "cure"),
    [
        ("Paused", "is paused", "Resume-Service CertSvc"),
        ("PausePending", "is being paused", "Resume-Service CertSvc"),
        ("Stopped", "is stopped", "Start-Service CertSvc"),
        ("StopPending", "is stopping", "Start-Service CertSvc"),
        ("StartPending", "is still starting", "Wait until"),
        ("ContinuePending", "is being resumed", "Wait until"),
    ],
)
def test_false_of_a_service_that_does_not_run(case: Case, state: str, words: str, cure: str) -> None:
    answer = ask(case, STATE.format(answer=f"@{{ Status = [System.ServiceProcess.ServiceControllerStatus]'{state}' }}"))
    assert words in answer["message"] and cure in answer["message"] and "'A CA'" in answer["message"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("@{ Status = [System.ServiceProcess.ServiceControllerStatus]'Running' }", "its service runs"),
        ("throw 'Cannot open Service Control Manager'", "is not known to this account"),
    ],
)
def test_false_that_does_not_decide(case: Case, answer: str, words: str) -> None:
    told = ask(case, STATE.format(answer=answer))
    assert told["message"] == "" and words in told["doubt"] and "Read permission" in told["doubt"]


def test_prepare_decides_where_false_does_not(case: Case) -> None:
    case.faults(Fault(ONLINE, 1, "paused"))
    run = case.backup()
    assert not run.failed, run.message
    case.only_set()


def test_check_mode_tells_that_it_cannot_know(case: Case) -> None:
    case.ca.set_registry(f'[{KEY.format(folder=case.ca.folder_name)}]\r\n"InterfaceFlags"=dword:000006c1')
    case.faults(Fault(ONLINE, 1, "paused"))
    run = case.backup(check_mode=True)
    assert not run.failed and run.result["changed"] is True and "doubt" not in run.result
    (told,) = [text for text in run.result["warnings"] if "Only a run without check mode shows" in text]
    assert "IF_NOLOCALICERTADMINBACKUP" in told


@pytest.mark.parametrize("code", ["0x80070005", "0x80094008"])
def test_a_refusal_after_false_says_both(case: Case, code: str) -> None:
    case.faults(Fault(ONLINE, 1, "paused"), Fault(PREPARE, 1, "hresult", code))
    run = case.backup()
    assert run.failed and run.result["hresult"] == code and run.result["step"] == 4
    assert "without Read permission on the CA" in run.message
    case.assert_no_set()


@pytest.mark.parametrize("code", ["0x80070005", "0x80094008"])
def test_an_account_that_may_not_ask_for_the_state_may_back_up(case: Case, code: str) -> None:
    case.faults(Fault(ONLINE, 1, "hresult", code))
    assert not case.backup().failed
    case.only_set()


# --- what in the settings of the CA refuses a backup ---


@pytest.mark.parametrize(
    ("value", "words", "other"),
    [
        ('"InterfaceFlags"=dword:000006c1', "IF_NOLOCALICERTADMINBACKUP", "RoleSeparationEnabled"),
        ('"RoleSeparationEnabled"=dword:00000001', "RoleSeparationEnabled", "IF_NOLOCALICERTADMINBACKUP"),
    ],
)
def test_a_refusal_names_the_setting(case: Case, value: str, words: str, other: str) -> None:
    case.ca.set_registry(f"[{KEY.format(folder=case.ca.folder_name)}]\r\n{value}")
    case.faults(Fault(PREPARE, 1, "hresult", "0x80070005"))
    run = case.backup()
    assert run.failed and words in run.message and other not in run.message
    case.faults()
    assert not case.backup().failed, "the setting alone is no failure: the CA decides"


def test_a_refusal_without_such_a_setting_names_none(case: Case) -> None:
    case.faults(Fault(PREPARE, 1, "hresult", "0x80070005"))
    run = case.backup()
    assert "IF_NOLOCAL" not in run.message and "RoleSeparation" not in run.message


# --- a session that is open already ---


def test_a_session_of_somebody_else_is_not_waited_for(case: Case) -> None:
    case.faults(Fault(PREPARE, 1, "hresult", BUSY))
    run = case.backup()
    assert run.failed and run.result["hresult_name"] == "hrBackupInProgress" and run.result["session_wait_s"] == 0
    for words in ("certutil", "Windows Server Backup", "a run that was killed", "Restart-Service CertSvc"):
        assert words in run.message
    assert len(case.journal().calls(PREPARE)) == 1


def test_the_session_of_a_killed_run_of_ours_is_waited_for(case: Case) -> None:
    label = leave_a_killed_run(case)
    originals = case.ca.stored_files()
    case.faults(Fault(PREPARE, 1, "hresult", BUSY), Fault(PREPARE, 2, "hresult", BUSY))
    run = case.backup()
    assert not run.failed, run.message
    assert [(left["label"], left["action"]) for left in run.result["leftovers"]] == [(label, "discarded")]
    assert 3 <= run.result["session_wait_s"] < 30
    assert any("waited 3 seconds" in text for text in run.result["warnings"])
    case.assert_stored(case.only_set(), originals)


def test_only_an_open_session_is_waited_for(case: Case) -> None:
    leave_a_killed_run(case)
    case.faults(Fault(PREPARE, 1, "hresult", "0x800706BA"))
    run = case.backup()
    assert run.failed and run.result["hresult"] == "0x800706BA" and run.result["session_wait_s"] == 0


def test_a_leftover_that_stays_is_no_reason_to_wait(case: Case) -> None:
    assert not case.backup().failed
    kept = case.repository / ".staging" / label_of(LONG_AGO)
    kept.mkdir(parents=True)
    (kept / "manifest.json").write_text("damaged")
    case.faults(Fault(PREPARE, 1, "hresult", BUSY))
    run = case.backup()
    assert run.failed and run.result["session_wait_s"] == 0
    assert [left["action"] for left in run.result["leftovers"]] == ["kept"]


@pytest.mark.parametrize(("limit_ms", "least", "most"), [(0, 1, 1), (600, 2, 2), (2500, 3, 3)])
def test_the_wait_has_an_end(case: Case, limit_ms: int, least: int, most: int) -> None:
    told = ask(case, FAKE.format(times=99, code="0xC80001F9") + OPEN.format(interrupted="true", limit_ms=limit_ms))
    assert told["session"] is None and least <= told["calls"] <= most
    assert told["waited"] <= limit_ms / 1000 + 1
    assert ("waited" in told["message"]) is (limit_ms > 0) and "Restart-Service CertSvc" in told["message"]


def test_the_wait_ends_with_the_session(case: Case) -> None:
    told = ask(case, FAKE.format(times=1, code="0xC80001F9") + OPEN.format(interrupted="true", limit_ms=60000))
    assert told["session"] == "the session" and told["calls"] == 2 and 1 <= told["waited"] < 20


def test_no_wait_without_a_killed_run(case: Case) -> None:
    told = ask(case, FAKE.format(times=1, code="0xC80001F9") + OPEN.format(interrupted="false", limit_ms=60000))
    assert told["session"] is None and told["calls"] == 1 and told["waited"] == 0


# --- loading the library ---


@pytest.fixture
def without_certadm(case: Case) -> Iterator[None]:
    library = case.engine.drive_c / "windows" / "system32" / "certadm.dll"
    aside = library.with_name("certadm.aside")
    library.rename(aside)
    yield
    aside.rename(library)


@pytest.mark.parametrize(
    ("error", "words", "name"),
    [
        (0x7E, "is on this host, but cannot be loaded", "ERROR_MOD_NOT_FOUND"),
        (0xC1, "is no library for this 64-bit process", "ERROR_BAD_EXE_FORMAT"),
        (0x05, "may not be loaded by this account", "E_ACCESSDENIED"),
        (0xE1, "is blocked by a protection", "ERROR_VIRUS_INFECTED"),
        (0x241, "is blocked by a protection", "ERROR_INVALID_IMAGE_HASH"),
        (0x4EC, "is blocked by a protection", "ERROR_ACCESS_DISABLED_BY_POLICY"),
        (0x11C7, "is blocked by a protection", "ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION"),
        (0x45A, "is on this host, but cannot be loaded", None),
    ],
)
def test_each_failure_to_load_has_its_words(case: Case, error: int, words: str, name: str | None) -> None:
    case.faults(Fault("LoadLibrary", 1, "hresult", f"0x{error:08X}"))
    run = case.backup()
    assert run.failed and words in run.message and "role installed" not in run.message
    assert "the destination" not in run.message
    assert run.result["hresult"] == f"0x{0x80070000 | error:08X}" and run.result["hresult_name"] == name
    assert run.result["step"] == 1 and run.result["function"] == "LoadLibraryExW"
    case.assert_no_set()


@pytest.mark.usefixtures("without_certadm")
def test_a_library_that_is_not_there_asks_for_the_role(case: Case) -> None:
    run = case.backup()
    assert run.failed and "is not on this host: is the Certification Authority role installed?" in run.message


# --- codes ---


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        ("0xC8000321", "JET_errBackupAbortByServer", "gave the backup up"),
        ("0xC8000264", "JET_errLogReadVerifyFailure", "log is damaged"),
        ("0xC8000442", "JET_errInstanceUnavailable", "restart CertSvc"),
        ("0xC8000531", "JET_errClientRequestToStopJetService", "is being stopped"),
        ("0xC80001FE", "hrLogWriteFail", "could not write its log"),
        ("0xC8000710", "JET_errDiskFull", "volumes of the CA's database"),
        ("0xC8000266", "JET_errCheckpointDepthTooDeep", "too many logs"),
        ("0xC8000713", "JET_errFileNotFound", "does not find a file"),
        ("0x80010108", "RPC_E_DISCONNECTED", "restarted during the backup"),
        ("0x800401FD", "CO_E_OBJNOTCONNECTED", "restarted during the backup"),
        ("0x80040154", "REGDB_E_CLASSNOTREG", "is not registered"),
        ("0x80080005", "CO_E_SERVER_EXEC_FAILURE", "Check that CertSvc runs"),
        ("0x800706D9", "EPT_S_NOT_REGISTERED", "is not ready for calls"),
        ("0x80070721", "RPC_S_SEC_PKG_ERROR", "clocks"),
        ("0xC800020E", "hrInvalidBackup", "restart CertSvc"),
        ("0xC80004B6", "JET_errDatabaseCorrupted", "error -1206"),
        ("0xC80001F5", "JET_errLogFileCorrupt", "error -501"),
        ("0xC8001234", None, "error -4660"),
        ("0xC800FFFF", None, "error -65535"),
        ("0x80070020", "ERROR_SHARING_VIOLATION", "the CA's database and log folders"),
        ("0x80070002", "ERROR_FILE_NOT_FOUND", "removes files of the CA"),
        ("0x80070070", "ERROR_DISK_FULL", "the volumes of the CA's database and logs"),
    ],
)
def test_what_a_code_of_the_ca_means(case: Case, code: str, name: str | None, words: str) -> None:
    case.faults(Fault("CertSrvBackupOpenFileW", 1, "hresult", code))
    run = case.backup()
    assert run.failed and run.result["hresult"] == code and run.result["hresult_name"] == name
    assert words in run.message and (name is None or name in run.message)
    assert "destination" not in run.message and "Take a full backup" not in run.message


@pytest.mark.substitute("disk space")
@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("0xC0000043", "Exclude the destination"),
        ("0xC000007F", "Free space on the destination"),
        ("0xC0000022", "of the destination"),
    ],
)
def test_the_same_code_of_the_destination_speaks_of_it(case: Case, status: str, words: str) -> None:
    case.faults(Fault(rf"NtCreateFile@DataBase\{case.database_file().name}", "*", "hresult", status))
    run = case.backup()
    assert run.failed and words in run.message and "the CA's database and log" not in run.message

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""adcs.ca.backup on bad input and bad states: a clear message, and nothing left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import human_size
from helpers.component.case import Case
from helpers.component.fabricate import label_of, make_sets, write_manifest
from helpers.component.matrix import RESOLVED

# what the module leaves free unless it is told otherwise
RESERVE = 256 << 20

LATER = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
APPEAR = r"[IO.File]::WriteAllText('C:\LabCA\reparse.txt', '{point}'); [Lab.Shim]::LabReset()"
# Every code that certadm-api documents, with its name and a word of what to do next.
CODES = [
    ("0x80070005", "E_ACCESSDENIED", "Back up files and directories"),
    ("0x800706BA", "RPC_S_SERVER_UNAVAILABLE", "Start-Service CertSvc"),
    ("0x80094006", "CERTSRV_E_SERVER_SUSPENDED", "Resume-Service CertSvc"),
    ("0x80094008", "CERTSRV_E_ROLECONFLICT", "backup operator only"),
    ("0x8000FFFF", "E_UNEXPECTED", "restart CertSvc"),
    ("0x80070006", "E_HANDLE", "defect"),
    ("0x80004003", "E_POINTER", "defect"),
    ("0x80070057", "E_INVALIDARG", "defect"),
    ("0xC80001F9", "hrBackupInProgress", "Wait until it ends"),
    ("0xC80001FA", "JET_errRestoreInProgress", "Finish the restore"),
    ("0xC8000208", "hrNoBackup", "Run again"),
    ("0xC8000209", "hrInvalidBackupSequence", "Run again"),
    ("0xC800020B", "hrBackupNotAllowedYet", "Wait until the CA answers"),
    ("0xC800020E", "hrInvalidBackup", "circular logging"),
    ("0xC8000210", "hrMissingLogFile", "full backup"),
    ("0xC8000211", "hrLogDiskFull", "truncate_logs"),
    ("0xC8000226", "hrDatabaseInconsistent", "recover"),
    ("0xC800022D", "hrMissingRestoreLogFiles", "without a gap"),
    ("0xC8000230", "hrMissingFullBackup", "full backup first"),
    ("0xC80003E8", "hrTermInProgress", "Start CertSvc"),
    ("0xC80003FA", "hrReadVerifyFailure", "last good set"),
    ("0xC8000408", "hrFileAccessDenied", "virus scanning"),
    ("0xC7FF0004", "hrRestoreInProgress", "Finish the restore"),
    ("0xC7FF0008", "hrRestoreMapExists", "Finish the restore"),
    ("0xC7FF0009", "hrIncrementalBackupDisabled", "full backup"),
    ("0xC7FF000A", "hrLogFileNotFound", "full backup"),
    ("0xC7FF000B", "hrCircularLogging", "circular logging"),
    ("0xC7FF000C", "hrNoFullRestore", "full set"),
    ("0xC7FF000D", "hrCommunicationError", "event log"),
    ("0xC7FF000E", "hrFullBackupNotTaken", "full backup first"),
]


def assert_nothing_happened(case: Case) -> None:
    """No session was opened and the destination holds nothing but, perhaps, an empty repository."""
    assert case.journal().calls("CertSrvBackupPrepareW") == []
    if case.destination.exists():
        case.assert_no_set()


@pytest.fixture
def without_certadm(case: Case) -> Iterator[None]:
    library = case.engine.drive_c / "windows" / "system32" / "certadm.dll"
    aside = library.with_name("certadm.aside")
    library.rename(aside)
    yield
    aside.rename(library)


@pytest.mark.usefixtures("without_certadm")
def test_no_certadm_dll(case: Case) -> None:
    run = case.backup()
    assert run.failed
    assert (
        "Certadm.dll" in run.message
        and "is not on this host: is the Certification Authority role installed?" in run.message
    )
    assert run.result["step"] == 1 and run.result["function"] == "LoadLibraryExW"
    assert run.result["hresult"] == "0x8007007E" and run.result["hresult_name"] == "ERROR_MOD_NOT_FOUND"
    case.assert_no_set()


@pytest.mark.parametrize("folder", ["", "windows", "PowerShell/7"], ids=["working folder", "windows folder", "path"])
@pytest.mark.usefixtures("without_certadm")
def test_a_certadm_dll_from_elsewhere_is_never_loaded(case: Case, folder: str) -> None:
    planted = case.engine.drive_c / folder / "certadm.dll"
    shutil.copyfile(case.engine.drive_c / "windows" / "system32" / "certadm.aside", planted)
    try:
        run = case.backup()
        assert run.failed and run.result["step"] == 1
        assert [event for event in case.journal().events if event.event == "attach"] == []
    finally:
        planted.unlink()


def test_certadm_dll_is_loaded_from_the_system_folder(case: Case) -> None:
    case.backup()
    (attach,) = [event for event in case.journal().events if event.event == "attach"]
    assert attach.path.lower() == r"c:\windows\system32\certadm.dll"


@pytest.mark.parametrize("function", RESOLVED)
def test_a_function_missing_in_certadm_dll(case: Case, function: str) -> None:
    case.faults(Fault(f"GetProcAddress:{function}", "*", "hresult", "0x0000007F"))
    run = case.backup()
    assert run.failed and function in run.message
    assert run.result["step"] == 2 and run.result["hresult_name"] == "ERROR_PROC_NOT_FOUND"
    assert [call for call in case.journal().calls() if call.fn.startswith("CertSrv")] == []
    case.assert_no_set()


def test_certsvc_stopped(case: Case) -> None:
    case.ca.stop_service()
    run = case.backup()
    assert run.failed and "stopped" in run.message and "Start-Service CertSvc" in run.message
    assert (
        run.result["hresult"] == "0x800706BA"
        and run.result["function"] == "CertSrvIsServerOnlineW"
        and run.result["step"] == 3
    )
    assert_nothing_happened(case)


@pytest.mark.parametrize("check_mode", [False, True])
def test_certsvc_paused(case: Case, check_mode: bool) -> None:
    case.ca.host_changed()
    case.worker.script("Suspend-Service -Name CertSvc")
    run = case.backup(check_mode=check_mode)
    assert run.failed and "is paused" in run.message and "Resume-Service CertSvc" in run.message
    assert run.result["step"] == 3 and run.result["hresult"] is None
    assert_nothing_happened(case)


@pytest.mark.substitute("privileges")
@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    "missing", [["SeBackupPrivilege"], ["SeRestorePrivilege"], ["SeBackupPrivilege", "SeRestorePrivilege"]]
)
def test_missing_privileges(case: Case, missing: list[str], check_mode: bool) -> None:
    (case.engine.drive_c / "LabCA" / "missing_privileges.txt").write_text("\n".join(missing) + "\n")
    run = case.backup(check_mode=check_mode)
    assert run.failed
    assert all(name in run.message for name in missing)
    assert [name for name in ("SeBackupPrivilege", "SeRestorePrivilege") if name in run.message] == missing
    assert_nothing_happened(case)


@pytest.mark.parametrize(("code", "name", "action"), CODES)
def test_prepare_fails(case: Case, code: str, name: str, action: str) -> None:
    case.faults(Fault("CertSrvBackupPrepareW", 1, "hresult", code))
    run = case.backup()
    assert run.failed
    assert run.result["hresult"] == code and run.result["hresult_name"] == name
    assert run.result["function"] == "CertSrvBackupPrepareW" and run.result["step"] == 4
    assert name in run.message and action in run.message
    after_prepare = [call.fn for call in case.journal().calls() if call.fn.startswith("CertSrv")][2:]
    assert after_prepare == []
    case.assert_no_set()


def test_a_code_without_a_row_is_still_named(case: Case) -> None:
    case.faults(Fault("CertSrvBackupPrepareW", 1, "hresult", "0xC8001234"))
    run = case.backup()
    assert run.failed and "0xC8001234" in run.message
    assert run.result["hresult"] == "0xC8001234" and run.result["hresult_name"] is None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("Backup", "not absolute"),
        (r"..\Backup", "not absolute"),
        (r"\Backup", "not absolute"),
        (r"C:Backup", "not absolute"),
        (r"\\?\C:\Backup", "not absolute"),
        (r"\\.\C:\Backup", "not absolute"),
        (r"Q:\Backup", "does not exist or cannot be reached"),
        (r"C:\Backup\..\..\x", "is not the name of a folder"),
        (r"C:\Backup\NUL", "is not the name of a folder"),
        (r"C:\Backup\a:b", "is not the name of a folder"),
        (r"C:\Backup\a*", "is not the name of a folder"),
        (r"C:\Backup\trailing.", "is not the name of a folder"),
        ("C:\\" + "x" * 230, "too long"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_path_that_cannot_be_used(case: Case, path: str, words: str, check_mode: bool) -> None:
    run = case.backup(path=path, check_mode=check_mode)
    assert run.failed and words in run.message
    assert case.journal().calls() == []
    assert not case.destination.exists()


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_path_inside_a_repository(case: Case, check_mode: bool) -> None:
    case.backup()
    folder = case.only_set()
    before = sets.snapshot(case.destination)
    inside = {rf"C:\Backup\{case.ca.folder_name}": "is the repository of a CA"}
    inside[rf"C:\Backup\{case.ca.folder_name}\{folder.name}"] = "is a set"
    for path, words in inside.items():
        for module in ("backup", "backup_info"):
            run = case.module(module, path=path, check_mode=check_mode)
            assert run.failed and words in run.message and path in run.message
    assert sets.snapshot(case.destination) == before


def test_a_path_that_is_a_file(case: Case) -> None:
    case.destination.write_text("a file")
    run = case.backup()
    content = case.destination.read_text()
    case.destination.unlink()
    assert run.failed and "is a file" in run.message
    assert content == "a file"
    assert case.journal().calls() == []


def test_a_path_below_a_file(case: Case) -> None:
    case.destination.write_text("a file")
    run = case.backup(path=r"C:\Backup\deeper")
    case.destination.unlink()
    assert run.failed and "is a file" in run.message


@pytest.mark.substitute("links")
@pytest.mark.parametrize("point", [r"C:\Backup", r"C:\Backup\below", "repository"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_path_below_a_reparse_point(case: Case, point: str, check_mode: bool) -> None:
    folder = case.destination / "below" / case.ca.folder_name
    folder.mkdir(parents=True)
    if point == "repository":
        point = rf"C:\Backup\below\{case.ca.folder_name}"
    (case.engine.drive_c / "LabCA" / "reparse.txt").write_text(point + "\n", encoding="utf-8")
    run = case.backup(path=r"C:\Backup\below", check_mode=check_mode)
    assert run.failed and "reparse point" in run.message and point in run.message
    assert case.journal().calls() == []
    assert list(folder.iterdir()) == []


@pytest.mark.substitute("links")
@pytest.mark.parametrize("below", [r"", r"\.staging", r"\.staging\{label}", r"\.staging\{label}\DataBase"])
def test_a_reparse_point_that_appears_before_the_set_is_published(case: Case, below: str) -> None:
    assert not case.backup().failed
    good = case.only_set()
    point = rf"C:\Backup\{case.ca.folder_name}" + below.format(label=label_of(LATER))
    with pytest.raises(AssertionError, match="reparse point"):
        make_sets(case, [LATER], before_publishing=APPEAR.format(point=point))
    assert case.published() == [good]
    assert (case.repository / ".staging" / label_of(LATER) / "manifest.json").is_file()


@pytest.mark.substitute("access lists")
def test_a_path_that_is_not_writable(case: Case) -> None:
    case.faults(Fault(r"NtCreateFile@\.lock", "*", "hresult", "0xC0000022"))
    run = case.backup()
    assert run.failed and "not writable" in run.message and run.result["hresult_name"] == "E_ACCESSDENIED"
    assert_nothing_happened(case)


@pytest.mark.substitute("disk space")
@pytest.mark.parametrize("check_mode", [False, True])
def test_too_little_free_space(case: Case, check_mode: bool) -> None:
    case.faults(Fault("NtQueryVolumeInformationFile@C:", "*", "free", str(1 << 20)))
    run = case.backup(check_mode=check_mode)
    assert run.failed and "Too little free space" in run.message
    needed, free = case.live_size(), 1 << 20
    missing = needed + RESERVE - free
    assert f"need {human_size(needed)} and the reserve is {human_size(RESERVE)}" in run.message
    assert f"only {human_size(free)} are free, {human_size(missing)} too few" in run.message
    assert_nothing_happened(case)


def read_call_of(case: Case, position: str) -> int:
    """The number of a read of the database: the first, one in the middle, or the last one with data."""
    reads = -(-case.database_file().stat().st_size // (512 * 1024))
    return {"first": 1, "middle": reads // 2, "last": reads}[position]


@pytest.mark.parametrize("position", ["first", "middle", "last"])
@pytest.mark.parametrize(
    ("action", "argument", "words"),
    [("eof", None, "ended early"), ("hresult", "0xC80003FA", "hrReadVerifyFailure")],
    ids=["ends early", "fails"],
)
def test_a_read_that_ends_early_or_fails(
    case: Case, position: str, action: str, argument: str | None, words: str
) -> None:
    logs = case.ca.log_files()
    case.faults(Fault("CertSrvBackupRead", read_call_of(case, position), action, argument))
    run = case.backup(truncate_logs=True)
    assert run.failed and words in run.message
    assert run.result["step"] == 8 and run.result["function"] == "CertSrvBackupRead"
    assert run.result["file"].endswith(case.database_file().name)
    read, size = (read_call_of(case, position) - 1) * 512 * 1024, case.database_file().stat().st_size
    said = f"{read} bytes came, {size} were announced" if action == "eof" else f"failed after {read} of {size} bytes"
    assert said in run.message
    assert case.ca.log_files() == logs
    case.assert_no_set()


@pytest.mark.parametrize("extra", [1, 4096, 1 << 20])
def test_a_read_that_runs_over(case: Case, extra: int) -> None:
    logs = case.ca.log_files()
    case.faults(Fault("CertSrvBackupRead", "*", "long", str(extra)))
    run = case.backup(truncate_logs=True)
    assert run.failed and "ran over" in run.message
    assert run.result["file"].endswith(case.database_file().name)
    assert case.ca.log_files() == logs
    case.assert_no_set()


@pytest.mark.substitute("disk space")
@pytest.mark.parametrize("name", ["database", "log"])
def test_disk_full_in_mid_file(case: Case, name: str) -> None:
    logs = case.ca.log_files()
    target = case.database_file().name if name == "database" else logs[-1].name
    case.faults(Fault(rf"NtWriteFile@DataBase\{target}", 2, "hresult", "0xC000007F"))
    run = case.backup(truncate_logs=True)
    size = (case.database_file() if name == "database" else logs[-1]).stat().st_size
    assert run.failed and f"after {512 * 1024} of {size} bytes" in run.message
    assert run.result["hresult_name"] == "ERROR_DISK_FULL" and run.result["file"].endswith(target)
    assert case.ca.log_files() == logs
    case.assert_no_set()


HOSTILE = [
    "D\\\\ca01.lab.example\\C$\\..",
    "D\\\\ca01.lab.example\\C$\\x\\",
    "D\\\\ca01.lab.example\\C$\\a.edb:stream",
    "D\\\\ca01.lab.example\\C$\\NUL",
    "D\\\\ca01.lab.example\\C$\\com1.log",
    "D\\\\ca01.lab.example\\C$\\a/../../b",
    "D\\\\ca01.lab.example\\C$\\a*",
    "D\\\\ca01.lab.example\\C$\\trailing.",
    "D\\\\ca01.lab.example\\C$\\trailing ",
    "D\\\\ca01.lab.example\\C$\\bell\\x0007",
]


@pytest.mark.parametrize("entry", HOSTILE)
@pytest.mark.parametrize("function", ["CertSrvBackupGetDatabaseNamesW", "CertSrvBackupGetBackupLogsW"])
def test_a_hostile_name_in_a_list(case: Case, function: str, entry: str) -> None:
    logs = case.ca.log_files()
    case.faults(Fault(function, 1, "append", entry))
    run = case.backup(truncate_logs=True)
    assert run.failed and "not a plain file name" in run.message
    assert case.ca.log_files() == logs
    case.assert_no_set()


@pytest.mark.parametrize("other", ["edb0001A.log", "EDB0001a.LOG", "certbkxp.dat"])
def test_two_entries_with_one_last_element(case: Case, other: str) -> None:
    logs = case.ca.log_files()
    first = case.ca.log_files()[0].name
    entry = other if other == "certbkxp.dat" else (first if other == "edb0001A.log" else first.upper())
    case.faults(Fault("CertSrvBackupGetBackupLogsW", 1, "append", rf"!\\ca01.lab.example\D$\elsewhere\{entry}"))
    run = case.backup(truncate_logs=True)
    assert run.failed and "would be the same file" in run.message
    assert rf"\\ca01.lab.example\D$\elsewhere\{entry}" in run.message
    assert (first.lower() if other != "certbkxp.dat" else "certbkxp.dat") in run.message.lower()
    assert case.ca.log_files() == logs
    case.assert_no_set()


@pytest.mark.parametrize(
    ("function", "step"),
    [("CertSrvRestoreGetDatabaseLocationsW", 5), ("CertSrvBackupGetDatabaseNamesW", 6)],
)
def test_an_empty_list_that_must_not_be(case: Case, function: str, step: int) -> None:
    case.faults(Fault(function, 1, "empty"))
    run = case.backup()
    assert run.failed and "listed nothing" in run.message and run.result["step"] == step
    case.assert_no_set()


def test_a_list_without_tags(case: Case) -> None:
    case.faults(Fault("CertSrvBackupGetDatabaseNamesW", 1, "replace", r"\\ca01.lab.example\C$\a.edb"))
    run = case.backup()
    assert run.failed and "has no file type tag" in run.message
    case.assert_no_set()


@pytest.mark.parametrize(
    ("function", "step"),
    [
        ("CertSrvRestoreGetDatabaseLocationsW", 5),
        ("CertSrvBackupGetDatabaseNamesW", 6),
        ("CertSrvBackupOpenFileW", 7),
        ("CertSrvBackupRead", 8),
        ("CertSrvBackupClose", 9),
        ("CertSrvBackupGetBackupLogsW", 10),
    ],
)
def test_a_failed_call_before_the_copy_is_complete(case: Case, function: str, step: int) -> None:
    logs = case.ca.log_files()
    case.faults(Fault(function, 1, "hresult", "0xC8000208"))
    run = case.backup(truncate_logs=True)
    assert run.failed and run.result["function"] == function and run.result["step"] == step
    assert run.result["hresult_name"] == "hrNoBackup"
    assert len(case.journal().calls("CertSrvBackupEnd")) == 1
    assert case.ca.log_files() == logs
    case.assert_no_set()
    assert "nothing is left of the attempt" in run.message


@pytest.mark.parametrize(
    ("function", "step"),
    [("CertSrvBackupTruncateLogs", 11), ("CertSrvBackupEnd", 14)],
)
def test_a_failed_call_after_the_copy_keeps_the_set(case: Case, function: str, step: int) -> None:
    originals = case.ca.stored_files()
    case.faults(Fault(function, 1, "hresult", "0xC80003E8"))
    run = case.backup(truncate_logs=True)
    assert run.failed and run.result["step"] == step and run.result["hresult_name"] == "hrTermInProgress"
    assert "is complete and was published" in run.message
    assert run.result["changed"] is True and run.result["left_on_disk"] == [run.result["path"]]
    case.assert_stored(case.only_set(), originals)
    assert run.result["logs"]["truncated"] is (step > 11)
    assert len(case.ca.log_files()) == run.result["logs"]["after"]


def test_a_failed_unload_keeps_the_set(case: Case) -> None:
    case.faults(Fault("FreeLibrary", 1, "hresult", "0x00000005"))
    run = case.backup()
    case.worker.close()  # the library is still loaded there, with the faults of this test
    assert run.failed and run.result["function"] == "FreeLibrary" and run.result["step"] == 16
    case.only_set()


@pytest.mark.parametrize(("spare", "refused"), [(0, False), (-1, True)])
def test_the_reserve_counts(case: Case, spare: int, refused: bool) -> None:
    free = case.live_size() + 3 * 1024 * 1024 + spare
    case.faults(
        Fault("NtQueryVolumeInformationFile@C:", "*", "free", str(free - free % 4096 + (4096 if spare == 0 else 0)))
    )
    run = case.backup(reserve="3M")
    assert run.failed is refused
    if refused:
        assert "the reserve is 3.0 MiB" in run.message
        assert_nothing_happened(case)


@pytest.mark.parametrize("text", ["3x", "-1", "1.5G", "G", "10MB", "1234567", "٣M", "1 G"])
def test_a_bad_reserve_is_refused(case: Case, text: str) -> None:
    run = case.backup(reserve=text)
    assert run.failed and "is not a size" in run.message
    assert not case.destination.exists()


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    "owner",
    [{"name": "Prüf #1 Issuing CA", "host": "ca99.lab.example"}, {"name": "Another CA", "host": "ca01.lab.example"}],
    ids=["host", "name"],
)
def test_a_repository_of_another_ca(case: Case, owner: dict[str, str], check_mode: bool) -> None:
    case.backup()
    folder = case.only_set()
    document = sets.manifest(folder)
    write_manifest(folder, {**document, "ca": {**document["ca"], **owner}})
    before = sets.snapshot(case.destination)
    case.ca.clear_journal()
    for params in ({}, {"max_age": "1h"}):
        run = case.backup(check_mode=check_mode, **params)
        assert run.failed and f"belongs to the CA '{owner['name']}' on '{owner['host']}'" in run.message
        assert f"'{case.ca.name}' on '{case.ca.host}'" in run.message
    assert sets.snapshot(case.destination) == before
    assert case.journal().calls("CertSrvBackupPrepareW") == []


def test_a_ca_that_moved_goes_on_with_its_repository(case: Case) -> None:
    case.backup()
    folder = case.only_set()
    document = sets.manifest(folder)
    write_manifest(folder, {**document, "ca": {**document["ca"], "host": "old.lab.example"}})
    assert not case.backup(previous_host="OLD.lab.example").failed
    assert len(case.published()) == 2
    assert not case.backup().failed

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A destination on a share. The lab reaches one by its UNC name, without a network and without a file server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from adcs_lab import sets
from adcs_lab.ca import SimulatedCa
from adcs_lab.engine import Engine
from adcs_lab.faults import Fault
from helpers.component.case import HOLD, Case
from helpers.component.worker import Worker, WorkerDied

pytestmark = pytest.mark.substitute("file server")

SERVER = "files.lab.example"
SHARE = "ca-backup"
PATH = rf"\\{SERVER}\{SHARE}\Backup"
LOGON_FAILURE = "0xC000006D"
ACCESS_DENIED = "0xC0000022"
NETWORK_NAME_DELETED = "0xC00000C9"
OPENING = ("NtCreateFile", "NtOpenFile", "NtQueryAttributesFile")


@pytest.fixture
def share(engine: Engine, case: Case) -> Iterator[Path]:
    """The folder behind the share; the case's destination is on it."""
    folder = engine.share(SERVER, SHARE)
    case.destination = folder / "Backup"
    case.repository = case.destination / case.ca.folder_name
    yield folder
    shutil.rmtree(folder)


def test_a_backup_on_a_share_is_like_any_other(case: Case, share: Path) -> None:
    originals = case.ca.stored_files()
    run = case.backup(path=PATH, truncate_logs=True)
    assert not run.failed, run.message
    folder = case.only_set()
    case.assert_stored(folder, originals)
    case.assert_clean()
    assert run.result["path"] == rf"{PATH}\{case.ca.folder_name}\{folder.name}"
    assert [entry.name for entry in share.iterdir()] == ["Backup"]
    own, list_of_it = case.worker.script(
        "[Security.Principal.WindowsIdentity]::GetCurrent().User.Value;"
        f"[Adcs.Ca.PrivateFolder]::GetAccess('{PATH}\\{case.ca.folder_name}')"
    )
    assert f"(A;OICI;FA;;;{own})" in list_of_it, "an administrator of the CA host need not be one of the file server"

    listed = case.module("backup_info", path=PATH, verify="hashes").result
    assert [entry["label"] for entry in listed["sets"]] == [folder.name] and listed["problems"] == []
    assert case.backup(path=PATH, max_age="1h").result["changed"] is False


def test_check_mode_writes_nothing(case: Case, share: Path) -> None:
    run = case.backup(path=PATH, check_mode=True)
    assert not run.failed and run.result["changed"] is True
    assert list(share.iterdir()) == []


def test_sets_on_a_share_expire(case: Case, share: Path) -> None:
    for _ in range(2):
        assert not case.backup(path=PATH).failed
    older, newer = case.published()
    run = case.module("expire", path=PATH, _labels=[older.name], keep_minimum=1, limit=10)
    assert not run.failed, run.message
    assert case.published() == [newer]
    case.assert_clean()


def test_the_lock_on_a_share_holds_across_hosts(case: Case, share: Path, other: Worker) -> None:
    assert not case.backup(path=PATH).failed
    other.script(HOLD.format(rf"{PATH}\{case.ca.folder_name}\.lock"))
    before = sets.snapshot(case.repository)
    case.ca.clear_journal()
    run = case.backup(path=PATH)
    assert run.failed and "host OTHER, process 4711" in run.message
    assert sets.snapshot(case.repository) == before and case.journal().calls("CertSrvBackupPrepareW") == []

    other.close()
    assert not case.backup(path=PATH).failed
    case.assert_clean()


@pytest.mark.parametrize("code", [LOGON_FAILURE, ACCESS_DENIED])
@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("name", ["backup", "backup_info"])
def test_a_share_that_refuses_access_is_explained(
    case: Case, share: Path, name: str, check_mode: bool, code: str
) -> None:
    case.faults(*[Fault(rf"{call}@{SERVER}\{SHARE}", "*", "hresult", code) for call in OPENING])
    run = case.module(name, path=PATH, check_mode=check_mode)
    assert run.failed and run.result["changed"] is False
    assert "double hop" in run.message and "CredSSP" in run.message and PATH in run.message
    assert case.journal().calls("CertSrvBackupPrepareW") == []
    assert list(share.iterdir()) == []


@pytest.mark.parametrize("error", [5, 86, 1265, 1272, 1312, 1326, 1327, 1346, 1385])
def test_every_code_of_a_share_that_does_not_know_the_account(case: Case, error: int) -> None:
    told = case.worker.script(
        f"try {{ throw [Adcs.Ca.AdcsCaException]::FromWin32('Destination', 'CreateFileW', {error}, 0, $null, 'of a folder') }}"
        f" catch {{ (ConvertTo-AdcsCaShareError -Path '{PATH}' -ErrorRecord $_).Message }}"
    )
    assert "double hop" in told[0] and f"0x{0x80070000 | error:08X}" in told[0]


@pytest.mark.parametrize("call", ["NtCreateFile", "NtQueryAttributesFile"])
def test_a_repository_that_cannot_be_looked_into_is_not_empty(case: Case, share: Path, call: str) -> None:
    assert not case.backup(path=PATH).failed
    before = sets.snapshot(case.repository)
    case.faults(Fault(rf"{call}@Backup\{case.ca.folder_name}", "*", "hresult", ACCESS_DENIED))
    run = case.module("backup_info", path=PATH)
    assert run.result["sets"] == []
    assert run.failed and "double hop" in run.message and case.ca.folder_name in run.message
    assert case.backup(path=PATH).failed
    assert sets.snapshot(case.repository) == before


def test_a_folder_that_may_not_be_made_there_is_explained(case: Case, share: Path) -> None:
    case.faults(Fault(rf"NtCreateFile@{SHARE}\Backup", "*", "hresult", ACCESS_DENIED))
    run = case.backup(path=PATH)
    assert run.failed and "double hop" in run.message and "CreateDirectoryW" in run.message
    assert list(share.iterdir()) == []


def test_a_local_folder_that_refuses_access_is_no_double_hop(case: Case) -> None:
    case.faults(Fault(r"NtCreateFile@C:\Backup", "*", "hresult", ACCESS_DENIED))
    run = case.backup()
    assert run.failed and "double hop" not in run.message


def test_a_share_that_does_not_exist_is_named(case: Case, share: Path) -> None:
    run = case.backup(path=rf"\\{SERVER}\nowhere\Backup")
    assert run.failed and rf"\\{SERVER}\nowhere" in run.message and "cannot be reached" in run.message
    assert "double hop" not in run.message


@pytest.mark.parametrize("path", [rf"\\{SERVER}", r"\\", rf"\\?\UNC\{SERVER}\{SHARE}\Backup"])
def test_a_path_that_is_no_share_is_refused(case: Case, share: Path, path: str) -> None:
    run = case.backup(path=path)
    assert run.failed and "not absolute" in run.message
    assert list(share.iterdir()) == []


@pytest.mark.parametrize("call", [1, 3])
def test_a_share_that_vanishes_in_mid_run_leaves_no_set_and_no_gap(case: Case, share: Path, call: int) -> None:
    originals = case.ca.stored_files()
    case.faults(Fault(rf"NtWriteFile@DataBase\{case.database_file().name}", call, "hresult", NETWORK_NAME_DELETED))
    run = case.backup(path=PATH, truncate_logs=True)
    assert run.failed and case.database_file().name in run.message
    assert case.published() == [] and case.journal().calls("CertSrvBackupTruncateLogs") == []
    assert case.ca.stored_files() == originals

    case.faults()
    case.ca.clear_journal()
    assert not case.backup(path=PATH).failed
    case.only_set()
    case.assert_clean()


def test_a_host_that_dies_leaves_a_set_on_the_share_that_is_finished(case: Case, share: Path) -> None:
    originals = case.ca.stored_files()
    case.faults(Fault("CertSrvBackupTruncateLogs", 1, "crash_after"))
    with pytest.raises(WorkerDied):
        case.backup(path=PATH, truncate_logs=True)
    case.faults()
    case.ca.clear_journal()
    run = case.backup(path=PATH)
    assert [entry["action"] for entry in run.result["leftovers"]] == ["adopted"]
    adopted = case.published()[0]
    assert sets.problems(adopted) == []
    case.assert_stored(adopted, originals)
    case.assert_clean()


def test_too_little_space_on_the_share(case: Case, share: Path) -> None:
    case.faults(Fault(f"NtQueryVolumeInformationFile@{SHARE}", "*", "free", 4096))
    run = case.backup(path=PATH)
    assert run.failed and "Too little free space" in run.message and SHARE in run.message
    case.assert_no_set()


def test_a_reparse_point_on_the_share_is_not_followed(case: Case, share: Path, ca: SimulatedCa) -> None:
    (share / "Backup").mkdir()
    case.engine.linux_path(r"C:\LabCA\reparse.txt").write_text(PATH + "\n", encoding="utf-8")
    run = case.backup(path=PATH)
    assert run.failed and "reparse point" in run.message
    assert list((share / "Backup").iterdir()) == []

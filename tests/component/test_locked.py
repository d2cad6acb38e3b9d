# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One backup at a time, for a CA and for a repository: the other one fails at once, names the holder and touches nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from adcs_lab.waiting import wait_for
from helpers.component.case import DESTINATION, HOLD, Case
from helpers.component.worker import ModuleRun, Worker

DEADLINE_S = 60.0


@pytest.mark.parametrize("second", [DESTINATION, r"C:\Elsewhere"], ids=["same path", "another path"])
def test_two_backups_at_once(case: Case, other: Worker, second: str) -> None:
    elsewhere = case.engine.linux_path(r"C:\Elsewhere")
    other.script("1")
    case.faults(Fault("CertSrvBackupGetBackupLogsW", 1, "slow", 4000))
    runs: list[ModuleRun] = []
    thread = threading.Thread(target=lambda: runs.append(case.backup(truncate_logs=True)))
    thread.start()
    try:
        wait_for(lambda: bool(case.journal().calls("CertSrvBackupPrepareW")), DEADLINE_S)
        before = sets.snapshot(case.ca.database_folder)
        refused = other.module("backup", {"path": second, "truncate_logs": True})
        assert thread.is_alive(), "the first run ended too early for this test to mean anything"
        assert sets.snapshot(case.ca.database_folder) == before
    finally:
        thread.join(DEADLINE_S)
    (first,) = runs
    assert not first.failed, first.message
    assert refused.failed and refused.result["changed"] is False and refused.result["label"] is None
    assert f"holds the CA '{case.ca.name}'" in refused.message and "process " in refused.message
    assert len(case.journal().calls("CertSrvBackupPrepareW")) == 1
    assert not elsewhere.exists()
    case.only_set()
    case.assert_clean()


@pytest.fixture
def repository_lock(case: Case) -> Iterator[Path]:
    """Another host holds the repository on a share: its lock is open, as far as Windows tells."""
    case.backup()
    path = rf"C:\Backup\{case.ca.folder_name}\.lock"
    case.worker.script(HOLD.format(path))
    yield case.engine.linux_path(path)
    case.worker.script("$global:held.Dispose()")
    case.engine.linux_path(path).unlink(missing_ok=True)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_live_lock_names_its_holder(case: Case, repository_lock: Path, check_mode: bool) -> None:
    before = sets.snapshot(case.repository)
    case.ca.clear_journal()
    run = case.backup(check_mode=check_mode)
    assert run.failed and "host OTHER, process 4711" in run.message and "holds the repository" in run.message
    assert sets.snapshot(case.repository) == before
    assert case.journal().calls("CertSrvBackupPrepareW") == []


def test_a_fresh_set_needs_no_lock(case: Case, repository_lock: Path) -> None:
    run = case.backup(max_age="1h")
    assert not run.failed and run.result["changed"] is False


def test_reading_needs_no_lock(case: Case, repository_lock: Path) -> None:
    (case.repository / ".staging" / "20260101T000000Z-full").mkdir(parents=True)
    run = case.module("backup_info")
    assert not run.failed and len(run.result["sets"]) == 1
    assert run.result["problems"] == [], "what lies in staging is the set of whoever holds the lock"


def test_the_list_of_a_repository_that_another_host_is_at_work_in_stays(case: Case, repository_lock: Path) -> None:
    path = rf"C:\Backup\{case.ca.folder_name}"
    case.worker.script(
        f"[Adcs.Ca.PrivateFolder]::SetAccess('{path}', 'D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FR;;;BU)')"
    )
    before = case.worker.script(f"[Adcs.Ca.PrivateFolder]::GetAccess('{path}')")
    assert case.backup().failed
    assert case.worker.script(f"[Adcs.Ca.PrivateFolder]::GetAccess('{path}')") == before


@pytest.mark.substitute("access lists")
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_lock_file_that_may_not_be_read_is_not_taken_for_a_holder(case: Case, check_mode: bool) -> None:
    case.repository.mkdir(parents=True)
    (case.repository / ".lock").write_text("host GONE, process 1")
    case.faults(Fault(rf"NtCreateFile@{case.ca.folder_name}\.lock", "*", "hresult", "0xC0000022"))
    run = case.backup(check_mode=check_mode)
    assert run.failed and "could not be looked at" in run.message and "Another run" not in run.message
    assert run.result["hresult_name"] == "E_ACCESSDENIED"


@pytest.mark.substitute("access lists")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_folder_of_locks_that_a_user_made_first_is_refused(case: Case, check_mode: bool) -> None:
    """Wine takes the owner of a Linux file for that of Windows: somebody else is ANONYMOUS LOGON there."""
    folder = case.engine.linux_path(r"C:\ProgramData\adcs.ca")
    assert not case.backup().failed
    os.chown(folder, 65534, 65534)
    try:
        run = case.backup(check_mode=check_mode)
    finally:
        os.chown(folder, os.geteuid(), os.getegid())
    assert run.failed and "/setowner" in run.message and case.only_set()
    assert not case.backup().failed


def test_dead_locks_are_taken_over(case: Case) -> None:
    ca_lock = case.engine.linux_path(rf"C:\ProgramData\adcs.ca\{case.ca.folder_name}.lock")
    case.repository.mkdir(parents=True)
    ca_lock.parent.mkdir(parents=True, exist_ok=True)
    for lock in (case.repository / ".lock", ca_lock):
        lock.write_text("host GONE, process 1, and a longer text than the new holder's name will be")
    run = case.backup()
    assert not run.failed, run.message
    case.only_set()
    case.assert_clean()
    assert not ca_lock.exists()

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module adcs.ca.expire: it deletes what it is asked to, after checking again that it may."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from helpers.component.case import Case
from helpers.component.expiry import expire, names
from helpers.component.fabricate import copy_set, write_manifest
from helpers.component.worker import WorkerDied

DAY = timedelta(days=1)


@pytest.fixture
def history(case: Case) -> list[Path]:
    """Four full sets of four days, newest first; the newest one is real, the others are copies of it."""
    assert not case.backup().failed
    newest = case.only_set()
    now = datetime.now(timezone.utc).replace(microsecond=0)
    return [newest, *(copy_set(newest, now - n * DAY) for n in (1, 2, 3))]


def assert_refused(case: Case, labels: list[str], words: str, **params: Any) -> None:
    """Assert that neither a real run nor check mode deletes anything, and that both say why."""
    before = sets.snapshot(case.destination)
    for check_mode in (True, False):
        run = expire(case, labels, check_mode=check_mode, **params)
        assert run.failed and words in run.message, run.message
        assert run.result["removed"] == [] and run.result["changed"] is False and run.result["bytes_freed"] == 0
        assert sets.snapshot(case.destination) == before


def test_a_damaged_set_and_one_of_the_future_stay(case: Case, history: list[Path]) -> None:
    newest, damaged, *_ = history
    (damaged / "DataBase" / "certbkxp.dat").unlink()
    assert_refused(case, [damaged.name], "is not complete")
    future = copy_set(newest, datetime.now(timezone.utc).replace(microsecond=0) + DAY)
    assert_refused(case, [future.name], "dated in the future")


def test_named_sets_go_and_the_others_are_not_touched(case: Case, history: list[Path]) -> None:
    newest, one, two, three = history
    kept = {folder: sets.snapshot(folder) for folder in (newest, two)}
    size = sum(file["size"] for file in sets.manifest(newest)["files"])
    check = expire(case, [three.name, one.name], check_mode=True)
    assert names(case) == sorted(folder.name for folder in history)
    run = expire(case, [three.name, one.name])
    for result in (check.result, run.result):
        assert result["changed"] is True
        assert (result["removed"], result["bytes_freed"]) == ([three.name, one.name], 2 * size)
    assert names(case) == sorted([newest.name, two.name])
    # the files are linked between the copies, so only the link count may differ
    assert {folder: sets.snapshot(folder) for folder in kept} == kept


def test_nothing_asked_nothing_done(case: Case, history: list[Path]) -> None:
    before = sets.snapshot(case.destination)
    run = expire(case, [])
    assert not run.failed and run.result["changed"] is False
    assert sets.snapshot(case.destination) == before


def test_the_newest_complete_full_never_goes(case: Case, history: list[Path]) -> None:
    assert_refused(case, [history[0].name], "newest complete full")
    assert_refused(case, [folder.name for folder in history], "newest complete full")


def test_a_newer_incomplete_or_future_set_does_not_stand_in(case: Case, history: list[Path]) -> None:
    newest, one, *_ = history
    (newest / "DataBase" / "certbkxp.dat").unlink()
    copy_set(one, datetime.now(timezone.utc) + DAY)
    assert_refused(case, [one.name], "newest complete full")


def test_keep_minimum(case: Case, history: list[Path]) -> None:
    _, one, two, three = history
    assert_refused(case, [one.name, two.name, three.name], "keep_minimum is 2", keep_minimum=2)
    assert not expire(case, [two.name, three.name], keep_minimum=2).failed
    assert len(case.published()) == 2


def test_a_set_that_another_one_needs(case: Case, history: list[Path]) -> None:
    _, one, *_ = history
    logs = copy_set(one, datetime.now(timezone.utc) - DAY / 2, "logs", prior=one.name)
    assert_refused(case, [one.name], f"is needed by '{logs.name}'")
    run = expire(case, [logs.name, one.name])
    assert not run.failed and run.result["removed"] == [logs.name, one.name]


def test_the_full_set_that_an_unreadable_logs_set_may_need(case: Case, history: list[Path]) -> None:
    _, one, two, three = history
    logs = copy_set(two, datetime.now(timezone.utc) - 1.5 * DAY, "logs", prior=two.name)
    (logs / "manifest.json").unlink()
    assert_refused(case, [three.name, two.name], f"'{two.name}' may be needed by '{logs.name}'")
    run = expire(case, [three.name, one.name])
    assert not run.failed and run.result["removed"] == [three.name, one.name]


def test_an_unreadable_logs_set_before_every_full_set_holds_none(case: Case, history: list[Path]) -> None:
    logs = copy_set(history[3], datetime.now(timezone.utc) - 9 * DAY, "logs", prior=history[3].name)
    (logs / "manifest.json").unlink()
    assert not expire(case, [history[3].name]).failed


@pytest.mark.parametrize("label", ["20200101T000000Z-full", "notes", "..", r"..\other", ".staging"])
def test_a_name_that_is_no_set_of_the_repository(case: Case, history: list[Path], label: str) -> None:
    (case.repository / "notes").mkdir()
    (case.destination / "other").mkdir()
    assert_refused(case, [history[1].name, label], "is not in the repository")


def test_an_unreadable_set(case: Case, history: list[Path]) -> None:
    (history[1] / "manifest.json").unlink()
    assert_refused(case, [history[1].name], "has no readable manifest")


def test_a_set_under_another_name(case: Case, history: list[Path]) -> None:
    moved = history[1].rename(history[1].with_name("20250101T000000Z-full"))
    assert_refused(case, [moved.name], "has no readable manifest")


def test_the_repository_of_another_ca(case: Case, history: list[Path]) -> None:
    for folder in history:
        document = sets.manifest(folder)
        write_manifest(folder, {**document, "ca": {**document["ca"], "host": "ca99.lab.example"}})
    assert_refused(case, [history[1].name], "belongs to the CA")


def test_a_repository_that_another_ca_takes_while_the_lock_is_awaited(case: Case, history: list[Path]) -> None:
    """Simulated by a newest set of another host that only the first look at the repository cannot read."""
    document = sets.manifest(history[0])
    write_manifest(history[0], {**document, "ca": {**document["ca"], "host": "ca99.lab.example"}})
    case.faults(Fault(f"NtReadFile@{history[0].name}\\manifest.json", 1, "corrupt"))
    run = expire(case, [history[3].name])
    assert run.failed and "belongs to the CA" in run.message, run.message
    assert run.result["removed"] == [] and history[3].is_dir()


def test_the_repository_of_a_ca_that_moved_here(case: Case, history: list[Path]) -> None:
    for folder in history:
        document = sets.manifest(folder)
        write_manifest(folder, {**document, "ca": {**document["ca"], "host": "old.lab.example"}})
    assert_refused(case, [history[3].name], "previous_host")
    run = expire(case, [history[3].name], previous_host="old.lab.example")
    assert not run.failed and run.result["removed"] == [history[3].name]


@pytest.mark.substitute("links")
def test_a_reparse_point(case: Case, history: list[Path]) -> None:
    case.engine.linux_path(r"C:\LabCA\reparse.txt").write_text(
        rf"C:\Backup\{case.ca.folder_name}\{history[1].name}" + "\n", encoding="utf-8"
    )
    assert_refused(case, [history[1].name], "reparse point")


def test_without_the_action_plugin(case: Case, history: list[Path]) -> None:
    run = case.module("expire", keep_last=1)
    assert run.failed and "action plugin" in run.message
    assert len(case.published()) == 4


def test_a_locked_repository(case: Case, history: list[Path]) -> None:
    lock = rf"C:\Backup\{case.ca.folder_name}\.lock"
    case.worker.script(f"$global:held = [IO.File]::Open('{lock}', 'OpenOrCreate', 'ReadWrite', 'Read')")
    try:
        assert_refused(case, [history[1].name], "holds the repository")
    finally:
        case.worker.script("$global:held.Dispose()")
        (case.repository / ".lock").unlink()


@pytest.mark.parametrize(
    "moment",
    [
        Fault(r"NtSetInformationFile@expired", 1, "crash"),
        Fault(r"NtSetInformationFile@expired", 1, "crash_after"),
    ],
    ids=["before the rename", "after the rename"],
)
def test_an_interrupted_deletion_is_whole_or_not_at_all(case: Case, history: list[Path], moment: Fault) -> None:
    _, one, two, three = history
    case.faults(moment)
    with pytest.raises(WorkerDied):
        expire(case, [three.name, two.name])
    case.faults()
    case.ca.clear_journal()
    assert [sets.problems(folder) for folder in case.published()] in ([[]] * 3, [[]] * 4)
    listed = case.module("backup_info")
    due = [entry["label"] for entry in listed.result["sets"] if entry["label"] in (two.name, three.name)]
    assert not expire(case, due).failed
    case.assert_clean()
    assert [folder.name for folder in case.published()] == [one.name, history[0].name]


def test_an_older_expired_set_that_cannot_be_deleted_stops_no_expiry(case: Case, history: list[Path]) -> None:
    _, one, two, three = history
    stuck = case.repository / ".staging" / "20260101T000000Z-full.expired"
    stuck.mkdir(parents=True)
    (stuck / "half.edb").write_bytes(b"half")
    case.faults(
        *[Fault(f"{call}@{stuck.name}", "*", "hresult", "0xC0000043") for call in ("NtCreateFile", "NtOpenFile")]
    )
    run = expire(case, [three.name, two.name])
    assert not run.failed, run.message
    assert run.result["removed"] == [three.name, two.name] and stuck.is_dir()
    (warning,) = [words for words in run.result["warnings"] if ".expired" in words]
    assert stuck.name in warning and "could not be deleted" in warning

    case.faults()
    case.ca.clear_journal()
    run = expire(case, [one.name])
    assert not run.failed and run.result.get("warnings", []) == [] and not stuck.exists()
    case.assert_clean()


def test_a_set_that_cannot_be_deleted_is_the_one_that_is_named(case: Case, history: list[Path]) -> None:
    _, _, two, three = history
    stuck = f"{three.name}.expired"
    case.faults(*[Fault(f"{call}@{stuck}", "*", "hresult", "0xC0000043") for call in ("NtCreateFile", "NtOpenFile")])
    run = expire(case, [three.name, two.name])
    assert run.failed and f"1 set could not be deleted in full: {three.name}: " in run.message, run.message
    assert run.result["removed"] == [three.name, two.name] and not two.is_dir()


def test_the_next_backup_finishes_a_deletion(case: Case, history: list[Path]) -> None:
    case.faults(Fault(r"NtSetInformationFile@expired", 1, "crash_after"))
    with pytest.raises(WorkerDied):
        expire(case, [history[3].name])
    case.faults()
    case.ca.clear_journal()
    run = case.backup()
    assert not run.failed, run.message
    case.assert_clean()
    assert len(case.published()) == 4


def test_foreign_things_are_never_touched(case: Case, history: list[Path]) -> None:
    foreign = [case.repository / "notes", case.repository / ".staging" / "mine"]
    for folder in foreign:
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text("mine")
    shutil.copytree(history[1], case.repository / "20260101T000000Z-full.bak")
    assert not expire(case, [history[3].name]).failed
    assert all((folder / "a.txt").read_text() == "mine" for folder in foreign)
    assert json.loads((case.repository / "20260101T000000Z-full.bak" / "manifest.json").read_bytes())

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way out of a full disk needs no disk, and what is hard to delete stops nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from helpers.component.case import Case
from helpers.component.expiry import expire, names
from helpers.component.fabricate import copy_set

DAY = timedelta(days=1)
# ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL, ERROR_DISK_QUOTA_EXCEEDED as NTSTATUS
FULL = {"disk": "0xC000007F", "quota": "0xC0000044"}


@pytest.fixture
def history(case: Case) -> list[Path]:
    """Four full sets of four days, newest first, none sharing a file with another."""
    assert not case.backup().failed
    newest = case.only_set()
    now = datetime.now(timezone.utc).replace(microsecond=0)
    case.ca.clear_journal()
    return [newest, *(copy_set(newest, now - n * DAY) for n in (1, 2, 3))]


def size_of(folder: Path) -> int:
    return sum(file["size"] for file in sets.manifest(folder)["files"])


def stuck(folder: Path) -> list[Fault]:
    """A set that another program has open once it is to be deleted."""
    return [
        Fault(f"{call}@{folder.name}.expired", "*", "hresult", "0xC0000043") for call in ("NtCreateFile", "NtOpenFile")
    ]


@pytest.mark.parametrize("code", FULL.values(), ids=FULL)
def test_every_write_says_that_the_disk_is_full(case: Case, history: list[Path], code: str) -> None:
    newest, one, two, three = history
    size = size_of(newest)
    case.faults(Fault(f"NtWriteFile@{case.repository.name}", "*", "hresult", code))
    run = expire(case, [three.name, two.name])
    assert not run.failed, run.message
    assert run.result["removed"] == [three.name, two.name] and run.result["bytes_freed"] == 2 * size
    assert names(case) == sorted([newest.name, one.name])
    assert [warning for warning in run.result["warnings"] if "is full" in warning]
    assert run.result["free_bytes_before"] > 0 and run.result["free_bytes_after"] > 0


def test_read_only_files_go(case: Case, history: list[Path]) -> None:
    newest, one, two, three = history
    for path in sorted(three.rglob("*")):
        path.chmod(0o444 if path.is_file() else 0o555)
    run = expire(case, [three.name, two.name])
    assert not run.failed, run.message
    assert names(case) == sorted([newest.name, one.name]) and run.result["bytes_freed"] == 2 * size_of(newest)


def test_a_set_that_cannot_be_deleted_does_not_stop_the_others(case: Case, history: list[Path]) -> None:
    newest, one, two, three = history
    size = size_of(newest)
    case.faults(*stuck(three))
    run = expire(case, [three.name, two.name, one.name])
    assert run.failed and run.message.startswith(f"1 set could not be deleted in full: {three.name}: "), run.message
    assert run.result["removed"] == [three.name, two.name, one.name] and run.result["changed"] is True
    assert run.result["bytes_freed"] == 2 * size, "what is still on the disk is not freed"
    assert names(case) == sorted([newest.name, ".staging"])
    assert [path.name for path in (case.repository / ".staging").iterdir()] == [f"{three.name}.expired"]


def test_what_was_left_goes_with_the_next_run(case: Case, history: list[Path]) -> None:
    newest, one, two, three = history
    size = size_of(newest)
    case.faults(*stuck(three))
    assert expire(case, [three.name]).failed
    case.faults()
    run = expire(case, [two.name])
    assert not run.failed and run.result["bytes_freed"] == 2 * size
    assert names(case) == sorted([newest.name, one.name])


def test_what_was_left_goes_when_nothing_is_due(case: Case, history: list[Path]) -> None:
    newest, one, two, three = history
    size = size_of(newest)
    three.rename(three.with_name(f"{three.name}.expired"))
    for check_mode in (True, False):
        run = expire(case, [], check_mode=check_mode)
        assert not run.failed and run.result["changed"] is True and run.result["removed"] == [], run.message
        assert run.result["bytes_freed"] == size
        (entry,) = run.result["leftovers"]
        assert (entry["label"], entry["action"]) == (f"{three.name}.expired", "discarded")
        assert names(case) == sorted([newest.name, one.name, two.name, *[f"{three.name}.expired"] * check_mode])
    again = expire(case, [])
    assert again.result["changed"] is False and again.result["leftovers"] == []


def test_a_file_that_is_open_for_a_moment_stops_nothing(case: Case, history: list[Path]) -> None:
    newest, one, two, three = history
    file, folder = rf"{three.name}.expired\DataBase\certbkxp.dat", rf"{two.name}.expired\DataBase"
    case.faults(
        *(
            Fault(f"{call}@{path}", 1, "hresult", "0xC0000043")
            for call, path in (("NtCreateFile", file), ("NtOpenFile", folder))
        )
    )
    run = expire(case, [three.name, two.name])
    assert not run.failed, run.message
    assert len(case.journal().faults) == 2
    assert names(case) == sorted([newest.name, one.name])


def test_one_busy_file_does_not_keep_the_rest_of_its_set(case: Case, history: list[Path]) -> None:
    newest, _, two, three = history
    (three / "@eaDir").mkdir()
    (three / "@eaDir" / "index").write_bytes(b"12345")
    case.faults(
        *(Fault(f"{call}@eaDir\\index", "*", "hresult", "0xC0000043") for call in ("NtCreateFile", "NtOpenFile"))
    )
    run = expire(case, [three.name, two.name])
    assert run.failed and f"1 set could not be deleted in full: {three.name}: " in run.message, run.message
    assert run.result["bytes_freed"] == 2 * size_of(newest)
    left = case.repository / ".staging" / f"{three.name}.expired"
    assert [path.relative_to(left).as_posix() for path in sorted(left.rglob("*"))] == ["@eaDir", "@eaDir/index"]


def test_what_a_later_pass_deleted_is_deleted(case: Case, history: list[Path]) -> None:
    newest, one, two, three = history
    case.faults(Fault(rf"NtCreateFile@{three.name}.expired\DataBase\certbkxp.dat", 1, "hresult", "0xC0000185"))
    run = expire(case, [three.name, two.name, one.name])
    assert not run.failed, run.message
    assert run.result["bytes_freed"] == 3 * size_of(newest) and names(case) == [newest.name]
    assert len(case.journal().faults) == 1


@pytest.mark.parametrize("place", [".staging", ""])
def test_what_is_left_of_a_set_makes_room_for_one_of_its_name(case: Case, history: list[Path], place: str) -> None:
    newest, one, two, three = history
    left = case.repository / place / f"{three.name}.expired"
    left.mkdir(parents=True)
    (left / "half.edb").write_bytes(b"half")
    run = expire(case, [three.name])
    assert not run.failed, run.message
    assert names(case) == sorted([newest.name, one.name, two.name])
    assert run.result["bytes_freed"] == size_of(newest) + 4


def test_a_full_disk_has_no_room_for_staging(case: Case, history: list[Path]) -> None:
    newest, one, two, three = history
    case.faults(Fault("NtCreateFile@.staging", "*", "hresult", FULL["disk"]))
    run = expire(case, [three.name, two.name])
    assert not run.failed, run.message
    assert names(case) == sorted([newest.name, one.name])


def test_a_full_disk_refuses_the_rename_into_staging(case: Case, history: list[Path]) -> None:
    newest, one, two, three = history
    case.faults(Fault("NtSetInformationFile@-full -> ", "*", "hresult", FULL["disk"]))
    run = expire(case, [three.name])
    assert run.failed and names(case) == sorted([newest.name, one.name, two.name, three.name])
    case.faults(Fault("NtSetInformationFile@-full -> ", 1, "hresult", FULL["disk"]))
    run = expire(case, [three.name, two.name])
    assert not run.failed, run.message
    assert names(case) == sorted([newest.name, one.name])


@pytest.mark.parametrize(
    "fault",
    [
        Fault("NtWriteFile@manifest.json.new", 1, "hresult", FULL["disk"]),
        Fault("NtWriteFile@manifest.json.new", 2, "hresult", FULL["quota"]),
        Fault("NtSetInformationFile@-full -> ", 1, "hresult", FULL["disk"]),
        Fault("NtWriteFile@DataBase", 1, "hresult", FULL["disk"]),
    ],
    ids=["first manifest", "last manifest", "rename", "copy"],
)
def test_a_backup_names_the_way_out(case: Case, fault: Fault) -> None:
    case.faults(fault)
    run = case.backup()
    assert run.failed and case.published() == []
    assert run.message.count("the role's entry point expire deletes old sets") == 1, run.message


@pytest.mark.parametrize("function", ["CertSrvBackupRead", "CertSrvBackupPrepareW"])
def test_what_the_ca_answers_speaks_of_its_own_disk(case: Case, function: str) -> None:
    case.faults(Fault(function, 1, "hresult", "0x80070070"))
    run = case.backup()
    assert run.failed and "entry point expire" not in run.message, run.message


@pytest.mark.parametrize("parent", ["", ".staging"])
def test_a_set_that_is_not_deleted_in_full_is_a_leftover_and_goes(case: Case, history: list[Path], parent: str) -> None:
    newest, one, two, three = history
    left = case.repository / parent / f"{three.name}.expired"
    left.parent.mkdir(exist_ok=True)
    three.rename(left)
    (problem,) = case.module("backup_info").result["problems"]
    assert (problem["kind"], problem["path"].rpartition("\\")[2]) == ("leftover", left.name)
    assert "the next backup or expiry deletes it" in problem["message"]
    assert not expire(case, [two.name]).failed
    assert names(case) == sorted([newest.name, one.name])


def test_a_full_disk_has_no_room_for_a_lock(case: Case, history: list[Path]) -> None:
    case.faults(Fault("NtCreateFile@.lock", "*", "hresult", FULL["disk"]))
    before = names(case)
    run = expire(case, [history[3].name])
    assert run.failed and "the disk is full" in run.message and "Free a little space" in run.message, run.message
    assert names(case) == before


@pytest.mark.substitute("links")
@pytest.mark.parametrize("parent", ["", ".staging"])
def test_a_link_with_the_name_of_an_expired_set_is_not_followed(case: Case, history: list[Path], parent: str) -> None:
    folder = case.repository / parent / "20200101T000000Z-full.expired"
    folder.mkdir(parents=True)
    (folder / "precious.txt").write_text("mine", encoding="utf-8")
    inside = "\\".join(filter(None, [case.ca.folder_name, parent, folder.name]))
    case.engine.linux_path(r"C:\LabCA\reparse.txt").write_text(rf"C:\Backup\{inside}" + "\n", encoding="utf-8")
    run = expire(case, [history[3].name])
    assert run.result["removed"] == [history[3].name], run.message
    assert (folder / "precious.txt").read_text(encoding="utf-8") == "mine"

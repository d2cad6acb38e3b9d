# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a look finds stays beside the sets until a look with hashes says otherwise, and backup and expire obey it."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from helpers.component.case import DESTINATION, Case
from helpers.component.fabricate import copy_set, write_manifest
from helpers.component.findings import (
    alter,
    entry_of,
    expire,
    files_entry,
    kept,
    kinds,
    look,
    store,
    verdict,
    victim,
    write_store,
)
from helpers.component.worker import WorkerDied

DENIED, FULL = "0xC0000022", "0xC000007F"
NOW = datetime.now(timezone.utc).replace(microsecond=0)
LATER_KIND = {"kind": "rehearsed", "at": "2026-01-02T03:04:05Z", "steps": [{"n": 1}, None, True], "word": '\u00e9 \\ "'}
ODD_KIND = {
    "__type": "a:b",
    "kind": "rehearsed",
    "share": 0.25,
    "huge": 1 << 70,
    "tiny": -1e-300,
    "inner": {"__type": "", "n": [-0.0]},
}
STORE = "$store = Get-AdcsCaFindingStore -Repository (Get-AdcsCaRepository -Path '{}' -FolderName '{}');"
REMOVE = "Remove-AdcsCaFinding -Repository (Get-AdcsCaRepository -Path '{}' -FolderName '{}')"


# --- findings stay ---


def test_damage_that_hashes_show_stays_until_hashes_clear_it(small: Case, good: Path) -> None:
    content = alter(good)
    assert kinds(entry_of(look(small), good)) == [] and not store(good).exists()

    found = entry_of(look(small, "hashes"), good)
    assert kinds(found) == ["altered"] and verdict(found) == (True, False, False)
    (entry,) = kept(good)
    assert (entry["kind"], entry["depth"], entry["result"], entry["problem_count"]) == ("files", "hashes", "damaged", 1)
    assert entry["by"] == "adcs.ca 0.1.0" and entry["host"]
    assert entry["manifest_sha256"] == sets.manifest(good)["manifest_sha256"]
    (problem,) = entry["problems"]
    assert (problem["kind"], problem["path"]) == ("altered", r"DataBase\certbkxp.dat")
    before = store(good).read_bytes()
    facts = {
        "at": entry["at"],
        "by": entry["by"],
        "depth": "hashes",
        "result": "damaged",
        "problem_count": 1,
        "kept": True,
    }
    assert found["checked"] == facts and found["verified_at"] is None

    for repaired in (False, True):
        if repaired:
            victim(good).write_bytes(content)
        for depth in ("sizes", "none"):
            later = entry_of(look(small, depth), good)
            assert kinds(later) == ["found_earlier"] and verdict(later) == (True, False, False)
            (problem,) = later["problems"]
            assert (
                f"a look with hashes on {entry['at']} found 1 problem: 'DataBase\\certbkxp.dat'" in problem["message"]
            )
            assert "only a look with hashes can clear that" in problem["message"]
            assert later["checked"] == facts and later["verified_at"] is None
        assert store(good).read_bytes() == before

    cleared = entry_of(look(small, "hashes"), good)
    assert kinds(cleared) == [] and verdict(cleared) == (True, True, True)
    (entry,) = kept(good)
    assert (entry["depth"], entry["result"], entry["problem_count"], entry["problems"]) == ("hashes", "good", 0, [])
    assert cleared["checked"]["result"] == "good" and cleared["verified_at"] == entry["at"]
    later = entry_of(look(small), good)
    assert verdict(later) == (True, True, True) and later["verified_at"] == entry["at"]
    assert later["checked"] == {**facts, "at": entry["at"], "result": "good", "problem_count": 0}


def test_damage_that_sizes_show_stays_until_hashes_clear_it(small: Case, good: Path) -> None:
    look(small, "hashes")
    content = victim(good).read_bytes()
    victim(good).unlink()
    assert kinds(entry_of(look(small), good)) == ["missing"]
    assert [(entry["depth"], entry["result"]) for entry in kept(good)] == [("hashes", "good"), ("sizes", "damaged")]
    victim(good).write_bytes(content[:-1])
    assert kinds(entry_of(look(small), good)) == ["resized"]
    first, second = kept(good)
    assert (first["depth"], second["depth"]) == ("hashes", "sizes")
    assert [problem["kind"] for problem in second["problems"]] == ["resized"]
    victim(good).write_bytes(content)
    later = entry_of(look(small), good)
    assert kinds(later) == ["found_earlier"] and verdict(later) == (True, False, False)
    assert "a look with sizes on" in later["problems"][0]["message"]
    assert later["checked"]["result"] == "good" and later["verified_at"] is None
    assert verdict(entry_of(look(small, "hashes"), good)) == (True, True, True)
    assert [(entry["depth"], entry["result"]) for entry in kept(good)] == [("hashes", "good")]


def test_backup_and_expire_obey_a_finding(small: Case, good: Path) -> None:
    old = copy_set(good, NOW - timedelta(days=1))
    assert small.backup(max_age="1h").result["changed"] is False
    write_store(good, {"checks": [files_entry(good)]})
    write_store(old, {"checks": [files_entry(old, depth="sizes")]})
    run = expire(small, old)
    assert run.failed and set(small.published()) == {old, good}
    assert small.backup(max_age="1h", check_mode=True).result["changed"] is True
    assert small.backup(max_age="1h").result["changed"] is True
    assert len(small.published()) == 3
    # of the two that are left only one is good, and the newest complete full set never goes
    newest = small.published()[-1]
    assert expire(small, newest).failed and newest.exists()


def test_a_good_look_with_hashes_of_another_manifest_does_not_count(small: Case, good: Path) -> None:
    write_manifest(good, {**sets.manifest(good), "verified": False})
    assert verdict(entry_of(look(small), good)) == (True, True, False)
    assert verdict(entry_of(look(small, "hashes"), good)) == (True, True, True)
    assert verdict(entry_of(look(small), good)) == (True, True, True)
    write_manifest(good, {**sets.manifest(good), "note": "another"})
    later = entry_of(look(small), good)
    assert verdict(later) == (True, True, False) and later["checked"] is None and later["verified_at"] is None
    write_store(good, {"checks": [files_entry(good, result="good")]})
    later = entry_of(look(small), good)
    assert verdict(later) == (True, True, True) and later["verified_at"] == "2026-11-20T02:00:00Z"
    assert (later["checked"]["by"], later["checked"]["kept"]) == ("adcs.ca 0.0.9", True)
    write_store(good, {"checks": [files_entry(good, manifest_sha256="0" * 64)]})
    assert kinds(entry_of(look(small), good)) == ["found_earlier"]


def test_verified_has_the_date_of_the_backup_where_nobody_looked_since(small: Case, good: Path) -> None:
    entry = entry_of(look(small), good)
    assert entry["verified_at"] == sets.manifest(good)["finished"] and entry["checked"] is None
    assert not store(good).parent.exists()


def test_twenty_problems_are_kept_and_all_are_counted(small: Case, good: Path) -> None:
    names = [f"DataBase\\edb{number:05X}.log" for number in range(25)]
    document = sets.manifest(good)
    files = [{**document["files"][0], "path": name, "kind": "log"} for name in names]
    write_manifest(good, {**document, "files": document["files"][:1] + files})
    found = entry_of(look(small, "hashes"), good)
    missing = [name for name in names if not (good / "DataBase" / name.split("\\")[1]).exists()]
    assert kinds(found).count("missing") == len(missing) > 20
    (entry,) = kept(good)
    assert entry["problem_count"] >= len(missing) and len(entry["problems"]) == 20
    message = entry_of(look(small, "none"), good)["problems"][0]["message"]
    assert f"and {entry['problem_count'] - 3} more" in message


def test_verdicts_of_later_versions_are_kept_and_decide_nothing(small: Case, good: Path) -> None:
    others = [LATER_KIND, ODD_KIND, {"kind": "recoverable", "result": "damaged"}]
    write_store(good, {"checks": others})
    assert verdict(entry_of(look(small), good)) == (True, True, True)
    assert small.backup(max_age="1h").result["changed"] is False
    look(small, "hashes")
    assert kept(good)[:3] == others and kept(good)[3]["result"] == "good"
    alter(good)
    look(small, "hashes")
    victim(good).unlink()
    look(small)
    assert kept(good)[:3] == others
    assert [(entry["depth"], entry["result"]) for entry in kept(good)[3:]] == [
        ("hashes", "damaged"),
        ("sizes", "damaged"),
    ]


# --- what is no damage ---


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (DENIED, "unreadable"),
        ("0xC0000043", "unreadable"),  # STATUS_SHARING_VIOLATION
        ("0xC0000056", "unreadable"),  # STATUS_DELETE_PENDING
        ("0xC00000BE", "unreadable"),  # STATUS_BAD_NETWORK_PATH
        ("0xC00000C9", "unreadable"),  # STATUS_NETWORK_NAME_DELETED
        ("0xC00000CC", "unreadable"),  # STATUS_BAD_NETWORK_NAME
        ("0xC0000185", "unreadable"),  # STATUS_IO_DEVICE_ERROR
        ("0xC0000034", "missing"),  # STATUS_OBJECT_NAME_NOT_FOUND
        ("0xC000003A", "missing"),  # STATUS_OBJECT_PATH_NOT_FOUND
    ],
)
def test_only_a_file_that_windows_does_not_find_is_missing(small: Case, good: Path, status: str, kind: str) -> None:
    small.faults(Fault("NtQueryAttributesFile@certbkxp.dat", "*", "hresult", status))
    for depth in ("sizes", "hashes"):
        assert kinds(entry_of(look(small, depth), good)) == [kind]
    assert store(good).exists() is (kind == "missing")
    small.faults(Fault("NtQueryAttributesFile@manifest.json", "*", "hresult", status))
    (entry,) = look(small).result["sets"]
    assert "manifest" in kinds(entry) and entry["complete"] is False


def test_a_look_that_could_not_read_a_file_clears_nothing(small: Case, good: Path) -> None:
    content = alter(good)
    look(small, "hashes")
    before = store(good).read_bytes()
    victim(good).write_bytes(content)
    small.faults(Fault("NtCreateFile@certbkxp.dat", "*", "hresult", DENIED))
    entry = entry_of(look(small, "hashes"), good)
    assert kinds(entry) == ["found_earlier", "unreadable"] and entry["checked"]["result"] == "damaged"
    assert store(good).read_bytes() == before


@pytest.mark.parametrize("status", ["0xC000003F", "0xC0000185", "0xC0000470"], ids=["CRC", "device", "ReFS"])
def test_a_disk_that_lost_the_content_is_damage_that_stays(small: Case, good: Path, status: str) -> None:
    small.faults(Fault("NtReadFile@certbkxp.dat", "*", "hresult", status))
    found = entry_of(look(small, "hashes"), good)
    assert kinds(found) == ["altered"] and "cannot be read" in found["problems"][0]["message"]
    small.faults()
    later = entry_of(look(small), good)
    assert kinds(later) == ["found_earlier"] and later["complete"] is False
    assert kinds(entry_of(look(small, "hashes"), good)) == []


def test_a_folder_in_the_place_of_a_file_is_damage(small: Case, good: Path) -> None:
    victim(good).unlink()
    victim(good).mkdir()
    assert kinds(entry_of(look(small), good)) == ["altered"]
    assert [entry["result"] for entry in kept(good)] == ["damaged"]


def test_a_set_without_a_readable_manifest_gets_no_entry(small: Case, good: Path) -> None:
    (good / "manifest.json").unlink()
    entry = entry_of(look(small, "hashes"), good)
    assert kinds(entry) == ["manifest"] and entry["judged"] is True and not store(good).exists()


def test_a_set_that_went_away_meanwhile_is_not_damaged(small: Case, good: Path) -> None:
    shutil.move(good, small.destination / "aside")
    (answer,) = small.worker.script(STORE.format(DESTINATION, small.ca.folder_name) + rf"""
        $set = @{{ label = '{good.name}'; path = 'C:\Backup\{small.ca.folder_name}\{good.name}' }}
        $check = @{{ depth = 'sizes'; manifest_sha256 = '{sets.manifest(small.destination / "aside")["manifest_sha256"]}' }}
        $kept = Save-AdcsCaCheck -Store $store -Set $set -Before @{{ checks = @() }} -Check $check
        "$kept $($store.failures.Count)"
    """)
    assert answer == "False 0" and not store(good).parent.exists()


def test_damage_found_while_a_look_with_hashes_went_on_is_not_replaced(small: Case, good: Path) -> None:
    write_store(good, {"checks": [files_entry(good, depth="sizes")]})
    path = rf"C:\Backup\{small.ca.folder_name}\{good.name}"
    script = STORE.format(DESTINATION, small.ca.folder_name) + rf"""
        $set = Read-AdcsCaSet -Path '{path}' -Depth hashes
        $check = New-AdcsCaCheck -Set $set -Depth hashes
        Save-AdcsCaCheck -Store $store -Set $set -Before @{{ checks = @(BEFORE) }} -Check $check
    """
    small.worker.script(script.replace("BEFORE", ""))
    assert [(entry["depth"], entry["result"]) for entry in kept(good)] == [("sizes", "damaged"), ("hashes", "good")]
    small.worker.script(script.replace("BEFORE", f"(Get-AdcsCaFinding -Store $store -Label '{good.name}').checks"))
    assert [(entry["depth"], entry["result"]) for entry in kept(good)] == [("hashes", "good")]


# --- nothing is written ---


@pytest.mark.parametrize("depth", ["none", "sizes", "hashes"])
def test_check_mode_keeps_nothing(small: Case, good: Path, depth: str) -> None:
    victim(good).unlink()
    before = sets.snapshot(small.destination)
    run = look(small, depth, check_mode=True)
    assert sets.snapshot(small.destination) == before and run.result.get("warnings", []) == []
    checked = entry_of(run, good)["checked"]
    assert (checked and (checked["result"], checked["kept"])) == (("damaged", False) if depth == "hashes" else None)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("NtCreateFile@.checks", "*", "hresult", DENIED), "denied"),
        (Fault("NtCreateFile@.json.", "*", "hresult", DENIED), "E_ACCESSDENIED"),
        (Fault("NtCreateFile@.json.", "*", "hresult", FULL), "ERROR_DISK_FULL"),
        (Fault("NtWriteFile@.json.", "*", "hresult", FULL), "ERROR_DISK_FULL"),
        (Fault("NtFlushBuffersFile@.json.", "*", "hresult", "0xC0000185"), ""),
        (Fault("NtWriteFile@.json.", "*", "corrupt"), "not stored as it was written"),
    ],
    ids=["folder", "file", "new", "full", "flush", "corrupt"],
)
def test_findings_that_cannot_be_written_are_told_once(small: Case, good: Path, fault: Fault, words: str) -> None:
    sets_of = [good, *(copy_set(good, NOW - timedelta(days=day)) for day in range(1, 6))]
    alter(sets_of[2])
    small.faults(fault)
    run = look(small, "hashes")
    (warning,) = run.result["warnings"]
    assert warning.startswith("The findings of 6 sets were not kept: ") and words in warning
    for folder in sets_of:
        entry = entry_of(run, folder)
        assert entry["checked"]["kept"] is False and entry["judged"] is True
        assert entry["checked"]["result"] == ("damaged" if folder == sets_of[2] else "good")
    checks = good.parent / ".checks"
    assert not checks.exists() or list(checks.iterdir()) == []
    small.faults()
    assert "warnings" not in look(small, "hashes").result
    assert [entry["result"] for entry in kept(sets_of[2])] == ["damaged"]


@pytest.mark.parametrize("call", ["NtWriteFile", "NtFlushBuffersFile", "NtSetInformationFile"])
def test_a_look_that_dies_while_it_writes_loses_no_finding(small: Case, good: Path, call: str) -> None:
    content = alter(good)
    look(small, "hashes")
    before = store(good).read_bytes()
    victim(good).write_bytes(content)
    small.faults(Fault(f"{call}@.json", 1, "crash"))
    with pytest.raises(WorkerDied):
        look(small, "hashes")
    small.faults()
    assert store(good).read_bytes() == before
    assert kinds(entry_of(look(small), good)) == ["found_earlier"]
    left = [path for path in store(good).parent.iterdir() if path.suffix == ".new"]
    for path in left:
        os.utime(path, (0, 0))
    small.worker.script(REMOVE.format(DESTINATION, small.ca.folder_name))
    assert len(left) == 1 and list(store(good).parent.iterdir()) == [store(good)]


def test_the_folder_is_no_stray(small: Case, good: Path) -> None:
    look(small, "hashes")
    assert look(small).result["problems"] == []


# --- what is left when a set is gone ---


def test_findings_of_sets_that_were_deleted_are_deleted(small: Case, good: Path) -> None:
    sets_of = {
        name: copy_set(good, NOW - timedelta(days=day)) for day, name in enumerate(("gone", "away", "old", "bad"), 1)
    }
    stays = copy_set(good, NOW - timedelta(days=9))
    alter(sets_of["bad"])
    look(small, "hashes")
    for name, folder in sets_of.items():
        shutil.rmtree(folder)
        if name in ("old", "bad"):
            os.utime(store(folder), (0, 0))
    checks = good.parent / ".checks"
    store(sets_of["gone"]).chmod(0o444)
    (checks / f"{sets_of['gone'].name}.json.0123456789ab.new").write_bytes(b"x")
    (checks / f"{stays.name}.json.0123456789ab.new").write_bytes(b"being written")
    (checks / "notes.txt").write_bytes(b"not ours")
    small.worker.script(REMOVE.format(DESTINATION, small.ca.folder_name) + f" -Label '{sets_of['gone'].name}'")
    assert {path.name for path in checks.iterdir()} == {
        f"{good.name}.json",
        f"{stays.name}.json",
        f"{stays.name}.json.0123456789ab.new",
        # moved away for a while, and one that says that a set is damaged
        f"{sets_of['away'].name}.json",
        f"{sets_of['bad'].name}.json",
        "notes.txt",
    }


def test_sets_whose_findings_cannot_be_used_silence_no_other(small: Case, good: Path) -> None:
    history = [good, *(copy_set(good, NOW - timedelta(days=number)) for number in range(1, 5))]
    for folder in history[:4]:
        write_store(folder, {"schema": 2})
    alter(history[4])
    look(small, "hashes")
    assert verdict(entry_of(look(small, "sizes"), history[4])) == (True, False, False)

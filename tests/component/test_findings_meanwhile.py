# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks need no lock: what another look, or a later version, writes while one goes on is not lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from helpers.component.case import DESTINATION, Case
from helpers.component.findings import alter, entry_of, files_entry, kept, kinds, look, store, victim, write_store

BUSY = "0xC0000043"
SLOW = Fault("NtFlushBuffersFile@.json.", "*", "slow", 2000)


@contextmanager
def meanwhile(good: Path, write: Callable[[], object], *, times: int = 1) -> Iterator[list[Path]]:
    """Write when a look flushes its file, for so many of its files; give the list of those seen."""
    seen: list[Path] = []
    ended = threading.Event()

    def watch() -> None:
        while len(seen) < times and not ended.is_set():
            for path in sorted(store(good).parent.glob("*.new")):
                if path not in seen:
                    seen.append(path)
                    write()
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join(timeout=60)


def test_damage_that_another_look_wrote_stays(small: Case, good: Path) -> None:
    look(small, "hashes")
    small.faults(SLOW)
    damaged = files_entry(good, depth="sizes")
    with meanwhile(good, lambda: write_store(good, {"checks": [damaged]})) as seen:
        look(small, "hashes")
    assert len(seen) == 1
    assert [(entry["depth"], entry["result"]) for entry in kept(good)] == [("sizes", "damaged"), ("hashes", "good")]
    assert kinds(entry_of(look(small), good)) == ["found_earlier"]


def test_a_verdict_of_a_later_version_stays(small: Case, good: Path) -> None:
    small.faults(SLOW)
    later = {"kind": "rehearsed", "result": "good"}
    with meanwhile(good, lambda: write_store(good, {"checks": [later]})) as seen:
        look(small, "hashes")
    assert len(seen) == 1 and kept(good)[0] == later and kept(good)[1]["result"] == "good"


def test_a_store_of_a_newer_version_stays(small: Case, good: Path) -> None:
    look(small, "hashes")
    small.faults(SLOW)
    written: list[bytes] = []
    with meanwhile(good, lambda: written.append(write_store(good, {"schema": 2}))):
        run = look(small, "hashes")
    assert [store(good).read_bytes()] == written
    (warning,) = run.result["warnings"]
    assert warning.startswith("The findings of 1 set were not kept: ") and "newer version" in warning
    assert [path.name for path in store(good).parent.iterdir()] == [store(good).name]


def test_a_store_that_vanished_is_written_anew(small: Case, good: Path) -> None:
    look(small, "hashes")
    alter(good)
    small.faults(SLOW)
    with meanwhile(good, store(good).unlink) as seen:
        look(small, "hashes")
    assert len(seen) == 1 and [entry["result"] for entry in kept(good)] == ["damaged"]


def test_a_look_that_others_come_before_again_and_again_says_so(small: Case, good: Path) -> None:
    small.faults(SLOW)
    count = iter(range(100))

    def write() -> None:
        write_store(good, {"checks": [{"kind": "copied", "n": next(count)}]})

    with meanwhile(good, write, times=100) as seen:
        run = look(small, "hashes")
    (warning,) = run.result["warnings"]
    assert "other looks wrote" in warning and len(seen) == 5
    assert kept(good) == [{"kind": "copied", "n": 4}]
    assert entry_of(run, good)["checked"]["kept"] is False


@pytest.mark.parametrize("depth", ["sizes", "hashes"])
def test_damage_is_kept_while_the_manifest_is_busy(small: Case, good: Path, depth: str) -> None:
    victim(good).unlink()
    # the first one is the look's own
    small.faults(Fault("NtCreateFile@manifest.json", 3, "hresult", BUSY))
    look(small, depth)
    assert len(small.journal().faults) == 1
    assert [(entry["depth"], entry["result"]) for entry in kept(good)] == [(depth, "damaged")]


def test_a_set_that_another_one_replaced_gets_no_entry(small: Case, good: Path) -> None:
    (answer,) = small.worker.script(rf"""
        $store = Get-AdcsCaFindingStore -Repository (Get-AdcsCaRepository -Path '{DESTINATION}' -FolderName '{small.ca.folder_name}')
        $set = Read-AdcsCaSet -Path 'C:\Backup\{small.ca.folder_name}\{good.name}' -Depth sizes
        $check = @{{ depth = 'sizes'; manifest_sha256 = 'of the set that was looked at' }}
        $kept = Save-AdcsCaCheck -Store $store -Set $set -Before @{{ checks = @() }} -Check $check
        "$kept $($store.failures.Count)"
    """)
    assert answer == "False 0" and not store(good).exists()


def test_what_a_look_could_not_read_keeps_its_entry(small: Case, good: Path) -> None:
    first, second = (good / file["path"].replace("\\", "/") for file in sets.manifest(good)["files"][:2])
    problem = {"kind": "altered", "path": str(first.relative_to(good)).replace("/", "\\"), "message": "it was altered"}
    write_store(good, {"checks": [files_entry(good, problems=[problem])]})
    second.unlink()
    small.faults(*(Fault(f"{call}@{first.name}", "*", "hresult", BUSY) for call in ("NtCreateFile", "NtOpenFile")))
    look(small, "hashes")
    assert [one["message"] for one in kept(good)[0]["problems"]] == ["it was altered"]
    assert len(kept(good)) == 2
    look(small, "hashes")
    assert len(kept(good)) == 2, "a second look of this kind adds nothing"
    small.faults()
    look(small, "hashes")
    (entry,) = kept(good)
    assert [one["kind"] for one in entry["problems"]] == ["missing"]

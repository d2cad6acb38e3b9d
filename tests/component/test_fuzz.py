# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Spoilt manifests: ``backup_info`` and ``backup`` neither stop at one, nor follow it, nor delete its set.

All of them lie in one repository at once, so that each would also hide the others. FUZZ_SEED and FUZZ_COUNT choose the random ones.
"""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from adcs_lab import sets
from helpers.component import invariants
from helpers.component.case import Case
from helpers.component.fabricate import copy_set
from helpers.component.findings import without_findings
from helpers.component.tampering import everything

SEED = int(os.environ.get("FUZZ_SEED", "20261124"))
COUNT = int(os.environ.get("FUZZ_COUNT", "25"))
HOUR = timedelta(hours=1)
RUN_TIMEOUT_S = 300.0


@pytest.fixture
def good(case: Case) -> Path:
    """A set that nobody tampers with."""
    case.ca.reset(**invariants.SMALL_CA)
    assert not case.backup().failed
    (case.destination / "canary.bin").write_bytes(b"nobody reads this")
    return case.only_set()


def files_of(folder: Path, state: str) -> list[dict[str, Any]]:
    """Return the entries of the manifest in this state: dynamic files come after the copy."""
    return [file for file in sets.manifest(folder)["files"] if state == "complete" or file["kind"] != "dynamic"]


def spoil(case: Case, good: Path, *, state: str) -> dict[str, str]:
    """Make a spoilt copy of a set for every way of tampering; return what was done to which label."""
    print(f"FUZZ_SEED={SEED} FUZZ_COUNT={COUNT}")
    day = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=60)
    done = {}
    ways = everything(SEED, COUNT, sets.manifest(good), case.destination / "canary.bin")
    changes = {"state": state, "files": files_of(good, state)}
    for number, (name, tamper) in enumerate(ways):
        folder = copy_set(good, day + number * HOUR, **changes)
        tamper(folder)
        done[folder.name] = name
    return done


def folders(parent: Path, labels: dict[str, str]) -> dict[str, dict[str, tuple[int, int, str]]]:
    return {name: sets.snapshot(parent / label) for label, name in labels.items()}


def test_tampering_is_the_same_for_the_same_seed(case: Case, good: Path) -> None:
    canary = case.destination / "canary.bin"
    names = [[name for name, _ in everything(SEED, 5, sets.manifest(good), canary)] for _ in range(2)]
    assert names[0] == names[1] and len(set(names[0])) == len(names[0]) > 300


@pytest.mark.parametrize("verify", ["none", "hashes"])
def test_spoilt_sets_are_listed_and_hide_nothing(case: Case, good: Path, verify: str) -> None:
    done = spoil(case, good, state="complete")
    before = sets.snapshot(case.destination)
    run = case.module("backup_info", verify=verify, timeout_s=RUN_TIMEOUT_S)
    assert not run.failed, run.message
    after = sets.snapshot(case.destination)
    if verify == "hashes":
        before, after = without_findings(case, before), without_findings(case, after)
    assert after == before
    listed = {entry["label"]: entry for entry in run.result["sets"]}
    assert set(listed) == {good.name, *done}
    if verify == "hashes":
        assert listed[good.name]["complete"] is True and listed[good.name]["problems"] == []
        wrong = [
            name for label, name in done.items() if listed[label]["complete"] and sets.problems(case.repository / label)
        ]
        assert wrong == []
        assert [name for label, name in done.items() if name.startswith("the path") and listed[label]["complete"]] == []
    intact = {label for label in done if not [p for p in listed[label]["problems"] if p["kind"] == "manifest"]}
    assert [done[label] for label in intact if not is_intact(case.repository / label)] == []
    if verify == "hashes":
        findings = {path.name.split(".")[0] for path in (case.repository / ".checks").iterdir()}
        assert findings == {label for label in listed if listed[label]["checked"]}
        assert findings <= intact | {good.name}


def is_intact(folder: Path) -> bool:
    """Say whether the independent reader takes the manifest for whole: its own hash is right, and it is about this set."""
    try:
        found = sets.problems(folder)
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return False
    return not [problem for problem in found if problem.startswith(("no ", "manifest ", "label "))]


def test_a_backup_beside_spoilt_sets(case: Case, good: Path) -> None:
    done = spoil(case, good, state="complete")
    before = folders(case.repository, done)
    run = case.backup(timeout_s=RUN_TIMEOUT_S)
    assert not run.failed, run.message
    assert folders(case.repository, done) == before
    assert sets.problems(case.repository / run.result["label"]) == [] and sets.problems(good) == []
    again = case.backup(max_age="1h", timeout_s=RUN_TIMEOUT_S)
    assert not again.failed and again.result["changed"] is False
    assert folders(case.repository, done) == before


def test_spoilt_copied_sets_are_never_deleted(case: Case, good: Path) -> None:
    done = spoil(case, good, state="copied")
    staging = case.repository / ".staging"
    staging.mkdir()
    for label in done:
        (case.repository / label).rename(staging / label)
    before = folders(staging, done)
    stored = {label: (staging / label / "DataBase" / "certbkxp.dat").read_bytes() for label in done}

    run = case.backup(timeout_s=RUN_TIMEOUT_S)
    assert not run.failed, run.message
    actions = {entry["label"]: entry["action"] for entry in run.result["leftovers"]}
    assert set(actions) == set(done)
    assert [done[label] for label, action in actions.items() if action == "discarded"] == ["missing"]
    for label, action in actions.items():
        if action == "kept":
            assert sets.snapshot(staging / label) == before[done[label]], done[label]
        elif action == "adopted":
            assert sets.problems(case.repository / label) == [], done[label]
            assert (case.repository / label / "DataBase" / "certbkxp.dat").read_bytes() == stored[label]
    assert (case.destination / "canary.bin").read_bytes() == b"nobody reads this"
    listed = case.module("backup_info", timeout_s=RUN_TIMEOUT_S)
    assert not listed.failed
    kept = [label for label, action in actions.items() if action == "kept"]
    assert len([p for p in listed.result["problems"] if p["kind"] == "leftover"]) == len(kept)


def test_spoilt_sets_of_a_dead_run_do_not_stop_one_another(case: Case, good: Path) -> None:
    """One copied set among spoilt ones is finished all the same."""
    done = spoil(case, good, state="copied")
    staging = case.repository / ".staging"
    staging.mkdir()
    chosen = random.Random(SEED).sample(sorted(done), 20)
    for label in done:
        if label in chosen:
            (case.repository / label).rename(staging / label)
    day = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=90)
    whole = copy_set(good, day, state="copied", files=files_of(good, "copied"))
    whole.rename(staging / whole.name)
    run = case.backup(timeout_s=RUN_TIMEOUT_S)
    assert not run.failed, run.message
    assert {"label": whole.name, "action": "adopted"}.items() <= next(
        entry for entry in run.result["leftovers"] if entry["label"] == whole.name
    ).items()
    assert sets.problems(case.repository / whole.name) == []

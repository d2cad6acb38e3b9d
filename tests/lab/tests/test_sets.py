# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The independent reader sees what is wrong with a set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from adcs_lab import sets

LABEL = "20261122T213900Z-full"


def make_set(folder: Path) -> Path:
    """Write a small good set and return its folder."""
    target = folder / LABEL
    (target / "DataBase").mkdir(parents=True)
    content = b"database"
    (target / "DataBase" / "a.edb").write_bytes(content)
    document = {
        "files": [
            {"path": "DataBase\\a.edb", "kind": "database", "size": 8, "sha256": hashlib.sha256(content).hexdigest()}
        ],
        "label": LABEL,
        "schema": 1,
        "state": "complete",
    }
    without = (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()
    document["manifest_sha256"] = hashlib.sha256(without).hexdigest()
    (target / "manifest.json").write_bytes((json.dumps(document, indent=2, sort_keys=True) + "\n").encode())
    return target


def test_a_good_set_has_no_problems(tmp_path: Path) -> None:
    target = make_set(tmp_path)
    assert sets.published(tmp_path) == [target]
    assert sets.problems(target) == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda s: (s / "manifest.json").unlink(), "no manifest"),
        (lambda s: (s / "manifest.json").write_bytes((s / "manifest.json").read_bytes() + b" "), "manifest altered"),
        (lambda s: (s / "DataBase" / "a.edb").unlink(), r"DataBase\a.edb missing"),
        (lambda s: (s / "DataBase" / "a.edb").write_bytes(b"short"), r"DataBase\a.edb has 5 bytes, not 8"),
        (lambda s: (s / "DataBase" / "a.edb").write_bytes(b"databasf"), r"DataBase\a.edb altered"),
        (lambda s: (s / "DataBase" / "extra").write_bytes(b""), "DataBase/extra not in the manifest"),
    ],
)
def test_damage_is_named(tmp_path: Path, damage: Callable[[Path], object], problem: str) -> None:
    target = make_set(tmp_path)
    damage(target)
    assert sets.problems(target) == [problem]


def test_a_snapshot_sees_content_and_time(tmp_path: Path) -> None:
    target = make_set(tmp_path)
    before = sets.snapshot(tmp_path)
    assert before == sets.snapshot(tmp_path)
    (target / "DataBase" / "a.edb").write_bytes(b"databasf")
    assert before != sets.snapshot(tmp_path)

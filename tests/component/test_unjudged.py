# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Findings that are damaged, unreadable or from a newer version: their sets are not judged, and count as neither good nor bad."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from helpers.component.case import Case
from helpers.component.fabricate import copy_set
from helpers.component.findings import (
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

DENIED = "0xC0000022"
NOW = datetime.now(timezone.utc).replace(microsecond=0)


def break_store(folder: Path, how: str) -> None:
    look_alike = {"checks": [files_entry(folder, result="good", problem_count=0)]}
    content = write_store(folder, look_alike)
    if how in SPOILED:
        write_store(folder, {**look_alike, **SPOILED[how](folder)})
    elif how == "empty":
        store(folder).write_bytes(b"")
    elif how == "cut":
        store(folder).write_bytes(content[:-20])
    elif how == "cut and nested":
        store(folder).write_bytes(write_store(folder, {"checks": [{"kind": "later", "schema": 2}]})[:-20])
    elif how == "altered":
        store(folder).write_bytes(content.replace(b'"good"', b'"goOd"'))
    elif how == "binary":
        store(folder).write_bytes(bytes(range(256)))
    elif how == "other":
        write_store(folder, {**look_alike, "label": "20200101T000000Z-full"})


SPOILED: dict[str, Any] = {
    "schema 0": lambda folder: {"schema": 0},
    "no list": lambda folder: {"checks": {}},
    "no map": lambda folder: {"checks": ["files"]},
    "no kind": lambda folder: {"checks": [{"result": "good"}]},
    "no time": lambda folder: {"checks": [files_entry(folder, at="yesterday")]},
    "no depth": lambda folder: {"checks": [files_entry(folder, depth="deep")]},
    "no result": lambda folder: {"checks": [files_entry(folder, result="fine", problem_count=0)]},
    "no count": lambda folder: {"checks": [files_entry(folder, problem_count=0)]},
    "no hash": lambda folder: {"checks": [files_entry(folder, manifest_sha256="x")]},
}


@pytest.mark.parametrize("how", ["empty", "cut", "cut and nested", "altered", "binary", "other", *SPOILED])
def test_a_damaged_store_judges_nothing_until_a_look_with_hashes_replaces_it(small: Case, good: Path, how: str) -> None:
    break_store(good, how)
    before = store(good).read_bytes()
    for depth in ("none", "sizes"):
        entry = entry_of(look(small, depth), good)
        assert kinds(entry) == ["unjudged"] and verdict(entry) == (False, None, None)
        assert entry["checked"] is None and entry["verified_at"] is None
        assert "is damaged" in entry["problems"][0]["message"]
    check = entry_of(look(small, "hashes", check_mode=True), good)
    assert kinds(check) == [] and verdict(check) == (True, True, True) and check["checked"]["kept"] is False
    assert small.backup(max_age="1h", check_mode=True).result["changed"] is True
    assert store(good).read_bytes() == before
    assert verdict(entry_of(look(small, "hashes"), good)) == (True, True, True)
    assert [entry["result"] for entry in kept(good)] == ["good"]
    assert small.backup(max_age="1h").result["changed"] is False


def test_a_damaged_store_is_not_replaced_by_less(small: Case, good: Path) -> None:
    break_store(good, "cut")
    before = store(good).read_bytes()
    small.faults(Fault("NtCreateFile@certbkxp.dat", "*", "hresult", DENIED))
    assert kinds(entry_of(look(small, "hashes"), good)) == ["unjudged", "unreadable"]
    small.faults()
    victim(good).unlink()
    run = look(small)
    assert kinds(entry_of(run, good)) == ["missing", "unjudged"] and verdict(entry_of(run, good)) == (
        False,
        False,
        False,
    )
    assert "findings of 1 set were not kept" in run.result["warnings"][0]
    assert store(good).read_bytes() == before


def newer(folder: Path, how: str) -> bytes:
    content = write_store(folder, {"schema": 2, "checks": [files_entry(folder, result="good", problem_count=0)]})
    if how == "hash":
        content = content.replace(b'"good"', b'"fine"')
    elif how == "form":
        content = json.dumps({"schema": 3, "ratio": 1.5, "sets": {}}, indent=1).encode()
    elif how == "compact":
        content = json.dumps({"checks": [{"ratio": 1.5}], "schema": 2}, separators=(",", ":")).encode()
    elif how == "key":
        return write_store(folder, {"schema": 2}, digest="digest")
    elif how == "number":
        content = json.dumps({"checks": [{"ratio": 1.5}], "schema": 2, "x": 1}, indent=2).encode()
    store(folder).write_bytes(content)
    return content


@pytest.mark.parametrize("how", ["right", "hash", "form", "key", "number", "compact"])
def test_a_newer_store_is_never_replaced(small: Case, good: Path, how: str) -> None:
    content = newer(good, how)
    for depth in ("none", "sizes", "hashes"):
        entry = entry_of(look(small, depth), good)
        assert kinds(entry) == ["unjudged"] and verdict(entry) == (False, None, None)
        assert "newer version" in entry["problems"][0]["message"]
        assert (entry["checked"] or {}).get("kept") is (False if depth == "hashes" else None)
    assert store(good).read_bytes() == content
    old = copy_set(good, NOW - timedelta(days=1))
    assert expire(small, good).failed, "it is not judged"
    assert expire(small, old).failed, "the newest set that counts"
    assert set(small.published()) == {old, good} and store(good).read_bytes() == content
    assert small.backup(max_age="1h").result["changed"] is True


@pytest.mark.parametrize("how", ["denied", "folder", "link", "file link"])
def test_a_store_that_cannot_be_read_is_never_replaced(small: Case, good: Path, how: str) -> None:
    break_store(good, "none")
    if how == "folder":
        store(good).unlink()
        store(good).mkdir()
    before = sets.snapshot(small.destination)
    part = rf"C:\Backup\{small.ca.folder_name}\.checks"
    listed = {"link": part, "file link": rf"{part}\{good.name}.json"}
    if how == "denied":
        small.faults(Fault("NtCreateFile@full.json", "*", "hresult", DENIED))
    elif how in listed:
        small.engine.linux_path(r"C:\LabCA\reparse.txt").write_text(listed[how] + "\n", encoding="utf-8")
    for depth in ("sizes", "hashes"):
        entry = entry_of(look(small, depth), good)
        assert kinds(entry) == ["unjudged"] and verdict(entry) == (False, None, None)
        assert (entry["checked"] or {}).get("kept") is (False if depth == "hashes" else None)
    assert small.backup(max_age="1h", check_mode=True).result["changed"] is True
    assert sets.snapshot(small.destination) == before


@pytest.mark.parametrize("how", ["file", "unlisted", "unseen"])
def test_a_folder_that_cannot_be_used_judges_no_set(small: Case, good: Path, how: str) -> None:
    other = copy_set(good, NOW - timedelta(days=1))
    checks = good.parent / ".checks"
    if how == "file":
        checks.write_text("x")
    else:
        checks.mkdir()
        call = {"unlisted": "NtOpenFile", "unseen": "NtQueryAttributesFile"}[how]
        extra = [Fault("NtCreateFile@.checks", "*", "hresult", DENIED)] if how == "unlisted" else []
        small.faults(Fault(f"{call}@.checks", "*", "hresult", DENIED), *extra)
    for depth in ("none", "sizes", "hashes"):
        run = look(small, depth)
        for folder in (good, other):
            entry = entry_of(run, folder)
            assert kinds(entry) == ["unjudged"] and verdict(entry) == (False, None, None)
            assert ("it is a file" in entry["problems"][0]["message"]) is (how == "file")
        assert run.result["problems"] == []
    assert small.backup(max_age="1h", check_mode=True).result["changed"] is True
    assert expire(small, other).failed and other.exists()

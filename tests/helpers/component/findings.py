# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at sets and what is kept of them, read and written without the product's code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from adcs_lab import sets

from helpers.component.case import Case
from helpers.component.worker import ModuleRun


def look(case: Case, verify: str = "sizes", **params: Any) -> ModuleRun:
    run = case.module("backup_info", verify=verify, **params)
    assert not run.failed and run.result["changed"] is False, run.message
    return run


def entry_of(run: ModuleRun, folder: Path) -> dict[str, Any]:
    (entry,) = [entry for entry in run.result["sets"] if entry["label"] == folder.name]
    return dict(entry)


def kinds(entry: dict[str, Any]) -> list[str]:
    return sorted(problem["kind"] for problem in entry["problems"])


def verdict(entry: dict[str, Any]) -> tuple[Any, Any, Any]:
    return entry["judged"], entry["complete"], entry["verified"]


def victim(folder: Path) -> Path:
    return folder / "DataBase" / "certbkxp.dat"


def alter(folder: Path) -> bytes:
    """Change a file of a set, its size as it was, and no file of another set; return what it held."""
    content = victim(folder).read_bytes()
    victim(folder).unlink()
    victim(folder).write_bytes(content[:-1] + bytes([content[-1] ^ 0xFF]))
    return content


def store(folder: Path) -> Path:
    return folder.parent / ".checks" / f"{folder.name}.json"


def kept(folder: Path) -> list[dict[str, Any]]:
    """The entries that are kept of a set, after checking the document as any tool could."""
    text = store(folder).read_bytes()
    document = json.loads(text)
    line = f'  "findings_sha256": "{document["findings_sha256"]}",\n'.encode()
    assert hashlib.sha256(text.replace(line, b"")).hexdigest() == document["findings_sha256"]
    assert (document["schema"], document["label"]) == (1, folder.name)
    assert {*document} == {"checks", "findings_sha256", "label", "schema"}
    assert {path.name for path in store(folder).parent.iterdir() if path.suffix != ".json"} == set()
    return list(document["checks"])


def without_findings(case: Case, snapshot: dict[str, Any]) -> dict[str, Any]:
    """A snapshot of the destination without the findings, and without the time that making their folder gives its parent."""
    return {
        path: value
        for path, value in snapshot.items()
        if ".checks" not in Path(path).parts and path != case.repository.name
    }


def write_store(folder: Path, document: dict[str, Any], *, digest: str = "findings_sha256") -> bytes:
    """Write a document of findings whose own hash is right, whatever else is wrong with it."""

    def render(value: dict[str, Any]) -> bytes:
        return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()

    body = {"schema": 1, "label": folder.name, "checks": [], **document}
    content = render({**body, digest: hashlib.sha256(render(body)).hexdigest()})
    store(folder).parent.mkdir(exist_ok=True)
    store(folder).write_bytes(content)
    return content


def files_entry(folder: Path, **changes: Any) -> dict[str, Any]:
    problem = {"kind": "altered", "path": r"DataBase\x.log", "message": r"'DataBase\x.log' was altered"}
    damaged = changes.get("result", "damaged") == "damaged"
    return {
        "kind": "files",
        "depth": "hashes",
        "at": "2026-11-20T02:00:00Z",
        "by": "adcs.ca 0.0.9",
        "host": "OTHER",
        "manifest_sha256": sets.manifest(folder)["manifest_sha256"],
        "result": "damaged",
        "problem_count": int(damaged),
        "problems": [problem] * damaged,
        **changes,
    }


def expire(case: Case, *folders: Path) -> ModuleRun:
    return case.module("expire", _labels=[folder.name for folder in folders])

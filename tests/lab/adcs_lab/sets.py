# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An independent reader of repositories and sets: it shares no code with the product and reads the files as Linux sees them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

LABEL = re.compile(r"[0-9]{8}T[0-9]{6}Z-(full|logs)")
HASH_LINE = re.compile(rb'^  "manifest_sha256": "([0-9a-f]{64})",\n', re.MULTILINE)


def published(repository: Path) -> list[Path]:
    """Return the folders of a repository that are named like sets, oldest first; none where there is no repository."""
    if not repository.is_dir():
        return []
    return sorted(entry for entry in repository.iterdir() if LABEL.fullmatch(entry.name))


def manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a set as JSON, without any check."""
    document: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return document


def stored(folder: Path, relative: str) -> Path:
    """Return where a file of the manifest lies, from its Windows path below the set."""
    return folder.joinpath(*relative.split("\\"))


def problems(folder: Path) -> list[str]:
    """Return everything that keeps a folder from being a complete, verified set; an empty list for a good one."""
    path = folder / "manifest.json"
    if not path.is_file():
        return ["no manifest"]
    text = path.read_bytes()
    lines = HASH_LINE.findall(text)
    if len(lines) != 1:
        return ["no single manifest_sha256"]
    if hashlib.sha256(HASH_LINE.sub(b"", text)).hexdigest() != lines[0].decode():
        return ["manifest altered"]

    document = json.loads(text)
    found = []
    if document["label"] != folder.name:
        found.append(f"label {document['label']} in folder {folder.name}")
    if document["state"] != "complete":
        found.append(f"state {document['state']}")
    listed = set()
    for file in document["files"]:
        target = stored(folder, file["path"])
        listed.add(target)
        if not target.is_file():
            found.append(f"{file['path']} missing")
        elif target.stat().st_size != file["size"]:
            found.append(f"{file['path']} has {target.stat().st_size} bytes, not {file['size']}")
        elif hashlib.sha256(target.read_bytes()).hexdigest() != file["sha256"]:
            found.append(f"{file['path']} altered")
    present = {entry for entry in folder.rglob("*") if entry.is_file()} - {path}
    found += [f"{entry.relative_to(folder)} not in the manifest" for entry in sorted(present - listed)]
    return found


def snapshot(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Return every path below a folder with its modification time in ns, its size and its SHA-256: equal means untouched."""
    if not folder.exists():
        return {}
    state = {}
    for entry in sorted([folder, *folder.rglob("*")]):
        status = entry.lstat()
        digest = hashlib.sha256(entry.read_bytes()).hexdigest() if entry.is_file() else ""
        size = status.st_size if entry.is_file() else 0
        state[str(entry.relative_to(folder))] = (status.st_mtime_ns, size, digest)
    return state

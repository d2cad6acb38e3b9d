# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets of any day without a backup for each: a good one is copied under another label, or the product's own code makes tiny ones."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers.component.case import Case

TIME = "%Y-%m-%dT%H:%M:%SZ"
# One set with one small file of the database, through the functions that a backup uses; the clock is the caller's.
MAKE_SETS = """
$repository = Get-AdcsCaRepository -Path '{path}' -FolderName '{folder_name}'
$authority = Get-AdcsCaAuthority
foreach ($text in '{times}'.Split(',')) {{
    $set = New-AdcsCaDraft -Repository $repository -Type full -Started (ConvertFrom-AdcsCaTime -Text $text)
    $set.manifest.ca = @{{
        name = $authority.name
        folder_name = $authority.folder_name
        host = $authority.host
        certificate_thumbprints = @()
    }}
    $set.manifest.restore_map = @()
    $set.manifest.truncation = @{{ requested = $false; done = $false; logs_before = 0; logs_after = 0 }}
    $file = Get-AdcsCaDraftFilePath -Draft $set -Folder DataBase -Source 'certbkxp.dat' -Step 5
    $copied = [Adcs.Ca.FileSystem]::WriteNew($file, [Byte[]]@(1, 2, 3))
    Add-AdcsCaDraftFile -Draft $set -Path $file -Kind restore_map -Source fabricated -Copied $copied
    $set.manifest.verified = $true
    $set.manifest.finished = $text
    {before_publishing}
    Publish-AdcsCaDraft -Repository $repository -Draft $set
}}
"""


def label_of(started: datetime, kind: str = "full") -> str:
    """Return the label of a set that was started at this time."""
    return f"{started:%Y%m%dT%H%M%SZ}-{kind}"


def make_sets(case: Case, times: Iterable[datetime], *, before_publishing: str = "") -> None:
    """Make one tiny full set for each time with the product's own code; the repository's folder must exist.

    ``before_publishing`` is a statement of PowerShell that runs when all of a set is stored.
    """
    names = {"path": r"C:\Backup", "folder_name": case.ca.folder_name, "before_publishing": before_publishing}
    script = MAKE_SETS.format(times=",".join(time.strftime(TIME) for time in times), **names)
    case.worker.script(script, timeout_s=300.0)


def write_manifest(folder: Path, document: Mapping[str, Any]) -> None:
    """Write a manifest whose own hash is right, whatever else is wrong with it."""
    body = {key: value for key, value in document.items() if key != "manifest_sha256"}
    digest = hashlib.sha256(_render(body)).hexdigest()
    (folder / "manifest.json").write_bytes(_render({**body, "manifest_sha256": digest}))


def copy_set(source: Path, started: datetime, kind: str = "full", **changes: Any) -> Path:
    """Copy a set beside itself under another time and type, its files linked; ``changes`` go into the manifest."""
    target = source.with_name(label_of(started, kind))
    for path in source.rglob("*"):
        if path.is_file() and path.name != "manifest.json":
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, copy)
    document = json.loads((source / "manifest.json").read_bytes())
    text = started.strftime(TIME)
    document |= {"label": target.name, "type": kind, "started": text, "finished": text}
    write_manifest(target, {**document, **changes})
    return target


def _render(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()

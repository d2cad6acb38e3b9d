# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must hold after any run, whatever went wrong in it. Files are read as Linux sees them, calls from the DLL's journal."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from adcs_lab import sets

from helpers.component import durability
from helpers.component.case import DESTINATION, Case
from helpers.component.matrix import NOTHING
from helpers.component.worker import ModuleRun

SMALL_CA: dict[str, Any] = {"database_size_bytes": 1 << 20, "log_count": 3, "log_size_bytes": 1 << 16}
STORE = "DataBase"


class State:
    """What the CA held before a run."""

    def __init__(self, case: Case) -> None:
        self.stored = case.ca.stored_files()
        self.logs = {path.name for path in case.ca.log_files()}


def make_small(case: Case, **changes: int) -> None:
    """Give the CA so little to back up that it takes no time, and have the lab tell what is flushed."""
    case.ca.reset(**SMALL_CA, **changes)
    durability.watch(case)


def count_calls(case: Case) -> dict[str, int]:
    """Return how often each function was called since the journal began."""
    return dict(Counter(call.fn for call in case.journal().calls()))


def forget(case: Case) -> None:
    """Remove the sets, and put the CA back as it was."""
    shutil.rmtree(case.destination)
    make_small(case)


def _copies(case: Case) -> list[Path]:
    """Return every folder that may hold a set: published ones, and those in staging."""
    staging = case.repository / ".staging"
    staged = [entry for entry in staging.iterdir() if entry.is_dir()] if staging.exists() else []
    return [*case.published(), *staged]


def _is_good(folder: Path) -> bool:
    """Say whether a folder is a verified set, published, or copied and waiting in staging, where dynamic files may come and go."""
    found = sets.problems(folder)
    if folder.parent.name == ".staging":
        found = [
            problem for problem in found if problem != "state copied" and not problem.endswith("not in the manifest")
        ]
    return not found and bool(sets.manifest(folder)["verified"])


def _holds(folder: Path, stored: dict[str, bytes]) -> bool:
    """Say whether a folder is a verified set with these files of the CA, byte for byte."""
    files = {name: folder / STORE / name for name in stored}
    return _is_good(folder) and all(
        path.is_file() and path.read_bytes() == stored[name] for name, path in files.items()
    )


def holders(case: Case, before: State) -> set[str]:
    """Return the labels of the verified sets, published or in staging, that hold all that the CA had."""
    return {folder.name for folder in _copies(case) if _holds(folder, before.stored)}


def assert_nothing_is_lost(case: Case, before: State, *, unaltered: bool = True) -> None:
    """Each published set is complete; a log that is gone is in a verified, flushed copy, with every other file of the run.

    ``unaltered`` False leaves the comparison with the CA's own bytes out: Certadm.dll itself gave others.
    """
    assert [folder.name for folder in case.published() if not _is_good(folder)] == []
    gone = before.logs - {path.name for path in case.ca.log_files()}
    stored = before.stored if unaltered else {}
    if gone:
        assert any(_holds(folder, stored) for folder in _copies(case)), f"{sorted(gone)} were deleted without a copy"
    if case.published() and unaltered:
        assert any(_holds(folder, before.stored) for folder in case.published())
    durability.assert_flushed(case)


def assert_true_result(
    case: Case, run: ModuleRun, before: State, *, ok: bool, words: tuple[str, ...], there: str
) -> None:
    """The result says what happened: success with the one set, or a failure that names its cause and what is left."""
    if ok:
        assert not run.failed, run.message
        (folder,) = case.published()
        assert run.result["changed"] is True
        _assert_tells_of(case, run, before, folder)
        return
    assert run.failed, run.result
    assert not [word for word in words if word not in run.message], run.message
    left = _copies(case)
    if there == NOTHING:
        assert run.result["changed"] is False and left == []
        assert run.result["left_on_disk"] == []
        return
    (folder,) = left
    assert run.result["changed"] is True and folder.name in run.message
    below = "\\".join(folder.relative_to(case.destination).parts)
    assert run.result["left_on_disk"] == [f"{DESTINATION}\\{below}"]
    _assert_tells_of(case, run, before, folder)


def _assert_tells_of(case: Case, run: ModuleRun, before: State, folder: Path) -> None:
    """The result describes the set in a folder, as it lies there, and what became of the CA's logs."""
    result = run.result
    assert result["label"] == folder.name and result["verified"] is True
    files = {file["path"]: file for file in result["files"]}
    assert {f"{STORE}\\{name}" for name in (*before.stored, "certbkxp.dat")} <= set(files)
    for path, file in files.items():
        content = sets.stored(folder, path).read_bytes()
        assert (file["size"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest()), path
    now = {path.name for path in case.ca.log_files()}
    truncations = case.journal().calls("CertSrvBackupTruncateLogs")
    logs = result["logs"]
    assert logs["truncated"] is any(call.hr == "0x00000000" for call in truncations)
    # logs that the CA began meanwhile may have come before the run counted, or after
    began = len([fault for fault in case.journal().faults if fault.fault == "add_log"])
    assert len(before.logs) <= logs["before"] <= len(before.logs) + began
    assert len(now) - began <= logs["after"] <= len(now)


def assert_kept(case: Case, *, copied: bool) -> None:
    """After a run that did not succeed there is a good set if it was copied by then, and none otherwise."""
    assert [_is_good(folder) for folder in _copies(case) if copied or _is_good(folder)] == [True] * copied


def assert_next_run_is_clean(case: Case) -> None:
    """A second run without a fault makes a set, keeps every good one, finishes what was copied, and leaves nothing else."""
    good = {folder.name for folder in _copies(case) if _is_good(folder)}
    logs = {path.name for path in case.ca.log_files()}
    case.faults()
    case.ca.clear_journal()
    run = case.backup()
    assert not run.failed, run.message
    case.assert_clean()
    published = case.published()
    assert {folder.name for folder in published} == good | {run.result["label"]}
    assert run.result["label"] not in good
    assert [folder.name for folder in published if not _is_good(folder)] == []
    assert {path.name for path in case.ca.log_files()} >= logs, "a run that was not asked to truncate deleted logs"

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The run that finishes a copied set goes wrong too: the set may be the only copy of logs that are gone, and is never lost."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from adcs_lab.faults import Fault
from helpers.component import invariants
from helpers.component.case import Case
from helpers.component.matrix import DEVICE_ERROR
from helpers.component.worker import WorkerDied

LEFT = r".staging\{label}"
PUBLISH = r"NtSetInformationFile@-> C:\Backup\{folder}\{label}"


@dataclass(frozen=True)
class Moment:
    """A call of the recovery, what happens to it, and the code it fails with; without a code the process dies."""

    title: str
    target: str
    action: str
    code: str | None = None

    @property
    def id(self) -> str:
        return f"{self.title} - {self.action}"


def _moments(title: str, target: str, code: str, *deaths: str) -> list[Moment]:
    return [Moment(title, target, "hresult", code), *(Moment(title, target, death) for death in deaths)]


MOMENTS = [
    *_moments("read the manifest", rf"NtReadFile@{LEFT}\manifest.json", DEVICE_ERROR, "crash"),
    *_moments("hash a file", rf"NtReadFile@{LEFT}\DataBase\{{database}}", DEVICE_ERROR, "crash"),
    *_moments("delete a dynamic file", rf"NtCreateFile@{LEFT}\Dynamic\{{folder}}.crl", DEVICE_ERROR, "crash_after"),
    *_moments("write the manifest", rf"NtWriteFile@{LEFT}\manifest.json", DEVICE_ERROR, "crash"),
    *_moments("put it in place", rf"NtSetInformationFile@{LEFT}\manifest.json", DEVICE_ERROR, "crash_after"),
    *_moments("publish", PUBLISH, DEVICE_ERROR, "crash", "crash_after"),
]


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test keeps what it is left with: to die costs each of the others a new engine."""
    return tmp_path_factory.mktemp("recovery") / "Backup"


@pytest.fixture
def left(case: Case, kept: Path) -> invariants.State:
    """A copied set in staging, the only one with the CA's logs; and what the CA held before."""
    invariants.make_small(case)
    before = invariants.State(case)
    if kept.exists():
        shutil.copytree(kept, case.destination)
        for log in case.ca.log_files():
            log.unlink()
        return before
    case.faults(Fault("CertSrvBackupEnd", 1, "crash"))
    with pytest.raises(WorkerDied):
        case.backup(truncate_logs=True)
    assert case.ca.log_files() == []
    assert not any(case.published())
    shutil.copytree(case.destination, kept)
    case.ca.clear_journal()
    return before


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.id)
def test_a_copied_set_outlives_its_recovery(case: Case, left: invariants.State, moment: Moment) -> None:
    (label,) = invariants.holders(case, left)
    names = {"label": label, "folder": case.ca.folder_name, "database": case.database_file().name}
    case.faults(Fault(moment.target.format(**names), 1, moment.action, moment.code))
    now = invariants.State(case)
    if moment.code is None:
        with pytest.raises(WorkerDied):
            case.backup(truncate_logs=True)
    else:
        run = case.backup(truncate_logs=True)
        assert not run.failed, run.message
        (leftover,) = run.result["leftovers"]
        assert (leftover["label"], leftover["action"]) == (label, "kept")
        assert any(label in warning for warning in run.result["warnings"])
    assert case.journal().faults, "the fault did not fire"
    invariants.assert_nothing_is_lost(case, now)
    assert invariants.holders(case, left) == {label}

    invariants.assert_next_run_is_clean(case)
    assert invariants.holders(case, left) == {label}
    assert label in [folder.name for folder in case.published()]

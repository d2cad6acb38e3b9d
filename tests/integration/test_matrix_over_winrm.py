# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rows of the fault matrix that work on files, over WinRM: what went wrong must reach the controller too.

``make matrix-winrm`` runs all of them, and a second backup after each. Otherwise one row stands for all of its function.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from adcs_lab.lab import Lab
from helpers.component import invariants, matrix
from helpers.component.case import DESTINATION, VOLUME, Case
from helpers.integration.remote import Remote

TIMEOUT_S = 60.0
# the repository inherits from this folder what it may not keep
INHERITING = f"$list = Get-Acl {{0}}; $list.SetSecurityDescriptorSddlForm('{VOLUME}'); Set-Acl {{0}} $list"
ALL_ROWS = os.environ.get("MATRIX_WINRM") == "all"
FAILING = [matrix.cell(row, matrix.FAILS) for row in matrix.ROWS if row.kind == "file"]
CELLS = [cell for cell in FAILING if isinstance(cell, matrix.Cell)]
ONE_OF_EACH = list({cell.row.target.partition("@")[0]: cell for cell in reversed(CELLS)}.values())


@pytest.fixture
def remote(lab: Lab, tmp_path: Path) -> Case:
    """A CA whose backup takes no time, and which is reached over WinRM alone."""
    case = Case(lab.engine, lab.ca, Remote(lab, tmp_path))
    if case.destination.exists():
        shutil.rmtree(case.destination)
    invariants.make_small(case)
    return case


@pytest.mark.parametrize("cell", CELLS if ALL_ROWS else ONE_OF_EACH, ids=lambda cell: cell.id)
def test_the_answer_arrives(remote: Case, cell: matrix.Cell) -> None:
    names = {"folder": remote.ca.folder_name, "database": remote.database_file().name}
    names["log"] = remote.ca.log_files()[-1].name
    if cell.row.existing:
        remote.repository.mkdir(parents=True)
        remote.engine.run(["-NoProfile", "-Command", INHERITING.format(DESTINATION)], TIMEOUT_S)
    before = invariants.State(remote)
    remote.faults(cell.fault({}, **names))
    run = remote.backup(truncate_logs=True)
    assert remote.journal().faults, "the fault did not fire"
    invariants.assert_nothing_is_lost(remote, before)
    words = tuple(word.format(**names) for word in cell.words)
    invariants.assert_true_result(remote, run, before, ok=cell.ok, words=words, there=cell.there)
    if run.failed:
        invariants.assert_kept(remote, copied=cell.there != matrix.NOTHING)
    if ALL_ROWS:
        invariants.assert_next_run_is_clean(remote)

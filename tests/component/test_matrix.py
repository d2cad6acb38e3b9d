# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every cell of the fault matrix: whatever goes wrong in a run, nothing is lost, the result is true, and the next run puts things in order.

All runs ask for truncation. A breach of Certadm.dll's contract fails a test like any other (tests/helpers/lab/fixtures.py).
"""

from __future__ import annotations

import pytest
from helpers.component import durability, invariants, matrix
from helpers.component.case import Case
from helpers.component.worker import WorkerDied


@pytest.fixture(scope="session")
def calls() -> dict[str, int]:
    """How many calls of each function of Certadm.dll an undisturbed run makes; filled by the first test that asks."""
    return {}


@pytest.fixture
def small(case: Case, calls: dict[str, int]) -> Case:
    """A CA whose backup takes no time."""
    invariants.make_small(case)
    if not calls:
        assert not case.backup(truncate_logs=True).failed
        durability.assert_flushed(case)
        calls.update(invariants.count_calls(case))
        invariants.forget(case)
    return case


@pytest.mark.parametrize("cell", list(matrix.cells()), ids=lambda cell: cell.id)
def test_cell(small: Case, calls: dict[str, int], cell: matrix.Cell) -> None:
    if cell.column is matrix.SHORT:
        invariants.make_small(small, short_reads=7)
    names = {"folder": small.ca.folder_name, "database": small.database_file().name}
    names["log"] = small.ca.log_files()[-1].name
    if cell.row.existing:
        small.repository.mkdir(parents=True)
    before = invariants.State(small)
    small.faults(cell.fault(calls, **names))
    if cell.column.ends:
        with pytest.raises(WorkerDied):
            small.backup_until_fault(truncate_logs=True)
        run = None
    else:
        run = small.backup(truncate_logs=True)
    invariants.assert_nothing_is_lost(small, before, unaltered=not (cell.column is matrix.CORRUPT and cell.ok))
    assert small.journal().faults, "the fault did not fire"
    if run is not None:
        words = tuple(word.format(**names) for word in cell.words)
        invariants.assert_true_result(small, run, before, ok=cell.ok, words=words, there=cell.there)
    if cell.row.target == "FreeLibrary":
        # the library stays loaded in a process that could not unload it
        small.worker.close()
    if run is None or run.failed:
        invariants.assert_kept(small, copied=cell.there != matrix.NOTHING)
    invariants.assert_next_run_is_clean(small)

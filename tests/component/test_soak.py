# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Backups that are killed at random calls, and so are some of the runs that recover from it. ``make soak`` asks for more of them: SOAK_KILLS, and SOAK_SEED to repeat a run."""

from __future__ import annotations

import contextlib
import os
import random

import pytest
from adcs_lab.faults import Fault
from helpers.component import invariants
from helpers.component.case import Case
from helpers.component.worker import WorkerDied

KILLS = int(os.environ.get("SOAK_KILLS", "10"))
SECOND_KILLS = 0.4
SEED = int(os.environ.get("SOAK_SEED", "20261123"))
# File calls are not in the journal; each is made at least this often in a run on the small CA.
FILE_CALLS = {
    r"NtCreateFile@Backup": 24,
    r"NtWriteFile@Backup": 12,
    r"NtReadFile@Backup": 8,
    r"NtFlushBuffersFile@Backup": 9,
    r"NtSetInformationFile@Backup": 3,
}


def draw(rng: random.Random, calls: dict[str, int]) -> Fault:
    """Draw a call, of Certadm.dll or of the file system, each call as likely as any other, and before or after it."""
    names = list(calls)
    name = rng.choices(names, weights=[calls[name] for name in names])[0]
    return Fault(name, rng.randint(1, calls[name]), rng.choice(["crash", "crash_after"]))


@pytest.fixture
def calls(case: Case) -> dict[str, int]:
    """How often each call happens in an undisturbed run."""
    invariants.make_small(case)
    assert not case.backup(truncate_logs=True).failed
    counted = {name: number for name, number in invariants.count_calls(case).items() if name.startswith("CertSrv")}
    invariants.forget(case)
    return {**counted, **FILE_CALLS}


def killed_again(case: Case, fault: Fault, before: invariants.State) -> None:
    """Let the run that recovers from a kill meet one too; what was copied by then is still there afterwards."""
    copied = invariants.holders(case, before)
    case.ca.clear_journal()
    case.faults(fault)
    now = invariants.State(case)
    # the second run has less to do when the first one came far, so that it may not get as far as the fault
    with contextlib.suppress(WorkerDied):
        assert not case.backup(truncate_logs=True).failed
        assert not case.journal().faults
    invariants.assert_nothing_is_lost(case, now)
    assert copied <= invariants.holders(case, before), "a copied set was lost"


def test_killed_anywhere(case: Case, calls: dict[str, int]) -> None:
    rng = random.Random(SEED)
    for number in range(KILLS):
        fault = draw(rng, calls)
        # file calls only: the recovery has no others
        second = draw(rng, FILE_CALLS) if rng.random() < SECOND_KILLS else None
        case.faults(fault)
        before = invariants.State(case)
        try:
            with pytest.raises(WorkerDied):
                case.backup(truncate_logs=True)
            invariants.assert_nothing_is_lost(case, before)
            if second is not None:
                killed_again(case, second, before)
            invariants.assert_next_run_is_clean(case)
        except BaseException as error:
            error.add_note(f"SOAK_SEED={SEED}, kill {number} of {KILLS}: {fault}; then {second or 'no other'}")
            raise
        invariants.forget(case)

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the dates of sets can be trusted, and the words for it; what follows from it is tested through the action."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._clock import clock_doubt, without_deletions
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import Policy, plan
from helpers.unit.histories import full, unreadable

FIRST = datetime(2026, 1, 1)
LATER = "2030-01-01T00:00:00Z"


def after(*days: float) -> list[dict[str, object]]:
    """Full sets so many days after the first one of January 2026, in this order."""
    return [full(f"{FIRST + timedelta(days=day):%Y-%m-%d %H:%M}") for day in days]


@pytest.mark.parametrize(
    ("days", "doubted"),
    [
        ((), False),
        ((0,), False),
        ((0, 365), False),
        ((0, 1, 366), False),
        ((0, 1, 2, 367), True),
        ((0, 1, 2, 9), False),
        ((0, 1, 2, 9.01), True),
        ((0, 1, 4, 13), False),
        ((0, 1, 4, 13.01), True),
        ((0, 365, 366, 367, 700), False),
        ((0, 0, 0, 0), False),
        ((0, 0, 0, 7), False),
        ((0, 0, 0, 7.01), True),
        ((0, 1, 2, 3, 368, 369), False),
    ],
)
def test_the_gap_before_the_newest_set(days: tuple[float, ...], doubted: bool) -> None:
    sets = after(*days)
    for given in (sets, sets[::-1]):
        assert (
            bool(clock_doubt([{**entry, "label": f"{number}"} for number, entry in enumerate(given)], LATER)) is doubted
        )


def test_sets_without_a_date_make_no_pace() -> None:
    assert clock_doubt([*after(0, 1, 400), unreadable("2026-01-03 00:00")], LATER) == ""


def test_the_words() -> None:
    assert clock_doubt(after(0, 1, 2, 367), LATER) == (
        "The newest set, 20270103T000000Z-full, is 365 d newer than the one before it, and no two sets before that are more than 1 d apart. "
        "After a real pause the next backup clears this."
    )
    assert clock_doubt(after(1), "2026-01-01T00:00:00Z") == (
        "The newest set, 20260102T000000Z-full, is dated in the future: the clock of the host says 2026-01-01T00:00:00Z."
    )


def test_what_was_due_is_held_back_before_what_waits() -> None:
    planned = plan(after(0, 1, 2, 3), Policy.parse({"keep_last": 1}), LATER, limit=2)
    held = without_deletions(planned, "Because.")
    assert held.remove == () and held.held_back == (*planned.remove, *planned.held_back) and len(held.held_back) == 3
    assert held.warnings[0].startswith("Nothing was deleted. Because. The clock of the CA may have been wrong.")
    assert (held.next_to_go, held.next_after_backups, held.next_due) == (planned.remove[0], None, None)
    assert held.keep == planned.keep

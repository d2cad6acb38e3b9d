# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the times of the sets can be trusted so far that sets may be deleted by them. Pure functions.

A clock that was wrong for one night makes every other set look old. Rules such as ``keep_within`` count back from the newest set, so
they would let sets go that were to stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import human_span
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import Plan, parse_time

# A newest set that lies further from the next one than all sets before it did from each other.
SETS_FOR_A_PACE = 4
GAPS = 3
SHORTEST_GAP = timedelta(days=7)


def clock_doubt(sets: Iterable[Mapping[str, Any]], now: str) -> str:
    """Return why the time of the newest set cannot be trusted, in a sentence; empty when it can.

    Args:
        sets: the sets as ``adcs.ca.backup_info`` lists them. Each that has a start counts, whatever its state.
        now: the time of the host.
    """
    dated = sorted((entry["started"], entry["label"]) for entry in sets if entry.get("started"))
    if not dated:
        return ""
    newest, label = dated[-1]
    if parse_time(newest) > parse_time(now):
        return f"The newest set, {label}, is dated in the future: the clock of the host says {now}."
    times = [parse_time(started) for started, _ in dated]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    if len(times) < SETS_FOR_A_PACE:
        return ""
    longest = max(gaps[:-1])
    if gaps[-1] <= SHORTEST_GAP or gaps[-1] <= GAPS * longest:
        return ""
    apart = (human_span(round(gap.total_seconds())) for gap in (gaps[-1], longest))
    words = (
        "The newest set, {}, is {} newer than the one before it, and no two sets before that are more than {} apart. {}"
    )
    return words.format(label, *apart, "After a real pause the next backup clears this.")


def without_deletions(planned: Plan, doubt: str) -> Plan:
    """Return the plan with every set that was to go held back, and a warning that says why first.

    No run is named that deletes one of them: that depends on the clock.
    """
    words = (
        f"Nothing was deleted. {doubt} The clock of the CA may have been wrong. Look at its clock and at that set. If the date is wrong, "
        "move the set out of the repository by hand."
    )
    return replace(
        planned,
        remove=(),
        held_back=(*planned.remove, *planned.held_back),
        warnings=(words, *planned.warnings),
        next_to_go=planned.remove[0],
        next_after_backups=None,
        next_due=None,
    )

#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what the documentation claims about speed, as ratios within one run, and fail where a limit is passed."""

from __future__ import annotations

import itertools
import sys
import time
from datetime import datetime, timedelta

from project import COLLECTIONS

sys.path.insert(0, str(COLLECTIONS))

# pylint: disable=wrong-import-position
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import Policy, plan

SMALL, LARGE = 1_000, 10_000
PLAN_LIMIT_S = 1.0
REPEATS = 5
POLICIES = {
    "days, weeks, months": {"keep_daily": 14, "keep_weekly": 8, "keep_monthly": 12},
    "keeps nearly all": {"keep_last": 9_000, "keep_hourly": 9_999, "keep_within": "1y"},
}
# How many sets a chain has: a full one and the logs sets that continue it, one an hour.
CHAINS = {"full sets": 1, "chains of a day": 24, "chains of a week": 168}
NEWEST = datetime(2026, 11, 1)


def history(count: int, chain: int) -> list[dict[str, object]]:
    """Return this many sets in chains of ``chain``, one an hour, newest first."""
    times = [NEWEST - timedelta(hours=count - 1 - number) for number in range(count)]
    types = ["logs" if number % chain else "full" for number in range(count)]
    labels = [f"{time:%Y%m%dT%H%M%SZ}-{kind}" for time, kind in zip(times, types)]
    return [
        {
            "label": labels[number],
            "type": types[number],
            "prior": labels[number - 1] if types[number] == "logs" else None,
            "started": f"{times[number]:%Y-%m-%dT%H:%M:%SZ}",
            "complete": True,
        }
        for number in reversed(range(count))
    ]


def plan_seconds(count: int, chain: int, policy: Policy) -> float:
    """Return the shortest of some runs of the planner."""
    sets = history(count, chain)
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        plan(sets, policy, NEWEST.strftime("%Y-%m-%dT%H:%M:%SZ"))
        best = min(best, time.perf_counter() - start)
    return best


def main() -> int:
    """Print a line for each policy and length of chains; 1 when planning a large history takes too long."""
    slow = False
    for (kind, chain), (name, rules) in itertools.product(CHAINS.items(), POLICIES.items()):
        small, large = (plan_seconds(count, chain, Policy.parse(rules)) for count in (SMALL, LARGE))
        slow = slow or large >= PLAN_LIMIT_S
        ratio = f"{LARGE} sets take {large / small:.1f} times as long as {SMALL} ({large:.3f} s)"
        print(f"bench: plan, {kind}, {name}: {ratio}")
    if slow:
        print(f"bench: FAILED: planning {LARGE} sets must take less than {PLAN_LIMIT_S:.0f} s", file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())

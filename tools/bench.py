#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what the documentation claims about speed, as ratios within one run, and fail where a limit is passed."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta

from project import COLLECTIONS

sys.path.insert(0, str(COLLECTIONS))

# pylint: disable=wrong-import-position
from ansible_collections.adcs.ca.plugins.plugin_utils._retention import Policy, plan  # noqa: E402

SMALL, LARGE = 1_000, 10_000
PLAN_LIMIT_S = 1.0
REPEATS = 5
POLICIES = {
    "days, weeks, months": {"keep_daily": 14, "keep_weekly": 8, "keep_monthly": 12},
    "keeps nearly all": {"keep_last": 9_000, "keep_hourly": 9_999, "keep_within": "1y"},
}
NEWEST = datetime(2026, 11, 1)


def history(count: int) -> list[dict[str, object]]:
    """Return this many full sets, one an hour, newest first."""
    times = [NEWEST - timedelta(hours=number) for number in range(count)]
    return [
        {
            "label": f"{time:%Y%m%dT%H%M%SZ}-full",
            "type": "full",
            "started": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "complete": True,
        }
        for time in times
    ]


def plan_seconds(count: int, policy: Policy) -> float:
    """Return the shortest of some runs of the planner."""
    sets = history(count)
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        plan(sets, policy, NEWEST.strftime("%Y-%m-%dT%H:%M:%SZ"))
        best = min(best, time.perf_counter() - start)
    return best


def main() -> int:
    """Print a line a policy; 1 when planning the large history takes too long."""
    slow = False
    for name, rules in POLICIES.items():
        small, large = (plan_seconds(count, Policy.parse(rules)) for count in (SMALL, LARGE))
        slow = slow or large >= PLAN_LIMIT_S
        print(f"bench: plan, {name}: {LARGE} sets take {large / small:.1f} times as long as {SMALL} ({large:.3f} s)")
    if slow:
        print(f"bench: FAILED: planning {LARGE} sets must take less than {PLAN_LIMIT_S:.0f} s", file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())

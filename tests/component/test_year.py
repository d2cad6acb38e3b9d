# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A year of nights on a real disk: a set a night through the product's own code, then listed, planned and expired."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from adcs_lab import sets
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import Policy, plan
from helpers.component.case import Case
from helpers.component.fabricate import make_sets

POLICY = Policy.parse({"keep_daily": 14, "keep_weekly": 8, "keep_monthly": 12})
FIRST = datetime(2025, 1, 1, 21, tzinfo=timezone.utc)
NIGHTS = 365
# Written down by hand. 2025-12-29 is a Monday.
STAYS = """
2025-12-31 2025-12-30 2025-12-29 2025-12-28 2025-12-27 2025-12-26 2025-12-25 2025-12-24 2025-12-23 2025-12-22 2025-12-21 2025-12-20
2025-12-19 2025-12-18
2025-12-14 2025-12-07 2025-11-30 2025-11-23 2025-11-16
2025-10-31 2025-09-30 2025-08-31 2025-07-31 2025-06-30 2025-05-31 2025-04-30 2025-03-31 2025-02-28 2025-01-31
""".split()


@pytest.fixture
def repository(case: Case) -> Path:
    """An empty repository, made by a backup whose set is removed."""
    case.ca.reset(database_size_bytes=1 << 20, log_count=1, log_size_bytes=1 << 16)
    assert not case.backup().failed
    folder = case.only_set()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    return case.repository


def expire(case: Case) -> list[str]:
    """List, plan and delete as the action plugin does; return the labels that went."""
    listing = case.module("backup_info")
    assert not listing.failed, listing.message
    planned = plan(listing.result["sets"], POLICY, listing.result["now"], limit=10)
    if not planned.remove:
        return []
    run = case.module("expire", _labels=list(planned.remove))
    assert not run.failed, run.message
    assert run.result["removed"] == list(planned.remove)
    return run.result["removed"]


def test_a_year_of_nights(case: Case, repository: Path) -> None:
    gone = 0
    for night in range(NIGHTS):
        make_sets(case, [FIRST + timedelta(days=night)])
        gone += len(expire(case))
    case.assert_clean()
    left = case.published()
    assert sorted(f"{folder.name[:4]}-{folder.name[4:6]}-{folder.name[6:8]}" for folder in left) == sorted(STAYS)
    assert all(sets.problems(folder) == [] for folder in left)
    assert gone == NIGHTS - len(STAYS)
    assert expire(case) == []

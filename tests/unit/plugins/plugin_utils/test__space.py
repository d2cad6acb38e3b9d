# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Space: what an entry keeps of it, how long it lasts, and when it is worth a warning."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._space import (
    Limits,
    days_until_full,
    rounded_down,
    space_facts,
    steady,
    untruncated_nights,
    warnings_of,
)
from helpers.unit.histories import full, logs
from helpers.unit.outcomes import after, expired, listing, made, only, outcome

GIB = 1 << 30


def nights(*sizes: int, first: int = 28) -> list[dict[str, Any]]:
    """Full sets of one night each, newest first."""
    return [full(f"2026-11-{first - number:02d} 21:00", bytes=size) for number, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (0, 0),
        (7, 7),
        (99, 99),
        (100, 100),
        (129, 120),
        (128849018880, 120000000000),
        (9663676416, 9600000000),
    ],
)
def test_two_digits_are_kept(value: int | None, kept: int | None) -> None:
    assert rounded_down(value) == kept


@pytest.mark.parametrize(
    ("known", "value", "kept"),
    [
        (None, 7699, 7600),
        (7700, 7699, 7700),
        (7700, 7650, 7700),
        (7700, 7649, 7600),
        (7700, 7849, 7700),
        (7700, 7850, 7800),
        # what another version may have kept
        (7712, 7699, 7600),
        (99, 99, 99),
        (99, 100, 100),
        (1000, 999, 1000),
        (1000, 949, 940),
        (120000000000, None, None),
        (-1, 50, 50),
    ],
)
def test_a_number_at_the_edge_of_two_stays(known: int | None, value: int | None, kept: int | None) -> None:
    assert steady(value, known) == kept


def test_free_space_that_moves_a_little_leaves_the_entry_as_it_is() -> None:
    part = {"path": "D:\\", "total_bytes": 9_000_000_000}
    first = space_facts({"destination": {**part, "free_bytes": 7_700_000_001}}, nights(1, 1), None)
    second = space_facts({"destination": {**part, "free_bytes": 7_699_999_999}}, nights(1, 1), None, first)
    assert first and first["destination"]["free_bytes"] == 7_700_000_000 and second == first


@pytest.mark.parametrize(
    ("sets", "backups", "days"),
    [
        pytest.param(nights(10, 10, 10, 10), None, 10, id="nothing goes: a set a day"),
        pytest.param(nights(10, 10, 10, 10), 1, None, id="a set goes for each that comes"),
        pytest.param(nights(12, 10, 10, 10), 0, 50, id="the difference is used up"),
        pytest.param(nights(10, 10, 10, 12), 1, None, id="it shrinks"),
        pytest.param(nights(10), None, None, id="one set"),
        pytest.param(nights(10, 10, 10), None, 10, id="two days"),
        pytest.param([full(f"2026-11-28 {hour:02d}:00", bytes=10) for hour in range(23, 11, -1)], None, None, id="half a day shows no pace"),
        pytest.param([full(f"2026-11-{28 - n // 24:02d} {23 - n % 24:02d}:00", bytes=1) for n in range(48)], None, 4, id="every hour"),
        pytest.param([full("2027-11-28 21:00", bytes=10, problems=["future"]), *nights(10, 10, 10, 10)], None, 10, id="from the future"),
        pytest.param([full("2026-11-28 21:00", bytes=10), full("2026-11-28 20:00", bytes=10)], None, None, id="an hour"),
        pytest.param([], None, None, id="no set"),
        pytest.param([logs("2026-11-29 21:00", "2026-11-28 21:00", base="2026-11-28 21:00", bytes=99), *nights(10, 10, 10, 10)], None, 10, id="logs"),
        pytest.param([*nights(10, 10, 10, 10), full("2026-11-20 21:00", bytes=99, complete=False)], None, 10, id="incomplete"),
        pytest.param(nights(*[10] * 10, *[1] * 15), None, 10, id="the last ten"),
    ],
)  # fmt: skip
def test_days_until_full(sets: list[dict[str, Any]], backups: int | None, days: int | None) -> None:
    retention = None if backups is None else {"next_after_backups": backups}
    assert days_until_full(100, sets, retention) == days


def test_no_forecast_of_years() -> None:
    assert days_until_full(1 << 62, nights(1, 1, 1, 1), None) is None


@pytest.mark.parametrize("measured", [None, 5, {}, {"destination": None}, {"destination": {"free_bytes": "x"}}])
def test_what_was_not_measured(measured: Any) -> None:
    assert space_facts(measured, nights(1, 1), None) is None
    assert only(outcome(listing=listing(nights(1, 1), space=measured)))["space"] is None


def test_facts_of_a_listing() -> None:
    measured = {
        "destination": {"path": "D:", "free_bytes": 123, "total_bytes": 456},
        "log_volume": None,
        "logs": {"count": 123, "bytes": 999},
    }
    assert space_facts(measured, [], None) == {
        "destination": {"free_bytes": 120, "total_bytes": 450},
        "log_volume": None,
        "logs": {"count": 120, "bytes": 990},
        "days_until_full": None,
    }


def entry_with(**space: Any) -> dict[str, Any]:
    parts = {"destination": None, "log_volume": None, "logs": None, "days_until_full": None, **space}
    return {"space": parts, "truncation": None, "untruncated_since": None, "newest": None}


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({}, []),
        ({"destination": {"free_bytes": 10, "total_bytes": 100}}, []),
        ({"destination": {"free_bytes": 9, "total_bytes": 100}}, ["The destination has only 9 B free. Then no backup fits any more."]),
        ({"destination": {"free_bytes": 0, "total_bytes": 0}}, []),
        ({"destination": {"free_bytes": None, "total_bytes": 100}}, []),
        ({"log_volume": {"free_bytes": 1, "total_bytes": 100}}, ["The volume of the CA's logs has only 1 B free. A full log volume stops the CA."]),
        ({"days_until_full": 1}, ["The destination is full in about 1 day at the pace of the last sets."]),
        ({"days_until_full": 13}, ["The destination is full in about 13 days at the pace of the last sets."]),
        ({"days_until_full": 14}, []),
    ],
)  # fmt: skip
def test_warnings(space: dict[str, Any], words: list[str]) -> None:
    assert warnings_of(entry_with(**space), Limits()) == words
    assert warnings_of(entry_with(**space), Limits(0, 0, 0)) == []


@pytest.mark.parametrize(
    ("free", "total", "is_scarce"),
    [
        (1_099, 10_999, True),
        (1_100, 11_000, False),
        (999, 10_000, True),
        (1_000, 10_000, False),
        (1_049, 10_400, False),
    ],
)
def test_a_limit_is_compared_with_what_was_measured(free: int, total: int, is_scarce: bool) -> None:
    """What an entry keeps is rounded; that must not move the limit."""
    volume = {"path": "D:\\", "free_bytes": free, "total_bytes": total}
    measured = {"destination": volume, "log_volume": None, "logs": None}
    sets = nights(1, first=22)
    made = only(outcome(listing=expired(sets, {"keep_last": 99}, now="2026-11-22 22:00", space=measured)))
    assert made["status"] == ("warning" if is_scarce else "ok")


def test_nights_without_truncation() -> None:
    """They count only where truncation was asked for, and end with a night in which it was done."""
    kept = {"truncated": False, "after": 12}

    def night(number: int, known: Any, **changes: Any) -> Any:
        sets = nights(*[1] * (number + 1), first=10 + number)
        backup = made(sets[0]["label"])
        backup["logs"] |= {**kept, **changes}
        found = expired(sets, {"keep_last": 99}, now=f"2026-11-{10 + number:02d} 22:00")
        new = only(outcome(listing=found, backup=backup), known)
        return {"schema": 3, "host": "ca01", "destinations": [new]}, new

    known, entry = None, {}
    for number in range(7):
        known, entry = night(number, known)
        assert entry["untruncated_since"] == "2026-11-10T21:00:00Z"
        assert entry["status"] == ("warning" if number == 6 else "ok"), number
    assert entry["message"] == "The CA's logs were not truncated for 7 nights, although that was asked for."
    known, entry = night(7, known, truncated=True)
    assert entry["untruncated_since"] is None and entry["status"] == "ok"
    known, entry = None, {}
    for number in range(9):
        known, entry = night(number, known, truncation_requested=False)
    assert entry["untruncated_since"] == "2026-11-10T21:00:00Z" and entry["status"] == "ok"
    known, entry = night(9, known)
    assert entry["untruncated_since"] == "2026-11-19T21:00:00Z" and entry["status"] == "ok", "nobody asked before"


def test_a_night_of_which_nothing_is_known_ends_no_count() -> None:
    sets = nights(1, 1, first=11)
    kept = {"truncated": False, "after": 12}
    first = made(sets[1]["label"])
    first["logs"] |= kept
    known = after(outcome(listing=expired(sets[1:], {"keep_last": 9}, now="2026-11-10 22:00"), backup=first))
    unknown = after(outcome(listing=expired(sets, {"keep_last": 9}, now="2026-11-11 22:00")), known)
    assert unknown["destinations"][0]["untruncated_since"] == "2026-11-10T21:00:00Z"


@pytest.mark.parametrize(("minute", "nights"), [(4, 7), (6, 7)])
def test_a_job_does_not_begin_at_the_same_second(minute: int, nights: int) -> None:
    entry = {
        "truncation": {"requested": True},
        "untruncated_since": "2026-11-01T21:05:00Z",
        "newest": {"started": f"2026-11-07T21:{minute:02d}:00Z"},
    }
    assert untruncated_nights(entry) == nights

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules one by one, with the answers worked out by hand. What holds for every history: test__retention_rules.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import Plan, Policy, PolicyError, Span, plan
from helpers.unit.histories import full, logs, unreadable

NOW = "2026-12-31T00:00:00Z"


def planned(sets: Sequence[dict[str, Any]], now: str = NOW, keep_minimum: int = 1, **rules: Any) -> Plan:
    return plan(sets, Policy.parse(rules), now, keep_minimum=keep_minimum)


def kept(sets: Sequence[dict[str, Any]], **rules: Any) -> dict[str, list[str]]:
    """Return the day or time part of each label that stays with its reasons."""
    return {entry.label: list(entry.reasons) for entry in planned(sets, **rules).keep}


NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in range(30, 0, -1)]


def night(day: int) -> str:
    return f"202611{day:02d}T210000Z-full"


def test_last() -> None:
    assert kept(NIGHTS, keep_last=3) == {night(30): ["last", "newest full"], night(29): ["last"], night(28): ["last"]}


def test_daily_takes_the_newest_of_a_day_and_skips_empty_days() -> None:
    sets = [full("2026-11-20 23:59"), full("2026-11-20 00:00"), full("2026-11-15 12:00"), full("2026-11-01 12:00")]
    assert set(kept(sets, keep_daily=2)) == {"20261120T235900Z-full", "20261115T120000Z-full"}


def test_hourly() -> None:
    sets = [full("2026-11-20 10:59"), full("2026-11-20 10:00"), full("2026-11-20 09:59"), full("2026-11-19 09:30")]
    assert set(kept(sets, keep_hourly=2)) == {"20261120T105900Z-full", "20261120T095900Z-full"}
    assert "20261119T093000Z-full" in kept(sets, keep_hourly=3)


def test_weeks_are_of_iso_8601() -> None:
    # 2024-12-30 (Monday) to 2025-01-05 are week 1 of 2025; 2026-12-28 to 2027-01-03 are week 53 of 2026.
    sets = [full("2025-01-05 12:00"), full("2024-12-30 12:00"), full("2024-12-29 12:00")]
    assert set(kept(sets, keep_weekly=2)) == {"20250105T120000Z-full", "20241229T120000Z-full"}
    sets = [full("2027-01-03 12:00"), full("2026-12-28 12:00"), full("2026-12-27 12:00")]
    assert set(kept(sets, now="2027-02-01T00:00:00Z", keep_weekly=1)) == {"20270103T120000Z-full"}


def test_monthly_and_yearly() -> None:
    sets = [full("2026-11-20 12:00"), full("2026-11-01 12:00"), full("2025-11-30 12:00"), full("2024-02-01 12:00")]
    assert set(kept(sets, keep_monthly=2)) == {"20261120T120000Z-full", "20251130T120000Z-full"}
    assert set(kept(sets, keep_yearly=2)) == {"20261120T120000Z-full", "20251130T120000Z-full"}


def test_a_set_that_one_rule_keeps_uses_up_the_others() -> None:
    # The newest is the day's, the week's and the month's at once: none of the rules goes one period further for that.
    assert kept(NIGHTS, keep_daily=1, keep_weekly=1, keep_monthly=1) == {
        night(30): ["daily", "weekly", "monthly", "newest full"]
    }


def test_a_rule_with_periods_to_spare_also_keeps_the_oldest() -> None:
    assert kept(NIGHTS, keep_monthly=2) == {night(30): ["monthly", "newest full"], night(1): ["oldest monthly"]}
    assert kept(NIGHTS, keep_monthly=1) == {night(30): ["monthly", "newest full"]}


def test_the_oldest_that_is_its_periods_newest_is_no_second_one() -> None:
    sets = [full("2026-11-20 12:00"), full("2026-10-20 12:00")]
    assert kept(sets, keep_monthly=5)["20261020T120000Z-full"] == ["monthly"]


def test_within_is_counted_from_the_newest_set_and_is_strict() -> None:
    assert set(kept(NIGHTS, keep_within="2d")) == {night(30), night(29)}
    assert set(kept(NIGHTS, keep_within="2d1h")) == {night(30), night(29), night(28)}


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("1m", "2026-03-31", "2026-03-03"),  # 31 February spills over
        ("1m1d", "2026-03-31", "2026-03-02"),
        ("1y", "2024-02-29", "2023-03-01"),
        ("1y5m3d2h", "2026-11-22", "2025-06-18"),
        ("13m", "2026-01-15", "2024-12-15"),
        ("9999y", "2026-01-15", "0001-01-01"),
        ("999999d", "2026-01-15", "0001-01-01"),
    ],
)
def test_a_span_back(text: str, start: str, end: str) -> None:
    began = datetime.fromisoformat(start).replace(tzinfo=timezone.utc)
    assert f"{Span.parse(text).before(began):%Y-%m-%d}".zfill(10) == end


def test_labels() -> None:
    made = planned(NIGHTS, keep_labels=[night(3), "20200101T000000Z-full"])
    assert {entry.label: list(entry.reasons) for entry in made.keep} == {
        night(30): ["newest full"],
        night(3): ["label"],
    }
    assert made.warnings == ("keep_labels: there is no set 20200101T000000Z-full",)


def test_the_minimum_stays() -> None:
    made = planned(NIGHTS, keep_minimum=3, keep_labels=["none"])
    assert [(entry.label, *entry.reasons) for entry in made.keep] == [
        (night(30), "newest full"),
        (night(29), "minimum"),
        (night(28), "minimum"),
    ]


def test_no_rule_keeps_all() -> None:
    made = planned(NIGHTS)
    assert made.remove == () and {entry.reasons for entry in made.keep} == {("there is no rule",)}


def test_limit_holds_back_the_newer_ones() -> None:
    made = plan(NIGHTS, Policy.parse({"keep_last": 26}), NOW, limit=3)
    assert made.remove == (night(1), night(2), night(3)) and made.held_back == (night(4),)
    assert made.next_to_go == night(4)
    assert (made.next_after_backups, made.next_due) == (0, None)


CHAIN = [
    full("2026-11-09 21:00"),
    logs("2026-11-04 21:00", "2026-11-03 21:00", base="2026-11-02 21:00"),
    logs("2026-11-03 21:00", "2026-11-02 21:00", base="2026-11-02 21:00"),
    full("2026-11-02 21:00"),
]


def test_a_chain_stays_as_a_whole() -> None:
    reasons = kept(CHAIN, keep_labels=["20261103T210000Z-logs"])
    assert len(reasons) == 4
    assert reasons["20261102T210000Z-full"] == reasons["20261104T210000Z-logs"] == ["chain of 20261103T210000Z-logs"]


def test_a_chain_goes_newest_first() -> None:
    made = planned(CHAIN, keep_last=1)
    assert made.remove == ("20261104T210000Z-logs", "20261103T210000Z-logs", "20261102T210000Z-full")


def test_logs_do_not_count_as_a_full_copy() -> None:
    made = planned(CHAIN[1:], keep_minimum=1, keep_last=1)
    assert made.remove == ()


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (unreadable("2026-11-30 21:00"), "unreadable"),
        (full("2026-11-30 21:00", complete=False), "incomplete"),
        (full("2026-11-30 21:00", complete=None), "incomplete"),
        (full("2027-11-30 21:00"), "dated in the future"),
        (logs("2026-11-30 21:00", "2026-11-08 21:00", base=None), "its chain has a gap"),
    ],
)
def test_what_does_not_count_stays_and_pushes_nothing_out(entry: dict[str, Any], why: str) -> None:
    made = planned([entry, *NIGHTS[1:3]], keep_last=1)
    assert made.remove == (night(28),)
    reasons = {kept.label: kept.reasons for kept in made.keep}
    assert reasons == {entry["label"]: (why,), night(29): ("last", "newest full")}
    assert made.warnings == (f"{entry['label']} stays and counts for nothing: {why}",)


def test_logs_behind_an_incomplete_set_do_not_count() -> None:
    sets = [CHAIN[1], {**CHAIN[2], "complete": False}, CHAIN[3], full("2026-10-01 21:00")]
    made = planned(sets, keep_last=1)
    assert dict((kept.label, kept.reasons) for kept in made.keep) == {
        "20261104T210000Z-logs": ("it continues 20261103T210000Z-logs, which does not count",),
        "20261103T210000Z-logs": ("incomplete",),
        "20261102T210000Z-full": ("last", "newest full"),
    }


@pytest.mark.parametrize("lost", [unreadable("2026-11-05 21:00", "logs"), logs("2026-11-05 21:00", "x", base=None)])
def test_logs_of_an_unknown_chain_hold_the_last_full_before_them(lost: dict[str, Any]) -> None:
    made = planned([CHAIN[0], lost, CHAIN[3], full("2026-10-01 21:00")], keep_last=1)
    assert made.remove == ("20261001T210000Z-full",)
    assert dict((kept.label, kept.reasons) for kept in made.keep)["20261102T210000Z-full"] == (
        f"chain of {lost['label']}",
    )


def test_what_goes_next() -> None:
    assert planned(NIGHTS, keep_last=30).next_to_go == night(1)
    assert planned(NIGHTS, keep_last=50).next_to_go == night(1)
    assert planned(NIGHTS, keep_last=100).next_to_go is None
    assert planned(NIGHTS).next_to_go is None
    # the week's set is replaced by the next night's, until the week is over
    weekly = [full("2026-11-29 21:00"), full("2026-11-22 21:00"), full("2026-11-15 21:00")]
    assert planned(weekly, keep_weekly=3).next_to_go == "20261115T210000Z-full"
    assert planned([full("2026-11-29 21:00")], keep_last=1).next_to_go == "20261129T210000Z-full"


def test_two_backups_by_hand_are_no_pace() -> None:
    tries = [full("2026-11-29 21:20"), full("2026-11-29 21:00")]
    made = planned(tries, keep_last=3)
    assert (made.next_to_go, made.next_after_backups, made.next_due) == (tries[1]["label"], 2, None)
    hourly = [full("2026-11-29 21:00"), full("2026-11-29 20:30")]
    assert planned(hourly, keep_last=3).next_due == "2026-11-29T22:00:00Z"


@pytest.mark.parametrize(
    ("rules", "backups", "due"),
    [
        ({"keep_last": 30}, 1, "2026-12-01T21:00:00Z"),
        ({"keep_last": 32}, 3, "2026-12-03T21:00:00Z"),
        ({"keep_last": 50}, 21, "2026-12-21T21:00:00Z"),
        ({"keep_last": 100}, None, None),
        ({"keep_within": "31d"}, 2, "2026-12-02T21:00:00Z"),
        ({}, None, None),
    ],
)
def test_when_it_goes(rules: dict[str, Any], backups: int | None, due: str | None) -> None:
    made = planned(NIGHTS, **rules)
    assert (made.next_after_backups, made.next_due) == (backups, due)
    assert planned(NIGHTS, now="2027-06-01T00:00:00Z", **rules) == made
    if backups:
        history = NIGHTS
        for number in range(backups):
            assert not planned(history, **rules).remove
            history = [full(str(datetime(2026, 12, 1 + number, 21))), *history]
        assert planned(history, **rules).remove[0] == made.next_to_go and history[0]["started"] == due


def test_the_plan_as_plain_types() -> None:
    assert planned(NIGHTS[:2], keep_last=1).as_dict() == {
        "keep": [{"label": night(30), "reasons": ["last", "newest full"]}],
        "remove": [night(29)],
        "held_back": [],
        "warnings": [],
        "next_to_go": night(30),
        "next_after_backups": 1,
        "next_due": "2026-12-01T21:00:00Z",
    }


@pytest.mark.parametrize(
    ("rules", "option"),
    [
        ({"keep_daily": -1}, "keep_daily"),
        ({"keep_daily": "many"}, "keep_daily"),
        ({"keep_daily": True}, "keep_daily"),
        ({"keep_daily": 1.5}, "keep_daily"),
        ({"keep_fortnightly": 1}, "keep_fortnightly"),
        ({"keep_within": "3x"}, "keep_within"),
        ({"keep_within": "-3d"}, "keep_within"),
        ({"keep_within": "3d3d"}, "keep_within"),
        ({"keep_within": "3 d"}, "keep_within"),
        ({"keep_within": 3}, "keep_within"),
        ({"keep_labels": "one"}, "keep_labels"),
        ({"keep_last": 0, "keep_daily": 0}, "keep_last, keep_daily"),
    ],
)
def test_a_policy_that_makes_no_sense(rules: dict[str, Any], option: str) -> None:
    with pytest.raises(PolicyError, match=f"^{option}: "):
        Policy.parse(rules)


def test_zero_and_nothing_are_no_rule() -> None:
    assert Policy.parse({}).is_empty()
    assert Policy.parse({"keep_last": None, "keep_within": "", "keep_labels": []}).is_empty()
    assert Policy.parse({"keep_last": 0, "keep_daily": "7"}) == Policy.parse({"keep_daily": 7})
    assert Policy.parse({"keep_within": "0d"}).is_empty()

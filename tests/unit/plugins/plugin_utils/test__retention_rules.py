# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for every history and every policy: all small ones, many drawn ones, and a year of nights against a table."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import Plan, Policy, plan
from helpers.unit.histories import full, logs, unreadable

SEED = int(os.environ.get("RETENTION_SEED", "20261123"))
HISTORIES = 400
NOW = datetime(2026, 11, 23, 6, tzinfo=timezone.utc)
COUNTED = ("keep_last", "keep_hourly", "keep_daily", "keep_weekly", "keep_monthly", "keep_yearly")
FORMATS = ("%s%f", "%Y%m%d%H", "%Y%m%d", "%G%V", "%Y%m", "%Y")
SPANS_H = (1, 24, 24 * 9, 24 * 400)
Sets = list[dict[str, Any]]


def text(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def draw_history(rng: random.Random) -> Sets:
    """Draw chains at all distances, with holes, damage and sets of the future among them."""
    time = NOW - timedelta(days=rng.choice([3, 40, 900]))
    sets: Sets = []
    while time < NOW + timedelta(days=rng.choice([0, 30])):
        base = before = text(time)
        sets.append(damaged(rng, full(base), unreadable(base)))
        for _ in range(rng.choice([0, 0, 0, 1, 3])):
            time += timedelta(hours=rng.choice([1, 5, 24]))
            known = base if rng.random() < 0.9 else None
            entry = logs(text(time), before, base=base)
            sets.append(damaged(rng, {**entry, "chain": known and entry["chain"]}, unreadable(text(time), "logs")))
            before = text(time)
        time += timedelta(hours=rng.choice([1, 7, 24, 24 * 8, 24 * 40]))
    return sets[::-1][:60]


def damaged(rng: random.Random, good: dict[str, Any], broken: dict[str, Any]) -> dict[str, Any]:
    """Return the set as it should be or, one time in eight, incomplete or unreadable."""
    dice = rng.random()
    return broken if dice < 0.06 else {**good, "complete": dice > 0.12}


def draw_rules(rng: random.Random) -> dict[str, Any]:
    rules: dict[str, Any] = {name: rng.choice([1, 2, 5, 12]) for name in COUNTED if rng.random() < 0.35}
    if rng.random() < 0.3:
        rules["keep_within"] = f"{rng.choice(SPANS_H)}h"
    return rules or {"keep_last": 1}


def stricter(rng: random.Random, rules: dict[str, Any]) -> dict[str, Any]:
    """Return rules of which none keeps more, and at least one of which is left."""
    result: dict[str, Any] = {}
    for name, value in rules.items():
        if name == "keep_within":
            result[name] = f"{rng.choice([span for span in SPANS_H if span <= int(value[:-1])])}h"
        else:
            result[name] = rng.randint(0, value)
    if not any(value for name, value in result.items()):
        result["keep_last" if "keep_last" in rules else next(iter(rules))] = 1
    return result


def cases() -> Iterator[tuple[str, random.Random, Sets, dict[str, Any]]]:
    """Yield drawn cases with a text that finds each again."""
    for number in range(HISTORIES):
        rng = random.Random(f"{SEED}/{number}")
        sets, rules = draw_history(rng), draw_rules(rng)
        yield f"RETENTION_SEED={SEED}, history {number}, {rules}", rng, sets, rules


def planned(sets: Sets, rules: dict[str, Any], limit: int | None = None, keep_minimum: int = 1) -> Plan:
    return plan(sets, Policy.parse(rules), NOW, limit=limit, keep_minimum=keep_minimum)


def without(sets: Sets, labels: Sequence[str]) -> Sets:
    return [entry for entry in sets if entry["label"] not in labels]


def good_fulls(sets: Sets) -> list[str]:
    """Return the labels of the complete full sets that are not of the future, newest first."""
    limit = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    return [
        e["label"] for e in sets if e["type"] == "full" and e["complete"] and e["started"] and e["started"] <= limit
    ]


def test_every_set_either_stays_with_a_reason_or_goes() -> None:
    for case, _, sets, rules in cases():
        made = planned(sets, rules)
        assert sorted([*(kept.label for kept in made.keep), *made.remove]) == sorted(e["label"] for e in sets), case
        assert all(kept.reasons for kept in made.keep), case


def test_the_newest_complete_fulls_never_go() -> None:
    for case, rng, sets, rules in cases():
        minimum = rng.randint(1, 4)
        assert not set(good_fulls(sets)[:minimum]) & set(planned(sets, rules, keep_minimum=minimum).remove), case


def test_no_kept_set_loses_what_it_needs() -> None:
    for case, _, sets, rules in cases():
        going = set(planned(sets, rules).remove)
        for entry in without(sets, list(going)):
            assert entry["prior"] not in going and entry["chain"] not in going, case


def test_a_deletion_that_stops_anywhere_leaves_whole_chains() -> None:
    for case, _, sets, rules in cases():
        gone: set[str] = set()
        for label in planned(sets, rules).remove:
            gone.add(label)
            assert not [e for e in sets if e["label"] not in gone and {e["prior"], e["chain"]} & gone], case


def test_what_is_damaged_or_of_the_future_never_goes() -> None:
    limit = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    for case, _, sets, rules in cases():
        special = {e["label"] for e in sets if not e["complete"] or not e["started"] or e["started"] > limit}
        assert not special & set(planned(sets, rules).remove), case


def test_what_does_not_count_pushes_nothing_out() -> None:
    for case, _, sets, rules in cases():
        fulls = [entry for entry in sets if entry["label"] in good_fulls(sets)]
        extra = [full(text(NOW + timedelta(days=400))), unreadable(text(NOW - timedelta(minutes=1)))]
        extra.append(full(text(NOW - timedelta(minutes=2)), complete=False))
        assert planned([*extra, *fulls], rules).remove == planned(fulls, rules).remove, case


def test_no_rule_no_deletion() -> None:
    for case, _, sets, _ in cases():
        assert planned(sets, {}).remove == (), case


def test_a_stricter_policy_keeps_nothing_that_a_looser_one_drops() -> None:
    for case, rng, sets, rules in cases():
        tight = stricter(rng, rules)
        assert set(planned(sets, rules).remove) <= set(planned(sets, tight).remove), f"{case} against {tight}"


def test_planning_twice_is_planning_once() -> None:
    for case, _, sets, rules in cases():
        once = planned(sets, rules)
        assert planned(without(sets, once.remove), rules).remove == (), case


def test_a_limit_only_delays() -> None:
    for case, rng, sets, rules in cases():
        wanted, left, gone = planned(sets, rules).remove, sets, []
        limit = rng.randint(2, 9)
        for _ in range(len(sets) // limit + 1):
            made = planned(left, rules, limit=limit)
            assert len(made.remove) <= limit, case
            assert [*gone, *made.remove, *made.held_back] == list(wanted), case
            gone += made.remove
            left = without(left, made.remove)
        assert gone == list(wanted), case


def test_the_order_of_the_list_does_not_matter() -> None:
    for case, rng, sets, rules in cases():
        assert planned(rng.sample(sets, len(sets)), rules) == planned(sets, rules), case


def expected_by_definition(times: Sequence[datetime], rules: dict[str, int]) -> set[datetime]:
    """Work out the counted rules over full sets straight from their definition, period by period."""
    stays = {max(times)}
    for name, form in zip(COUNTED, FORMATS):
        periods: dict[str, datetime] = {}
        for time in sorted(times):
            periods[time.strftime(form)] = time
        newest = [periods[key] for key in sorted(periods, key=lambda key: periods[key], reverse=True)]
        count = rules.get(name, 0)
        stays |= set(newest[:count])
        if count > len(newest):
            stays.add(min(times))
    return stays


def test_every_small_history_as_defined() -> None:
    moments = [
        datetime(2026, 10, 31, 22),
        datetime(2026, 10, 31, 23),
        datetime(2026, 11, 1, 9),
        datetime(2026, 11, 2, 9),
    ]
    moments += [datetime(2026, 11, 2, 9, 30), datetime(2025, 12, 29, 9), datetime(2025, 12, 28, 9)]
    checked = 0
    for size in range(1, len(moments) + 1):
        for times in itertools.combinations(moments, size):
            for name in COUNTED:
                for count, other in itertools.product((1, 2, 3, 9), (0, 2)):
                    rules = {name: count, "keep_daily": max(other, count if name == "keep_daily" else 0)}
                    made = planned([full(text(time)) for time in times], rules)
                    stays = {datetime.strptime(kept.label, "%Y%m%dT%H%M%SZ-full") for kept in made.keep}
                    assert stays == expected_by_definition(times, rules), f"{rules} of {times}"
                    checked += 1
    assert checked == 127 * 6 * 8


# A year of nights at 21:00 from 2025-01-01 to 2025-12-31, 14 days, 8 weeks and 12 months, written down by hand.
# 2025-12-29 is a Monday, the first day of week 1 of 2026.
YEAR = {
    "daily": [f"2025-12-{day}" for day in range(18, 32)],
    "weekly": ["2025-12-28", "2025-12-21", "2025-12-14", "2025-12-07", "2025-11-30", "2025-11-23", "2025-11-16"],
    "monthly": [
        "2025-11-30", "2025-10-31", "2025-09-30", "2025-08-31", "2025-07-31", "2025-06-30", "2025-05-31", "2025-04-30",
        "2025-03-31", "2025-02-28", "2025-01-31",
    ],
}  # fmt: skip


def test_a_year_of_nights() -> None:
    sets: Sets = []
    for number in range(365):
        sets.insert(0, full(text(datetime(2025, 1, 1, 21) + timedelta(days=number))))
        sets = without(sets, planned(sets, {"keep_daily": 14, "keep_weekly": 8, "keep_monthly": 12}).remove)
    days = {day for table in YEAR.values() for day in table}
    assert {entry["started"][:10] for entry in sets} == days and len(sets) == len(days) == 29


def test_the_seed_is_shown() -> None:
    assert all(f"RETENTION_SEED={SEED}" in case for case, *_ in itertools.islice(cases(), 3))

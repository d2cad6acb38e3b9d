# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the planner makes of chains, against their definition: followed set by set, however long that takes."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.retention import _retention
from helpers.unit.histories import full, logs, unreadable

SEED = int(os.environ.get("RETENTION_SEED", "20261123"))
HISTORIES = 3000
NOW = datetime(2026, 11, 23, 6, tzinfo=timezone.utc)
Sets = list[dict[str, Any]]


def cases() -> Iterator[tuple[str, Sets]]:
    """Yield drawn histories in any order, in which any set may continue any, and a text that finds each again."""
    for number in range(HISTORIES):
        rng = random.Random(f"{SEED}/{number}")
        times = [f"{NOW + timedelta(hours=rng.randint(-40, 3)):%Y-%m-%d %H:%M}" for _ in range(rng.randint(1, 9))]
        sets = {entry["label"]: entry for entry in (draw_set(rng, time) for time in times)}
        for entry in sets.values():
            priors = [None, "20250101T000000Z-full", "x", entry["label"], *sets, *sets, *sets]
            # mostly one that may be right, and sometimes one of the wrong type, a later one, itself or a ring
            entry["prior"] = rng.choice(priors) if entry["type"] == "logs" or rng.random() < 0.2 else None
        yield f"RETENTION_SEED={SEED}, history {number}", rng.sample(list(sets.values()), len(sets))


def draw_set(rng: random.Random, time: str) -> dict[str, Any]:
    kind = rng.choice(["full", "logs", "logs"])
    if rng.random() < 0.1:
        return unreadable(time, kind)
    complete = rng.choice([True, True, True, True, True, True, False, None])
    return full(time, complete=complete) if kind == "full" else logs(time, "x", base=None, complete=complete)


def links(label: str, entries: Mapping[str, Any]) -> list[str]:
    """The set, the one it continues, and so on, as far as they are there and each once."""
    found = [label]
    prior = entries[label]["prior"]
    while prior in entries and prior not in found:
        found.append(prior)
        prior = entries[prior]["prior"]
    return found


def own_reason(entry: Mapping[str, Any]) -> str | None:
    if not entry["started"]:
        return "unreadable"
    if entry["complete"] is not True:
        return "incomplete"
    return "dated in the future" if entry["started"] > f"{NOW:%Y-%m-%dT%H:%M:%SZ}" else None


def by_definition(sets: Sets) -> dict[str, tuple[str, str | None]]:
    """``{label: (chain, why)}``, each worked out for itself."""
    entries = {entry["label"]: entry for entry in sets}
    found = {}
    for label, entry in entries.items():
        *_, root = way = links(label, entries)
        fulls = [other for other in entries if other.endswith("-full") and other < root]
        chain = max(fulls, default=root) if root.endswith("-logs") else root
        unsound = [f"it continues {other}, which does not count" for other in way[1:] if own_reason(entries[other])]
        gap = [] if entries[root]["type"] == "full" else ["its chain has a gap"]
        found[label] = (chain, next(filter(None, [own_reason(entry), *unsound, *gap]), None))
    return found


def test_chains_are_as_defined() -> None:
    print(f"RETENTION_SEED={SEED}")
    seen: set[str] = set()
    rings = 0
    for case, sets in cases():
        history = _retention._history(sets, NOW)
        assert {entry.label: (entry.chain, entry.why) for entry in history} == by_definition(sets), case
        order = [(entry.started, entry.label) for entry in history]
        assert order == sorted(order, reverse=True), case
        seen |= {(entry.why or "good").partition(" 2")[0] for entry in history}
        entries = {entry["label"]: entry for entry in sets}
        rings += any(entries[links(label, entries)[-1]]["prior"] in entries for label in entries)
    assert seen == {
        "good", "unreadable", "incomplete", "dated in the future", "it continues", "its chain has a gap"
    }  # fmt: skip
    assert rings > 100


def test_all_ways_to_continue_among_four_sets() -> None:
    times = [f"2026-11-20 0{hour}:00" for hour in range(4)]
    for kinds in itertools.product(("full", "logs"), repeat=4):
        labels = [f"20261120T0{hour}0000Z-{kind}" for hour, kind in enumerate(kinds)]
        for priors in itertools.product([None, *labels], repeat=4):
            sets = [{**full(time), "label": label, "type": kind, "prior": prior, "complete": number != 1}
                    for number, (time, label, kind, prior) in enumerate(zip(times, labels, kinds, priors))]  # fmt: skip
            history = _retention._history(sets, NOW)
            found = {entry.label: (entry.chain, entry.why) for entry in history}
            assert found == by_definition(sets), (kinds, priors)


def test_a_ring_of_thousands_is_followed_once() -> None:
    """Whoever can write manifests must not be able to keep the controller busy: set by set it takes minutes."""
    start = datetime(2020, 1, 1)
    times = [f"{start + timedelta(hours=number):%Y-%m-%d %H:%M}" for number in range(20_000)]
    sets = [logs(time, prior, base=None) for time, prior in zip(times, [times[-1], *times])]
    history = _retention._history(sets, NOW)
    assert len(history) == 20_000 and {entry.why for entry in history} == {"its chain has a gap"}

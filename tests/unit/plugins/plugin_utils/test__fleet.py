# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documents as one fleet: every host once, by its worst destination, and what nobody looked at ages by the controller's clock."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import seconds_of
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import (
    STATUSES,
    Document,
    destination_key,
    entry,
    with_entry,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import (
    ADDED_STATUSES,
    fleet,
    needs_attention,
    part_of,
    worst,
)
from helpers.unit.histories import full
from helpers.unit.outcomes import DESTINATION, LATE_AFTER_S, after, fleet_of, instant, listing, outcome

NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
SHARE = r"\\server\share\ca"
STARTED_S = seconds_of(instant("2026-11-22 21:00"))
GOOD = outcome(listing=listing(NIGHTS))


def hosts_and_states(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(ca["host"], ca["status"]) for ca in found["cas"]]


def document(host: str, **statuses: str) -> Document:
    """A document with an entry of this status for each drive."""
    made: Document | None = None
    for drive, status in statuses.items():
        made = with_entry(made, host, entry({"path": f"{drive}:\\", "status": status, "message": f"{drive} {status}"}))
    return made or {"schema": 2, "host": host, "destinations": []}


def test_every_host_appears_and_the_worst_comes_first() -> None:
    for seed in range(50):
        choice = random.Random(seed)
        states = [
            None,
            outcome("failed", "no"),
            outcome("unreachable", "no"),
            outcome(listing=listing(NIGHTS)),
            outcome(listing=listing(NIGHTS[1:])),
            outcome(listing=listing([])),
        ]
        outcomes = {f"ca{number:02d}": choice.choice(states) for number in range(12)}
        found = fleet_of(outcomes)
        ranks = [STATUSES.index(ca["status"]) for ca in found["cas"]]
        assert sorted(ca["host"] for ca in found["cas"]) == sorted(outcomes), f"seed {seed}"
        assert ranks == sorted(ranks), f"seed {seed}"
        assert found["counts"] == {status: ranks.count(STATUSES.index(status)) for status in STATUSES}, f"seed {seed}"
        assert fleet_of(dict(reversed(outcomes.items()))) == found, f"seed {seed}"


def test_newest_first_within_a_status() -> None:
    hosts = {
        f"ca{day}": outcome(listing=listing([full(f"2026-11-{day} 21:00")], now="2026-11-22 06:00"))
        for day in (20, 19, 21)
    }
    assert hosts_and_states(fleet_of(hosts)) == [("ca20", "late"), ("ca19", "late"), ("ca21", "ok")]


@pytest.mark.parametrize(("one", "other"), list(itertools.product(STATUSES, STATUSES)))
def test_the_worst_destination_decides(one: str, other: str) -> None:
    found = fleet([document("ca01", C=one, D=other)])
    (ca,) = found["cas"]
    expected = min(one, other, key=STATUSES.index)
    assert ca["status"] == expected and ca["message"].endswith(expected) and len(ca["destinations"]) == 2
    assert found["counts"] == {**dict.fromkeys(STATUSES, 0), expected: 1}
    assert [item["status"] for item in ca["destinations"]] == [one, other]


def test_of_two_equal_destinations_the_older_set_decides() -> None:
    older = after(
        outcome(path=SHARE, listing=listing(NIGHTS[1:]), late_after_s=10**6),
        after(outcome(listing=listing(NIGHTS), late_after_s=10**6)),
    )
    never = after(outcome("failed", "no"), after(outcome("failed", "no", path=SHARE, listing=listing(NIGHTS))))
    assert [item["path"] for item in older["destinations"]] == [DESTINATION, SHARE]
    assert worst(older["destinations"])["path"] == SHARE and worst(never["destinations"])["path"] == DESTINATION


def test_a_document_without_a_destination_is_not_good() -> None:
    (ca,) = fleet([document("ca01")])["cas"]
    assert ca["status"] == "failed" and "names no destination" in ca["message"] and len(ca["destinations"]) == 1


@pytest.mark.parametrize(
    ("age_s", "status"),
    [(0, "ok"), (LATE_AFTER_S, "ok"), (LATE_AFTER_S + 1, "late"), (10**12, "late"), (-3600, "ok"), (-3601, "late")],
)
def test_what_is_remembered_becomes_late(age_s: int, status: str) -> None:
    found = fleet([after(GOOD)], STARTED_S + age_s)
    (ca,) = found["cas"]
    assert ca["status"] == ca["destinations"][0]["status"] == status and found["counts"][status] == 1
    assert ("older than 1 d 2 h" in ca["message"]) == (status == "late" and age_s > 0)
    assert ("is dated in the future" in ca["message"]) == (status == "late" and age_s < 0)


def test_what_the_job_looked_at_is_as_the_job_judged_it() -> None:
    """The clock of a CA that is behind that of the controller makes no CA late."""
    long_after = STARTED_S + 10**9
    both = after(outcome(path=SHARE, listing=listing(NIGHTS)), after(GOOD))
    for path, state in ((DESTINATION, ["ok", "late"]), (SHARE, ["late", "ok"])):
        (ca,) = fleet([both], long_after, {"ca01": {destination_key(path.lower())}})["cas"]
        assert [item["status"] for item in ca["destinations"]] == state and ca["status"] == "late"
    everything = {destination_key(DESTINATION), destination_key(SHARE)}
    (ca,) = fleet([both], long_after, {"ca01": everything, "ca02": set()})["cas"]
    assert ca["status"] == "ok"
    (ca,) = fleet([both], long_after, {"ca02": everything})["cas"]
    assert ca["status"] == "late"
    assert fleet([both])["cas"][0]["status"] == "ok"


def test_only_what_was_good_becomes_late() -> None:
    failed = after(outcome("failed", "no space", listing=listing(NIGHTS)))
    unlimited = after(outcome(listing=listing(NIGHTS), late_after_s=None))
    never = after(outcome(listing=listing([])))
    states = [fleet([found], STARTED_S + 10**9)["cas"][0] for found in (failed, unlimited, never)]
    assert [(ca["status"], ca["message"][:8]) for ca in states] == [
        ("failed", "no space"),
        ("ok", ""),
        ("never", "The repo"),
    ]


def test_a_fleet_leaves_the_documents_alone() -> None:
    given = after(GOOD)
    fleet([given], STARTED_S + 10**9)
    assert given == after(GOOD)


def test_a_part_of_several_fleets() -> None:
    first = fleet([document("ca01", C="ok"), document("ca02", C="late")])
    second = fleet([document("ca01", C="failed"), document("ca03", C="failed")])
    part = part_of([(first, {"ca01", "ca99"}), (second, {"ca03"})])
    assert hosts_and_states(part) == [("ca03", "failed"), ("ca01", "ok")]
    assert part["counts"] == {**dict.fromkeys(STATUSES, 0), "failed": 1, "ok": 1}
    assert part_of([])["cas"] == []


@pytest.mark.parametrize("status", [*STATUSES, "splendid", ""])
def test_what_needs_attention(status: str) -> None:
    for added in itertools.chain.from_iterable(itertools.combinations(ADDED_STATUSES, size) for size in range(5)):
        expected = status in {"failed", "unreachable", "splendid", ""} | set(added)
        assert needs_attention(status, added) is expected
    assert not needs_attention("ok", ["late", "never"])

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run came to: entries hold facts only, a run without news changes nothing, and nobody is good without being looked at."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import (
    MESSAGE_LIMIT,
    PROBLEM_LIMIT,
    STATUSES,
    Document,
    document_text,
    kept_document,
    parse_document,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import Run
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html import page
from helpers.unit.histories import full, logs, unreadable
from helpers.unit.outcomes import DESTINATION, LATE_AFTER_S, after, expired, fleet_of, listing, made, only, outcome

NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"
NOT_LISTED = "The sets were not listed, so nobody can say whether one is good."


def known(found: Run) -> Document:
    """The document after a run, as a later run reads it from the disk."""
    document = parse_document(document_text(after(found)))
    assert document
    return document


@pytest.mark.parametrize(
    ("found", "status", "message"),
    [
        (outcome(listing=listing(NIGHTS)), "ok", ""),
        (outcome(listing=listing(NIGHTS, now="2026-11-23 23:00")), "ok", ""),
        (outcome(listing=listing(NIGHTS, now="2026-11-23 23:01")), "late", f"{NEWEST}, is older than 1 d 2 h."),
        (outcome(listing=listing(NIGHTS, now="2036-11-23 23:01"), late_after_s=None), "ok", ""),
        (outcome(listing=listing(NIGHTS), late_after_s=0), "late", "is older than 0 s."),
        (outcome(listing=listing([])), "never", "no complete full set"),
        (outcome(listing=listing([full("2026-11-22 21:00", complete=False)])), "never", "no complete full set"),
        (outcome(listing=listing([full("2026-11-22 21:00", complete=None)])), "never", "no complete full set"),
        (outcome(listing=listing([full("2026-11-22 21:00", complete="true")])), "never", "no complete full set"),
        (outcome(listing=listing([unreadable("2026-11-22 21:00")])), "never", "no complete full set"),
        (outcome(listing=listing([full("2026-11-23 07:00")])), "never", "no complete full set"),
        (
            outcome(listing=listing([full("2026-11-22 21:00", problems=[{"kind": "future"}])])),
            "never",
            "no complete full set",
        ),
        (outcome(listing=listing([logs("2026-11-22 22:00", "x", base=None)])), "never", "no complete full set"),
        (outcome("failed", "Back up: no", listing=listing([])), "failed", "Back up: no"),
        (outcome("failed", "", listing=listing(NIGHTS, now="2027-01-01 00:00")), "failed", "It failed."),
        (outcome("failed", " \n"), "failed", "It failed."),
        (outcome("unreachable", "no route"), "unreachable", "no route"),
        (outcome("unreachable", ""), "unreachable", "It was unreachable."),
        (outcome("splendid", "?"), "failed", "?"),
        (outcome(backup=made(NEWEST)), "ok", ""),
        (outcome(backup={**made(NEWEST), "failed": True}), "failed", NOT_LISTED),
        (outcome(backup={**made(NEWEST), "path": None}), "failed", NOT_LISTED),
        (outcome(), "failed", NOT_LISTED),
        (outcome(backup={}, listing={}), "failed", NOT_LISTED),
        (outcome(backup={"skipped": True}, listing={"skipped": True}), "failed", NOT_LISTED),
        (outcome(listing={**listing(NIGHTS), "now": None}), "failed", NOT_LISTED),
        (outcome(listing={**listing(NIGHTS), "now": "yesterday"}), "failed", NOT_LISTED),
        (outcome(listing={**listing([]), "failed": True}), "failed", NOT_LISTED),
        (outcome(listing={**listing([]), "unreachable": True}), "failed", NOT_LISTED),
        (outcome(listing={**listing([]), "msg": "access is denied"}), "failed", NOT_LISTED),
        (outcome(listing={"results": [listing(NIGHTS)]}), "failed", NOT_LISTED),
    ],
)
def test_status(found: Run, status: str, message: str) -> None:
    document = only(found)
    assert document["status"] == status
    assert message in document["message"] if message else document["message"] == ""


@pytest.mark.parametrize(
    ("sets", "expected", "words"),
    [
        (NIGHTS, NEWEST, ""),
        (NIGHTS[1:], NEWEST, f"the repository does not hold the set {NEWEST}"),
        ([], NEWEST, f"the repository does not hold the set {NEWEST}"),
        ([full("2026-11-22 21:00", complete=None), *NIGHTS[1:]], NEWEST, "is not complete: not looked at"),
        (
            [full("2026-11-22 21:00", complete=False, problems=[{"kind": "missing"}, {"kind": "extra"}]), *NIGHTS[1:]],
            NEWEST,
            "is not complete: extra, missing",
        ),
        (NIGHTS[1:], None, ""),
    ],
)
def test_a_backup_is_good_only_with_its_set(sets: list[Any], expected: str | None, words: str) -> None:
    entry = only(outcome(listing=listing(sets), backup=made(NEWEST), expected=expected, late_after_s=None))
    assert entry["status"] == ("failed" if words else "ok") and words in entry["message"]


def test_a_predicted_backup_is_good_without_a_set() -> None:
    found = only(outcome(listing=listing([]), backup={"changed": True, "label": None}, predicted=True))
    assert (found["status"], found["newest"]) == ("ok", None)
    assert only(outcome(predicted=True))["status"] == "ok"
    assert only(outcome("failed", "no", predicted=True))["status"] == "failed"


def test_a_set_dated_in_the_future_makes_no_ca_look_safe() -> None:
    future = full(
        "2026-12-24 00:00", problems=[{"kind": "future", "path": "p", "message": "the set is dated in the future"}]
    )
    document = only(outcome(listing=listing([future, full("2026-11-10 21:00")])))
    assert document["status"] == "late" and document["newest"]["label"] == "20261110T210000Z-full"
    assert [entry["label"] for entry in document["sets"]] == ["20261224T000000Z-full", "20261110T210000Z-full"]


def test_an_entry_says_what_there_is() -> None:
    sets = [full("2026-11-22 21:00", duration_s=12, file_count=17, age_s=32400), *NIGHTS[1:]]
    leftover = {"kind": "leftover", "path": r"D:\x", "message": "left"}
    found = expired(sets, {"keep_last": 2}, problems=[leftover])
    document = only(outcome(listing=found, backup=made(NEWEST), replicated=True, detail="raw\n"))
    newest = {
        "label": NEWEST, "started": "2026-11-22T21:00:00Z", "finished": "2026-11-22T21:00:00Z",
        "duration_s": 12, "bytes": 1 << 20, "file_count": 17, "verified": True, "verified_at": None, "checked": None,
    }  # fmt: skip
    assert document == {
        "path": DESTINATION,
        "status": "ok",
        "message": "",
        "detail": "raw",
        "ca": {"name": "Example CA", "host": "ca.lab.example"},
        "folder_name": "Example CA",
        "repository": r"D:\Backup\Example CA",
        "late_after_s": LATE_AFTER_S,
        "expected": "online",
        "since": "2026-11-23T06:00:00Z",
        "warnings": [],
        "space": None,
        "untruncated_since": None,
        "failure": None,
        "files": None,
        "newest": newest,
        "truncation": {"label": NEWEST, "requested": True, "done": True, "logs_before": 12, "logs_after": 1},
        "replicated": NEWEST,
        "problems": [{"set": None, **leftover}],
        "problem_count": 1,
        "sets": [
            {**newest, "type": "full", "complete": True, "judged": True, "problems": []},
            {
                "label": "20261121T210000Z-full", "started": "2026-11-21T21:00:00Z", "finished": "2026-11-21T21:00:00Z",
                "type": "full", "duration_s": None, "bytes": 1 << 20, "file_count": None, "complete": True, "judged": True, "verified": True,
                "verified_at": None, "checked": None, "problems": [],
            },
        ],
        "retention": {
            "policy": {"keep_last": 2},
            "keep": [
                {"label": NEWEST, "reasons": ["last", "newest full"]}, {"label": "20261121T210000Z-full", "reasons": ["last"]}
            ],
            "removed": ["20261119T210000Z-full", "20261120T210000Z-full"],
            "held_back": [],
            "warnings": [],
            "next_to_go": "20261121T210000Z-full",
            "next_after_backups": 1,
            "next_due": "2026-11-23T21:00:00Z",
        },
    }  # fmt: skip


@pytest.mark.parametrize("policy", [{}, {"keep_last": 2}, {"keep_daily": 14}, {"keep_daily": 2, "keep_monthly": 3}])
def test_a_run_without_news_changes_nothing(policy: dict[str, Any]) -> None:
    first = expired(NIGHTS, policy)
    second = expired(first["sets"], policy, now="2026-11-23 07:30")
    before = known(outcome(listing=first, backup=made(NEWEST), replicated=True))
    later = after(outcome(listing=second, backup=made(NEWEST, fresh=True)), before)
    assert second["removed"] == []
    assert document_text(later) == document_text(before)


def test_a_run_without_news_changes_nothing_in_any_history() -> None:
    """Random sets and rules, and an age in each entry, as a real listing has."""
    for seed in range(300):
        choice = random.Random(seed)
        nights = sorted(choice.sample(range(1, 29), choice.randint(0, 12)), reverse=True)
        sets = [
            full(f"2026-11-{day:02d} 21:00", complete=choice.random() > 0.2, age_s=choice.randint(0, 99))
            for day in nights
        ]
        policy = {
            f"keep_{rule}": choice.randint(1, 4) for rule in choice.sample(("last", "daily", "weekly", "monthly"), 2)
        }
        first = expired(sets, policy)
        again = [{**entry, "age_s": entry["age_s"] + 3600} for entry in first["sets"]]
        label = f"202611{nights[0]:02d}T210000Z-full" if nights else "none"
        before = known(outcome(listing=first, backup=made(label)))
        skipped = made(label, fresh=True) if choice.random() > 0.5 else {}
        (was,) = before["destinations"]
        now = only(outcome(listing=expired(again, policy), backup=skipped), before)
        late = {"status", "message"} if was["status"] == "late" else set()
        assert {key for key in was if was[key] != now[key]} <= late, f"seed {seed}"


def test_a_run_without_news_after_a_lost_one_restores_the_document() -> None:
    first = expired(NIGHTS, {"keep_last": 2})
    good = known(outcome(listing=first, backup=made(NEWEST)))
    found = outcome(listing=expired(first["sets"], {"keep_last": 2}), backup=made(NEWEST, fresh=True))
    for lost in (None, outcome("unreachable", "no route", detail="raw"), outcome("failed", "no", path=None)):
        between = after(lost, good)
        assert document_text(between) != document_text(good)
        assert document_text(after(found, between)) == document_text(good)


@pytest.mark.parametrize(
    "found",
    [
        outcome("failed", "no space"),
        outcome("unreachable", "no route"),
        outcome("failed", "no list", listing={**listing([]), "failed": True}),
        outcome("failed", "no list", listing={"failed": True, "msg": "?", "sets": [], "now": None, "path": None}),
        outcome("failed", "no space", backup={"failed": True, "label": None, "ca": {"name": None, "host": None}}),
        outcome("failed", "no space", late_after_s=None),
    ],
)
def test_a_lost_host_keeps_what_was_known_of_it(found: Run) -> None:
    good = known(outcome(listing=expired(NIGHTS, {"keep_last": 2}), backup=made(NEWEST), replicated=True))
    document = only(found, good)
    (was,) = good["destinations"]
    assert {key for key in was if was[key] != document[key]} == {"status", "message"}
    assert document["status"] in ("failed", "unreachable") and document["message"]


def test_what_a_failed_task_listed_counts() -> None:
    before = known(outcome(listing=listing(NIGHTS[1:])))
    damaged = full(
        "2026-11-22 21:00", complete=False, problems=[{"kind": "missing", "path": "x", "message": "'x' is missing"}]
    )
    found = {**listing([damaged, *NIGHTS[1:]]), "failed": True, "msg": "1 problem"}
    document = only(outcome("failed", "1 problem", listing=found), before)
    assert document["sets"][0]["problems"] == ["missing"] and document["newest"]["label"] == "20261121T210000Z-full"
    assert document["problems"] == [{"set": NEWEST, "kind": "missing", "path": "x", "message": "'x' is missing"}]


def test_a_listing_without_a_plan_keeps_the_plan_for_the_sets_that_are_left() -> None:
    before = known(outcome(listing=expired(NIGHTS, {"keep_daily": 4})))
    (was,) = before["destinations"]
    assert was["retention"]["next_to_go"] == "20261119T210000Z-full"
    same = only(outcome(listing=listing(NIGHTS)), before)
    assert same["retention"] == was["retention"] and was["retention"]["next_after_backups"] == 1
    newer = only(outcome(listing=listing([full("2026-11-23 05:00"), *NIGHTS])), before)["retention"]
    assert [newer[key] for key in ("next_to_go", "next_after_backups", "next_due")] == [
        "20261119T210000Z-full", None, None
    ]  # fmt: skip
    document = only(outcome(listing=listing(NIGHTS[:2])), before)
    assert [kept["label"] for kept in document["retention"]["keep"]] == [entry["label"] for entry in NIGHTS[:2]]
    assert document["retention"]["next_to_go"] is None


def test_what_was_removed_is_forgotten_with_the_next_set() -> None:
    before = known(outcome(listing=expired(NIGHTS[1:], {"keep_last": 2})))
    assert before["destinations"][0]["retention"]["removed"] == ["20261119T210000Z-full"]
    document = only(outcome(listing=expired(NIGHTS[:3], {"keep_last": 3})), before)
    assert document["retention"]["removed"] == []


def test_truncation_belongs_to_the_newest_set() -> None:
    before = known(outcome(listing=listing(NIGHTS[1:]), backup=made("20261121T210000Z-full")))
    truncation = before["destinations"][0]["truncation"]
    assert truncation["label"] == "20261121T210000Z-full"
    assert only(outcome(listing=listing(NIGHTS[1:])), before)["truncation"] == truncation
    assert only(outcome(listing=listing(NIGHTS)), before)["truncation"] is None


def test_a_backup_that_failed_after_its_set_was_published_says_what_became_of_the_logs() -> None:
    backup = {**made(NEWEST), "failed": True}
    backup["logs"] |= {"truncated": False, "after": 12}
    found = only(outcome("failed", "no", listing=listing(NIGHTS), backup=backup))
    assert found["truncation"]["done"] is False and found["untruncated_since"] == "2026-11-22T21:00:00Z"
    assert only(outcome("failed", "no", listing=listing(NIGHTS[1:]), backup=backup))["truncation"] is None


def test_a_copy_is_remembered_until_the_next_one() -> None:
    copied = known(outcome(listing=listing(NIGHTS[1:]), backup=made("20261121T210000Z-full"), replicated=True))
    assert copied["destinations"][0]["replicated"] == "20261121T210000Z-full"
    missed = after(outcome("failed", "hook", listing=listing(NIGHTS), backup=made(NEWEST)), copied)
    assert missed["destinations"][0]["replicated"] == "20261121T210000Z-full"
    again = only(outcome(listing=listing(NIGHTS), backup=made(NEWEST, fresh=True), replicated=True), missed)
    assert again["replicated"] == NEWEST
    assert only(outcome(listing=listing(NIGHTS), replicated=True))["replicated"] == NEWEST
    assert only(outcome(replicated=True))["replicated"] is None


@pytest.mark.parametrize("lost", [outcome("failed", "no"), outcome("unreachable", "no"), None])
def test_a_destination_whose_ca_was_replaced(lost: Run | None) -> None:
    """What was known of the old CA does not get into the entry of the new one."""
    old = known(
        outcome(listing=expired(NIGHTS[2:], {"keep_last": 1}, name="Old CA"), backup=made("20261120T210000Z-full"))
    )
    new = after(outcome(listing=listing(NIGHTS[:1], name="New CA")), old)
    entry = new["destinations"][0]
    assert entry["truncation"] is None and entry["retention"] is None and entry["ca"]["name"] == "New CA"
    still = after(lost, new)["destinations"][-1]
    assert still["folder_name"] == "New CA" and len(still["sets"]) == 1
    moved = only(outcome(listing=listing(NIGHTS, ca={"name": "Old CA", "host": "new.lab"}, folder_name="Old CA")), old)
    assert moved["ca"]["host"] == "new.lab" and moved["truncation"] is None and moved["status"] == "ok"


def test_results_with_wrong_types_do_no_harm() -> None:
    good = expired(NIGHTS, {"keep_last": 2})
    odd: list[Any] = [
        None, 5, float("inf"), float("nan"), 10**400, -(10**400), 1e300, "x", "2026-99-99T99:99:99Z", True, [], [None, 5, {}, {"label": 5}],
        {}, {"label": 5}, "\udc80", ["\udc80"], {"name": "\udc80"},
    ]  # fmt: skip
    for key in good:
        for value in odd:
            document = after(outcome(listing={**good, key: value}))
            assert parse_document(document_text(document).encode().decode()) == document, (key, value)
    for value in odd:
        assert only(outcome(listing=value, backup=value))["status"] == "failed"
        document = after(
            outcome(
                backup={**made(NEWEST), "label": value, "logs": value, "ca": value, "folder_name": value},
                replicated=True,
            )
        )
        assert parse_document(document_text(document).encode().decode()) == document, value


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        (0, 0), (2.5, 2), (-7, -7), (2**63 - 1, 2**63 - 1), (2**63, None), (-(2**63), -(2**63)), (-(2**63) - 1, None),
        (10**400, None), (-(10**400), None), (1e300, None), (float("nan"), None), (float("inf"), None), (True, None),
    ],
    ids=lambda value: f"{value!r:.20}",
)  # fmt: skip
def test_numbers_are_of_64_bits(number: Any, kept: int | None) -> None:
    odd = full("2026-11-22 21:00", bytes=number, duration_s=number, file_count=number)
    found = outcome(listing=listing([odd, *NIGHTS[1:]]), late_after_s=number)
    document = only(found)
    assert [document["newest"][key] for key in ("bytes", "duration_s", "file_count")] == [kept] * 3
    assert document["late_after_s"] == kept
    # the page of all CAs must not depend on what one host counts
    assert "202611" in page(fleet_of({"ca01": found, "ca02": outcome(listing=listing(NIGHTS, name="Other"))}))


def test_problems_are_bounded_and_counted() -> None:
    problems = [{"kind": "extra", "path": "p" * 9000, "message": "m" * 9000}] * (PROBLEM_LIMIT + 5)
    found = outcome(
        "failed", "x" * 9000, listing=listing([full("2026-11-22 21:00", problems=problems)]), detail="d" * 9000
    )
    document = only(found)
    assert len(document["problems"]) == PROBLEM_LIMIT and document["problem_count"] == PROBLEM_LIMIT + 5
    assert len(document["message"]) == len(document["detail"]) == MESSAGE_LIMIT
    assert len(document_text(after(found))) < 200_000


@pytest.mark.parametrize("label", ["y" * 9000, "\udc80", "{{ 7 * 7 }}\0\n"], ids=["long", "surrogate", "template"])
def test_a_hostile_label_stays_within_the_message(label: str) -> None:
    """A label comes from a host; a message that is made of it has the bounds of every other one."""
    hostile = {**NIGHTS[0], "label": label}
    runs = [
        outcome(listing=listing(NIGHTS), backup=made(label), expected=label),
        outcome(listing=listing([{**hostile, "complete": False}]), backup=made(label), expected=label),
        outcome(listing=listing([hostile], now="2027-01-01 00:00")),
    ]
    for found in runs:
        document = after(found)
        assert document["destinations"][0]["status"] in ("failed", "late")
        assert len(document["destinations"][0]["message"]) <= MESSAGE_LIMIT
        assert parse_document(document_text(document).encode().decode()) == document


class Tagged(str):
    """Stands for the texts of Ansible's own that results are made of."""

    __slots__ = ()

    def __str__(self) -> str:
        return "wrong"


def tagged(value: Any) -> Any:
    """The value with every text in it of another type."""
    if isinstance(value, dict):
        return {Tagged(key): tagged(item) for key, item in value.items()}
    if isinstance(value, list):
        return [tagged(item) for item in value]
    return Tagged(value) if isinstance(value, str) else value


def types(value: Any) -> set[type]:
    """Every type that occurs in a value."""
    inner = [*value.items()] if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
    return {type(value)}.union(*map(types, inner)) - {tuple}


def test_a_document_is_of_plain_types() -> None:
    damaged = full("2026-11-18 21:00", complete=False, problems=[{"kind": "missing", "path": "x", "message": "gone"}])
    results = {"listing": expired([*NIGHTS, damaged], {"keep_labels": [NEWEST]}), "backup": made(NEWEST)}
    found = {"message": "no", "detail": "raw", "path": DESTINATION, "replicated": True, **results}
    document = after(outcome("failed", **tagged(found)), kept_document(tagged(after(outcome("failed", **found)))))
    assert document == after(outcome("failed", **found))
    assert types(document) == {dict, list, str, int, bool, type(None)}
    expected = after(outcome(listing=tagged(listing(NIGHTS)), expected="20991122T210000Z-full"))
    assert "20991122T210000Z-full" in expected["destinations"][0]["message"] and types(expected) <= types(document)


def test_a_text_that_cannot_be_encoded() -> None:
    found = outcome(
        "failed", "\udc80", listing=listing([full("2026-11-22 21:00", path="\udc80", type="\udc80")]), detail="\udc80"
    )
    document = only(found)
    assert document["message"] == document["detail"] == "?" and document["sets"][0]["type"] == "?"


def test_a_large_fleet() -> None:
    nights = [
        f"20{year}-{month:02d}-{day:02d} 21:00"
        for year in (25, 24)
        for month in range(12, 0, -1)
        for day in range(17, 0, -1)
    ]
    found = outcome(
        listing=expired([full(night) for night in nights[:400]], {"keep_daily": 400}, now="2025-12-18 06:00")
    )
    document = after(found)
    again = after(found, parse_document(document_text(document)))
    assert document_text(again) == document_text(document) and document_text(document).count('{"bytes"') == 400
    assert again["destinations"][0]["status"] in STATUSES


def test_an_entry_can_be_told_as_json() -> None:
    document = after(outcome(listing=expired(NIGHTS, {"keep_last": 2}), backup=made(NEWEST)))
    assert json.loads(json.dumps(document)) == document

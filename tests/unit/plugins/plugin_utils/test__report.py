# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documents of CAs: every host is there, they hold facts only, and a run without news changes nothing."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils._html import page
from ansible_collections.adcs.ca.plugins.plugin_utils._report import (
    LOST,
    PROBLEM_LIMIT,
    STATUSES,
    document_text,
    file_names,
    fleet,
    human_span,
    read_document,
    with_refusals,
)
from ansible_collections.adcs.ca.plugins.plugin_utils._summary import summary

from histories import full, logs, unreadable
from outcomes import LATE_AFTER_S, expired, listing, made, outcome

NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"


def only(found: Any, earlier: Any = ()) -> dict[str, Any]:
    """The document of one host with this outcome."""
    (document,) = fleet({"ca01": found}, earlier)["cas"]
    return document


def known(document: dict[str, Any]) -> list[Any]:
    """A document as a later run reads it from the disk."""
    return [json.loads(document_text(document))]


@pytest.mark.parametrize(
    ("found", "status", "message"),
    [
        (outcome(expire=listing(NIGHTS)), "ok", ""),
        (outcome(expire=listing(NIGHTS, now="2026-11-23 23:00")), "ok", ""),
        (outcome(expire=listing(NIGHTS, now="2026-11-23 23:01")), "late", f"{NEWEST}, is older than 1 d 2 h."),
        (outcome(expire=listing([])), "never", "no complete full set"),
        (outcome(expire=listing([full("2026-11-22 21:00", complete=False)])), "never", "no complete full set"),
        (outcome(expire=listing([full("2026-11-22 21:00", complete=None)])), "never", "no complete full set"),
        (outcome(expire=listing([unreadable("2026-11-22 21:00")])), "never", "no complete full set"),
        (outcome(expire=listing([full("2026-11-23 07:00")])), "never", "no complete full set"),
        (outcome(expire=listing([logs("2026-11-22 22:00", "x", base=None)])), "never", "no complete full set"),
        (outcome("failed", "Back up: no", expire=listing([])), "failed", "Back up: no"),
        (outcome("failed", "", expire=listing(NIGHTS, now="2027-01-01 00:00")), "failed", "It failed."),
        (outcome("unreachable", "no route"), "unreachable", "no route"),
        (outcome("splendid", "?"), "failed", "?"),
        (outcome(backup=made(NEWEST)), "ok", ""),
        (outcome(), "never", "no complete full set"),
        (None, "unreachable", LOST),
        ("text", "unreachable", LOST),
        ({}, "unreachable", LOST),
    ],
)
def test_status(found: Any, status: str, message: str) -> None:
    document = only(found)
    assert document["status"] == status
    assert message in document["message"] if message else document["message"] == ""


def test_what_may_have_become_of_a_lost_host_fits_into_a_cell() -> None:
    assert all(words in LOST for words in ("unreachable", "variable", "wrong type", "time", "interrupted"))
    (row,) = summary(fleet({"ca01": None}))["rows"]
    assert row["message"] == LOST


def test_a_set_dated_in_the_future_makes_no_ca_look_safe() -> None:
    future = full(
        "2026-12-24 00:00", problems=[{"kind": "future", "path": "p", "message": "the set is dated in the future"}]
    )
    document = only(outcome(expire=listing([future, full("2026-11-10 21:00")])))
    assert document["status"] == "late" and document["newest"]["label"] == "20261110T210000Z-full"
    assert [entry["label"] for entry in document["sets"]] == ["20261224T000000Z-full", "20261110T210000Z-full"]


def test_a_document_says_what_there_is() -> None:
    sets = [full("2026-11-22 21:00", duration_s=12, file_count=17, age_s=32400), *NIGHTS[1:]]
    leftover = {"kind": "leftover", "path": r"D:\x", "message": "left"}
    found = expired(sets, {"keep_last": 2}, problems=[leftover])
    document = only(outcome(expire=found, backup=made(NEWEST)))
    newest = {
        "label": NEWEST, "started": "2026-11-22T21:00:00Z", "finished": "2026-11-22T21:00:00Z",
        "duration_s": 12, "bytes": 1 << 20, "file_count": 17, "verified": True,
    }  # fmt: skip
    assert document == {
        "schema": 1,
        "host": "ca01",
        "ca": {"name": "Example CA", "host": "ca.lab.example"},
        "folder_name": "Example CA",
        "path": r"D:\Backup\Example CA",
        "status": "ok",
        "message": "",
        "late_after_s": LATE_AFTER_S,
        "newest": newest,
        "truncation": {
            "label": NEWEST, "requested": True, "truncated": True, "logs_before": 12, "logs_after": 1, "logs_listed": 12
        },
        "problems": [{"set": None, **leftover}],
        "problem_count": 1,
        "sets": [
            {**newest, "type": "full", "complete": True, "problems": []},
            {
                "label": "20261121T210000Z-full", "started": "2026-11-21T21:00:00Z", "finished": "2026-11-21T21:00:00Z",
                "type": "full", "duration_s": None, "bytes": 1 << 20, "file_count": None, "complete": True, "verified": True,
                "problems": [],
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
    before = only(outcome(expire=first, backup=made(NEWEST)))
    after = only(outcome(expire=second, backup=made(NEWEST, fresh=True)), known(before))
    assert second["removed"] == []
    assert document_text(after) == document_text(before)


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
        before = only(outcome(expire=first, backup=made(label)))
        skipped = made(label, fresh=True) if choice.random() > 0.5 else {}
        after = only(outcome(expire=expired(again, policy), backup=skipped), known(before))
        late = {"status", "message"} if before["status"] == "late" else set()
        assert {key for key in before if before[key] != after[key]} <= late, f"seed {seed}"


def test_a_run_without_news_after_a_lost_one_restores_the_document() -> None:
    first = expired(NIGHTS, {"keep_last": 2})
    good = only(outcome(expire=first, backup=made(NEWEST)))
    lost = only(None, known(good))
    assert lost["status"] == "unreachable"
    again = only(outcome(expire=expired(first["sets"], {"keep_last": 2}), backup=made(NEWEST, fresh=True)), known(lost))
    assert document_text(again) == document_text(good)


@pytest.mark.parametrize(
    "found",
    [
        None,
        outcome("failed", "no space"),
        outcome("unreachable", "no route"),
        outcome("failed", "no list", expire={**listing([]), "failed": True}),
        outcome("failed", "no list", expire={"failed": True, "msg": "?", "sets": [], "now": None, "path": None}),
        outcome("failed", "no space", backup={"failed": True, "label": None, "ca": {"name": None, "host": None}}),
    ],
)
def test_a_lost_host_keeps_what_was_known_of_it(found: Any) -> None:
    good = only(outcome(expire=expired(NIGHTS, {"keep_last": 2}), backup=made(NEWEST)))
    document = only(found, [{"schema": 1, "host": "ca02"}, *known(good)])
    changed = {key for key in good if good[key] != document[key]}
    assert changed == {"status", "message"}
    assert document["status"] in ("failed", "unreachable") and document["message"]


def test_what_a_failed_task_listed_counts() -> None:
    before = only(outcome(expire=listing(NIGHTS[1:])))
    damaged = full(
        "2026-11-22 21:00", complete=False, problems=[{"kind": "missing", "path": "x", "message": "'x' is missing"}]
    )
    found = {**listing([damaged, *NIGHTS[1:]]), "failed": True, "msg": "1 problem"}
    document = only(outcome("failed", "1 problem", expire=found), known(before))
    assert document["sets"][0]["problems"] == ["missing"] and document["newest"]["label"] == "20261121T210000Z-full"
    assert document["problems"] == [{"set": NEWEST, "kind": "missing", "path": "x", "message": "'x' is missing"}]


def test_a_listing_without_a_plan_keeps_the_plan_for_the_sets_that_are_left() -> None:
    before = only(outcome(expire=expired(NIGHTS, {"keep_daily": 4})))
    assert before["retention"]["next_to_go"] == "20261119T210000Z-full"
    same = only(outcome(expire=listing(NIGHTS)), known(before))
    assert same["retention"] == before["retention"] and before["retention"]["next_after_backups"] == 1
    newer = only(outcome(expire=listing([full("2026-11-23 05:00"), *NIGHTS])), known(before))["retention"]
    assert [newer[key] for key in ("next_to_go", "next_after_backups", "next_due")] == [
        "20261119T210000Z-full", None, None
    ]  # fmt: skip
    document = only(outcome(expire=listing(NIGHTS[:2])), known(before))
    assert [kept["label"] for kept in document["retention"]["keep"]] == [entry["label"] for entry in NIGHTS[:2]]
    assert document["retention"]["next_to_go"] is None


def test_what_was_removed_is_forgotten_with_the_next_set() -> None:
    before = only(outcome(expire=expired(NIGHTS[1:], {"keep_last": 2})))
    assert before["retention"]["removed"] == ["20261119T210000Z-full"]
    document = only(outcome(expire=expired(NIGHTS[:3], {"keep_last": 3})), known(before))
    assert document["retention"]["removed"] == []


def test_truncation_belongs_to_the_newest_set() -> None:
    before = only(outcome(expire=listing(NIGHTS[1:]), backup=made("20261121T210000Z-full")))
    assert before["truncation"]["label"] == "20261121T210000Z-full"
    assert only(outcome(expire=listing(NIGHTS[1:])), known(before))["truncation"] == before["truncation"]
    assert only(outcome(expire=listing(NIGHTS)), known(before))["truncation"] is None


def test_a_failed_backup_says_nothing_of_truncation() -> None:
    """It may have failed before anything was counted."""
    backup = {**made(NEWEST), "failed": True}
    assert only(outcome("failed", "no", expire=listing(NIGHTS), backup=backup))["truncation"] is None


def test_every_host_appears_and_the_worst_comes_first() -> None:
    for seed in range(50):
        choice = random.Random(seed)
        states = [
            None,
            "text",
            {},
            outcome("failed", "no"),
            outcome("unreachable", "no"),
            outcome(expire=listing(NIGHTS)),
            outcome(expire=listing(NIGHTS[1:])),
            outcome(expire=listing([])),
        ]
        outcomes = {f"ca{number:02d}": choice.choice(states) for number in range(12)}
        document = fleet(outcomes)
        rows = [(STATUSES.index(entry["status"]), entry["newest"]) for entry in document["cas"]]
        assert sorted(entry["host"] for entry in document["cas"]) == sorted(outcomes), f"seed {seed}"
        assert [rank for rank, _ in rows] == sorted(rank for rank, _ in rows), f"seed {seed}"
        assert sum(document["counts"].values()) == len(outcomes), f"seed {seed}"
        reverse = dict(reversed(outcomes.items()))
        assert fleet(reverse) == document, f"seed {seed}"


def test_newest_first_within_a_status() -> None:
    hosts = {f"ca{day}": outcome(expire=listing([full(f"2026-11-{day} 21:00")])) for day in (20, 19, 21)}
    assert [entry["host"] for entry in fleet(hosts)["cas"]] == ["ca21", "ca20", "ca19"]


@pytest.mark.parametrize("folder", ["a/b", "a\\b", "..", ".", ".hidden", "a\0b", "a\nb", "x" * 201, "\u00e4" * 101])
def test_a_name_that_is_none_for_a_file_is_refused(folder: str) -> None:
    document = only(outcome(expire=listing(NIGHTS, folder_name=folder)))
    good = fleet({"ca02": outcome(expire=listing(NIGHTS, name="Good"))})["cas"]
    names, refusals = file_names([document, *good])
    assert names == {"ca02": "Good.json"} and refusals.keys() == {"ca01"} and "host ca01 names" in refusals["ca01"]


def test_names_of_files() -> None:
    found = {"ca01": outcome(expire=listing(NIGHTS, folder_name="Gr\u00fc\u00dfe #1..2")), "ca02": None}
    assert file_names(fleet(found)["cas"]) == ({"ca01": "Gr\u00fc\u00dfe #1..2.json"}, {})


@pytest.mark.parametrize("folders", [("Example", "Example"), ("Example", "EXAMPLE")])
def test_two_hosts_with_one_name_are_refused(folders: tuple[str, str]) -> None:
    hosts = {f"ca0{number}": outcome(expire=listing(NIGHTS, folder_name=name)) for number, name in enumerate(folders)}
    hosts["ca05"] = outcome(expire=listing(NIGHTS, name="Good"))
    names, refusals = file_names(fleet(hosts)["cas"])
    assert names == {"ca05": "Good.json"} and refusals.keys() == {"ca00", "ca01"}
    assert len(set(refusals.values())) == 1 and "ca00 and ca01" in refusals["ca00"]
    assert all(repr(folder) in refusals["ca00"] for folder in folders)
    document = only(outcome(expire=listing(NIGHTS, folder_name=folders[0])))
    other = {"ca01": None, "ca09": outcome(expire=listing(NIGHTS, folder_name=folders[1]))}
    names, refusals = file_names(fleet(other, known(document))["cas"])
    assert names == {} and "ca01 and ca09" in refusals["ca01"] and refusals["ca01"] == refusals["ca09"]


def test_a_fleet_with_refusals_is_ordered_and_counted_anew() -> None:
    hosts = {f"ca0{number}": outcome(expire=listing(NIGHTS, name="Same")) for number in (1, 2, 3)}
    found = fleet({**hosts, "ca04": None, "ca05": outcome(expire=listing(NIGHTS))})
    assert with_refusals(found, {}) == found
    _, refusals = file_names(found["cas"])
    assert "ca01, ca02 and ca03" in refusals["ca02"]
    refused = with_refusals(found, refusals)
    states = [(document["host"], document["status"]) for document in refused["cas"]]
    assert states == [*((host, "failed") for host in hosts), ("ca04", "unreachable"), ("ca05", "ok")]
    assert refused["counts"] == {"failed": 3, "unreachable": 1, "never": 0, "late": 0, "ok": 1}
    assert refused["cas"][0] == {**found["cas"][1], "status": "failed", "message": refusals["ca01"]}


def test_text_of_a_document() -> None:
    document = only(outcome(expire=expired(NIGHTS, {"keep_last": 2}), message="Gr\u00fc\u00dfe\0\n\u202e"))
    text = document_text(document)
    assert json.loads(text) == document
    assert "Gr\u00fc\u00dfe" in text and text.endswith("}\n") and "\n\n" not in text
    keys = [line.split('"')[1] for line in text.splitlines() if line.startswith('  "')]
    assert keys == sorted(document)
    assert sum(line.strip().startswith('{"bytes"') for line in text.splitlines()) == 2
    assert read_document(json.loads(text)) == document


@pytest.mark.parametrize(
    "broken", [None, [], "x", 5, {}, {"schema": 2, "host": "ca01"}, {"schema": 1}, {"schema": 1, "host": 5}]
)
def test_what_is_no_document_is_left_out(broken: Any) -> None:
    assert read_document(broken) is None
    assert only(None, [broken])["sets"] == []


def test_a_document_with_wrong_types_does_no_harm() -> None:
    """Every key replaced by every odd value: the answer has the types of a good one, and can be told again."""
    good = json.loads(document_text(only(outcome(expire=expired(NIGHTS, {"keep_last": 2}), backup=made(NEWEST)))))
    odd: list[Any] = [None, 5, -1.5, "x", True, [], [None, 5, "x", {}, []], {}, {"label": 5}, {"label": "x", "keep": 5}]
    for key in good.keys() - {"schema", "host"}:
        for value in odd:
            document = only(None, [{**good, key: value}])
            assert document.keys() == good.keys(), (key, value)
            assert read_document(json.loads(document_text(document))) == document, (key, value)


def test_results_with_wrong_types_do_no_harm() -> None:
    good = expired(NIGHTS, {"keep_last": 2})
    odd: list[Any] = [
        None,
        5,
        float("inf"),
        float("nan"),
        10**400,
        -(10**400),
        1e300,
        "x",
        "2026-99-99T99:99:99Z",
        True,
        [],
        [None, 5, {}, {"label": 5}],
        {},
        {"label": 5},
    ]
    for key in good:
        for value in odd:
            document = only(outcome(expire={**good, key: value}))
            assert read_document(json.loads(document_text(document))) == document, (key, value)
    for value in odd:
        assert only(outcome(expire=value, backup=value))["status"] in STATUSES
        assert only(outcome(expire=good, late_after_s=value))["status"] in STATUSES


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
    found = outcome(expire=listing([odd, *NIGHTS[1:]]), late_after_s=number)
    document = only(found)
    assert [document["newest"][key] for key in ("bytes", "duration_s", "file_count")] == [kept] * 3
    assert document["late_after_s"] == kept
    # the page of all CAs must not depend on what one host counts
    assert "202611" in page(fleet({"ca01": found, "ca02": outcome(expire=listing(NIGHTS, name="Other"))}))


def test_problems_are_bounded_and_counted() -> None:
    problems = [{"kind": "extra", "path": "p" * 9000, "message": "m" * 9000}] * (PROBLEM_LIMIT + 5)
    document = only(outcome("failed", "x" * 9000, expire=listing([full("2026-11-22 21:00", problems=problems)])))
    assert len(document["problems"]) == PROBLEM_LIMIT and document["problem_count"] == PROBLEM_LIMIT + 5
    assert len(document["message"]) == 2000 and len(document_text(document)) < 200_000


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
    found = outcome("failed", "no", expire=expired([*NIGHTS, damaged], {"keep_labels": [NEWEST]}), backup=made(NEWEST))
    document = only(tagged(found), [tagged(only(found))])
    assert document == only(found)
    assert types(document) == {dict, list, str, int, bool, type(None)}
    assert types(only(None, [tagged(document)])) == types(document)


def test_a_text_that_cannot_be_encoded() -> None:
    document = only(
        outcome("failed", "\udc80", expire=listing([full("2026-11-22 21:00", path="\udc80", type="\udc80")]))
    )
    assert document["message"] == "?" and document["sets"][0]["type"] == "?"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (90, "1 min 30 s"),
        (3600, "1 h"),
        (93600, "1 d 2 h"),
        (86400, "1 d"),
        (-90, "-1 min 30 s"),
    ],
)
def test_human_span(seconds: int, text: str) -> None:
    assert human_span(seconds) == text


def test_a_large_fleet() -> None:
    nights = [
        f"20{year}-{month:02d}-{day:02d} 21:00"
        for year in (25, 24)
        for month in range(12, 0, -1)
        for day in range(17, 0, -1)
    ]
    found = expired([full(night) for night in nights[:400]], {"keep_daily": 400}, now="2025-12-18 06:00")
    outcomes = {f"ca{number}": outcome(expire={**found, "folder_name": f"CA {number}"}) for number in range(300)}
    texts = [document_text(document) for document in fleet(outcomes)["cas"]]
    fleet(outcomes, map(json.loads, texts))
    assert len(texts) == 300 and all(text.count("20") > 400 for text in texts)


def test_a_host_whose_ca_was_replaced() -> None:
    """Two reports name the host: facts of the old CA do not get into the new one's."""
    old = known(only(outcome(expire=listing(NIGHTS[2:], name="Old CA"), backup=made("20261120T210000Z-full"))))
    new = known(only(outcome(expire=listing(NIGHTS[:1], name="New CA")), old))
    assert new[0]["truncation"] is None and new[0]["ca"]["name"] == "New CA"
    for earlier in (old + new, new + old):
        lost = only(None, earlier)
        assert lost["folder_name"] == "New CA" and len(lost["sets"]) == 1
        again = only(outcome(expire=listing(NIGHTS[2:], name="Old CA")), earlier)
        assert again["folder_name"] == "Old CA" and again["truncation"] == old[0]["truncation"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\udc80", ["\udc80"], {"keep_last": float("nan")}])
def test_an_earlier_document_can_be_told_again(value: Any) -> None:
    good = json.loads(document_text(only(outcome(expire=expired(NIGHTS, {"keep_last": 2})))))
    for key in good.keys() - {"schema", "host"}:
        document_text(only(None, [{**good, key: value}])).encode()
    good["retention"]["policy"] = {"keep_last": value, "keep_labels": value}
    document_text(only(None, [good])).encode()

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The artifact of a job and the message that it fails with: bounded, and the failed CAs are the last to be left out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import STATUSES
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._summary import (
    BYTES_LIMIT,
    attention_line,
    attention_text,
    cell,
    summary,
)
from helpers.unit.histories import full
from helpers.unit.outcomes import fleet_of, listing, outcome

GOOD = outcome(listing=listing([full("2026-11-22 21:00")]))


def bad(host: str, message: str = "no space", status: str = "failed", ca: str | None = None) -> dict[str, Any]:
    return {"host": host, "ca": ca, "path": "D:\\", "status": status, "message": message}


def test_a_summary() -> None:
    assert summary(fleet_of({"ca01": GOOD, "ca02": outcome("failed", "no\n space")})) == {
        "schema": 3,
        "counts": {**dict.fromkeys(STATUSES, 0), "failed": 1, "ok": 1},
        "rows": [
            {"host": "ca02", "ca": None, "status": "failed", "label": None, "started": None, "bytes": None, "message": "no space"},
            {
                "host": "ca01", "ca": "Example CA", "status": "ok", "label": "20261122T210000Z-full",
                "started": "2026-11-22T21:00:00Z", "bytes": 1 << 20, "message": "",
            },
        ],
        "omitted": 0,
    }  # fmt: skip


@pytest.mark.parametrize("letter", ["x", "\u00fc", "\0", "\U0001f4a3"])
@pytest.mark.parametrize("count", [1, 199, 200, 201, 400])
def test_it_is_bounded(letter: str, count: int) -> None:
    hosts = {f"ca{number:03d}": GOOD for number in range(count)}
    hosts |= {
        f"bad{number}": outcome("failed", letter * 9000, listing=listing([], name=letter * 9000)) for number in range(4)
    }
    short = summary(fleet_of(hosts))
    assert len(json.dumps(short)) <= BYTES_LIMIT
    assert [row["status"] for row in short["rows"][:5]] == [*["failed"] * 4, "ok"]
    assert len(short["rows"]) + short["omitted"] == count + 4
    assert len(short["rows"]) <= 200 and sum(short["counts"].values()) == count + 4
    assert all(len(row["message"]) <= 200 for row in short["rows"])


def test_as_many_rows_as_fit() -> None:
    hosts = {f"ca{number:03d}": outcome("failed", "\U0001f4a3" * 200) for number in range(200)}
    short = summary(fleet_of(hosts))
    assert 20 < len(short["rows"]) < 40 and short["omitted"] == 200 - len(short["rows"])
    assert BYTES_LIMIT - 5000 < len(json.dumps(short)) <= BYTES_LIMIT


@pytest.mark.parametrize("limit", [0, 1, 20])
def test_fewer_rows_count_all_the_same(limit: int) -> None:
    hosts = {f"ca{number:03d}": GOOD for number in range(30)} | {"ca999": outcome("failed", "no")}
    short = summary(fleet_of(hosts), limit)
    assert len(short["rows"]) == limit and short["omitted"] == 31 - limit and short["counts"]["ok"] == 30
    assert [row["host"] for row in short["rows"][:1]] == ["ca999"][:limit]


def test_a_failure_names_the_first_and_counts_the_others() -> None:
    message = attention_text([bad(f"ca{number:02d}", "m" * 999) for number in range(23)], 23, 24)
    assert message.startswith("23 of 24 CAs need attention. ca00 failed at D:\\: mmm")
    assert "ca19 failed at" in message and "ca20" not in message and message.endswith("; and 3 more")
    assert len(message) < 6000


def test_a_failure_says_which_ca() -> None:
    rows = [
        bad("ca01", "no\nspace", ca="Example\nCA"),
        bad("ca02", "old", "late"),
        bad("ca03", "none", "never"),
        bad("ca04", "x", "unreachable"),
    ]
    assert attention_text(rows, 4, 9) == (
        "4 of 9 CAs need attention. Example CA (ca01) failed at D:\\: no space; ca02 is late at D:\\: old; ca03 has no good set at D:\\: none; ca04 is unreachable: x"
    )
    assert attention_line(bad("ca01", "no {{ 7 * 7 }}")) == "ca01 failed at D:\\: no {{ 7 * 7 }}"
    assert len(attention_line(bad("h" * 999, "m" * 999, ca="c" * 999))) < 1500


@pytest.mark.parametrize(
    ("hosts", "total", "words"), [(1, 1, "1 of 1 CA needs attention. "), (1, 2, "1 of 2 CAs needs attention. ")]
)
def test_a_failure_of_one_ca(hosts: int, total: int, words: str) -> None:
    assert attention_text([bad("ca01")], hosts, total).startswith(words)


def test_a_warning_that_fails_a_job() -> None:
    assert attention_line(bad("ca01", "full soon", "warning")) == "ca01 needs a look at D:\\: full soon"


def test_nothing_fails() -> None:
    assert attention_text([], 0, 5) == ""


@pytest.mark.parametrize(
    ("text", "shown"), [(None, None), ("", ""), (" a\n\tb\u2028c ", "a b c"), ("x" * 201, "x" * 199 + "\u2026")]
)
def test_a_cell(text: str | None, shown: str | None) -> None:
    assert cell(text) == shown

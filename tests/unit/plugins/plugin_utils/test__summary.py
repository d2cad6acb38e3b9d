# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The artifact of a job and the message that it fails with: bounded, and the failed CAs are the last to be left out."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils._report import fleet
from ansible_collections.adcs.ca.plugins.plugin_utils._summary import BYTES_LIMIT, failure, summary

from histories import full
from outcomes import listing, outcome

GOOD = outcome(expire=listing([full("2026-11-22 21:00")]))


def test_a_summary() -> None:
    assert summary(fleet({"ca01": GOOD, "ca02": outcome("failed", "no\n space")})) == {
        "schema": 1,
        "counts": {"failed": 1, "unreachable": 0, "never": 0, "late": 0, "ok": 1},
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
        f"bad{number}": outcome("failed", letter * 9000, expire=listing([], name=letter * 9000)) for number in range(4)
    }
    short = summary(fleet(hosts))
    assert len(json.dumps(short)) <= BYTES_LIMIT
    assert [row["status"] for row in short["rows"][:5]] == [*["failed"] * 4, "ok"]
    assert len(short["rows"]) + short["omitted"] == count + 4
    assert len(short["rows"]) <= 200 and sum(short["counts"].values()) == count + 4
    assert all(len(row["message"]) <= 200 for row in short["rows"])


def test_as_many_rows_as_fit() -> None:
    hosts = {f"ca{number:03d}": outcome("failed", "\U0001f4a3" * 200) for number in range(200)}
    short = summary(fleet(hosts))
    assert 20 < len(short["rows"]) < 40 and short["omitted"] == 200 - len(short["rows"])
    assert BYTES_LIMIT - 5000 < len(json.dumps(short)) <= BYTES_LIMIT


def test_a_failure_names_the_first_and_counts_the_others() -> None:
    hosts = {f"ca{number:02d}": outcome("failed", "m" * 999) for number in range(23)}
    message = failure(fleet({**hosts, "ca99": GOOD}), ["failed"])
    assert message is not None and message.startswith("23 of 24 CAs need attention. ca00 failed: mmm")
    assert "ca19 failed" in message and "ca20" not in message and message.endswith("; and 3 more")
    assert len(message) < 6000


def test_it_fails_for_the_hosts_named_and_names_all() -> None:
    hosts = fleet({"ca01": GOOD, "ca02": outcome("failed", "no space"), "ca03": None, "ca04": outcome("failed", "boom")})
    everything = failure(hosts, ["failed", "unreachable"])
    assert everything is not None and everything.startswith("3 of 4 CAs need attention. ")
    assert failure(hosts, ["failed", "unreachable"], ["ca01", "ca04"]) == everything
    assert failure(hosts, ["failed", "unreachable"], ["ca03"]) == everything
    for others in (["ca01"], ["ca99"], []):
        assert failure(hosts, ["failed", "unreachable"], others) is None
    assert failure(hosts, ["failed"], ["ca03"]) is None


def test_nothing_fails() -> None:
    assert failure(fleet({"ca01": GOOD, "ca02": outcome("failed", "no")}), ["late", "never", "unreachable"]) is None

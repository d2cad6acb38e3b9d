# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of a fleet for the terminal: bounded, the worst first, and plain text whatever a host says."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import seconds_of
from ansible_collections.adcs.ca.plugins.plugin_utils.page._table import fleet_table
from helpers.unit.histories import full
from helpers.unit.outcomes import NOW, after, fleet_of, instant, listing, outcome

NOW_S = seconds_of(instant(NOW))
GOOD = outcome(listing=listing([full("2026-11-22 21:00")]))
WIDE = "A very long name of a certification authority in the north G3"


def table(**runs: Any) -> list[str]:
    return fleet_table(fleet_of(runs), NOW_S)


def test_a_table() -> None:
    stopped = "Back up the CA: x: 0x800706BA RPC_S_SERVER_UNAVAILABLE: The CertSvc service does not answer. Start it."
    lines = table(
        ca01=GOOD, ca02=outcome("failed", stopped, listing=listing([full("2026-11-20 21:00")], name="ca02")), ca03=None
    )
    assert lines == [
        "CA                 state   set                    age      why                               next step",
        "-----------------  ------  ---------------------  -------  --------------------------------  -------------------------------------------",
        "ca02               failed  20261120T210000Z-full  2 d 9 h  The CA's service does not answer  Find out why CertSvc stopped, then start it",
        "ca03               failed  none                            The last job recorded nothing     Run the job again for this host",
        "Example CA (ca01)  ok      20261122T210000Z-full  9 h",
    ]  # fmt: skip


def test_a_ca_that_is_ok_and_whose_last_backup_failed() -> None:
    known = after(outcome("failed", "no", listing=listing([full("2026-11-22 21:00")]), tried=True))
    (line,) = fleet_table(fleet_of({"ca01": GOOD}, {"ca01": known}), NOW_S)[2:]
    assert " ok " in line and "But the last backup that was tried failed  Look at why it failed" in line


def test_no_ca_is_no_table() -> None:
    assert table() == []


@pytest.mark.parametrize(
    ("good", "failed", "rest"),
    [
        (40, 0, None),
        (41, 0, "and 1 more, ok"),
        (300, 1, "and 261 more, all ok"),
        (20, 45, "and 25 more: 5 failed, 20 ok"),
    ],
)
def test_it_has_forty_rows_and_the_worst_come_first(good: int, failed: int, rest: str | None) -> None:
    runs = {f"ca{number:03d}": GOOD for number in range(good)}
    lines = table(**runs, **{f"bad{number:03d}": outcome("failed", "?") for number in range(failed)})
    assert len(lines) == 2 + 40 + bool(rest) and (rest is None or lines[-1] == rest)
    assert [" failed " in line for line in lines[2:42]] == [True] * min(failed, 40) + [False] * (40 - min(failed, 40))


@pytest.mark.parametrize("letter", ["x", "\u00fc", "\u6f22", "x ", "x, "])
def test_lines_are_bounded(letter: str) -> None:
    runs = {
        letter.strip(" ,")
        * 99: outcome(
            "failed", letter * 900, listing=listing([full("1999-11-22 21:00")], name=letter.strip(" ,") * 99)
        ),
        "ca02": outcome("unreachable", f"ca02 ({letter * 99}). " + letter * 999),
        "ca03": outcome(listing=listing([full("2026-11-01 21:00")], name=WIDE)),
        "ca04": GOOD,
    }
    lines = table(**runs)
    assert len(lines) == 6 and all(len(line) <= 160 for line in lines)


def test_the_cause_has_room_beside_a_long_next_step() -> None:
    lines = table(ca01=outcome("failed", "x 0x80070020 y", listing=listing([full("2026-11-22 21:00")], name=WIDE)))
    assert "Another program holds a file open" in lines[2] and "(ca01)" in lines[2] and len(lines[2]) <= 160


def test_the_host_is_whole_where_its_ca_is_not() -> None:
    assert (
        "A very long n\u2026 (issuing-ca-07)" in table(**{"issuing-ca-07": outcome(listing=listing([], name=WIDE))})[2]
    )


@pytest.mark.parametrize("name", ["ca01", "CA01", ""])
def test_a_host_of_the_name_of_its_ca_is_named_once(name: str) -> None:
    assert table(ca01=outcome(listing=listing([full("2026-11-22 21:00")], name=name)))[2].startswith("ca01  ok")


def test_what_a_host_says_is_plain_text() -> None:
    evil = "\x1b[31mred\x07\r\nnext\u202eline\u2028{{ 7 * 7 }}"
    lines = table(ca01=outcome("failed", evil, listing=listing([], name=evil)))
    assert len(lines) == 3 and lines[2].isprintable() and "[31mred next line {{ 7 * 7 }}" in lines[2]


def test_a_cause_that_nobody_knows_is_told_by_its_message() -> None:
    assert "  Something odd  " in table(ca01=outcome("failed", "Something odd. And more."))[2]


def test_a_warning_is_told_by_itself() -> None:
    space = {"destination": {"free_bytes": 5, "total_bytes": 100}, "log_volume": None, "logs": None}
    assert (
        "The destination has only 5 B free"
        in table(ca01=outcome(listing=listing([full("2026-11-22 21:00")], space=space)))[2]
    )


def test_a_clock_that_is_behind_makes_no_age_negative() -> None:
    assert "  0 s" in fleet_table(fleet_of({"ca01": GOOD}), 0)[2]


def test_keys_may_be_missing() -> None:
    assert fleet_table({"cas": [{"host": "ca01", "status": "failed"}]}, NOW_S)[2].startswith("ca01  failed  none")

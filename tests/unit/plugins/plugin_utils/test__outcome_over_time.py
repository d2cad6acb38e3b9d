# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an entry makes of time: sets that are too old or from the future, and a failure that later runs do not undo."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import document_text
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import (
    OFFLINE_LATE_AFTER_S,
    is_late,
    late_message,
)
from helpers.unit.histories import full
from helpers.unit.outcomes import after, listing, made, only, outcome

ROLE = Path(__file__).resolve().parents[4] / "roles" / "backup"
NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"


def test_when_a_set_is_late() -> None:
    newest = {"started": "1970-01-01T00:01:40Z", "label": "x"}
    assert [is_late(newest, 50, now) for now in (150.0, 150.5, -1.0)] == [False, True, False]
    assert [is_late(newest, 50, now) for now in (-3500.0, -3500.5)] == [False, True]
    assert not is_late(None, 0, 1e12) and not is_late(newest, None, 1e12)
    assert late_message(newest, 90, 1e4) == "The newest complete full set, x, is older than 1 min 30 s."
    assert "is dated in the future, so nobody knows" in late_message(newest, 90, -4000.0)


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_set_from_the_future_of_the_controller_is_never_the_newest(is_offline: bool) -> None:
    """The wrong clock of a host vouches for itself; it must not keep the CA green until that day."""
    facts = {"is_offline": is_offline}
    wrong = full("2027-11-22 21:00")
    found = after(outcome(listing=listing([wrong], now="2027-11-22 22:00"), **facts), now="2026-11-23 06:00")
    (made_of_it,) = found["destinations"]
    assert (made_of_it["status"], made_of_it["newest"]) == ("never", None)
    assert [problem["kind"] for problem in made_of_it["problems"]] == ["future"]
    both = listing([wrong, *NIGHTS], now="2027-11-22 22:00")
    older = only(outcome(listing=both, **facts), now="2026-11-23 06:00")
    assert older["newest"]["label"] == NEWEST and older["status"] == "late"
    near = only(outcome(listing=listing([full("2026-11-23 06:59")], now="2026-11-23 07:00")), now="2026-11-23 06:00")
    assert near["status"] == "ok"


def test_a_backup_that_failed_is_remembered_until_one_succeeds() -> None:
    """A morning check of a young set does not make it undone, nor does a job that finds the set young enough."""
    failed = {**made(NEWEST), "failed": True, "label": None}
    first = after(outcome("failed", "no", listing=listing(NIGHTS), backup=failed, tried=True), now="2026-11-22 22:00")
    wanted = {"at": "2026-11-22T22:00:00Z", "message": "no"}
    assert first["destinations"][0]["failure"] == wanted
    again = after(
        outcome("failed", "no", listing=listing(NIGHTS), backup=failed, tried=True), first, now="2026-11-22 23:00"
    )
    assert document_text(again) == document_text(first)
    check = after(outcome(listing=listing(NIGHTS)), again, now="2026-11-23 06:00")
    young = after(
        outcome(listing=listing(NIGHTS), backup=made(NEWEST, fresh=True), tried=True), check, now="2026-11-23 07:00"
    )
    for document in (check, young):
        (found,) = document["destinations"]
        assert (found["status"], found["failure"]) == ("ok", wanted)
    success = outcome(listing=listing(NIGHTS), backup=made(NEWEST), tried=True)
    assert only(success, young)["failure"] is None
    newer = listing([full("2026-11-23 07:30"), *NIGHTS], now="2026-11-23 08:00")
    assert only(outcome(listing=newer), young, now="2026-11-23 08:00")["failure"] is None
    hook = outcome("failed", "hook", listing=listing(NIGHTS), backup=made(NEWEST), tried=True)
    assert only(hook)["failure"] is None, "the backup itself succeeded"
    away = outcome("unreachable", "gone", silent=True, is_offline=True, tried=True)
    assert only(away, after(outcome(listing=listing(NIGHTS), is_offline=True)))["failure"] is None


def test_an_offline_ca_is_never_good_for_ever() -> None:
    """Without a word on how old a set may be, 200 days hold, as in the role."""
    old = outcome(listing=listing([full("2006-11-22 21:00")], now="2006-11-22 22:00"), late_after_s=None)
    away = outcome("unreachable", "x", silent=True, is_offline=True, late_after_s=None)
    assert only(away, after(old, now="2006-11-22 22:00"), now="2026-11-01 00:00")["status"] == "late"
    young = after(old, now="2006-11-22 22:00")
    assert only(away, young, now="2007-05-01 00:00")["status"] == "offline"
    assert (
        yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())["adcs_ca_backup_offline_late_after_s"]
        == OFFLINE_LATE_AFTER_S
    )

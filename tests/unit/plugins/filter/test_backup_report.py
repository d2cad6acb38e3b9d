# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter adcs.ca.backup_report."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.adcs.ca.plugins.filter.backup_report import FilterModule
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import STATUSES
from helpers.unit.histories import full
from helpers.unit.outcomes import after, listing, made
from helpers.unit.outcomes import outcome as run_of

backup_report = FilterModule().filters()["backup_report"]
NIGHTS = [full("2026-11-22 21:00"), full("2026-11-21 21:00")]
GOOD = {"status": "ok", "path": "D:\\Backup", "expire": listing(NIGHTS), "late_after_s": 93600}


def test_a_report() -> None:
    first = backup_report({"ca01": GOOD, "ca02": None})
    assert first["counts"] == {**dict.fromkeys(STATUSES, 0), "failed": 1, "ok": 1}
    assert [ca["host"] for ca in first["cas"]] == ["ca02", "ca01"]
    assert first["cas"][0]["message"].startswith("This job recorded no result for this host.")


def test_what_earlier_documents_know() -> None:
    known = after(run_of(listing=listing(NIGHTS)))
    found = backup_report(
        {"ca01": {"status": "failed", "message": "no", "path": "d:/backup"}},
        earlier=[known, None, 5, {"schema": 1, "host": "ca01"}],
    )
    (ca,) = found["cas"]
    assert (ca["status"], ca["message"], ca["newest"]["label"]) == ("failed", "no", "20261122T210000Z-full")
    (ca,) = backup_report({"ca02": {"status": "failed"}}, earlier=[known])["cas"]
    assert ca["newest"] is None


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (GOOD, "ok"), ({**GOOD, "late_after_s": 60}, "late"), ({**GOOD, "late_after_s": "60"}, "ok"), ({**GOOD, "expire": listing([])}, "never"),
        ({"status": "unreachable"}, "unreachable"), ({"status": "splendid"}, "failed"), ({"status": "ok"}, "failed"), ({"status": []}, "failed"),
        ({"status": "ok", "backup": made("20261122T210000Z-full")}, "ok"), ({}, "failed"), ("text", "failed"), (None, "failed"), (5, "failed"),
        ({"status": "ok", "expire": "x", "backup": 5, "path": 5, "message": 5}, "failed"),
    ],
)  # fmt: skip
def test_a_status(found: Any, status: str) -> None:
    (ca,) = backup_report({"ca01": found})["cas"]
    assert ca["status"] == status


@pytest.mark.parametrize("given", [([],), ("text",), (None,), ({}, "text"), ({}, {}), ({}, 5)])
def test_input_that_makes_no_sense(given: tuple[Any, ...]) -> None:
    with pytest.raises(AnsibleFilterError, match="adcs.ca.backup_report: "):
        backup_report(*given)

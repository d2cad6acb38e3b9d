# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter adcs.ca.backup_report."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.adcs.ca.plugins.filter.backup_report import FilterModule

from histories import full
from outcomes import listing, outcome

backup_report = FilterModule().filters()["backup_report"]


def test_a_report() -> None:
    good = outcome(expire=listing([full("2026-11-22 21:00")]))
    first = backup_report({"ca01": good, "ca02": None})
    assert first["counts"] == {"failed": 0, "unreachable": 1, "never": 0, "late": 0, "ok": 1}
    assert [document["host"] for document in first["cas"]] == ["ca02", "ca01"]
    second = backup_report({"ca01": outcome("failed", "no")}, earlier=first["cas"])
    assert second["cas"][0]["newest"] == first["cas"][1]["newest"]


@pytest.mark.parametrize("given", [([],), ("text",), (None,), ({}, "text"), ({}, {}), ({}, 5)])
def test_input_that_makes_no_sense(given: tuple[Any, ...]) -> None:
    with pytest.raises(AnsibleFilterError, match="adcs.ca.backup_report: "):
        backup_report(*given)

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter adcs.ca.retention_plan."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.adcs.ca.plugins.filter.retention_plan import FilterModule
from helpers.unit.histories import full

NIGHTS = [full("2026-11-22 21:00"), full("2026-11-21 21:00"), full("2026-11-20 21:00")]
NOW = "2026-11-23T06:00:00Z"
retention_plan = FilterModule().filters()["retention_plan"]


def test_a_plan() -> None:
    assert retention_plan(NIGHTS, {"keep_last": 1}, now=NOW, keep_minimum=1, limit=1) == {
        "keep": [{"label": "20261122T210000Z-full", "reasons": ["last", "newest full"]}],
        "remove": ["20261120T210000Z-full"],
        "held_back": ["20261121T210000Z-full"],
        "warnings": [],
        "next_to_go": "20261121T210000Z-full",
        "next_after_backups": 0,
        "next_due": None,
    }


@pytest.mark.parametrize(
    ("sets", "policy", "options", "words"),
    [
        (NIGHTS, {"keep_last": -1}, {}, "keep_last: -1"),
        (NIGHTS, {"keep": 1}, {}, "keep: there is no such rule"),
        (NIGHTS, {"keep_last": 1}, {"now": "yesterday"}, "yesterday"),
        (NIGHTS, {"keep_last": 1}, {"limit": 0}, "limit: 0"),
        (NIGHTS, {"keep_last": 1}, {"keep_minimum": "2"}, "keep_minimum: '2'"),
        (NIGHTS, [], {}, "dictionary of rules"),
        ("text", {"keep_last": 1}, {}, "list of sets"),
        ([{"type": "full"}], {"keep_last": 1}, {}, "a set has no 'label'"),
        (["a"], {"keep_last": 1}, {}, "adcs.ca.retention_plan: "),
    ],
)
def test_input_that_makes_no_sense(sets: Any, policy: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        retention_plan(sets, policy, **{"now": NOW, **options})

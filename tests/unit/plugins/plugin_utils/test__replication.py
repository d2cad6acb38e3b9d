# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a hook registered: only a task that ran to its end, for at least one item and for each, shows that the set was copied."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._replication import bad_copy, unproved_copy

GOOD: dict[str, Any] = {"changed": True, "failed": False, "rc": 0}
STARTED = {"ansible_job_id": "j1.1", "started": 1, "finished": 0, "changed": True, "failed": False}
LOOP = {"changed": True, "msg": "All items completed"}


@pytest.mark.parametrize(
    "proof",
    [
        GOOD,
        {"changed": False},
        {"changed": False, "failed": False, "skipped": False, "unreachable": False},
        {**LOOP, "results": [GOOD]},
        {**LOOP, "results": [GOOD, {**GOOD, "item": "b"}]},
        {**STARTED, "finished": 1},
        {**STARTED, "finished": True},
        {**LOOP, "results": [{**STARTED, "finished": 1}]},
        {"changed": True, "results": "a text of the module's own"},
        {"changed": True, "failed": False, "failed_when_result": False, "rc": 3},
    ],
)
def test_a_copy_that_was_shown(proof: dict[str, Any]) -> None:
    assert (bad_copy(proof), unproved_copy(proof)) == ("", "")


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        ({"failed": True, "msg": "no space"}, "the task failed"),
        ({"failed": True, "ignore_errors": True, "msg": "no space"}, "the task failed"),
        ({"unreachable": True, "msg": "gone", "changed": False}, "the task did not reach its host"),
        ({"unreachable": True, "failed": True}, "the task did not reach its host"),
        ({"unreachable": True, "ignore_unreachable": True}, "the task did not reach its host"),
        ({**LOOP, "failed": True, "results": [GOOD, {"failed": True}]}, "item 2 of 2 failed"),
        ({**LOOP, "results": [{"failed": True}, GOOD]}, "item 1 of 2 failed"),
        ({**LOOP, "results": [GOOD, {"unreachable": True}, GOOD]}, "item 2 of 3 did not reach its host"),
        ({**LOOP, "failed": True, "results": [GOOD]}, "the task failed"),
        ({**LOOP, "failed": True, "results": []}, "the task failed"),
        ({**STARTED, "finished": 1, "failed": True}, "the task failed"),
    ],
)
def test_a_copy_that_failed(proof: dict[str, Any], words: str) -> None:
    assert bad_copy(proof) == words


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (None, "no task registered adcs_ca_backup_replicated"),
        ({}, "no task registered adcs_ca_backup_replicated"),
        ("", "no task registered adcs_ca_backup_replicated"),
        ("copied", "no task registered adcs_ca_backup_replicated"),
        (True, "no task registered adcs_ca_backup_replicated"),
        ([], "no task registered adcs_ca_backup_replicated"),
        ([GOOD], "no task registered adcs_ca_backup_replicated"),
        ({"changed": False, "skipped": True, "skip_reason": "Conditional result was False"}, "the task was skipped"),
        ({"changed": False, "skipped": True, "skipped_reason": "No items in the list", "results": []}, "the task looped over nothing"),
        ({"changed": False, "results": []}, "the task looped over nothing"),
        ({**LOOP, "results": [GOOD, {"skipped": True}]}, "item 2 of 2 was skipped"),
        ({**LOOP, "skipped": True, "results": [{"skipped": True}, {"skipped": True}]}, "item 1 of 2 was skipped"),
        (STARTED, "the task was started, but nobody waited for its end"),
        ({**STARTED, "finished": False}, "the task was started, but nobody waited for its end"),
        ({"ansible_job_id": "j1.1", "started": 1}, "the task was started, but nobody waited for its end"),
        ({**LOOP, "results": [{**STARTED, "finished": 1}, STARTED]}, "item 2 of 2 was started, but nobody waited for its end"),
    ],
)  # fmt: skip
def test_a_copy_that_nobody_showed(proof: Any, words: str) -> None:
    assert (bad_copy(proof), unproved_copy(proof)) == ("", words)


def test_items_that_are_no_results_show_nothing() -> None:
    """Each item of a loop of Ansible's is a dictionary; others are no sign of a copy."""
    assert bad_copy({**LOOP, "results": ["text", {"failed": True}]}) == "item 2 of 2 failed"
    assert unproved_copy({**LOOP, "results": [GOOD, {"skipped": True}, None]}) == "item 2 of 3 was skipped"

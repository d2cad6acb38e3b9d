# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter adcs.ca.whole_job: a command line that leaves out the tasks that judge is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible import context
from ansible.errors import AnsibleFilterError
from ansible_collections.adcs.ca.plugins.filter.whole_job import FilterModule

whole_job = FilterModule().filters()["whole_job"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"skip_tags": None},
        {"skip_tags": []},
        {"skip_tags": ("nightly", "all", "never", "Always")},
        {"tags": ["always"], "start_at_task": None},
    ],
)
def test_a_whole_job(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]) -> None:
    monkeypatch.setattr(context, "CLIARGS", given)
    assert whole_job("localhost:all") == "localhost:all"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"skip_tags": ["always"]}, "--skip-tags always would skip"),
        ({"skip_tags": ("x", "tagged")}, "--skip-tags tagged would skip"),
        ({"start_at_task": "Report"}, "--start-at-task would skip"),
        (
            {"start_at_task": "Report", "skip_tags": ["always", "tagged"]},
            "--skip-tags always and --skip-tags tagged and --start-at-task would skip",
        ),
    ],
)
def test_a_job_that_judges_nothing(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], words: str) -> None:
    monkeypatch.setattr(context, "CLIARGS", given)
    with pytest.raises(AnsibleFilterError, match=f"{words} the tasks that judge the CAs. Run the job without."):
        whole_job("localhost:all")

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter adcs.ca.field_report."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.adcs.ca.plugins.filter.field_report import FilterModule

FIELD_REPORT = FilterModule().filters()["field_report"]


def test_the_report_in_two_forms() -> None:
    report = FIELD_REPORT({"trace": [], "file_count": 3}, {"connection": "winrm"})
    document = json.loads(report["json"])
    assert document["versions"]["connection"] == "winrm" and document["outcome"]["files"] == 3
    assert report["markdown"].startswith("# adcs.ca field report\n")


@pytest.mark.parametrize(("result", "versions"), [(None, None), ("text", None), ([], None), ({}, "text"), ({}, [1])])
def test_what_is_no_result_is_refused(result: Any, versions: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="it takes a registered result"):
        FIELD_REPORT(result, versions)

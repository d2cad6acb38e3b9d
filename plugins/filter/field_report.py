# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter ``adcs.ca.field_report``; its documentation is in ``field_report.yml``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.adcs.ca.plugins.plugin_utils.field import _field_report


def field_report(result: Mapping[str, Any], versions: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return ``{json, markdown}``; AnsibleFilterError for what is no result."""
    if not isinstance(result, Mapping) or not isinstance(versions or {}, Mapping):
        raise AnsibleFilterError(
            "adcs.ca.field_report: it takes a registered result of adcs.ca.backup, and a dictionary of versions."
        )
    document = _field_report.field_report(result, versions or {})
    return {"json": _field_report.to_json(document), "markdown": _field_report.markdown(document)}


class FilterModule:
    """What ansible-core asks for the filters of this file."""

    def filters(self) -> dict[str, Callable[..., dict[str, str]]]:
        return {"field_report": field_report}

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter ``adcs.ca.backup_report``; its documentation is in ``backup_report.yml``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.adcs.ca.plugins.plugin_utils._report import fleet


def backup_report(outcomes: Mapping[str, Any], earlier: Sequence[Any] = ()) -> dict[str, Any]:
    """Return the fleet as ``_report.fleet`` does; AnsibleFilterError for input of another form."""
    if not isinstance(outcomes, Mapping):
        raise AnsibleFilterError("adcs.ca.backup_report: it takes a dictionary of hosts and what was recorded of them.")
    if isinstance(earlier, (str, Mapping)) or not isinstance(earlier, Sequence):
        raise AnsibleFilterError("adcs.ca.backup_report: earlier is no list of documents.")
    # The texts of hosts are in it; before ansible-core 2.19 one that looks like a template would be run as one.
    return wrap_var(fleet(outcomes, earlier))


class FilterModule:
    """What ansible-core asks for the filters of this file."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {"backup_report": backup_report}

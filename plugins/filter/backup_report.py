# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter ``adcs.ca.backup_report``; its documentation is in ``backup_report.yml``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import plain_text
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import (
    Document,
    bounded,
    entry_for,
    kept_document,
    number,
    with_entry,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import fleet
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import Run, new_entry
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import LOST


def backup_report(outcomes: Mapping[str, Any], earlier: Sequence[Any] = ()) -> dict[str, Any]:
    """Return the fleet as ``_fleet.fleet`` does; AnsibleFilterError for input of another form."""
    if not isinstance(outcomes, Mapping):
        raise AnsibleFilterError("adcs.ca.backup_report: it takes a dictionary of hosts and what was recorded of them.")
    if isinstance(earlier, (str, Mapping)) or not isinstance(earlier, Sequence):
        raise AnsibleFilterError("adcs.ca.backup_report: earlier is no list of documents.")
    known = {document["host"]: document for document in map(kept_document, earlier) if document}
    # The texts of hosts are in it; before ansible-core 2.19 one that looks like a template would be run as one.
    report: dict[str, Any] = wrap_var(
        fleet([_document(plain_text(str(host)), found, known) for host, found in outcomes.items()])
    )
    return report


def _document(host: str, found: Any, known: Mapping[str, Document]) -> Document:
    """Return the document of a host after what was recorded of it."""
    found = found if isinstance(found, Mapping) and found else {"status": "failed", "message": LOST}
    path = found.get("path")
    run = Run(
        path=plain_text(path) if isinstance(path, str) and path else None,
        status=found.get("status") if found.get("status") in ("ok", "unreachable") else "failed",
        message=bounded(found.get("message")),
        backup=found.get("backup"),
        listing=found.get("expire"),
        late_after_s=number(found.get("late_after_s")),
    )
    document = known.get(host)
    return with_entry(document, host, new_entry(run, entry_for(document, run.path), time.time()))


class FilterModule:
    """What ansible-core asks for the filters of this file."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {"backup_report": backup_report}

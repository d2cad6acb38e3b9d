# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs came to, and the documents after them, for tests; times are texts such as ``2026-11-20 21:00``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import seconds_of
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import Document, entry, entry_for, with_entry
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import fleet
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import Run, dated, new_entry
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import LOST
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import Policy, plan

NOW = "2026-11-23 06:00"
LATE_AFTER_S = 26 * 3600
DESTINATION = r"D:\Backup"

Entry = dict[str, Any]


def instant(time: str) -> str:
    return f"{datetime.fromisoformat(time):%Y-%m-%dT%H:%M:%SZ}"


def listing(sets: Sequence[Entry], *, name: str = "Example CA", now: str = NOW, **changes: Any) -> dict[str, Any]:
    """A result of ``adcs.ca.backup_info``."""
    found = {
        "changed": False, "path": rf"D:\Backup\{name}", "now": instant(now), "ca": {"name": name, "host": "ca.lab.example"},
        "folder_name": name, "sets": list(sets), "problems": [], "bytes": 0,
    }  # fmt: skip
    return {**found, **changes}


def expired(sets: Sequence[Entry], policy: Mapping[str, Any], *, now: str = NOW, **changes: Any) -> dict[str, Any]:
    """A result of ``adcs.ca.expire`` that deleted all that the policy does not keep."""
    planned = plan(sets, Policy.parse(policy), instant(now)).as_dict()
    rules = dict.fromkeys(("keep_last", "keep_daily", "keep_within")) | {"keep_labels": []} | dict(policy)
    stay = [entry for entry in sets if entry["label"] not in planned["remove"]]
    made = {"policy": rules, "plan": planned, "removed": planned["remove"], "bytes_freed": 1, **changes}
    return listing(stay, now=now, **made)


def made(label: str, *, fresh: bool = False) -> dict[str, Any]:
    """A result of ``adcs.ca.backup``: the set was made now or, with ``fresh``, was there and young enough."""
    logs = {"listed": 12, "truncation_requested": True, "truncated": True, "before": 12, "after": 1}
    reason = f"The set {label} is 45 minutes old, within max_age." if fresh else None
    path = rf"D:\Backup\Example CA\{label}"
    return {"changed": not fresh, "label": label, "path": path, "logs": logs, "reason": reason, "duration_s": 3.25}


def outcome(status: str = "ok", message: str = "", **facts: Any) -> Run:
    """What a run came to; ``backup`` and ``listing`` are empty unless given."""
    given = {"path": DESTINATION, "status": status, "message": message, "late_after_s": LATE_AFTER_S, **facts}
    return Run(**given)


def after(found: Run | None, known: Document | None = None, host: str = "ca01", now: str = NOW) -> Document:
    """The document of a host after a run at a time; None is a host that recorded nothing."""
    now_s = seconds_of(instant(now))
    if found is None:
        new = dated(entry({"message": LOST}), entry_for(known, None), now_s)
    else:
        new = new_entry(found, entry_for(known, found.path), now_s)
    return with_entry(known, host, new)


def only(found: Run, known: Document | None = None, now: str = NOW) -> Entry:
    """The entry of the one destination that a host has after a run."""
    (new,) = after(found, known, now=now)["destinations"]
    return new


def fleet_of(
    outcomes: Mapping[str, Run | None],
    known: Mapping[str, Document] | None = None,
    now_s: float | None = None,
    now: str = NOW,
) -> dict[str, Any]:
    """The fleet of these hosts after their runs at a time; ``known`` are the documents before them."""
    documents = [after(found, (known or {}).get(host), host, now) for host, found in outcomes.items()]
    return fleet(documents, now_s)

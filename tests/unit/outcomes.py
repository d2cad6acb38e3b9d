# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Outcomes as the role records them, for tests; times are texts such as ``2026-11-20 21:00``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils._retention import Policy, plan

NOW = "2026-11-23 06:00"
LATE_AFTER_S = 26 * 3600

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


def outcome(status: str = "ok", message: str = "", **results: Any) -> dict[str, Any]:
    """What the role records; ``backup`` and ``expire`` are empty unless given."""
    return {"status": status, "message": message, "backup": {}, "expire": {}, "late_after_s": LATE_AFTER_S, **results}

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets as adcs.ca.backup_info lists them, for tests; times are texts such as ``2026-11-20 21:00``."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def label(time: str, kind: str) -> str:
    return f"{datetime.fromisoformat(time):%Y%m%dT%H%M%SZ}-{kind}"


def entry(time: str, kind: str, **changes: Any) -> dict[str, Any]:
    name = label(time, kind)
    started = f"{datetime.fromisoformat(time):%Y-%m-%dT%H:%M:%SZ}"
    made = {
        "label": name, "type": kind, "prior": None, "chain": name, "started": started, "finished": started,
        "bytes": 1 << 20, "complete": True, "verified": True, "problems": [],
    }  # fmt: skip
    return {**made, **changes}


def full(time: str, **changes: Any) -> dict[str, Any]:
    """A complete full set."""
    return entry(time, "full", **changes)


def logs(time: str, prior: str, *, base: str | None, **changes: Any) -> dict[str, Any]:
    """A complete logs set that continues the set of time ``prior``: the full of time ``base``, or else a logs set."""
    before = prior if prior == "x" else label(prior, "full" if prior == base else "logs")
    return entry(time, "logs", prior=before, chain=base and label(base, "full"), **changes)


def unreadable(time: str, kind: str = "full") -> dict[str, Any]:
    """A set whose manifest cannot be read."""
    problem = {"kind": "manifest", "path": "manifest.json", "message": "it is no manifest"}
    return entry(time, kind, chain=None, started=None, finished=None, bytes=None, complete=False, problems=[problem])

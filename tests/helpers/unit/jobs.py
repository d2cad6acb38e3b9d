# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A job of ansible-core as the actions see it: tasks, the variables of its hosts, and the files that they leave."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from ansible_collections.adcs.ca.plugins.action import outcome, report

LONG_AGO_NS = 1_000_000_000_000_000_000


class HostVars(dict[str, Any]):
    """The variables of every host, as a task sees them."""

    def raw_get(self, host: str) -> Any:
        return self[host]


class Job:
    """A job whose tasks register what they return; each host has variables of its own."""

    def __init__(self, **variables: Mapping[str, Any]) -> None:
        self.hosts = HostVars({"localhost": {}, **{host: dict(known) for host, known in variables.items()}})

    def variables(self, host: str) -> dict[str, Any]:
        known = {
            "hostvars": self.hosts,
            "groups": {"all": list(self.hosts)},
            "inventory_hostname": host,
            "playbook_dir": "/nowhere",
        }
        return {**self.hosts[host], **known}

    def outcome(
        self, host: str, *, check: bool = False, diff: bool = False, run_once: bool = False, **options: Any
    ) -> dict[str, Any]:
        """Run ``adcs.ca.outcome`` for a host and register its result as ``adcs_ca_outcome``."""
        found = self._run(
            outcome.ActionModule, "adcs.ca.outcome", host, options, check=check, diff=diff, run_once=run_once
        )
        self.hosts[host]["adcs_ca_outcome"] = found
        return found

    def report(
        self, *, check: bool = False, diff: bool = False, host: str = "localhost", **options: Any
    ) -> dict[str, Any]:
        """Run ``adcs.ca.report``."""
        return self._run(report.ActionModule, "adcs.ca.report", host, options, check=check, diff=diff, run_once=True)

    def _run(
        self, module: Any, name: str, host: str, options: dict[str, Any], *, check: bool, diff: bool, run_once: bool
    ) -> dict[str, Any]:
        task = MagicMock(args=options, diff=diff, check_mode=check, async_val=0, run_once=run_once)
        action = module(task, MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock())
        action._load_name = name
        result = action.run(task_vars=self.variables(host))
        json.dumps(result)
        assert isinstance(result, dict)
        return result


def contents(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file with its content, when it was written and where it lies."""
    found = {path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.iterdir()}
    return dict(sorted(found.items()))


def age(folder: Path) -> None:
    """Make every file old, so that a write shows."""
    for path in folder.iterdir():
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))


def on_disk(folder: Path, name: str) -> list[tuple[str | None, str]]:
    """The destinations of a document with their status."""
    document = json.loads((folder / name).read_text(encoding="utf-8"))
    return [(item["path"], item["status"]) for item in document["destinations"]]


def on_page(folder: Path) -> list[tuple[str, str]]:
    """The hosts of a page with their status."""
    html = (folder / "fleet.html").read_text(encoding="utf-8")
    return re.findall(r'<tr data-host="([^"]*)"><td><span class="badge (\w+)"', html)

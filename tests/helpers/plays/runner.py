# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a play against a world as a user would, and returns all that it left behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any

import yaml

from helpers.plays.world import World

TIMEOUT_S = 120.0
UNSET = object()
RECAP = re.compile(r"^(\S+)\s+: (ok=.*)$", re.MULTILINE)
PAGE_ROW = re.compile(r'<tr data-host="([^"]*)">.*?class="badge (\w+)"')
WORST_FIRST = ("failed", "unreachable", "never", "late", "warning", "offline", "ok")


class Unsafe(str):
    """A text that is written with the tag ``!unsafe``, as AWX writes what came from a survey."""


class _Dumper(yaml.SafeDumper):
    """Writes what a user writes."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value), style='"'))

Playbook = str | Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Bed:
    """Where plays run: the collections, and a folder for what Ansible keeps."""

    collections: Path
    home: Path

    def environment(self, world: World) -> dict[str, str]:
        """Return the environment of ansible-playbook: of this one, only what a process needs."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        ansible = {
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_HOME": str(self.home),
            "ANSIBLE_REMOTE_TEMP": str(self.home / "remote"),
            "ANSIBLE_LOCAL_TEMP": str(self.home / "local"),
            "ANSIBLE_CONFIG": str(self.collections / "ansible.cfg"),
            "ANSIBLE_FORKS": "5",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_SHOW_CUSTOM_STATS": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_ENABLED": "yaml",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
            "COLUMNS": "200",
        }
        own = {
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "ADCS_CA_WORLD": str(world.folder),
        }
        return {**kept, **ansible, **own, "PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True)
class Ran:
    """A play that has ended, and what it left behind."""

    world: World
    reports: Path
    command: str
    returncode: int
    stdout: str
    stderr: str
    events: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def recap(self) -> dict[str, dict[str, int]]:
        """The numbers of the play recap for each host."""
        pairs = ((host, re.findall(r"(\w+)=(\d+)", numbers)) for host, numbers in RECAP.findall(self.stdout))
        return {host: {name: int(number) for name, number in numbers} for host, numbers in pairs}

    @cached_property
    def artifact(self) -> dict[str, Any] | None:
        """What a job of AWX would keep as its artifact; None when there is none."""
        text = self.stdout.partition("CUSTOM STATS")[2]
        if "{" not in text:
            return None
        found: dict[str, Any] = json.JSONDecoder().raw_decode(text[text.index("{") :])[0]
        return found.get("adcs_ca_fleet")

    @cached_property
    def documents(self) -> dict[str, dict[str, Any]]:
        """The documents of the hosts, by the name of the host in them."""
        files = sorted(self.reports.glob("*.json")) if self.reports.is_dir() else []
        found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        return {document["host"]: document for document in found}

    @cached_property
    def page(self) -> str:
        """The page of the fleet; empty when there is none."""
        file = self.reports / "fleet.html"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    @cached_property
    def page_statuses(self) -> dict[str, str]:
        """The worst status that the page shows of each host."""
        found: dict[str, str] = {}
        for host, status in PAGE_ROW.findall(self.page):
            known = found.get(unescape(host), "ok")
            found[unescape(host)] = min(status, known, key=WORST_FIRST.index)
        return found

    @property
    def record(self) -> list[dict[str, Any]]:
        """What the stand-ins were asked."""
        return self.world.record()

    def asked(self, host: str) -> list[str]:
        """Return the modules that a host was asked, in order; attempts on a lost host are none."""
        return [line["module"] for line in self.record if line["host"] == host and not line.get("lost")]

    def artifact_statuses(self) -> dict[str, str]:
        """Return the status of each host in the artifact."""
        return {row["host"]: row["status"] for row in (self.artifact or {"rows": []})["rows"]}

    def entry(self, host: str, path: str | None = None) -> dict[str, Any]:
        """Return what the document of a host says of a destination; of its only one without a path."""
        entries = self.documents[host]["destinations"]
        chosen = entries if path is None else [entry for entry in entries if entry["path"] == path]
        assert len(chosen) == 1, f"{host}, {path}: {entries}"
        entry: dict[str, Any] = chosen[0]
        return entry

    def said(self) -> str:
        """Return the end of what the play printed, for a message."""
        return f"{self.command}\nexit {self.returncode}\n{self.stdout[-6000:]}\n{self.stderr[-3000:]}"


def run(
    bed: Bed,
    world: World,
    playbook: Playbook,
    inventory: Mapping[str, Any],
    *options: str,
    folder: Path,
    extra: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    events: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> Ran:
    """Run a playbook, given as data or by its name, to its end.

    Reports go to ``folder/reports`` unless ``extra`` says otherwise; a variable of it that is ``UNSET`` is left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given = {"adcs_ca_backup_report_dir": str(folder / "reports"), **(extra or {})}
    files = {
        "inventory.yml": inventory,
        "extra.yml": {name: value for name, value in given.items() if value is not UNSET},
    }
    name = playbook if isinstance(playbook, str) else str(folder / "play.yml")
    if not isinstance(playbook, str):
        files["play.yml"] = playbook
    for file, content in files.items():
        (folder / file).write_text(yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=1000), encoding="utf-8")
    words = [sys.executable, "-m", "ansible", "playbook", "-i", str(folder / "inventory.yml")]
    words += ["-e", f"@{folder / 'extra.yml'}", name, *options]
    log = folder / "events.jsonl"
    log.unlink(missing_ok=True)
    wanted = {"ANSIBLE_CALLBACKS_ENABLED": "adcs.ca.events", "ADCS_CA_EVENTS": str(log)} if events else {}
    done = subprocess.run(
        words,
        cwd=folder,
        env={**bed.environment(world), **wanted, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    seen = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    command = f"cd {folder}; {' '.join(words)}"
    return Ran(world, folder / "reports", command, done.returncode, done.stdout, done.stderr, seen)


def inventory_of(hosts: Mapping[str, Mapping[str, Any]], **groups: Sequence[str]) -> dict[str, Any]:
    """Return an inventory of simulated CAs with their variables, and the groups they are in."""
    local = {"ansible_connection": "adcs.ca.standin", "ansible_python_interpreter": sys.executable}
    known = {host: {**local, "standin_simulates": host, **variables} for host, variables in hosts.items()}
    children = {group: {"hosts": dict.fromkeys(members, {})} for group, members in groups.items()}
    return {"all": {"hosts": known, "children": children}}

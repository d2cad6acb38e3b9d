# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The simulated CAs of a test: what they hold, what goes wrong on them, and what they were asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from helpers.plays.overlay import argument_specs
from helpers.plays.simulated_ca import new_set, repository_file

DESTINATION = r"D:\Backup"
HOUR_S = 3600
DAY_S = 86400
AGES = (HOUR_S, 2 * DAY_S, 3 * DAY_S)
OLD_AGES = (3 * DAY_S, 4 * DAY_S, 5 * DAY_S)
SPECS = argument_specs()
# what the action plugin alone gives is in no documentation
SPECS["expire"]["_labels"] = {"type": "list", "elements": "str"}


class World:
    """A folder of simulated CAs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime.now(timezone.utc).replace(microsecond=0)
        for made in ("cas", "repositories"):
            (folder / made).mkdir(parents=True)
        (folder / "specs.json").write_text(json.dumps(SPECS), encoding="utf-8")
        (folder / "record.jsonl").touch()
        # what a task on the controller does is on record too
        self.add("localhost")

    def add(
        self, host: str, *, name: str | None = None, ca_host: str | None = None, text: str = "", **faults: Any
    ) -> None:
        """Add a CA, or change what is wrong with it."""
        ca = {"name": name or f"Example CA {host}", "host": ca_host or f"{host}.example.com"}
        facts = {"ca": ca, "folder_name": ca["name"], "faults": faults, "text": text}
        (self.folder / "cas" / f"{host}.json").write_text(json.dumps(facts), encoding="utf-8")
        (self.folder / "cas" / f"{host}.lost").unlink(missing_ok=True)

    def fill(self, host: str, ages: Sequence[int] = AGES, path: str = DESTINATION, **changes: Any) -> None:
        """Give a CA one set of each age in seconds."""
        ca = self._facts(host)["ca"]
        sets = [new_set(self.now - timedelta(seconds=age), ca["host"], **changes) for age in sorted(ages)]
        self._repository(host, path).write_text(json.dumps(sets), encoding="utf-8")

    def damage(self, host: str, path: str = DESTINATION) -> None:
        """Take a file out of the newest set of a CA."""
        sets = self.sets(host, path)
        problem = {"kind": "missing", "message": "'DataBase\\ca.edb' is missing", "path": "ca.edb"}
        sets[0].update(complete=False, problems=[problem])
        self._repository(host, path).write_text(json.dumps(sets), encoding="utf-8")

    def sets(self, host: str, path: str = DESTINATION) -> list[dict[str, Any]]:
        """Return the sets of a CA, newest first."""
        file = self._repository(host, path)
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else []

    def labels(self, host: str, path: str = DESTINATION) -> list[str]:
        """Return the labels of a CA's sets, newest first."""
        return [entry["label"] for entry in self.sets(host, path)]

    def record(self) -> list[dict[str, Any]]:
        """Return what was asked of whom, in the order of time."""
        return [json.loads(line) for line in (self.folder / "record.jsonl").read_text(encoding="utf-8").splitlines()]

    def forget(self) -> None:
        """Empty the record, and let lost hosts answer up to where the world says."""
        (self.folder / "record.jsonl").write_text("", encoding="utf-8")
        for mark in (self.folder / "cas").glob("*.lost"):
            mark.unlink()

    def _facts(self, host: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.folder / "cas" / f"{host}.json").read_text(encoding="utf-8"))
        return facts

    def _repository(self, host: str, path: str) -> Path:
        return repository_file(self.folder, host, path, self._facts(host)["folder_name"])

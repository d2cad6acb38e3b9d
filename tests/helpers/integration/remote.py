# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module backup over WinRM, with the method of the worker of component tests, so that the same cases and invariants serve both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adcs_lab.lab import Lab

from helpers.component.worker import ModuleRun
from helpers.integration.play import play, said

PLAY = Path(__file__).resolve().parents[2] / "integration" / "plays" / "backup_kept.yml"


class Remote:
    """Runs each backup in a play of its own, and so in a process of its own."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab = lab
        self._answer = folder / "answer.json"

    def module(self, name: str, params: dict[str, Any], **_options: Any) -> ModuleRun:
        """Run the module and return its result as Ansible has it; AssertionError when the play ends without one."""
        assert name == "backup"
        self._answer.unlink(missing_ok=True)
        done = play([self._lab.inventory], PLAY, {"module_params": params, "answer": str(self._answer)})
        assert done.returncode == 0 and self._answer.exists(), said(done)
        result = json.loads(self._answer.read_text(encoding="utf-8"))
        return ModuleRun(result, int(bool(result.get("failed"))))

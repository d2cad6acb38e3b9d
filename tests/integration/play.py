# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a playbook against a lab as a user would: ansible-playbook as a process of its own, with the lab's inventory."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from adcs_lab.lab import Lab
from project import environment, need_lane

TARGETS = Path(__file__).parent / "targets"
TIMEOUT_S = 300.0


def run_playbook(lab: Lab, playbook: Path, variables: dict[str, Any]) -> str:
    """Run a playbook to its end and return what it printed; AssertionError with the output when it fails."""
    lane = need_lane()
    command = [lane.ansible_playbook, "-i", str(lab.inventory), str(playbook), "-e", json.dumps(variables), "-v"]
    done = subprocess.run(
        command,
        env={**environment(lane), "ANSIBLE_ROLES_PATH": str(TARGETS)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    return done.stdout

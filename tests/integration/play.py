# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a playbook against a lab as a user would: ansible-playbook as a process of its own, with the lab's inventory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from adcs_lab.lab import Lab
from adcs_lab.paths import BUILD

TIMEOUT_S = 300.0


def ansible_environment() -> dict[str, str]:
    """Return the environment of an Ansible process that finds the collection of this checkout and no user configuration."""
    return {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD / "collections"),
        "ANSIBLE_COLLECTIONS_PATHS": str(BUILD / "collections"),
        "ANSIBLE_CONFIG": os.devnull,
        "ANSIBLE_HOME": str(BUILD / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(BUILD / "ansible" / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
    }


def run_playbook(lab: Lab, playbook: Path, variables: dict[str, Any]) -> str:
    """Run a playbook to its end and return what it printed; AssertionError with the output when it fails."""
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), "-i", str(lab.inventory), str(playbook), "-e", json.dumps(variables), "-v"]
    done = subprocess.run(
        command,
        env=ansible_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    return done.stdout

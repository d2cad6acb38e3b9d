# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a playbook against a lab as a user would: ansible-playbook as a process of its own, with the lab's inventory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adcs_lab.lab import Lab
from project import environment, need_lane

TARGETS = Path(__file__).resolve().parents[2] / "integration" / "targets"
TIMEOUT_S = 300.0


def run_playbook(lab: Lab, playbook: Path, variables: dict[str, Any]) -> str:
    """Run a playbook to its end and return what it printed; AssertionError with the output when it fails."""
    done = play([lab.inventory], playbook, variables)
    assert done.returncode == 0, said(done)
    return done.stdout


def play(
    inventories: Sequence[Path], playbook: Path | str, variables: dict[str, Any], *options: str
) -> subprocess.CompletedProcess[str]:
    """Run a playbook, a file or one of the collection by its full name, to its end, whatever that is."""
    return subprocess.run(
        **_command(inventories, playbook, variables, options), capture_output=True, timeout=TIMEOUT_S, check=False
    )


@contextmanager
def started(
    inventories: Sequence[Path], playbook: Path | str, variables: dict[str, Any]
) -> Iterator[subprocess.Popen[str]]:
    """Start a playbook in a session of its own, for a test that interrupts it; what is left of it is killed."""
    command = _command(inventories, playbook, variables, ())
    with subprocess.Popen(
        **command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_interruptible,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _interruptible() -> None:
    """Undo what a shell does to its background jobs: they ignore SIGINT, and so would all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _command(
    inventories: Sequence[Path], playbook: Path | str, variables: dict[str, Any], options: Sequence[str]
) -> dict[str, Any]:
    """Return what subprocess needs to run ansible-playbook as a user does."""
    lane = need_lane()
    hosts = [word for inventory in inventories for word in ("-i", str(inventory))]
    return {
        "args": [lane.ansible_playbook, *hosts, str(playbook), "-e", json.dumps(variables), "-v", *options],
        "env": {**environment(lane), "ANSIBLE_ROLES_PATH": str(TARGETS), "ANSIBLE_SHOW_CUSTOM_STATS": "1"},
        "stdin": subprocess.DEVNULL,
        "text": True,
    }


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return the end of what a play printed, for a message."""
    return done.stdout[-12000:] + done.stderr[-4000:]

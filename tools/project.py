# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every tool of the project shares: its folders, the Python lane in use, and the environment Ansible runs in.

A *lane* is one pair of Python and ansible-core the project is worked with:

- ``pip``: a virtual environment below ``.build``, filled by pip;
- ``debian``: Debian's own packages and ``/usr/bin/python3``.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
COLLECTIONS = BUILD / "collections"
LANE_FILE = BUILD / "lane.json"
LANES = ("pip", "debian")


class ToolError(Exception):
    """Something the user has to know about; the message is the whole output, no traceback."""


@dataclasses.dataclass(frozen=True)
class Lane:
    """The Python in use and the ``ansible-playbook`` that belongs to it, as absolute paths."""

    lane: str
    python: str
    ansible_playbook: str

    @property
    def bin(self) -> Path:
        """The folder the lane's commands are in."""
        return Path(self.ansible_playbook).parent


def read_lane() -> Lane | None:
    """Return the lane the last set-up recorded, None when there is none (or its Python has gone)."""
    try:
        fields = json.loads(LANE_FILE.read_text(encoding="utf-8"))
        lane = Lane(**{field.name: fields[field.name] for field in dataclasses.fields(Lane)})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return lane if os.access(lane.python, os.X_OK) and os.access(lane.ansible_playbook, os.X_OK) else None


def need_lane() -> Lane:
    """Return the recorded lane, or say what to do about its absence."""
    lane = read_lane()
    if lane is None:
        raise ToolError("There is no usable Python lane yet: run `make setup` first.")
    return lane


def environment(lane: Lane) -> dict[str, str]:
    """Return this process's environment as the lane needs it.

    The lane's commands come first on PATH, the checkout is found as the collection adcs.ca, and Ansible keeps its own
    files below ``.build`` and speaks UTF-8.
    """
    return {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_HOME": str(BUILD / "ansible"),
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join([str(lane.bin), os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in ("tests", "tests/lab")),
    }


def run(command: Sequence[str | Path], *, timeout_s: float, env: dict[str, str] | None = None) -> None:
    """Run a command in the project's root with its output shown; raise ToolError when it fails or takes too long."""
    words = [str(word) for word in command]
    try:
        code = subprocess.run(words, cwd=ROOT, env=env, timeout=timeout_s, check=False).returncode
    except FileNotFoundError as error:
        raise ToolError(f"'{words[0]}' is not installed.") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"`{' '.join(words)}` was stopped: it took more than {timeout_s:.0f} s.") from error
    if code != 0:
        raise ToolError(f"`{' '.join(words)}` failed with exit code {code}.")

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's processes without Wine: commands run in /bin/sh. As a program it is the lab's keeper with such fakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from adcs_lab import keeper, shell, wine


class ShRunner:
    """A runner for the endpoint that takes the command line for a shell script and remembers what it was asked for."""

    def __init__(self, _prefix: Path | None = None) -> None:
        self.starts: list[shell.Start] = []
        self.processes: list[subprocess.Popen[bytes]] = []

    def __call__(self, start: shell.Start) -> subprocess.Popen[bytes]:
        """Start the script."""
        self.starts.append(start)
        process = subprocess.Popen(
            ["/bin/sh", "-c", start.command_line],
            env={**os.environ, **start.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.processes.append(process)
        return process


def start_server(_prefix: Path, **_popen: Any) -> subprocess.Popen[bytes]:
    """Start something that stays, in the place of the wineserver and tied to its parent like it."""
    global server
    server = subprocess.Popen(
        ["sleep", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=wine.die_with_parent
    )
    return server


def stop_server(_prefix: Path) -> None:
    """Stop it."""
    server.kill()


def main() -> int:
    """Keep a lab of fakes."""
    keeper.WineRunner = ShRunner  # type: ignore[assignment, misc]
    wine.start_server = start_server
    wine.stop_server = stop_server
    return keeper.main()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the lane's Python in the project's environment: ``tools/run.py -m pytest tests/unit``."""

from __future__ import annotations

import os
import sys

from project import ROOT, ToolError, environment, need_lane


def main() -> int:
    """Become the lane's Python with this command's arguments."""
    try:
        lane = need_lane()
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(lane.python, [lane.python, *sys.argv[1:]], environment(lane))


if __name__ == "__main__":
    sys.exit(main())

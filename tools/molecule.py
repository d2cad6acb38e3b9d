#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run Molecule's whole sequence for the scenario of the role, where Molecule looks for the scenarios of a collection."""

from __future__ import annotations

import os
import sys

from project import ROOT, ToolError, environment, need_lane

SCENARIOS = ROOT / "extensions"


def main() -> int:
    """Become Molecule; return 1 when there is no lane."""
    try:
        lane = need_lane()
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    os.chdir(SCENARIOS)
    env = {**environment(lane), "NO_COLOR": "1"}
    os.execve(lane.bin / "molecule", ["molecule", "test", *sys.argv[1:]], env)


if __name__ == "__main__":
    sys.exit(main())

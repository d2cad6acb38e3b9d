#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run every check of the files' form in the lane's environment, all of them even when one fails, and sum up."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

from project import ROOT, ToolError, environment, need_lane, run

CHECK_TIMEOUT_S = 600
PYTHON_FOLDERS = ("plugins", "tests", "tools")
SHELL_FILES = (".ci/run",)


def yaml_files() -> list[str]:
    """Return every YAML file of the project, dotted ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.yml", "*.yaml"]
    command += [".yamllint", ".ansible-lint"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


def checks(python: str) -> list[list[str]]:
    """Return the commands to run, each named by its first word or its module."""
    return [
        [python, "-m", "compileall", "-q", *PYTHON_FOLDERS],
        ["black", "--check", "--quiet", "--diff", "."],
        ["ruff", "check", *PYTHON_FOLDERS],
        ["mypy", "--package", "ansible_collections.adcs.ca.plugins"],
        ["antsibull-changelog", "lint"],
        ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", "."],
        ["yamllint", "--strict", *yaml_files()],
        ["shellcheck", *SHELL_FILES],
        ["ansible-lint"],
        [python, "-m", "pytest", "tests/checks"],
    ]


def main() -> int:
    """Run the checks; 0 when each that could be run passed."""
    try:
        lane = need_lane()
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    env = environment(lane)
    lines: list[str] = []
    failed = False
    for command in checks(lane.python):
        name = command[2] if command[1:2] == ["-m"] else command[0]
        if not shutil.which(command[0], path=env["PATH"]):
            lines.append(f"lint: {name:<12} not run: the {lane.lane} lane does not have it")
            continue
        print(f"lint: {name}", flush=True)
        start = time.monotonic()
        try:
            run(command, timeout_s=CHECK_TIMEOUT_S, env=env)
            lines.append(f"lint: {name:<12} passed in {time.monotonic() - start:.1f} s")
        except ToolError as error:
            failed = True
            lines.append(f"lint: {name:<12} FAILED: {error}")
    print("\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

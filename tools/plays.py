#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the plays against stand-ins: more of them, with another seed, or with another ansible-core.

The environment variables ``N``, ``SEED`` and ``CORE`` say so. ``CORE=2.16.19`` makes a virtual environment below
``.build``; with ``PIP_FIND_LINKS`` pip takes the packages from that folder alone. Other words go to pytest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date

from project import BUILD, ROOT, ToolError, environment, need_lane, run

PLAYS = ROOT / "tests" / "plays"
PYTHONPATH = ("tests", "tools", ".build/collections")
# ansible-core before 2.18 runs on Python 3.12 at most.
OLD_CORES = ("2.15.", "2.16.", "2.17.")
OLD_PYTHON, NEW_PYTHON = "python3.11", "3.13.0"
PACKAGES = ("pytest", "pytest-xdist")
VENV_TIMEOUT_S = 600
SECONDS_A_PLAY, SECONDS_OF_THE_REST = 20, 1800


def python_for(core: str) -> tuple[str, dict[str, str]]:
    """Return the Python that this ansible-core runs on, and the environment in which to start it."""
    if core.startswith(OLD_CORES):
        found = shutil.which(OLD_PYTHON)
        if not found:
            raise ToolError(f"ansible-core {core} needs '{OLD_PYTHON}' on PATH.")
        return found, dict(os.environ)
    return "python3", {**os.environ, "PYENV_VERSION": os.environ.get("PYENV_VERSION") or NEW_PYTHON}


def python_of(core: str) -> str:
    """Return the Python of a virtual environment with this ansible-core, made if there is none yet."""
    venv = BUILD / "plays" / f"core-{core}"
    python = venv / "bin" / "python"
    stamp = venv / "complete"
    if stamp.exists():
        return str(python)
    interpreter, env = python_for(core)
    print(f"plays: making {venv.relative_to(ROOT)} with {interpreter}", flush=True)
    run([interpreter, "-m", "venv", "--clear", venv], timeout_s=VENV_TIMEOUT_S, env=env)
    no_index = {"PIP_NO_INDEX": "1"} if os.environ.get("PIP_FIND_LINKS") else {}
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"ansible-core=={core}"]
    run([*install, *PACKAGES], timeout_s=VENV_TIMEOUT_S, env={**env, **no_index})
    stamp.touch()
    return str(python)


def version_of(python: str) -> str:
    """Return which ansible-core and which Python will run, in words."""
    program = "import ansible.release, sys; print(ansible.release.__version__, sys.version.split()[0])"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ToolError(f"{python} has no ansible-core: {done.stderr.strip()[-300:]}")
    core, version = done.stdout.split()
    return f"ansible-core {core} on Python {version}"


def whole_number(name: str, default: int) -> int:
    """Return an environment variable that is a whole number; ``default`` when it is empty."""
    text = os.environ.get(name, "").strip()
    if text and not text.isdigit():
        raise ToolError(f"{name} is '{text}', but must be a whole number.")
    return int(text) if text else default


def main(arguments: Sequence[str]) -> int:
    """Run the plays and return how that went."""
    try:
        lane = need_lane()
        core = os.environ.get("CORE", "").strip()
        python = python_of(core) if core else lane.python
        number, seed = whole_number("N", 30), whole_number("SEED", date.today().toordinal())
        print(f"plays: {version_of(python)}, {number} drawn plays, SEED={seed}", flush=True)
        env = {**environment(lane), "PLAYS_NUMBER": str(number), "PLAYS_SEED": str(seed)}
        command = [python, "-m", "pytest", "-o", f"pythonpath={' '.join(PYTHONPATH)}", f"--confcutdir={PLAYS}", PLAYS]
        command += ["--numprocesses", os.environ.get("PROCESSES") or "2", *arguments]
        run(command, timeout_s=SECONDS_OF_THE_REST + number * SECONDS_A_PLAY, env=env)
    except ToolError as error:
        print(f"plays: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

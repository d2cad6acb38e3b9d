#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set up everything the project needs on a Debian 12 machine with the .NET 10 SDK. Safe to run again at any time.

Steps: Debian packages, .NET SDK, the Python lane, the collection link, the lab. Each says what it does and how long that
took, and does only what is missing. The environment variable ``LANE`` (``auto``, ``pip``, ``debian``) chooses the lane; ``auto`` takes pip
where pip can really fill a virtual environment from what it is configured with, and Debian's packages otherwise.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from project import BUILD, COLLECTIONS, LANE_FILE, LANES, ROOT, Lane, ToolError, environment, need_lane, run

BASE_PACKAGES = ("chromium", "gcc-mingw-w64-x86-64", "python3-venv", "wine", "wine64")
DEBIAN_LANE_PACKAGES = ("ansible-core", "python3-pytest", "python3-pytest-xdist", "python3-winrm")
REQUIREMENTS = ("requirements.txt", "tests/requirements.txt")
LINT_PACKAGES = ("shellcheck",)
DEBIAN_LINT_PACKAGES = ("shellcheck", "yamllint")
LINT_REQUIREMENTS = ("tests/lint-requirements.txt",)
MOLECULE_REQUIREMENTS = ("tests/molecule-requirements.txt",)
OLDEST_PYTHON = (3, 11)
DOTNET_SDK = 10

VENV = BUILD / "venv"
VENV_STAMP = VENV / "requirements.sha256"
PIP_REFUSED = BUILD / "pip-refused.sha256"
PROBE_TIMEOUT_S = 120
PIP_TIMEOUT_S = 900
APT_TIMEOUT_S = 1800
LAB_TIMEOUT_S = 900
# Nothing is silent for longer than this.
HEARTBEAT_S = 8.0
# What the first run makes last.
TEMPLATE = BUILD / "template"
FIRST_RUN = "; the first run downloads and builds for some minutes, later ones take seconds"


def say(step: str, text: str) -> None:
    """Print one line of what the set-up does."""
    print(f"setup: {step:<11} {text}", flush=True)


@contextlib.contextmanager
def heartbeat(step: str, started_s: float) -> Iterator[None]:
    """Say again and again that a step still works, for those that are silent."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_S):
            say(step, f"still at it after {time.monotonic() - started_s:.0f} s")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def take(steps: Sequence[tuple[str, Callable[[], str]]]) -> None:
    """Take the steps one after the other, and say of each how far it is, what came of it and how long it took."""
    names = ", ".join(name for name, _ in steps)
    print(f"setup: {len(steps)} steps: {names}{'' if TEMPLATE.exists() else FIRST_RUN}", flush=True)
    for number, (name, work) in enumerate(steps, 1):
        started_s = time.monotonic()
        with heartbeat(name, started_s):
            text = work()
        say(name, f"[{number}/{len(steps)}] {text} ({time.monotonic() - started_s:.1f} s)")


def missing_packages(packages: Sequence[str]) -> list[str]:
    """Return those of the Debian packages that are not installed."""
    try:
        query = subprocess.run(
            ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *packages],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ToolError(f"This set-up needs Debian 12 and its packages {', '.join(packages)}.") from error
    installed = {line.split()[0] for line in query.stdout.splitlines() if line.split()[1:] == ["installed"]}
    return [package for package in packages if package not in installed]


def install_packages(packages: Sequence[str]) -> str:
    """Install those of the Debian packages that are missing, as root or through sudo, and return which those were."""
    missing = missing_packages(packages)
    if not missing:
        return f"present: {' '.join(packages)}"
    say("packages", f"downloading and installing {' '.join(missing)}")
    if os.geteuid() == 0:
        become: list[str] = []
    elif shutil.which("sudo"):
        become = ["sudo"]
    else:
        raise ToolError(f"Installing needs root or sudo. As root, run: apt-get install {' '.join(missing)}")
    apt = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    apt += ["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    install = [*apt, "install", "--no-install-recommends", "--yes", *missing]
    try:
        run(install, timeout_s=APT_TIMEOUT_S)
    except ToolError:
        say("packages", "that failed; refreshing the package lists and trying once more")
        run([*apt, "update"], timeout_s=APT_TIMEOUT_S)
        run(install, timeout_s=APT_TIMEOUT_S)
    return f"installed {' '.join(missing)}"


def check_dotnet() -> str:
    """Make sure the .NET SDK that fetches the lab's PowerShell is there, and return its version."""
    wanted = f".NET SDK {DOTNET_SDK} (package dotnet-sdk-{DOTNET_SDK}.0 of Microsoft's feed for Debian)"
    try:
        listing = subprocess.run(["dotnet", "--list-sdks"], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ToolError(f"The command 'dotnet' is not on PATH: install the {wanted}.") from error
    versions = [line.split()[0] for line in listing.stdout.splitlines() if line.strip()]
    newest = max((version for version in versions if version.startswith(f"{DOTNET_SDK}.")), default=None)
    if newest is None:
        raise ToolError(f"Install the {wanted}; found: {', '.join(versions) or 'no SDK'}.")
    return f"SDK {newest}"


def requirements_digest(files: Sequence[str]) -> str:
    """Return what the virtual environment's content depends on, as one hash."""
    digest = hashlib.sha256(f"{VENV}\n{os.path.realpath(sys.executable)}\n{sys.version}\n".encode())
    for name in files:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def probe_digest() -> str:
    """Return what pip's answer to the probe depends on, as one hash: the requirements and pip's settings."""
    settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("PIP_"))
    return hashlib.sha256("\n".join([requirements_digest(REQUIREMENTS), *settings]).encode()).hexdigest()


def stamp_says(stamp: Path, digest: str) -> bool:
    """Say whether a stamp file holds this digest."""
    return stamp.exists() and stamp.read_text(encoding="utf-8").strip() == digest


def pip_install(files: Sequence[str], *options: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run the virtual environment's ``pip install`` on requirement files, without retries, and return how it went."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--retries", "0", "--timeout", "15", *options]
    for name in files:
        command += ["--requirement", str(ROOT / name)]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"pip gave no answer within {timeout_s:.0f} s")


def last_line(text: str) -> str:
    """Return the last line of a program's output that says anything."""
    lines = text.strip().splitlines()
    return lines[-1].strip().removeprefix("ERROR: ") if lines else "no message"


def create_venv() -> str | None:
    """Make the virtual environment if pip can fill it; return None, or why it cannot be."""
    if sys.version_info < OLDEST_PYTHON:
        return f"{sys.executable} is Python {sys.version.split()[0]}, {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed"
    say("python", f"making {VENV.relative_to(ROOT)} with {sys.executable} {sys.version.split()[0]}")
    make = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(make, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return last_line(made.stdout + made.stderr)
    say("python", "asking pip whether it has all packages")
    probe = pip_install(REQUIREMENTS, "--dry-run", timeout_s=PROBE_TIMEOUT_S)
    if probe.returncode != 0:
        return f"pip finds no complete set of packages: {last_line(probe.stderr)}"
    say("python", f"downloading and installing by pip what is in {' and '.join(REQUIREMENTS)}")
    filled = pip_install(REQUIREMENTS, timeout_s=PIP_TIMEOUT_S)
    if filled.returncode != 0:
        return f"pip failed: {last_line(filled.stderr)}"
    VENV_STAMP.write_text(requirements_digest(REQUIREMENTS) + "\n", encoding="utf-8")
    return None


def pip_lane() -> Lane | str:
    """Return the pip lane, filled; or why it cannot be had."""
    problem = None if stamp_says(VENV_STAMP, requirements_digest(REQUIREMENTS)) else create_venv()
    return problem or Lane("pip", str(VENV / "bin" / "python"), str(VENV / "bin" / "ansible-playbook"))


def debian_lane() -> Lane:
    """Return the lane of Debian's own packages, installed."""
    say("python", install_packages(DEBIAN_LANE_PACKAGES))
    return Lane("debian", "/usr/bin/python3", "/usr/bin/ansible-playbook")


def choose_lane(wanted: str) -> Lane:
    """Return the lane asked for, ready to use."""
    if wanted == "debian":
        return debian_lane()
    if wanted == "auto" and stamp_says(PIP_REFUSED, probe_digest()):
        say("python", "pip could not fill a virtual environment before, and nothing about that has changed")
        return debian_lane()
    found = pip_lane()
    if isinstance(found, Lane):
        return found
    if wanted == "pip":
        raise ToolError(f"The pip lane cannot be had: {found}.")
    say("python", f"{found}; taking Debian's packages instead")
    shutil.rmtree(VENV, ignore_errors=True)
    PIP_REFUSED.write_text(probe_digest() + "\n", encoding="utf-8")
    return debian_lane()


def set_up_lane() -> Lane:
    """Make the lane ready that LANE asks for and record it."""
    wanted = os.environ.get("LANE") or "auto"
    if wanted not in ("auto", *LANES):
        raise ToolError(f"LANE is '{wanted}'; it may be auto, {' or '.join(LANES)}.")
    BUILD.mkdir(exist_ok=True)
    lane = choose_lane(wanted)
    content = json.dumps(dataclasses.asdict(lane), indent=2) + "\n"
    if not LANE_FILE.exists() or LANE_FILE.read_text(encoding="utf-8") != content:
        LANE_FILE.write_text(content, encoding="utf-8")
    return lane


def python_lane() -> str:
    """Make the lane ready and return which it is."""
    lane = set_up_lane()
    return f"lane {lane.lane}: {lane.python}"


def add_lint_tools() -> str:
    """Add the linters: all of them to the pip lane, those that Debian has in a fit version to the Debian lane."""
    if need_lane().lane == "debian":
        return install_packages(DEBIAN_LINT_PACKAGES)
    say("lint", install_packages(LINT_PACKAGES))
    return add_packages("lint", LINT_REQUIREMENTS)


def add_molecule() -> str:
    """Add Molecule to the pip lane; Debian 12 does not have it."""
    if need_lane().lane == "debian":
        raise ToolError(
            "Molecule needs the pip lane: run `make molecule LANE=pip`. `make test` runs the same assertions without it."
        )
    return add_packages("molecule", MOLECULE_REQUIREMENTS)


def add_packages(name: str, files: Sequence[str]) -> str:
    """Add the packages of requirement files to the virtual environment, if they are not in it yet, and say so."""
    stamp = VENV / f"{name}-requirements.sha256"
    digest = requirements_digest(files)
    if stamp_says(stamp, digest):
        return "present"
    say(name, f"adding what {' and '.join(files)} names")
    filled = pip_install(files, timeout_s=PIP_TIMEOUT_S)
    if filled.returncode != 0:
        raise ToolError(f"pip could not install it: {last_line(filled.stderr)}")
    stamp.write_text(digest + "\n", encoding="utf-8")
    return "added"


def link_collection() -> str:
    """Let Ansible find this checkout as the collection adcs.ca."""
    link = COLLECTIONS / "ansible_collections" / "adcs" / "ca"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or Path(os.readlink(link)) != ROOT:
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT, target_is_directory=True)
    return f"adcs.ca is {link.relative_to(ROOT)}"


def build_lab() -> str:
    """Build the simulated CA, PowerShell and the Wine prefix every lab is copied from; each part says so."""
    lane = need_lane()
    run([lane.python, "-m", "adcs_lab", "setup"], timeout_s=LAB_TIMEOUT_S, env=environment(lane))
    return "simulated CA, PowerShell, Wine prefix"


def main(arguments: Sequence[str]) -> int:
    """Run the set-up; ``--lint`` adds the linters and leaves the lab out, ``--molecule`` adds Molecule."""
    steps: list[tuple[str, Callable[[], str]]] = [
        ("packages", functools.partial(install_packages, BASE_PACKAGES)),
        ("dotnet", check_dotnet),
        ("python", python_lane),
        ("collection", link_collection),
    ]
    if "--molecule" in arguments:
        steps.append(("molecule", add_molecule))
    steps.append(("lint", add_lint_tools) if "--lint" in arguments else ("lab", build_lab))
    try:
        take(steps)
    except ToolError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring everything a lab is made of up to date: native binaries, PowerShell, template prefix."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import paths, prefix

LAB_SOURCES = Path(__file__).resolve().parents[1]
# How long to wait for another process that is building.
LOCK_TIMEOUT_S = 1200
# A part that is up to date is not worth a line.
QUICK_S = 1.0


class BuildError(Exception):
    """A part of the lab could not be built; the message says which and why."""


# Every part, and how long it takes where there is nothing of it yet.
NATIVE = "compiling the simulated CA, up to a minute"
ENGINE = "putting PowerShell together from packages of NuGet, up to some minutes; later clones find it in the cache"
TEMPLATE = "making the Wine prefix that every lab is a copy of, up to a minute"


def build(say: Callable[[str], None] = lambda _text: None) -> None:
    """Build what is missing or out of date; PowerShell is left out when LAB_PWSH names a folder with one.

    ``say`` hears of each part that takes more than a moment, and how long it took.
    """
    parts: dict[str, Callable[[], object]] = {NATIVE: lambda: _run("native", paths.NATIVE)}
    if not os.environ.get(paths.ENGINE_VARIABLE):
        parts[ENGINE] = lambda: _run("powershell", paths.ENGINE, say)
    parts[TEMPLATE] = prefix.ensure_template
    with paths.build_lock("build", LOCK_TIMEOUT_S):
        for number, (text, make) in enumerate(parts.items(), 1):
            with _told(say, f"part {number}/{len(parts)}", text):
                make()


@contextlib.contextmanager
def _told(say: Callable[[str], None], part: str, text: str) -> Iterator[None]:
    """Say what is being made once that takes more than a moment, and at its end how long it took."""
    started = time.monotonic()
    timer = threading.Timer(QUICK_S, say, [f"{part}: {text}"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    took_s = time.monotonic() - started
    if took_s >= QUICK_S:
        say(f"{part}: done ({took_s:.0f} s)")


def _run(part: str, output: Path, *arguments: object) -> None:
    """Call the ``build`` of the build module in a part's folder; it does nothing when its output is up to date."""
    name = f"adcs_lab_build_{part}"
    spec = importlib.util.spec_from_file_location(name, LAB_SOURCES / part / "build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    try:
        module.build(output, *arguments)
    except Exception as error:
        raise BuildError(f"The {part} part of the lab cannot be built: {error}") from error

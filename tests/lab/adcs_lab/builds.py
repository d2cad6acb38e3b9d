# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring everything a lab is made of up to date: native binaries, PowerShell host, template prefix."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from . import paths, prefix

LAB_SOURCES = Path(__file__).resolve().parents[1]
# How long to wait for another process that is building.
LOCK_TIMEOUT_S = 1200


class BuildError(Exception):
    """A part of the lab could not be built; the message says which and why."""


def build() -> None:
    """Build what is missing or out of date; the embedded host is left out when LAB_PWSH names another engine."""
    with paths.build_lock("build", LOCK_TIMEOUT_S):
        _run("native", paths.NATIVE)
        if not os.environ.get(paths.ENGINE_VARIABLE):
            _run("host", paths.HOST)
        prefix.ensure_template()


def _run(part: str, output: Path) -> None:
    """Call the ``build`` of the build module in a part's folder; it does nothing when its output is up to date."""
    name = f"adcs_lab_build_{part}"
    spec = importlib.util.spec_from_file_location(name, LAB_SOURCES / part / "build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    try:
        module.build(output)
    except Exception as error:
        raise BuildError(f"The {part} part of the lab cannot be built: {error}") from error

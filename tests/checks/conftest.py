# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the checks: the two .NET checkers built from source."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOTNET_TIMEOUT_S = 300

PsParse = Callable[..., object]
Dotnet = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def dotnet() -> Dotnet:
    """Run ``dotnet build`` on a project below tests/checks and return how it went: ``dotnet("csharp5", ...)``."""

    def build(project: str, *options: str) -> subprocess.CompletedProcess[str]:
        # Without a resident compiler no process outlives the tests.
        command = ["dotnet", "build", "-nologo", "-verbosity:quiet", "-nodeReuse:false", *options]
        return subprocess.run(
            [*command, "-property:UseSharedCompilation=false", str(ROOT / "tests" / "checks" / project)],
            env={**os.environ, "DOTNET_CLI_UI_LANGUAGE": "en"},
            capture_output=True,
            text=True,
            timeout=DOTNET_TIMEOUT_S,
            check=False,
        )

    return build


@pytest.fixture(scope="session")
def psparse(dotnet: Dotnet) -> PsParse:
    """Build the parser and return a function that runs it: ``psparse("syntax", path, ...)`` gives its document."""
    built = dotnet("psparse")
    assert built.returncode == 0, built.stdout + built.stderr

    def parse(command: str, *files: Path) -> object:
        program = ROOT / ".build" / "checks" / "bin" / "psparse" / "debug" / "psparse.dll"
        result = subprocess.run(
            ["dotnet", str(program), command, *map(str, files)],
            capture_output=True,
            text=True,
            timeout=DOTNET_TIMEOUT_S,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return parse

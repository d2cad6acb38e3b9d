#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the lab's PowerShell host for Windows with the .NET SDK. Does nothing when its sources have not changed."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
SOURCE_SUFFIXES = frozenset({".cs", ".csproj", ".props", ".psd1", ".psm1"})
PROJECT = SOURCES / "Host" / "pwsh.csproj"
PUBLISH_TIMEOUT_S = 900
SDK_TIMEOUT_S = 60


class BuildError(Exception):
    """The host could not be built; the message holds what the SDK said."""


def build(output: Path) -> bool:
    """Publish the host into the folder ``output``; return False when it was there already.

    What the build leaves behind (``<output>.obj``, ``<output>.sha256``) lies beside the folder. The folder is replaced as
    a whole, so that it never holds half a host.
    """
    stamp = output.with_name(output.name + ".sha256")
    digest = _inputs_digest()
    if (output / "pwsh.exe").is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return False
    fresh = output.with_name(output.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    _dotnet(
        ["publish", str(PROJECT), "--configuration", "Release", "--output", str(fresh), "--verbosity", "quiet"]
        + ["--nologo", "--artifacts-path", str(output.with_name(output.name + ".obj"))],
        PUBLISH_TIMEOUT_S,
    )
    shutil.rmtree(output, ignore_errors=True)
    fresh.rename(output)
    stamp.write_text(digest, encoding="ascii")
    return True


def _inputs_digest() -> str:
    """Return what the result depends on, as one hash: every source file and the version of the SDK."""
    digest = hashlib.sha256(_dotnet(["--version"], SDK_TIMEOUT_S).encode())
    for path in _sources():
        digest.update(f"{path.relative_to(SOURCES)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield from sorted(path for path in SOURCES.rglob("*") if path.suffix in SOURCE_SUFFIXES)


def _dotnet(arguments: list[str], timeout_s: float) -> str:
    """Run the SDK, leaving no build server behind, and return its output; BuildError when it fails or takes too long."""
    settings = {
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
        "DOTNET_NOLOGO": "1",
        "MSBUILDDISABLENODEREUSE": "1",
        "UseSharedCompilation": "false",
    }
    command = ["dotnet", *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=SOURCES,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise BuildError("The command 'dotnet' is not on PATH: install the .NET 10 SDK.") from error
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"'{' '.join(command)}' took longer than {timeout_s:.0f} s.") from error
    if done.returncode != 0:
        raise BuildError(f"'{' '.join(command)}' failed with exit code {done.returncode}:\n{done.stdout.strip()}")
    return done.stdout.strip()


def main() -> int:
    """Build into the folder named on the command line and say what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, nargs="?", default=SOURCES.parents[2] / ".build" / "host")
    output = parser.parse_args().output.absolute()
    try:
        built = build(output)
    except BuildError as error:
        print(f"host: {error}", file=sys.stderr)
        return 1
    print(f"host: {'built' if built else 'up to date'} in {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

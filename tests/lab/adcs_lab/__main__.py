# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Labs from the command line: ``python -m adcs_lab setup|up|down|status``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import builds, paths, wine
from .ca import CaSettings
from .lab import LIFETIME_S, Lab, LabError

DEFAULT_NAME = "default"
DEFAULTS = CaSettings()


def setup(_arguments: argparse.Namespace) -> int:
    """Build the native binaries, the PowerShell host and the template prefix."""
    started = time.monotonic()
    builds.build()
    print(f"lab: ready to start ({time.monotonic() - started:.0f} s)")
    return 0


def up(arguments: argparse.Namespace) -> int:
    """Start a lab that stays when this command ends, and print where its inventory is."""
    lab = Lab(
        arguments.name,
        settings=CaSettings(
            name=arguments.ca_name,
            database_size_bytes=arguments.database_size_bytes,
            log_count=arguments.log_count,
        ),
        port=arguments.port,
        owned=False,
        lifetime_s=arguments.lifetime_s,
    )
    if lab.running():
        print(f"lab {lab.name}: runs already, on port {lab.record().port}", file=sys.stderr)
    else:
        builds.build()
        lab.start()
        print(f"lab {lab.name}: started on port {lab.record().port}", file=sys.stderr)
    print(_shown(lab.inventory))
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Stop a lab and all its processes; its files stay until the next start."""
    lab = Lab(arguments.name)
    was_running = lab.running()
    lab.stop()
    print(f"lab {lab.name}: {'stopped' if was_running else 'was not running'}")
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Say whether a lab works; exit code 3 when it does not."""
    lab = Lab(arguments.name)
    if not lab.running():
        print(f"lab {lab.name}: not running")
        return 3
    lab.check_endpoint()
    print(f"lab {lab.name}: running, port {lab.record().port}, inventory {_shown(lab.inventory)}")
    return 0


def _shown(path: Path) -> str:
    """Return a path as the user would type it: relative to the project when that is where we are."""
    return os.path.relpath(path) if Path.cwd().is_relative_to(paths.ROOT) else str(path)


def _number(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not minimum <= value <= maximum:
            raise argparse.ArgumentTypeError(f"{value} is not between {minimum} and {maximum}")
        return value

    return parse


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="adcs_lab", description="A simulated CA that Ansible reaches over WinRM.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in (setup, up, down, status):
        sub = commands.add_parser(command.__name__, description=command.__doc__, help=command.__doc__)
        sub.set_defaults(run=command)
        if command is not setup:
            sub.add_argument("--name", default=DEFAULT_NAME, help="name of the lab (default: %(default)s)")
    started = commands.choices["up"]
    size = _number(0, 1 << 40)
    started.add_argument("--ca-name", default=DEFAULTS.name, help="name of the CA (default: %(default)s)")
    started.add_argument("--database-size-bytes", type=size, default=DEFAULTS.database_size_bytes)
    started.add_argument("--log-count", type=_number(0, 0xFFFF), default=DEFAULTS.log_count)
    started.add_argument("--port", type=_number(0, 65535), default=0, help="port of the endpoint (default: a free one)")
    started.add_argument(
        "--lifetime-s", type=_number(1, 7 * 86400), default=int(LIFETIME_S), help="seconds until it stops by itself"
    )
    return parser


def main() -> int:
    """Run one command; a known failure is one line on stderr and exit code 1."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(arguments))
    except (LabError, builds.BuildError, wine.WineError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

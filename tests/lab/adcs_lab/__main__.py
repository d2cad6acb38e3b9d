# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Labs from the command line: ``python -m adcs_lab setup|up|down|status|stop-service|start-service|fault``."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable

from . import builds, guide, wine
from .ca import CaSettings
from .faults import Fault
from .lab import LIFETIME_S, Lab, LabError, left_running

DEFAULT_NAME = "default"
DEFAULTS = CaSettings()
FIRST_ALIAS, _, DOMAIN = DEFAULTS.host.partition(".")
# A host's name in the DNS and in NetBIOS.
ALIAS = re.compile(r"[a-z][a-z0-9-]{0,14}")


def setup(_arguments: argparse.Namespace) -> int:
    """Build the native binaries, PowerShell and the template prefix."""
    started = time.monotonic()
    builds.build(_say)
    _say(f"ready to start ({time.monotonic() - started:.0f} s)")
    return 0


def up(arguments: argparse.Namespace) -> int:
    """Start a lab that stays when this command ends, and print where its inventory is and what to do with it."""
    lab = Lab(
        arguments.name,
        settings=CaSettings(
            name=arguments.ca_name or _ca_name(arguments.ca),
            host=f"{arguments.ca}.{DOMAIN}",
            database_size_bytes=arguments.database_size_bytes,
            log_count=arguments.log_count,
        ),
        port=arguments.port,
        owned=False,
        lifetime_s=arguments.lifetime_s,
        data_drive=True,
    )
    if lab.running():
        _note(f"lab {lab.name}: runs already, on port {lab.record().port}")
    else:
        builds.build(_note)
        _note(f"lab {lab.name}: starting, which takes some seconds")
        lab.start()
        _note(f"lab {lab.name}: started on port {lab.record().port}")
    # For scripts the inventory alone, for people the rest too.
    print(guide.shown(lab.inventory), flush=True)
    _note(f"\n{guide.of_lab(lab.record(), left_running())}")
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Stop a lab and all its processes; its files stay until the next start."""
    lab = Lab(arguments.name)
    was_running = lab.running()
    lab.stop()
    print(
        f"lab {lab.name}: {'stopped' if was_running else 'was not running'}; its files stay until the next start, which empties D:"
    )
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Say whether a lab works; exit code 3 when it does not."""
    lab = Lab(arguments.name)
    if not lab.running():
        print(f"lab {lab.name}: not running")
        return 3
    lab.check_endpoint()
    print(f"lab {lab.name}: running, port {lab.record().port}, inventory {guide.shown(lab.inventory)}")
    return 0


def stop_service(arguments: argparse.Namespace) -> int:
    """Stop the service of a lab's CA, so that backups of it fail."""
    lab = _running(arguments.name)
    lab.ca.stop_service()
    print(f"lab {lab.name}: the service of the CA is stopped")
    return 0


def start_service(arguments: argparse.Namespace) -> int:
    """Start the service of a lab's CA."""
    lab = _running(arguments.name)
    lab.ca.start_service()
    print(f"lab {lab.name}: the service of the CA runs")
    return 0


def fault(arguments: argparse.Namespace) -> int:
    """Make a call of a function fail, or with --clear all calls work; each process counts its calls anew."""
    if arguments.clear == bool(arguments.function):
        raise LabError("Give either a fault or --clear.")
    lab = _running(arguments.name)
    faults = [] if arguments.clear else [_fault(arguments)]
    lab.ca.set_faults("by hand", faults)
    print(f"lab {lab.name}: {faults[0] if faults else 'no fault'}")
    return 0


def _fault(arguments: argparse.Namespace) -> Fault:
    """Return the fault that the command line describes; LabError says what is wrong with it."""
    call = int(arguments.call) if (arguments.call or "").isdecimal() else arguments.call
    try:
        return Fault(arguments.function, call, arguments.action, arguments.argument)
    except ValueError as error:
        raise LabError(f"That is no fault: {error}. Faults are described in tests/lab/adcs_lab/faults.py.") from error


def _running(name: str) -> Lab:
    """Return a lab that runs; LabError when it does not."""
    lab = Lab(name)
    lab.record()
    return lab


def _say(text: str) -> None:
    print(f"lab: {text}", flush=True)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _alias(text: str) -> str:
    """Return the name of a CA's host, ``ca02`` for ``2`` too."""
    alias = f"ca{int(text):02}" if re.fullmatch(r"[0-9]{1,3}", text) else text.lower()
    if not ALIAS.fullmatch(alias):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name of a host such as ca02: at most 15 letters, digits and '-'"
        )
    return alias


def _ca_name(alias: str) -> str:
    """Return the name of the CA of a host: that of the fixture for the first one, with the number or name of the host for others."""
    number = re.search(r"[1-9][0-9]*$", alias)
    return DEFAULTS.name.replace("1", number[0] if number else alias)


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
    for command in (setup, up, down, status, stop_service, start_service, fault):
        sub = commands.add_parser(command.__name__.replace("_", "-"), description=command.__doc__, help=command.__doc__)
        sub.set_defaults(run=command)
        if command is not setup:
            sub.add_argument("--name", default=DEFAULT_NAME, help="name of the lab (default: %(default)s)")
    started = commands.choices["up"]
    size = _number(0, 1 << 40)
    started.add_argument(
        "--ca", type=_alias, default=FIRST_ALIAS, help="name of its host, such as ca02 or 2 (default: %(default)s)"
    )
    started.add_argument("--ca-name", help=f"name of the CA (default for {FIRST_ALIAS}: {DEFAULTS.name})")
    started.add_argument("--database-size-bytes", type=size, default=DEFAULTS.database_size_bytes)
    started.add_argument("--log-count", type=_number(0, 0xFFFF), default=DEFAULTS.log_count)
    started.add_argument("--port", type=_number(0, 65535), default=0, help="port of the endpoint (default: a free one)")
    started.add_argument(
        "--lifetime-s", type=_number(1, 7 * 86400), default=int(LIFETIME_S), help="seconds until it stops by itself"
    )
    faulty = commands.choices["fault"]
    faulty.add_argument("--clear", action="store_true", help="let all calls work")
    faulty.add_argument("function", nargs="?", help=f"what fails, such as {guide.EXAMPLE.function}")
    faulty.add_argument("call", nargs="?", help="which call of it, from 1, or '*' for each")
    faulty.add_argument("action", nargs="?", help="what happens, such as hresult, hang or crash")
    faulty.add_argument("argument", nargs="?", help="what the action needs, such as a code 0x80070017")
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

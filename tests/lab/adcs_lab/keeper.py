# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The process that keeps a lab running, and that ends it: ``python -m adcs_lab.keeper``.

It owns the prefix's wineserver and, if asked to, the WinRM endpoint. It stops both, and with them every Windows process
of the prefix, on SIGTERM, when its owner goes away, when its time is up or when the wineserver ends. Should the keeper
itself be killed, the kernel stops the wineserver.

Its settings come as one line of JSON on stdin, because they hold a password; it answers with one line of JSON on stdout
when it is ready.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from . import paths, server, shell, wine, wsman

MAX_SETTINGS = 65536

log = logging.getLogger("adcs_lab.keeper")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to keep. ``owner_pid`` is the parent process whose end ends the lab, None for a lab without an owner.

    ``endpoint`` tells whether to serve WinRM, on ``port`` (0: a free one) to ``user`` with ``password``.
    """

    prefix: str
    lifetime_s: float
    owner_pid: int | None
    endpoint: bool
    port: int
    user: str
    password: str


@dataclasses.dataclass(frozen=True)
class Ready:
    """What the keeper answers: the endpoint's port, 0 without one."""

    port: int


class WineRunner:
    """Starts a shell's command the way WinRM would: on a hidden console, in a job that ends with its launcher."""

    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix
        profile = prefix / "drive_c/users" / wine.user_name()
        self._home = profile if profile.is_dir() else prefix / "drive_c"

    def __call__(self, start: shell.Start) -> subprocess.Popen[bytes]:
        """Start the command; WsmanFault when its working directory does not exist."""
        log.info("run %.200s", start.command_line)
        extra = {**start.environment, "LAB_CMDLINE": start.command_line, "LAB_CODEPAGE": start.codepage}
        return wine.start(
            self._prefix,
            [paths.LAUNCHER],
            extra=extra,
            cwd=self._folder(start.working_directory),
            stdin=subprocess.PIPE,
        )

    def _folder(self, windows_path: str | None) -> Path:
        if windows_path is None:
            return self._home
        try:
            folder = paths.linux_path(self._prefix / "drive_c", windows_path)
        except ValueError:
            folder = None
        if folder is None or not folder.is_dir():
            raise wsman.WsmanFault(
                wsman.DIRECTORY_INVALID, "InvalidParameter", f"The directory {windows_path!r} does not exist."
            )
        return folder


def keep(settings: Settings) -> None:
    """Keep the lab until one of its ends comes. The answer goes to stdout as soon as clients can be served."""
    prefix = Path(settings.prefix)
    with contextlib.ExitStack() as stack:
        # Watched from the first moment on: an end that comes during the start is not missed.
        ends = {stack.enter_context(_signals()): "a signal"}
        if settings.owner_pid is not None:
            ends[stack.enter_context(_process(settings.owner_pid))] = "the end of its owner"
            if os.getppid() != settings.owner_pid:
                log.info("the owner %d had gone before the start", settings.owner_pid)
                return
        wineserver = wine.start_server(prefix)
        stack.callback(_stop_server, prefix, wineserver)
        ends[stack.enter_context(_process(wineserver.pid))] = "the end of the wineserver"
        port = 0
        if settings.endpoint:
            endpoint = server.Endpoint(WineRunner(prefix), settings.user, settings.password, port=settings.port)
            stack.callback(endpoint.stop)
            endpoint.start()
            port = endpoint.server_port
        _answer(Ready(port))
        log.info("ready: pid %d, port %d, prefix %s", os.getpid(), port, prefix)
        log.info("stopping because of %s", _first(ends, settings.lifetime_s))
    log.info("stopped")


def _first(ends: dict[int, str], lifetime_s: float) -> str:
    poll = select.poll()
    for descriptor in ends:
        poll.register(descriptor, select.POLLIN)
    events = poll.poll(lifetime_s * 1000)
    return ends[events[0][0]] if events else "its age"


def _stop_server(prefix: Path, wineserver: subprocess.Popen[bytes]) -> None:
    wine.stop_server(prefix)
    wineserver.wait(wine.SERVER_STOP_TIMEOUT_S)


def _answer(ready: Ready) -> None:
    """Answer and close stdout: nobody reads it from now on."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii") as stdout:
        print(json.dumps(dataclasses.asdict(ready)), file=stdout)
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), sys.stdout.fileno())


@contextlib.contextmanager
def _process(pid: int) -> Iterator[int]:
    """Yield a descriptor that becomes readable when the process ends; a process that has ended is readable at once."""
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _signals() -> Iterator[int]:
    """Yield a descriptor that becomes readable when the keeper is asked to stop."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    try:
        yield read_end
    finally:
        signal.set_wakeup_fd(-1)
        os.close(read_end)
        os.close(write_end)


def main() -> int:
    """Read the settings from stdin and keep the lab; the log goes to stderr."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    settings = Settings(**json.loads(sys.stdin.buffer.readline(MAX_SETTINGS)))
    try:
        keep(settings)
    except ProcessLookupError:
        log.info("the owner had gone before the start")
    except (OSError, wine.WineError) as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

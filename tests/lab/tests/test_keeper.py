# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The process that keeps a lab: every way it ends, and that nothing stays behind. No Wine: see fake_lab."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from adcs_lab import keeper
from adcs_lab.client import Client, ClientError
from helpers.lab import fake_lab

KEEPER = Path(fake_lab.__file__)
LAB_PACKAGES = Path(keeper.__file__).parents[1]
USER, PASSWORD = "user", "secret"
WAIT_S = 20.0

# The owner of a lab: starts the keeper with the settings of its own stdin, passes its answer on and waits for its end.
OWNER = textwrap.dedent("""
    import json, os, subprocess, sys
    settings = json.loads(sys.stdin.readline())
    if settings["owner_pid"] == 0:
        settings["owner_pid"] = os.getpid()
    keeper = subprocess.Popen([sys.executable, sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    keeper.stdin.write(json.dumps(settings).encode() + b"\\n")
    keeper.stdin.flush()
    answer = json.loads(keeper.stdout.readline() or b"{}")
    print(json.dumps({"pid": keeper.pid, **answer}), flush=True)
    sys.exit(keeper.wait())
    """)


class Kept:
    """A running keeper below an owner, with a command that would run for minutes."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        defaults = {"prefix": str(folder), "lifetime_s": 60.0, "owner_pid": 0, "endpoint": True, "port": 0}
        self.owner = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(KEEPER)],
            env={**os.environ, "PYTHONPATH": str(LAB_PACKAGES)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.owner.stdin and self.owner.stdout
        text = json.dumps({**defaults, "user": USER, "password": PASSWORD, **settings})
        self.owner.stdin.write(text.encode() + b"\n")
        self.owner.stdin.flush()
        answer = json.loads(self.owner.stdout.readline())
        self.port = answer.get("port")
        self.ends: dict[str, int] = {}
        # A keeper that found nothing to keep may be gone already.
        with contextlib.suppress(ProcessLookupError):
            self.ends["keeper"] = os.pidfd_open(answer["pid"])
        self._folder = folder

    def run_in_background(self) -> None:
        """Run a command as a client would, and watch its process and the stand-in for the wineserver too."""
        pids = self._folder / "pids"
        client = Client(self.port, USER, PASSWORD)

        def run() -> None:
            with contextlib.suppress(ClientError, ConnectionError, http.client.HTTPException):
                client.run(
                    f"(pgrep -P $PPID -x sleep; echo $$) > {pids}.new; mv {pids}.new {pids}; exec sleep 600",
                    WAIT_S,
                )

        threading.Thread(target=run, daemon=True).start()
        deadline = time.monotonic() + WAIT_S
        while not pids.exists():
            assert time.monotonic() < deadline, "the command did not start"
            time.sleep(0.01)
        server, command = pids.read_text(encoding="ascii").split()
        self.ends |= {"server": os.pidfd_open(int(server)), "command": os.pidfd_open(int(command))}

    def end(self, name: str, number: signal.Signals) -> None:
        """Send one of the processes a signal."""
        signal.pidfd_send_signal(self.ends[name], number)

    def ended(self, name: str) -> bool:
        """Tell whether one of the processes ends, given a while."""
        return bool(select.select([self.ends[name]], [], [], WAIT_S)[0])

    def left(self) -> list[str]:
        """Return which processes do not end, given a while."""
        return [name for name in self.ends if not self.ended(name)]

    def close(self) -> None:
        for descriptor in self.ends.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            os.close(descriptor)
        self.owner.kill()
        self.owner.wait(WAIT_S)
        for stream in (self.owner.stdin, self.owner.stdout, self.owner.stderr):
            if stream:
                stream.close()


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Any]:
    kept: list[Kept] = []

    def start(**settings: Any) -> Kept:
        kept.append(Kept(tmp_path, **settings))
        return kept[-1]

    yield start
    for one in kept:
        one.close()


def test_sigterm_ends_everything(keep: Any) -> None:
    kept = keep()
    kept.run_in_background()
    kept.end("keeper", signal.SIGTERM)
    assert kept.left() == []
    assert kept.owner.wait(WAIT_S) == 0


def test_the_owner_s_death_ends_everything(keep: Any) -> None:
    kept = keep()
    kept.run_in_background()
    kept.owner.kill()
    assert kept.left() == []


def test_the_wineserver_s_death_ends_everything(keep: Any) -> None:
    kept = keep()
    kept.run_in_background()
    kept.end("server", signal.SIGKILL)
    assert kept.left() == []


def test_the_wineserver_goes_with_a_keeper_that_is_killed(keep: Any) -> None:
    kept = keep()
    kept.run_in_background()
    kept.end("keeper", signal.SIGKILL)
    assert kept.ended("server")


def test_its_age_ends_everything(keep: Any) -> None:
    kept = keep(lifetime_s=2.0)
    kept.run_in_background()
    assert kept.left() == []


def test_without_an_owner_it_stays(keep: Any) -> None:
    kept = keep(owner_pid=None)
    kept.owner.kill()
    kept.owner.wait(WAIT_S)
    assert Client(kept.port, USER, PASSWORD).identify()
    kept.end("keeper", signal.SIGTERM)
    assert kept.left() == []


def test_an_owner_that_is_not_its_parent_is_taken_for_dead(keep: Any) -> None:
    kept = keep(owner_pid=1)
    assert kept.left() == []
    assert kept.port is None


def test_without_an_endpoint_it_serves_nothing(keep: Any) -> None:
    kept = keep(endpoint=False)
    assert kept.port == 0
    kept.end("keeper", signal.SIGTERM)
    assert kept.left() == []


def test_a_port_in_use_is_an_error(keep: Any) -> None:
    first = keep(owner_pid=None)
    second = keep(port=first.port)
    assert second.left() == []
    assert second.owner.wait(WAIT_S) == 1
    assert b"Address already in use" in second.owner.stderr.read()

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""launch.exe, which starts every engine, and certsvc.exe, the service."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from adcs_lab import paths, wine
from adcs_lab.engine import Engine

TIMEOUT_S = 60
PROGRAM = r"C:\LaunchTest\selftest.exe"
NOT_STARTED = 9009 % 256
ADDR_NO_RANDOMIZE = 0x0040000

SERVICE = "LaunchTestService"
PAUSE, CONTINUE, STOP, INTERROGATE = "2", "3", "1", "4"
STOPPED, RUNNING, PAUSED = "1", "4", "7"
# Stop, pause and continue, shutdown.
ACCEPTED = str(1 | 2 | 4)


@pytest.fixture
def selftest(engine: Engine) -> Iterator[Engine]:
    """The engine's prefix with the self-test program in it."""
    folder = engine.linux_path(PROGRAM).parent
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(paths.NATIVE / "shim_selftest.exe", folder / "selftest.exe")
    yield engine
    shutil.rmtree(folder)


def launch(engine: Engine, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return wine.run(engine.prefix, [paths.LAUNCHER], TIMEOUT_S, extra=variables, check=False)


def test_exit_code_output_and_arguments_are_the_commands(selftest: Engine) -> None:
    done = launch(selftest, LAB_CMDLINE=f'{PROGRAM} environment console echo "Prüf #1 – € 漢" exit 42')
    assert done.returncode == 42
    assert done.stdout.decode() == "environment\tunset\tunset\nconsole\t65001\t65001\necho\tPrüf #1 – € 漢\n"
    assert done.stderr == b""


def test_the_code_page_is_as_asked(selftest: Engine) -> None:
    assert launch(selftest, LAB_CMDLINE=f"{PROGRAM} console", LAB_CODEPAGE="1252").stdout == b"console\t1252\t1252\n"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "LAB_CMDLINE is not set"),
        ({"LAB_CMDLINE": r"C:\missing\x.exe one"}, r"cannot start 'C:\missing\x.exe one' (error 2)"),
        ({"LAB_CMDLINE": "x", "LAB_CODEPAGE": "utf-8"}, "LAB_CODEPAGE 'utf-8' is not a code page"),
        ({"LAB_CMDLINE": "x", "LAB_CODEPAGE": "65002"}, "LAB_CODEPAGE '65002' is not a code page"),
    ],
)
def test_what_cannot_be_started_is_said(selftest: Engine, variables: dict[str, str], message: str) -> None:
    done = launch(selftest, **variables)
    assert done.returncode == NOT_STARTED
    assert message in done.stderr.decode()


def test_programs_run_at_fixed_addresses(selftest: Engine) -> None:
    """Without that, a heap in an unlucky place kills one Windows process in thousands before it begins."""
    allowed = subprocess.run(["setarch", "--addr-no-randomize", "true"], check=False).returncode == 0
    process = wine.start(selftest.prefix, [PROGRAM, "hold"])
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"hold\n"
        personality = int(Path(f"/proc/{process.pid}/personality").read_text(encoding="ascii"), 16)
        assert bool(personality & ADDR_NO_RANDOMIZE) == allowed
    finally:
        process.kill()
        process.communicate(timeout=TIMEOUT_S)


def test_killing_the_launcher_kills_all_below(selftest: Engine) -> None:
    command = f'{PROGRAM} run "{PROGRAM} hold"'
    process = wine.start(selftest.prefix, [paths.LAUNCHER], extra={"LAB_CMDLINE": command})
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"hold\n"
        process.kill()
        # Every process below has the pipe's other end: it ends with the last of them.
        assert process.communicate(timeout=TIMEOUT_S) == (b"", b"")
    finally:
        process.kill()
        process.wait(TIMEOUT_S)


def test_the_service_follows_its_controls(selftest: Engine) -> None:
    verbs = [
        *("service-create", SERVICE, r"C:\Lab\certsvc.exe", "service", SERVICE, "start", RUNNING),
        *("service", SERVICE, PAUSE, PAUSED, "service", SERVICE, INTERROGATE, PAUSED),
        *("service", SERVICE, CONTINUE, RUNNING, "service", SERVICE, STOP, STOPPED),
        *("service", SERVICE, "start", RUNNING, "service", SERVICE, STOP, STOPPED, "service-delete", SERVICE),
    ]
    done = selftest.wine([PROGRAM, *verbs], TIMEOUT_S)
    assert [line.split("\t") for line in done.stdout.decode().splitlines()] == [
        ["service-create", "0"],
        ["service", "start", "0", RUNNING, ACCEPTED],
        ["service", PAUSE, "0", PAUSED, ACCEPTED],
        ["service", INTERROGATE, "0", PAUSED, ACCEPTED],
        ["service", CONTINUE, "0", RUNNING, ACCEPTED],
        ["service", STOP, "0", STOPPED, "0"],
        ["service", "start", "0", RUNNING, ACCEPTED],
        ["service", STOP, "0", STOPPED, "0"],
        ["service-delete", "0"],
    ]

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The set-up says what it does, how far it is and how long each step took."""

from __future__ import annotations

import importlib.util
import re
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest
from project import ROOT, ToolError


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool as a module of its own: its name is that of many others."""
    spec = importlib.util.spec_from_file_location("adcs_setup", ROOT / "tools" / "setup.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TEMPLATE", tmp_path / "template")
    return module


def test_every_step_is_one_line_with_its_time(setup: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    setup.take([("packages", lambda: "present: wine"), ("lab", lambda: "built")])
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"setup: 2 steps: packages, lab{setup.FIRST_RUN}"
    assert [re.sub(r"[0-9.]+ s\)", "0 s)", line) for line in lines] == [
        "setup: packages    [1/2] present: wine (0 s)",
        "setup: lab         [2/2] built (0 s)",
    ]


def test_only_the_first_run_is_announced_as_long(setup: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    setup.TEMPLATE.mkdir()
    setup.take([])
    assert capsys.readouterr().out == "setup: 0 steps: \n"


def test_a_long_step_is_not_silent(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "HEARTBEAT_S", 0.01)
    waited = threading.Event()
    told = setup.say

    def say(step: str, text: str) -> None:
        told(step, text)
        waited.set()

    monkeypatch.setattr(setup, "say", say)
    setup.take([("lab", lambda: "built" if waited.wait(30) else "too late")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "setup: lab         still at it after 0 s"
    assert "[1/1] built" in lines[-1]


def test_the_heartbeat_ends_with_its_step(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "HEARTBEAT_S", 60.0)
    before = threading.active_count()
    with pytest.raises(ToolError), setup.heartbeat("lab", time.monotonic()):
        raise ToolError("no disk")
    assert threading.active_count() == before


def test_a_step_that_fails_ends_the_set_up(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> str:
        raise ToolError("there is no .NET")

    monkeypatch.setattr(setup, "install_packages", lambda _packages: "present")
    monkeypatch.setattr(setup, "check_dotnet", fail)
    assert setup.main([]) == 1
    assert capsys.readouterr().err == "setup: there is no .NET\n"

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The demo of a fleet fails when a CA did not come out as meant."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import demo_fleet
import pytest
from adcs_lab.lab import LabError
from project import ToolError

WORDS = {"ca02": "The service CertSvc does not answer.", "ca04": "One problem."}


def entry(host: str) -> dict[str, Any]:
    newest = {"label": "20261126T010000Z-full"} if host in ("ca01", "ca05") else None
    problems = [{"kind": "altered", "message": "'DataBase\\x.edb' was altered"}] if host == "ca04" else []
    status = demo_fleet.FLEET[host].status
    return {"status": status, "message": WORDS.get(host, ""), "newest": newest, "problems": problems}


def documents() -> dict[str, dict[str, Any]]:
    """Return the documents of a fleet that came out as meant."""
    return {host: {"host": host, "destinations": [entry(host)]} for host in demo_fleet.FLEET}


def test_a_fleet_that_came_out_as_meant() -> None:
    assert demo_fleet.check(documents()) == []


@pytest.mark.parametrize("host", list(demo_fleet.FLEET))
@pytest.mark.parametrize("status", ["failed", "unreachable", "never", "late", "warning", "offline", "ok"])
def test_another_status(host: str, status: str) -> None:
    changed = documents()
    changed[host]["destinations"][0]["status"] = status
    wrong = [] if status == demo_fleet.FLEET[host].status else [f"{host}: {status} instead of"]
    assert [text[: len(wrong[0])] for text in demo_fleet.check(changed)] == wrong


@pytest.mark.parametrize(
    ("host", "change", "words"),
    [
        ("ca02", {"message": "The password is wrong."}, "ca02: failed, but nothing says 'CertSvc'"),
        ("ca04", {"problems": []}, "ca04: failed, but nothing says 'altered'"),
        ("ca01", {"newest": None}, "ca01: ok without a good set"),
        ("ca05", {"newest": None}, "ca05: offline without a good set"),
    ],
)
def test_the_right_status_for_another_reason(host: str, change: dict[str, Any], words: str) -> None:
    changed = documents()
    changed[host]["destinations"][0].update(change)
    (text,) = demo_fleet.check(changed)
    assert text.startswith(words)


@pytest.mark.parametrize("host", list(demo_fleet.FLEET))
def test_a_document_that_is_missing_or_holds_too_little_or_too_much(host: str) -> None:
    changed = documents()
    changed[host]["destinations"] *= 2
    assert demo_fleet.check(changed) == [f"{host}: 2 destinations instead of one"]
    changed[host]["destinations"] = []
    assert demo_fleet.check(changed) == [f"{host}: 0 destinations instead of one"]
    del changed[host]
    assert demo_fleet.check(changed) == [f"{host}: there is no document of it"]


def test_a_host_that_is_none_of_the_fleet() -> None:
    assert demo_fleet.check({**documents(), "ca09": documents()["ca01"]}) == ["ca09: nobody asked for it"]


def test_every_kind_of_ca_is_in_the_fleet() -> None:
    assert sorted(ca.status for ca in demo_fleet.FLEET.values()) == ["failed", "failed", "offline", "ok", "unreachable"]


def test_the_documents_are_those_of_the_folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_fleet, "REPORTS", tmp_path)
    for host, document in documents().items():
        (tmp_path / f"{host}.json").write_text(json.dumps(document), encoding="utf-8")
    assert demo_fleet.read_documents() == documents()


def test_a_machine_without_a_browser_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_fleet.report_picture, "browser", lambda: None)
    assert demo_fleet.take_picture() == "none: there is no chromium on this machine"


def test_a_browser_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> None:
        raise FileNotFoundError("no such browser")

    monkeypatch.setattr(demo_fleet.report_picture, "browser", lambda: "chromium")
    monkeypatch.setattr(demo_fleet.report_picture, "take_picture", fail)
    assert demo_fleet.take_picture() == "none: no such browser"


@pytest.fixture
def made_up(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let the demo run without labs, with documents and a page that are made up; the test may change the documents."""
    given = documents()

    class NoLab:
        ca = SimpleNamespace(stop_service=lambda: None)

    def run_jobs(_lane: Any, _fleet: Any) -> None:
        demo_fleet.REPORTS.mkdir()
        demo_fleet.PAGE.touch()

    monkeypatch.setattr(demo_fleet, "FOLDER", tmp_path / "demo-fleet")
    monkeypatch.setattr(demo_fleet, "REPORTS", tmp_path / "demo-fleet" / "reports")
    monkeypatch.setattr(demo_fleet, "PAGE", tmp_path / "demo-fleet" / "reports" / "fleet.html")
    monkeypatch.setattr(demo_fleet, "need_lane", lambda: None)
    monkeypatch.setattr(demo_fleet, "labs", lambda: {"ca02": NoLab})
    monkeypatch.setattr(demo_fleet, "start", lambda _fleet, _stack: None)
    monkeypatch.setattr(demo_fleet, "write_inventory", lambda _fleet, _port: None)
    monkeypatch.setattr(demo_fleet, "run_jobs", run_jobs)
    monkeypatch.setattr(demo_fleet, "read_documents", lambda: given)
    monkeypatch.setattr(demo_fleet, "take_picture", lambda: "none")
    return given


def test_the_end_is_page_picture_and_five_lines(made_up: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert demo_fleet.main() == 0
    tail = capsys.readouterr().out.partition("the simulated CAs are gone\n")[2].splitlines()
    assert tail[:2] == [f"page:    {demo_fleet.PAGE}", "picture: none"]
    assert len(tail[tail.index("") + 2 :]) == 5


def test_a_fleet_that_came_out_otherwise_fails_the_demo(
    made_up: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    made_up["ca04"]["destinations"][0]["status"] = "ok"
    assert demo_fleet.main() == 1
    assert "demo-fleet: ca04: ok instead of failed" in capsys.readouterr().err


@pytest.mark.parametrize("error", [ToolError("no lane"), LabError("runs already"), OSError("no space")])
def test_what_goes_wrong_is_one_line(
    made_up: dict[str, Any], error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: Any) -> None:
        raise error

    monkeypatch.setattr(demo_fleet, "run_jobs", fail)
    assert demo_fleet.main() == 1
    assert capsys.readouterr().err == f"\ndemo-fleet: {error}\n"

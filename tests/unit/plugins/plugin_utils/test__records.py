# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a report: a page of all documents of a folder, and the fleet of a job, which says the same."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import STATUSES, document_text
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import Run
from ansible_collections.adcs.ca.plugins.plugin_utils.job._drawing import draw_all
from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import OUTCOME
from ansible_collections.adcs.ca.plugins.plugin_utils.job._recorder import outcome
from ansible_collections.adcs.ca.plugins.plugin_utils.records import _files
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import (
    LOST,
    Written,
    attention_of,
    documents_in,
    draw,
    known_entry,
)
from helpers.unit.histories import full
from helpers.unit.outcomes import DESTINATION, after, listing
from helpers.unit.outcomes import outcome as run_of

NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"
SHARE = r"\\server\share\ca"
FAR = 10**11
GOOD = run_of(listing=listing(NIGHTS), late_after_s=FAR)
BAD = run_of("failed", "no space")


class HostVars(dict[str, Any]):
    """The variables of every host, as a task sees them."""

    def raw_get(self, host: str) -> Any:
        return self[host]


def found_for(host: str, run: Run, folder: Path | None, *, before: Any = None, check: bool = False) -> dict[str, Any]:
    """The outcome of a host; its document is written."""
    return outcome(host, run, folder=folder, fail_on=(), entry="main", before=before, written=Written(check))


def variables_of(outcomes: dict[str, Any]) -> dict[str, Any]:
    known = {host: {OUTCOME: found} if found else {} for host, found in outcomes.items()}
    return {
        "hostvars": HostVars({"localhost": {}, **known}),
        "groups": {"all": list(known)},
        "inventory_hostname": "localhost",
    }


def states(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(ca["host"], ca["status"]) for ca in found["cas"]]


def on_page(folder: Path) -> list[tuple[str, str]]:
    html = (folder / "fleet.html").read_text(encoding="utf-8")
    return re.findall(r'<tr data-host="([^"]*)"><td><span class="badge (\w+)"', html)


def contents(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file with its content, when it was written and where it lies."""
    found = {path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.iterdir()}
    return dict(sorted(found.items()))


def test_the_page_is_made_of_all_documents(tmp_path: Path) -> None:
    """A job with a part of the fleet never looks like the whole."""
    found_for("ca09", BAD, tmp_path)
    found_for("ca08", GOOD, tmp_path)
    written = Written(False)
    fleet, mine, _ = draw(tmp_path, {"ca01": found_for("ca01", GOOD, tmp_path)}, written)
    assert states(fleet) == on_page(tmp_path) == [("ca09", "failed"), ("ca01", "ok"), ("ca08", "ok")]
    assert mine == {"ca01"} and written.files == [str(tmp_path / "fleet.html")] and written.diff == []


def test_a_run_without_news_writes_nothing(tmp_path: Path) -> None:
    for first in (True, False):
        before = {} if first else contents(tmp_path)
        outcomes = {"ca01": found_for("ca01", GOOD, tmp_path), "ca02": found_for("ca02", BAD, tmp_path), "ca03": None}
        written = Written(False)
        draw(tmp_path, outcomes, written)
        assert bool(written.files) is first and (first or contents(tmp_path) == before)
    assert set(contents(tmp_path)) == {"ca01.json", "ca02.json", "ca03.json", "fleet.html"}


def test_a_lost_host_gets_a_document_and_keeps_what_was_known(tmp_path: Path) -> None:
    found_for("ca01", GOOD, tmp_path)
    fleet, *_ = draw(tmp_path, {"ca01": None}, Written(False))
    assert states(fleet) == on_page(tmp_path) == [("ca01", "failed")]
    document = json.loads((tmp_path / "ca01.json").read_text(encoding="utf-8"))
    assert [(item["path"], item["status"], item["message"]) for item in document["destinations"]] == [
        (None, "failed", LOST), (DESTINATION, "ok", "")
    ]  # fmt: skip
    assert len(LOST) <= 200 or "Run the job again" in LOST
    draw(tmp_path, {"ca01": found_for("ca01", GOOD, tmp_path)}, Written(False))
    assert on_page(tmp_path) == [("ca01", "ok")]


def test_a_remembered_destination_ages_and_one_that_was_looked_at_does_not(tmp_path: Path) -> None:
    soon = run_of(path=SHARE, listing=listing(NIGHTS))
    first = found_for("ca01", GOOD, tmp_path)
    both = found_for("ca01", soon, tmp_path, before=first)
    fleet, *_ = draw(tmp_path, {"ca01": both}, Written(False))
    assert states(fleet) == on_page(tmp_path) == [("ca01", "ok")]
    fleet, *_ = draw(tmp_path, {"ca01": first}, Written(False))
    assert states(fleet) == on_page(tmp_path) == [("ca01", "late")], "the share was not looked at for years"
    assert attention_of({"ca01": first}, ["late"]) == []
    assert json.loads((tmp_path / "ca01.json").read_text(encoding="utf-8"))["destinations"][1]["status"] == "ok"


def test_page_and_fleet_hold_what_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "ca01.json").write_text("mine", encoding="utf-8")
    found = found_for("ca01", GOOD, tmp_path)
    fleet, *_ = draw(tmp_path, {"ca01": found, "ca02": found_for("ca02", GOOD, tmp_path)}, Written(False))
    assert states(fleet) == on_page(tmp_path) == [("ca01", "failed"), ("ca02", "ok")]
    assert (
        "Move it away." in fleet["cas"][0]["message"] and (tmp_path / "ca01.json").read_text(encoding="utf-8") == "mine"
    )


def test_check_mode_draws_what_would_be_there(tmp_path: Path) -> None:
    found_for("ca02", GOOD, tmp_path)
    before = contents(tmp_path)
    written = Written(True)
    fleet, *_ = draw(tmp_path, {"ca01": found_for("ca01", BAD, tmp_path, check=True), "ca03": None}, written)
    assert states(fleet) == [("ca01", "failed"), ("ca03", "failed"), ("ca02", "ok")] and contents(tmp_path) == before
    assert [Path(path).name for path in written.files] == ["ca03.json", "fleet.html"]


def test_without_a_folder_the_fleet_is_that_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = Written(False)
    fleet, *_ = draw(None, {"ca01": found_for("ca01", GOOD, None), "ca02": None}, written)
    assert states(fleet) == [("ca02", "failed"), ("ca01", "ok")] and written.files == []
    assert fleet["cas"][1]["newest"]["label"] == NEWEST and list(tmp_path.iterdir()) == []


def test_what_else_is_in_the_folder_does_no_harm(tmp_path: Path) -> None:
    found_for("ca01", GOOD, tmp_path)
    good = (tmp_path / "ca01.json").read_text(encoding="utf-8")
    foreign = {
        "copy of ca01.json": good, "ca02.json": good, "CA01.json": good.replace('"ca01"', '"CA01"'), "other.json": '{"schema": 1, "host": "x"}',
        "x.json": "{", ".hidden.json": good, "notes.txt": good, "new.json": '{"schema": 4, "host": "new"}',
    }  # fmt: skip
    for name, text in foreign.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "folder.json").mkdir()
    found, unread = documents_in(tmp_path)
    assert list(found) == ["ca01"] and sorted(unread) == ["new.json", "x.json"]
    assert documents_in(None) == documents_in(tmp_path / "none") == ({}, {})
    draw(tmp_path, {"ca01": found_for("ca01", GOOD, tmp_path)}, Written(False))
    assert on_page(tmp_path) == [("ca01", "ok")]
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in foreign} == foreign


def test_a_document_that_cannot_be_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its CA would vanish from the page, and nobody would miss it."""
    found_for("ca01", GOOD, tmp_path)
    texts = {
        "ca02": "",
        "ca03": '{"schema": 3, "ho',
        "ca04": '{"schema": 4, "host": "ca04"}',
        "ca05": "{}",
        "ca01": "{",
    }
    for host, text in texts.items():
        (tmp_path / f"{host}.json").write_text(text, encoding="utf-8")
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "ca05.json":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    *_, left_out = draw(tmp_path, {"ca01": found_for("ca01", GOOD, tmp_path)}, Written(False))
    assert [sentence.partition(":")[0].rpartition("/")[2] for sentence in left_out] == [
        "ca05.json",
        "ca02.json",
        "ca03.json",
        "ca04.json",
    ]
    html = (tmp_path / "fleet.html").read_text(encoding="utf-8")
    assert all(f"{host}.json" in html for host in ("ca02", "ca03", "ca04", "ca05"))
    assert "Input/output error" in html and "newer version" in html


def test_a_name_that_is_no_text_costs_nobody_the_page(tmp_path: Path) -> None:
    """Such as one that a share with another character set shows."""
    with open(os.fsencode(tmp_path) + b"/caf\xe9.json", "wb") as file:
        file.write(b"{")
    *_, left_out = draw(tmp_path, {"ca01": found_for("ca01", GOOD, tmp_path)}, Written(False))
    assert left_out == ["caf?.json: it is damaged, or no document of this collection."]
    assert on_page(tmp_path) == [("ca01", "ok")] and "caf?.json" in (tmp_path / "fleet.html").read_text(
        encoding="utf-8"
    )


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = [f"ca{number}" for number in range(9)]
    draw(tmp_path, {host: found_for(host, GOOD, tmp_path) for host in hosts}, Written(False))
    before = contents(tmp_path)

    def full_disk(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_files.os, "fsync", full_disk)
    outcomes = {host: found_for(host, BAD, tmp_path) for host in hosts}
    written = Written(False)
    fleet, *_ = draw(tmp_path, outcomes, written)
    assert contents(tmp_path) == before and fleet["counts"]["failed"] == 9
    assert [Path(item["path"]).name for item in written.not_written] == ["fleet.html"]
    for host, found in outcomes.items():
        (row,) = found["destinations"]
        assert row["message"].startswith("no space The document of this host was not written. Cannot write ")
        assert f"{host}.json" in row["message"] and "No space left on device" in row["message"]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("mine", encoding="utf-8")
    written = Written(False)
    fleet, *_ = draw(folder, {"ca01": found_for("ca01", GOOD, folder)}, written)
    assert states(fleet) == [("ca01", "failed")] and folder.read_text(encoding="utf-8") == "mine"
    assert written.not_written and written.files == [] and "ot a directory" in written.not_written[0]["why"]


def test_what_is_known_of_a_destination(tmp_path: Path) -> None:
    found_for("ca01", run_of(listing=listing(NIGHTS), replicated=True), tmp_path)
    assert known_entry(tmp_path, "ca01", "d:/backup/")["replicated"] == NEWEST
    for folder, host, path in ((tmp_path, "ca01", SHARE), (tmp_path, "ca02", DESTINATION), (None, "ca01", DESTINATION)):
        assert known_entry(folder, host, path)["replicated"] is None
    (tmp_path / "ca01.json").write_text("{", encoding="utf-8")
    assert known_entry(tmp_path, "ca01", DESTINATION)["replicated"] is None


def test_attention() -> None:
    later = found_for("ca03", run_of(listing=listing([])), None)
    outcomes = {"ca01": found_for("ca01", GOOD, None), "ca02": None, "ca03": found_for("ca03", BAD, None, before=later)}
    assert outcomes["ca03"]["destinations"][0]["path"] == DESTINATION and len(outcomes["ca03"]["destinations"]) == 1
    both = found_for("ca03", run_of("unreachable", "gone", path=SHARE), None, before=later)
    outcomes["ca03"] = both
    lost = {"host": "ca02", "ca": None, "path": None, "status": "failed", "message": LOST}
    gone = {"host": "ca03", "ca": None, "path": SHARE, "status": "unreachable", "message": "gone"}
    never = {
        "host": "ca03",
        "ca": "Example CA",
        "path": DESTINATION,
        "status": "never",
        "message": "The repository holds no complete full set.",
    }
    assert attention_of(outcomes) == [lost, gone]
    assert attention_of(outcomes, ["never"]) == [lost, never, gone]
    assert attention_of({}) == []


# --- the report of a job ----------------------------------------------------------------------------------------------------------------


def test_each_folder_gets_its_page_and_each_host_is_counted_once(tmp_path: Path) -> None:
    """A host that reports elsewhere today has an old document in the folder of another one."""
    one, two = tmp_path / "one", tmp_path / "two"
    found_for("ca01", BAD, two)
    outcomes = {
        "ca01": found_for("ca01", GOOD, one),
        "ca02": found_for("ca02", GOOD, two),
        "ca03": found_for("ca03", GOOD, None),
    }
    drawn = draw_all(variables_of(outcomes), (), None, Written(False))
    assert on_page(one) == [("ca01", "ok")] and on_page(two) == [("ca01", "failed"), ("ca02", "ok")]
    assert states(drawn.fleet) == [("ca01", "ok"), ("ca02", "ok"), ("ca03", "ok")]
    assert drawn.result(is_whole=True)["fleet"]["counts"] == {**dict.fromkeys(STATUSES, 0), "ok": 3}


def test_lost_and_named_hosts_are_in_the_folder_of_the_report(tmp_path: Path) -> None:
    variables = variables_of({"ca01": found_for("ca01", GOOD, tmp_path), "ca02": None, "web01": None})
    drawn = draw_all(variables, ["ca02", "nowhere"], str(tmp_path), Written(False))
    assert states(drawn.fleet) == [("ca02", "failed"), ("nowhere", "failed"), ("ca01", "ok")] == on_page(tmp_path)
    found = drawn.attention([])
    assert [row["host"] for row in found["attention"]] == ["ca02", "nowhere"]
    assert found["attention_message"].startswith("2 of 3 CAs need attention. ca02 failed: This job recorded no result")


def test_artifact_and_page_say_the_same(tmp_path: Path) -> None:
    found_for("ca09", BAD, tmp_path)
    outcomes = {
        f"ca{number:02d}": found_for(f"ca{number:02d}", BAD if number % 3 else GOOD, tmp_path)
        for number in range(30, 60)
    }
    drawn = draw_all(variables_of(outcomes), (), None, Written(False))
    result = drawn.result(is_whole=True)
    rows = [(row["host"], row["status"]) for row in result["fleet"]["rows"]]
    assert rows == [row for row in on_page(tmp_path) if row[0] != "ca09"] and ("ca09", "failed") in on_page(tmp_path)
    assert result["ansible_stats"] == {
        "data": {"adcs_ca_fleet": result["fleet"]},
        "per_host": False,
        "aggregate": False,
    }
    few = draw_all(variables_of(outcomes), (), None, Written(False)).result(is_whole=False)
    assert (
        len(few["fleet"]["rows"]) == 20
        and few["fleet"]["omitted"] == 10
        and few["fleet"]["counts"] == result["fleet"]["counts"]
    )
    assert few["changed"] is False


def test_nobody_reports(tmp_path: Path) -> None:
    (tmp_path / "ca01.json").write_text(document_text(after(GOOD)), encoding="utf-8")
    before = contents(tmp_path)
    drawn = draw_all(variables_of({"web01": None}), (), None, Written(False))
    assert drawn.outcomes == {} and states(drawn.fleet) == [] and contents(tmp_path) == before

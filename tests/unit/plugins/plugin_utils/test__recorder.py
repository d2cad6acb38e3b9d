# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a run to the outcome of a host: the document on the disk, the public fact, and the words for a task that failed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import seconds_of
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import destination_key
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import Run
from ansible_collections.adcs.ca.plugins.plugin_utils.job import _recorder
from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import process_mark
from ansible_collections.adcs.ca.plugins.plugin_utils.job._recorder import (
    SECRET,
    failed_task,
    lost_run,
    outcome,
    unreachable_result,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import Written
from helpers.unit.histories import full
from helpers.unit.outcomes import DESTINATION, LATE_AFTER_S, listing
from helpers.unit.outcomes import outcome as run_of

NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"
SHARE = r"\\server\share\ca"
GOOD = run_of(listing=listing(NIGHTS))


def record(
    folder: Path | None,
    run: Run,
    *,
    host: str = "ca01",
    before: Any = None,
    check: bool = False,
    fail_on: tuple[str, ...] = (),
    entry: str = "main",
) -> dict[str, Any]:
    """The outcome of a host after a run."""
    found = outcome(host, run, folder=folder, fail_on=fail_on, entry=entry, before=before, written=Written(check))
    json.dumps(found)
    return found


def states(found: dict[str, Any]) -> list[tuple[str | None, str, bool]]:
    return [(row["path"], row["status"], row["attention"]) for row in found["destinations"]]


def on_disk(folder: Path, name: str = "ca01.json") -> list[tuple[str | None, str]]:
    document = json.loads((folder / name).read_text(encoding="utf-8"))
    return [(item["path"], item["status"]) for item in document["destinations"]]


def test_the_outcome_of_a_good_run(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "reports"
    assert record(folder, GOOD) == {
        "mark": process_mark(),
        "host": "ca01",
        "report_dir": str(folder),
        "destinations": [
            {
                "path": DESTINATION, "entry": "main", "status": "ok", "message": "", "ca": "Example CA", "late_after_s": LATE_AFTER_S, "attention": False,
                "label": NEWEST, "started": "2026-11-22T21:00:00Z", "bytes": 1 << 20,
            }
        ],
        "began": {destination_key(DESTINATION): {"status": "failed", "since": None}},
        "changed": True,
        "files": [str(folder / "ca01.json")],
        "not_written": [],
    }  # fmt: skip
    assert on_disk(folder) == [(DESTINATION, "ok")]
    again = record(folder, GOOD)
    assert (again["changed"], again["files"], again["destinations"]) == (False, [], record(None, GOOD)["destinations"])


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = record(None, GOOD)
    assert (found["report_dir"], found["changed"], found["files"]) == (None, False, []) and "record" not in found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("first", ["failed", "ok", "unreachable"])
@pytest.mark.parametrize("second", ["failed", "ok"])
def test_the_second_destination_of_a_job_keeps_the_first(tmp_path: Path, first: str, second: str) -> None:
    runs = {"ok": {"listing": listing(NIGHTS)}, "failed": {}, "unreachable": {}}
    one = record(tmp_path, run_of(first, **runs[first]))
    both = record(tmp_path, run_of(second, path=SHARE, **runs[second]), before=one)
    assert states(both) == [(DESTINATION, first, first != "ok"), (SHARE, second, second != "ok")]
    assert on_disk(tmp_path) == [(DESTINATION, first), (SHARE, second)]
    # a destination that is tried again is judged anew, whatever way its path is written
    again = record(tmp_path, run_of(path="d:/backup/", listing=listing(NIGHTS)), before=both)
    assert states(again) == [(SHARE, second, second != "ok"), ("d:/backup/", "ok", False)]
    assert on_disk(tmp_path) == [("d:/backup/", "ok"), (SHARE, second)]


def test_another_entry_point_makes_nothing_better(tmp_path: Path) -> None:
    """A listing after a failed backup says that the sets are good, not that the backup was."""
    one = record(tmp_path, run_of("failed", "no space"))
    both = record(tmp_path, GOOD, entry="verify", before=one)
    assert states(both) == [(DESTINATION, "failed", True), (DESTINATION, "ok", False)]
    assert on_disk(tmp_path) == [(DESTINATION, "failed")]
    again = record(tmp_path, GOOD, before=both)
    assert states(again) == [(DESTINATION, "ok", False), (DESTINATION, "ok", False)] and on_disk(tmp_path) == [
        (DESTINATION, "ok")
    ]


def test_a_call_that_got_to_no_destination_is_not_forgotten_by_the_next_one(tmp_path: Path) -> None:
    refused = record(tmp_path, run_of("failed", "path: it is blank.", path=None))
    later = record(tmp_path, GOOD, before=refused)
    assert states(later) == [(None, "failed", True), (DESTINATION, "ok", False)]
    assert on_disk(tmp_path) == [(None, "failed"), (DESTINATION, "ok")]
    # the job after it got to its destination
    assert states(record(tmp_path, GOOD)) == [(DESTINATION, "ok", False)] and on_disk(tmp_path) == [(DESTINATION, "ok")]


def test_what_an_earlier_job_knew_is_in_the_document_and_not_in_the_outcome(tmp_path: Path) -> None:
    record(tmp_path, run_of("failed", path=SHARE))
    assert states(record(tmp_path, GOOD)) == [(DESTINATION, "ok", False)]
    assert on_disk(tmp_path) == [(DESTINATION, "ok"), (SHARE, "failed")]


@pytest.mark.parametrize(
    ("run", "fail_on", "status", "attention"),
    [
        (GOOD, (), "ok", False),
        (GOOD, ("late", "never"), "ok", False),
        (run_of(listing=listing(NIGHTS, now="2027-01-01 00:00")), (), "late", False),
        (run_of(listing=listing(NIGHTS, now="2027-01-01 00:00")), ("never",), "late", False),
        (run_of(listing=listing(NIGHTS, now="2027-01-01 00:00")), ("late",), "late", True),
        (run_of(listing=listing([])), (), "never", False),
        (run_of(listing=listing([])), ("never",), "never", True),
        (run_of("failed", "no"), (), "failed", True),
        (run_of("unreachable", "no"), ("late",), "unreachable", True),
    ],
)
def test_what_needs_attention(run: Run, fail_on: tuple[str, ...], status: str, attention: bool) -> None:
    assert states(record(None, run, fail_on=fail_on)) == [(DESTINATION, status, attention)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is damaged, or no document of this collection"),
        ('{"notes": "mine"}', "is no document of this collection"),
        ('{"schema": 9, "host": "ca01"}', "a newer version of this collection wrote it"),
        ('{"schema": 2, "host": "ca02", "destinations": []}', "is the document of the host ca02"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_a_foreign_file_stays_and_fails_the_host(tmp_path: Path, text: str, words: str, check: bool) -> None:
    path = tmp_path / "ca01.json"
    path.write_text(text, encoding="utf-8")
    found = record(tmp_path, GOOD, check=check)
    assert path.read_text(encoding="utf-8") == text and [item.name for item in tmp_path.iterdir()] == ["ca01.json"]
    (row,) = found["destinations"]
    assert (row["status"], row["attention"], row["label"]) == ("failed", True, NEWEST)
    assert words in row["message"] and str(path) in row["message"] and row["message"].endswith("Move it away.")
    assert found["not_written"][0]["path"] == str(path) and found["changed"] is False


def test_a_document_of_an_earlier_form_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "ca01.json").write_text(
        '{"schema": 1, "host": "ca01", "folder_name": "x", "sets": []}', encoding="utf-8"
    )
    assert states(record(tmp_path, GOOD)) == [(DESTINATION, "ok", False)] and on_disk(tmp_path) == [(DESTINATION, "ok")]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        for run in (GOOD, run_of("failed", "no space")):
            found = record(folder, run)
            (row,) = found["destinations"]
            assert row["status"] == "failed" and row["attention"] and "ot a directory" in row["message"]
            assert row["message"].startswith(f"{run.message} The document of this host was not written.".strip())
    assert (tmp_path / "file").read_bytes() == b""


def test_a_document_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "ca01.json").mkdir()
    found = record(tmp_path, GOOD)
    assert states(found) == [(DESTINATION, "failed", True)] and found["record"]["host"] == "ca01"


def test_check_mode_predicts_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    predicted = record(folder, GOOD, check=True)
    assert not folder.exists() and predicted["files"] == [str(folder / "ca01.json")] and predicted["changed"] is True
    made = record(folder, GOOD)
    assert {key: predicted[key] for key in made} == made
    assert json.loads((folder / "ca01.json").read_text(encoding="utf-8")) == predicted["record"]
    later = os.stat(folder / "ca01.json").st_mtime_ns
    assert record(folder, run_of("failed", "no"), check=True)["changed"] is True
    assert on_disk(folder) == [(DESTINATION, "ok")] and os.stat(folder / "ca01.json").st_mtime_ns == later


def test_hosts_have_files_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    for host in ("ca01", "CA01", "../ca01", "con"):
        record(folder, run_of("failed", host), host=host)
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()]
    assert sorted((item["host"], item["destinations"][0]["message"]) for item in documents) == [
        (host, host) for host in sorted(("ca01", "CA01", "../ca01", "con"))
    ]


# --- results of tasks -------------------------------------------------------------------------------------------------------------------


def test_the_first_result_that_did_not_reach_its_host() -> None:
    lost = {"unreachable": True, "msg": "first"}
    assert unreachable_result([{}, {"failed": True}, lost, {"unreachable": True, "msg": "second"}]) is lost
    assert unreachable_result([{}, {"unreachable": False}, {"failed": True}]) is None and unreachable_result([]) is None


def test_a_run_that_did_not_reach_its_host() -> None:
    raw = "ntlm: HTTPSConnectionPool(host='x', port=5986): <A object at 0x7f8e5c2b1d90>: [Errno 111] Connection refused"
    lost = {"unreachable": True, "msg": raw}
    said = lost_run("ca03", {"ansible_host": "x", "ansible_port": 5986}, [{}, lost])
    assert said["status"] == "unreachable" and said["message"].startswith(
        "ca03 does not answer on x:5986 (connection refused). "
    )
    assert "<A object>" in said["detail"]
    assert said["silent"] is True and lost_run("ca03", {}, [{"changed": True}, lost])["silent"] is False
    assert lost_run("ca03", {}, [{"unreachable": True}])["detail"] == ""
    assert lost_run("ca03", {}, [{}, {"changed": True}]) == {}


def test_a_host_that_refuses_failed() -> None:
    said = lost_run(
        "ca03", {}, [{"unreachable": True, "msg": "ntlm: the specified credentials were rejected by the server"}]
    )
    assert (said["status"], said["silent"]) == ("failed", False)


@pytest.mark.parametrize(
    ("task", "result", "words"),
    [
        ({"name": "Back up"}, {"msg": " no space\n"}, "Back up: no space"),
        ({"name": ""}, {"msg": "no space"}, "A task: no space"),
        ({"action": "x"}, {"msg": "no"}, "A task: no"),
        ({"name": "T"}, {}, "T: it failed without a message"),
        ({"name": "T"}, {"msg": ""}, "T: it failed without a message"),
        ({"name": "T"}, {"msg": None, "reason": "because"}, "T: because"),
        ({"name": "T"}, {"msg": {"a": 1}}, "T: it failed without a message"),
        ({"name": "T"}, {"msg": "{{ 7 * 7 }}{% raw %}"}, "T: {{ 7 * 7 }}{% raw %}"),
        ({"name": "T"}, {"msg": "<A object at 0x7f8e5c2b1d90> 0x800706BA"}, "T: <A object> 0x800706BA"),
        ({"name": "T"}, {"msg": "all", "results": [{"msg": "good"}, {"failed": True, "msg": "second"}, {"failed": True, "msg": "x"}]}, "T: second"),
        ({"name": "T"}, {"msg": "One or more items failed", "results": [{"failed": True}]}, "T: One or more items failed"),
        ({"name": "T"}, {"msg": "m", "results": "text"}, "T: m"),
        ({"name": "T"}, {"msg": "m", "results": [None, "x"]}, "T: m"),
    ],
)  # fmt: skip
def test_the_words_for_a_failed_task(task: Any, result: Any, words: str) -> None:
    assert failed_task({"ansible_failed_task": task, "ansible_failed_result": result}) == words


@pytest.mark.parametrize(
    ("no_log", "hidden"),
    [
        (True, True), ("true", True), ("yes", True), ("True ", True), (1, True), ("1", True), ("on", True), ("{{ hide }}", True),
        (False, False), (None, False), ("", False), ("no", False), (" False", False), (0, False), ("0", False), ("off", False), ("N", False),
    ],
)  # fmt: skip
def test_what_no_log_hides_is_not_told(no_log: Any, hidden: bool) -> None:
    task = {"name": "Log in", "no_log": no_log}
    for result in ({"msg": "the password s3cret"}, {"results": [{"failed": True, "msg": "s3cret"}], "msg": "s3cret"}):
        said = failed_task({"ansible_failed_task": task, "ansible_failed_result": result})
        assert ("s3cret" not in said) is hidden and (said == f"Log in: {SECRET}") is hidden


def test_a_step_of_the_role_speaks_for_itself() -> None:
    task = {"name": "Work out the variables", "action": "adcs.ca.backup_job"}
    found = {"ansible_failed_task": task, "ansible_failed_result": {"msg": "adcs_ca_backup_path: it is blank."}}
    assert failed_task(found) == "adcs_ca_backup_path: it is blank."
    found["ansible_failed_task"] = {**task, "no_log": True}
    assert failed_task(found) == f"Work out the variables: {SECRET}"


def test_what_a_result_hides_is_not_told() -> None:
    found = {"ansible_failed_task": {"name": "T"}, "ansible_failed_result": {"msg": "s3cret", "_ansible_no_log": True}}
    assert failed_task(found) == f"T: {SECRET}"


@pytest.mark.parametrize(
    "variables", [{}, {"ansible_failed_task": None}, {"ansible_failed_task": {}}, {"ansible_failed_task": "text"}]
)
def test_a_host_that_was_stopped_without_a_task(variables: dict[str, Any]) -> None:
    assert failed_task(variables).startswith(
        "Ansible stopped this host and did not say why. Possible causes: a file that your hook includes"
    )


def test_a_job_that_looks_twice_moves_no_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look is well each night, the second one finds the damage: it failed since the first night."""
    now_s = [seconds_of("2026-11-22T22:00:00Z")]
    monkeypatch.setattr(_recorder.time, "time", lambda: now_s[0])
    texts = []
    for _night in range(3):
        first = record(tmp_path, GOOD, entry="main")
        record(tmp_path, run_of("failed", "damage", listing=listing(NIGHTS)), entry="verify", before=first)
        texts.append((tmp_path / "ca01.json").read_text(encoding="utf-8"))
        now_s[0] += 3600
    assert json.loads(texts[0])["destinations"][0]["since"] == "2026-11-22T22:00:00Z"
    assert texts[1] == texts[0] and texts[2] == texts[0]


def test_a_job_that_looks_twice_at_a_new_host_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [seconds_of("2026-11-22T22:00:00Z")]
    monkeypatch.setattr(_recorder.time, "time", lambda: now_s[0])
    first = record(tmp_path, GOOD)
    now_s[0] += 60
    assert record(tmp_path, GOOD, before=first)["changed"] is False

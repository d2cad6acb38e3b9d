# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action adcs.ca.outcome: what registered results come to, what is on the disk, and which options are taken."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible_collections.adcs.ca.plugins.action.outcome import ARGUMENT_SPEC
from helpers.unit.histories import full
from helpers.unit.jobs import Job, on_disk
from helpers.unit.outcomes import expired, listing, made

NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"
PATH = r"D:\Backup"
SHARE = r"\\server\share\ca"
BACKUP, SETS = made(NEWEST), expired(NIGHTS, {"keep_last": 2})
KEYS = {"mark", "host", "report_dir", "destinations", "began", "changed", "files", "not_written"}
BOTH = {"path": PATH, "backup_result": "backup", "sets_result": "sets"}


def judged(check: bool = False, **changes: Any) -> dict[str, Any]:
    """The only destination of a host after a backup and a listing, one of which is changed."""
    job = Job(ca01={"backup": BACKUP, "sets": SETS, **changes})
    found = job.outcome("ca01", check=check, **BOTH)
    assert found.keys() == KEYS
    (row,) = found["destinations"]
    return dict(row)


def documentation() -> Any:
    return importlib.import_module("ansible_collections.adcs.ca.plugins.modules.outcome")


def test_options_are_as_documented() -> None:
    options = yaml.safe_load(documentation().DOCUMENTATION)["options"]
    for option in options.values():
        del option["description"]
    assert options == ARGUMENT_SPEC


def test_returned_keys_are_as_documented() -> None:
    returned = yaml.safe_load(documentation().RETURN)
    job = Job(ca01={"backup": BACKUP, "sets": SETS})
    found = job.outcome("ca01", **BOTH)
    assert found.keys() | {"changed", "record"} == returned.keys() | {"changed"}
    assert found["destinations"][0].keys() == returned["destinations"]["contains"].keys()


def test_a_good_run(tmp_path: Path) -> None:
    job = Job(ca01={"backup": BACKUP, "sets": SETS})
    found = job.outcome("ca01", **BOTH, report_dir=str(tmp_path), late_after_s=93600)
    assert found["destinations"] == [
        {
            "path": PATH, "entry": "outcome 0", "status": "ok", "message": "", "ca": "Example CA", "late_after_s": 93600, "attention": False, "label": NEWEST,
            "started": "2026-11-22T21:00:00Z", "bytes": 1 << 20,
        }
    ]  # fmt: skip
    assert found["files"] == [str(tmp_path / "ca01.json")] and on_disk(tmp_path, "ca01.json") == [(PATH, "ok")]
    assert "diff" not in found


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({}, "ok", ""),
        ({"backup": {**BACKUP, "changed": False}}, "ok", ""),
        ({"backup": {"failed": True, "msg": "no space {{ 7 * 7 }}"}}, "failed", "no space {{ 7 * 7 }}"),
        ({"backup": {"failed": True}}, "failed", "A task was skipped or failed."),
        ({"backup": {"skipped": True, "changed": False}}, "failed", "A task was skipped or failed."),
        ({"sets": {"skipped": True, "changed": False}}, "failed", "A task was skipped or failed."),
        ({"sets": {**SETS, "failed": True, "msg": "1 problem"}}, "failed", "1 problem"),
        ({"backup": {"failed": True, "msg": "first"}, "sets": {"failed": True, "msg": "second"}}, "failed", "first"),
        ({"sets": {"unreachable": True, "msg": "[Errno 111] Connection refused"}}, "unreachable", "ca01 does not answer (connection refused)."),
        ({"backup": {"unreachable": True, "changed": False, "msg": "timed out"}}, "unreachable", "ca01 does not answer (no answer in time)."),
        ({"sets": listing([])}, "failed", f"the repository does not hold the set {NEWEST}"),
        ({"sets": listing(NIGHTS[1:])}, "failed", f"the repository does not hold the set {NEWEST}"),
        ({"backup": {}, "sets": listing([])}, "never", "no complete full set"),
        ({"backup": {}, "sets": {}}, "failed", "holds no list of sets"),
        ({"sets": {"results": [SETS], "changed": False}}, "failed", "holds no list of sets"),
    ],
)  # fmt: skip
def test_what_registered_results_come_to(changes: dict[str, Any], status: str, words: str) -> None:
    row = judged(**changes)
    assert (row["status"], row["attention"]) == (status, status in ("failed", "unreachable"))
    assert words in row["message"] if words else row["message"] == ""


def test_a_predicted_backup_needs_no_set() -> None:
    assert judged(check=True, backup={**BACKUP, "label": None}, sets=listing(NIGHTS[1:]))["status"] == "ok"


@pytest.mark.parametrize(
    ("options", "status"), [({"backup_result": "backup"}, "ok"), ({"sets_result": "sets"}, "ok"), ({}, "failed")]
)
def test_one_result_is_enough(options: dict[str, str], status: str) -> None:
    (row,) = Job(ca01={"backup": BACKUP, "sets": SETS}).outcome("ca01", path=PATH, **options)["destinations"]
    assert row["status"] == status


def test_a_later_call_makes_no_destination_better(tmp_path: Path) -> None:
    """Nobody knows whether it looked at the same thing."""
    job = Job(ca01={"first": {"failed": True, "msg": "no space"}, "sets": SETS})
    job.outcome("ca01", path=PATH, backup_result="first", report_dir=str(tmp_path))
    found = job.outcome("ca01", path=PATH, sets_result="sets", report_dir=str(tmp_path))
    assert [row["status"] for row in found["destinations"]] == ["failed", "ok"] and on_disk(tmp_path, "ca01.json") == [
        (PATH, "failed")
    ]


@pytest.mark.parametrize(
    ("fail_on", "attention"),
    [([], False), (["late"], True), ("late,never", True), (["never"], False), (["failed"], False)],
)
def test_a_late_set(fail_on: Any, attention: bool) -> None:
    job = Job(ca01={"sets": {**SETS, "now": "2027-01-01T00:00:00Z"}})
    (row,) = job.outcome("ca01", path=PATH, sets_result="sets", late_after_s="93600", fail_on=fail_on)["destinations"]
    assert (row["status"], row["attention"], row["late_after_s"]) == ("late", attention, 93600)


@pytest.mark.parametrize(
    ("options", "status"),
    [({}, "warning"), ({"warn_free_percent": 5}, "ok"), ({"warn_free_percent": 0}, "ok")],
    ids=str,
)
def test_little_space(options: dict[str, int], status: str) -> None:
    volume = {"total_bytes": 100_000_000, "free_bytes": 7_000_000}
    space = {"destination": None, "log_volume": {"path": "C:\\", **volume}, "logs": None}
    job = Job(ca01={"sets": {**SETS, "space": space}})
    (row,) = job.outcome("ca01", path=PATH, sets_result="sets", **options)["destinations"]
    assert (row["status"], row["attention"]) == (status, False)


def test_a_rescued_task(tmp_path: Path) -> None:
    failed = {"ansible_failed_task": {"name": "Back up"}, "ansible_failed_result": {"msg": "no space"}}
    job = Job(ca01={"backup": BACKUP, "sets": SETS, **failed})
    (row,) = job.outcome("ca01", **BOTH, rescued="yes", report_dir=str(tmp_path))["destinations"]
    assert (row["status"], row["message"], row["label"]) == ("failed", "Back up: no space", NEWEST)
    assert on_disk(tmp_path, "ca01.json") == [(PATH, "failed")]


def test_the_second_destination_of_a_job(tmp_path: Path) -> None:
    job = Job(ca01={"first": {"failed": True, "msg": "no space"}, "second": SETS})
    job.outcome("ca01", path=PATH, backup_result="first", report_dir=str(tmp_path))
    found = job.outcome("ca01", path=SHARE, sets_result="second", report_dir=str(tmp_path))
    assert [(row["path"], row["status"]) for row in found["destinations"]] == [(PATH, "failed"), (SHARE, "ok")]
    assert on_disk(tmp_path, "ca01.json") == [(PATH, "failed"), (SHARE, "ok")]


@pytest.mark.parametrize("changes", [{"mark": "0" * 32}, {"host": "ca02"}])
def test_a_value_that_is_no_outcome_of_this_job_counts_for_nothing(changes: dict[str, Any]) -> None:
    """It may come from a cache, the inventory or an extra variable."""
    job = Job(ca01={"sets": SETS})
    found = job.outcome("ca01", path=SHARE, sets_result="sets")
    job.hosts["ca01"]["adcs_ca_outcome"] = {**found, **changes}
    assert [row["path"] for row in job.outcome("ca01", path=PATH, sets_result="sets")["destinations"]] == [PATH]


def test_check_mode_predicts_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    known = {"backup": BACKUP, "sets": SETS}
    predicted = Job(ca01=known).outcome("ca01", **BOTH, report_dir=str(folder), check=True, diff=True)
    assert not folder.exists() and predicted["changed"] is True
    found = Job(ca01=known).outcome("ca01", **BOTH, report_dir=str(folder), diff=True)
    assert {key: predicted[key] for key in found} == found
    (diff,) = found["diff"]
    assert (diff["before"], diff["after_header"]) == ("", str(folder / "ca01.json"))
    assert diff["after"] == (folder / "ca01.json").read_text(encoding="utf-8")
    again = Job(ca01=known).outcome("ca01", **BOTH, report_dir=str(folder), diff=True)
    assert (again["changed"], again["files"], again["diff"]) == (False, [], [])


def test_a_file_that_is_no_document_stays(tmp_path: Path) -> None:
    (tmp_path / "ca01.json").write_text("mine", encoding="utf-8")
    found = Job(ca01={"sets": SETS}).outcome("ca01", path=PATH, sets_result="sets", report_dir=str(tmp_path))
    assert found["destinations"][0]["attention"] is True and "Move it away." in found["destinations"][0]["message"]
    assert (tmp_path / "ca01.json").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    found = Job(ca01={"sets": SETS}).outcome("ca01", path=PATH, sets_result="sets", report_dir=str(tmp_path / "file"))
    assert found["destinations"][0]["status"] == "failed" and found["not_written"] and found["changed"] is False


@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_null_and_blank_are_left_out(blank: Any) -> None:
    options = {name: blank for name in ARGUMENT_SPEC if name != "path"}
    found = Job(ca01={}).outcome("ca01", path=PATH, **options)
    assert found["destinations"][0]["message"].startswith("The sets were not listed") and found["report_dir"] is None
    with pytest.raises(AnsibleError, match="path"):
        Job(ca01={}).outcome("ca01", **{**options, "path": blank})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fail_on": ["ok"]}, "fail_on"),
        ({"fail_on": "late,sometimes"}, "fail_on"),
        ({"late_after_s": "soon"}, "late_after_s"),
        ({"late_after_s": -1}, "late_after_s: it is -1, but must be at least 0"),
        ({"warn_free_percent": 101}, "warn_free_percent: it is 101, but must be at most 100"),
        ({"warn_full_days": -1}, "warn_full_days: it is -1"),
        ({"rescued": "perhaps"}, "rescued"),
        ({"hosts": ["ca01"]}, "hosts"),
        ({"sets_result": "no_such_variable"}, "there is no registered variable 'no_such_variable'"),
        ({"backup_result": "text"}, "backup_result: there is no registered variable 'text'"),
        ({"run_once": True}, "run_once: the outcome of one host would be given to all"),
        ({"path": "Backup"}, "path: .*not the absolute path"),
        ({"path": "D:\\{{ where }}"}, "path: .*template"),
        ({"path": "D:\\a\nb"}, "path: .*line break"),
    ],
)
def test_options_that_make_no_sense(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(AnsibleError, match=words):
        Job(ca01={"text": "x"}).outcome("ca01", **{"path": PATH, "report_dir": str(tmp_path), **options})
    assert list(tmp_path.iterdir()) == []


def test_a_path_is_trimmed() -> None:
    job = Job(ca01={"sets": SETS})
    job.outcome("ca01", path=PATH, sets_result="sets")
    found = job.outcome("ca01", path=f"  {PATH.lower()} ", sets_result="sets")
    assert [row["path"] for row in found["destinations"]] == [PATH, PATH.lower()]


def test_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    job = Job(ca01={"sets": SETS})
    for given, folder in (
        ("~/reports", tmp_path / "home/reports"),
        ("reports", Path("/nowhere/reports")),
        (str(tmp_path), tmp_path),
    ):
        found = job.outcome("ca01", path=PATH, sets_result="sets", report_dir=given, check=True)
        assert (found["report_dir"], found["files"]) == (str(folder), [str(folder / "ca01.json")])


def test_text_of_a_host_stays_as_it_is(tmp_path: Path) -> None:
    """In the result, and on the disk."""
    words = "{{ 7 * 7 }}{% raw %}"
    sets = {**SETS, "ca": {"name": words, "host": words}, "folder_name": words, "path": words}
    sets["problems"] = [{"kind": words, "path": words, "message": words}]
    job = Job(ca01={"backup": {"failed": True, "msg": words}, "sets": sets})
    (row,) = job.outcome("ca01", **BOTH, report_dir=str(tmp_path))["destinations"]
    assert (row["message"], row["ca"]) == (words, words)
    (entry,) = json.loads((tmp_path / "ca01.json").read_text(encoding="utf-8"))["destinations"]
    assert entry["folder_name"] == entry["repository"] == entry["problems"][0]["message"] == entry["message"] == words

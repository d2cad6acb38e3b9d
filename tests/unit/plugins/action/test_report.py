# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action adcs.ca.report: what is on the disk after it, what the job gets, and when it fails."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible_collections.adcs.ca.plugins.action import report as report_action
from ansible_collections.adcs.ca.plugins.action.report import ARGUMENT_SPEC, ActionModule
from ansible_collections.adcs.ca.plugins.modules import report as documented
from ansible_collections.adcs.ca.plugins.plugin_utils import _files

from histories import full
from outcomes import expired, listing, made, outcome

NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"
KEYS = {"changed", "files", "fleet"}
LONG_AGO_NS = 1_000_000_000_000_000_000


class HostVars(dict[str, Any]):
    """The variables of every host, as a task sees them."""

    def raw_get(self, host: str) -> Any:
        return {} if self[host] is None else {"_adcs_ca_backup_outcome": self[host]}


def good(name: str, sets: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The outcome of a run that made a set and expired two."""
    found = expired(NIGHTS if sets is None else sets, {"keep_last": 2})
    return outcome(backup=made(NEWEST), expire={**found, "folder_name": name, "ca": {"name": name, "host": "h"}})


def run(recorded: dict[str, Any], *, check: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
    """Run the action for all hosts that recorded something, or None."""
    options = {"hosts": list(recorded), "fail_on": [], **options}
    task = MagicMock(args=options, diff=diff, check_mode=check, async_val=0)
    action = ActionModule(task, MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock())
    action._load_name = "adcs.ca.report"
    result = action.run(task_vars={"hostvars": HostVars(recorded), "playbook_dir": "/nowhere"})
    assert KEYS <= result.keys()
    json.dumps(result)
    return result


def contents(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file with its content, when it was written and where it lies."""
    found = {path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.iterdir()}
    return dict(sorted(found.items()))


def age(folder: Path) -> None:
    """Make every file old, so that a write shows."""
    for path in folder.iterdir():
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))


def test_options_are_as_documented() -> None:
    options = yaml.safe_load(documented.DOCUMENTATION)["options"]
    for option in options.values():
        del option["description"]
    assert options == ARGUMENT_SPEC


def test_returned_keys_are_as_documented() -> None:
    result = run({"ca01": good("One"), "ca02": None})
    returned = yaml.safe_load(documented.RETURN)
    assert returned.keys() == KEYS - {"changed"}
    assert result["fleet"].keys() == returned["fleet"]["contains"].keys()
    rows = returned["fleet"]["contains"]["rows"]["contains"]
    assert all(row.keys() == rows.keys() for row in result["fleet"]["rows"])


def test_files_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "reports"
    result = run({"ca01": good("One"), "ca02": good("Two"), "ca03": None}, report_dir=str(folder))
    assert sorted(path.name for path in folder.iterdir()) == ["One.json", "Two.json", "fleet.html"]
    assert sorted(result["files"]) == sorted(map(str, folder.iterdir())) and result["changed"] is True
    document = json.loads((folder / "One.json").read_text(encoding="utf-8"))
    assert (document["host"], document["status"], document["newest"]["label"]) == ("ca01", "ok", NEWEST)
    assert all(
        f'data-host="{host}"' in (folder / "fleet.html").read_text(encoding="utf-8")
        for host in ("ca01", "ca02", "ca03")
    )


def test_a_run_without_news_writes_nothing(tmp_path: Path) -> None:
    assert run({"ca01": good("One"), "ca02": None}, report_dir=str(tmp_path))["changed"] is True
    age(tmp_path)
    before = contents(tmp_path)
    again = good("One", NIGHTS[:2])
    again["backup"] = made(NEWEST, fresh=True)
    again["expire"]["now"] = "2026-11-23T07:00:00Z"
    assert again["expire"]["removed"] == []
    result = run({"ca01": again, "ca02": None}, report_dir=str(tmp_path), diff=True)
    assert (result["changed"], result["files"], result["diff"]) == (False, [], [])
    assert contents(tmp_path) == before and set(before) == {"One.json", "fleet.html"}


def test_only_what_is_new_is_written(tmp_path: Path) -> None:
    run({"ca01": good("One"), "ca02": good("Two")}, report_dir=str(tmp_path))
    age(tmp_path)
    before = contents(tmp_path)
    result = run({"ca01": None, "ca02": good("Two", NIGHTS[:2])}, report_dir=str(tmp_path), diff=True)
    after = contents(tmp_path)
    assert [Path(path).name for path in result["files"]] == ["One.json", "fleet.html"]
    assert {name for name in before if before[name] != after[name]} == {"One.json", "fleet.html"}
    document = json.loads(after["One.json"][0])
    assert document["status"] == "unreachable" and document["newest"]["label"] == NEWEST
    (diff,) = result["diff"]
    assert diff["before_header"] == str(tmp_path / "One.json")
    assert (diff["before"].encode(), diff["after"].encode()) == (before["One.json"][0], after["One.json"][0])


def test_check_mode_predicts_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    predicted = run({"ca01": good("One")}, report_dir=str(folder), check=True, diff=True)
    assert not folder.exists()
    result = run({"ca01": good("One")}, report_dir=str(folder), diff=True)
    assert predicted == result and result["changed"] is True and result["diff"][0]["before"] == ""
    assert run({"ca01": good("One", NIGHTS[:2])}, report_dir=str(folder), check=True)["changed"] is False


def test_the_artifact() -> None:
    result = run({"ca01": good("One"), "ca02": None})
    assert result["ansible_stats"] == {
        "data": {"adcs_ca_fleet": result["fleet"]},
        "per_host": False,
        "aggregate": False,
    }
    assert result["fleet"]["counts"] == {"failed": 0, "unreachable": 1, "never": 0, "late": 0, "ok": 1}
    assert [row["host"] for row in result["fleet"]["rows"]] == ["ca02", "ca01"] and result["changed"] is False
    assert "ansible_stats" not in run({"ca01": good("One")}, artifact=False)


@pytest.mark.parametrize(
    ("fail_on", "named"),
    [
        (["failed", "unreachable"], ["ca02 failed: no space", "ca03 is unreachable: Nothing was recorded"]),
        (["failed"], ["ca02 failed: no space"]),
        (
            ["never", "late"],
            ["ca04 (Four) has no set: The repo", "ca05 (Five) is late: The newest complete full set, "],
        ),
        ([], []),
    ],
)
def test_failing(tmp_path: Path, fail_on: list[str], named: list[str]) -> None:
    late = listing(NIGHTS, name="Five", now="2027-01-01 00:00")
    recorded = {
        "ca01": good("One"),
        "ca02": outcome("failed", "no space"),
        "ca03": None,
        "ca04": outcome(expire=listing([], name="Four")),
        "ca05": outcome(expire=late),
    }
    result = run(recorded, report_dir=str(tmp_path), fail_on=fail_on)
    assert result.get("failed", False) is bool(named)
    assert all(words in result["msg"] for words in named)
    assert f"{len(named)} of 5 CAs" in result["msg"] if named else "msg" not in result
    assert {"One.json", "Four.json", "Five.json", "fleet.html"} == set(contents(tmp_path)) and result["changed"] is True


def test_without_a_choice_failed_and_unreachable_fail() -> None:
    recorded = {"ca01": outcome("failed", "no"), "ca02": None, "ca03": outcome(expire=listing([]))}
    task = MagicMock(args={"hosts": list(recorded)}, diff=False, check_mode=False, async_val=0)
    action = ActionModule(task, *[MagicMock()] * 5)
    result = action.run(task_vars={"hostvars": HostVars(recorded)})
    assert result["msg"].startswith("2 of 3 CAs need attention. ca01 failed: no; ca02 is unreachable: ")


@pytest.mark.parametrize(
    ("fail_for", "fails"),
    [(["ca01"], False), ([], False), (["ca02"], True), (["ca01", "ca03"], True), (None, True), (["ca99"], False)],
)
def test_failing_for_some_hosts_names_all(tmp_path: Path, fail_for: list[str] | None, fails: bool) -> None:
    recorded = {"ca01": good("One"), "ca02": outcome("failed", "no space"), "ca03": None}
    options = {"fail_on": ["failed", "unreachable"], "fail_for": fail_for, "report_dir": str(tmp_path)}
    result = run(recorded, **options)
    assert result.get("failed", False) is fails and ("msg" in result) is fails
    if fails:
        assert result["msg"].startswith("2 of 3 CAs need attention. ca02 failed: no space; ca03 is unreachable: ")
    assert set(contents(tmp_path)) == {"One.json", "fleet.html"} and len(result["fleet"]["rows"]) == 3


def test_a_file_that_cannot_be_written_fails_for_any_host(tmp_path: Path) -> None:
    (tmp_path / "One.json").write_text("", encoding="utf-8")
    result = run({"ca01": good("One")}, report_dir=str(tmp_path), fail_on=["failed"], fail_for=[])
    assert result["failed"] is True and "One.json" in result["msg"]


def test_a_host_that_is_not_in_the_inventory() -> None:
    (row,) = run({}, hosts=["cs01"])["fleet"]["rows"]
    assert row["status"] == "unreachable" and "no host of this name" in row["message"]


@pytest.mark.parametrize("hosts", [["localhost"], ["localhost", "cs01"], ["odd"], []])
def test_hosts_of_which_nothing_is_known_do_not_replace_the_page(tmp_path: Path, hosts: list[str]) -> None:
    run({"ca01": good("One"), "ca02": None}, report_dir=str(tmp_path))
    before = contents(tmp_path)
    everything = {"localhost": None, "ca01": None, "ca02": None, "odd": "text"}
    for check in (True, False):
        result = run(everything, hosts=hosts, report_dir=str(tmp_path), check=check)
        assert result["failed"] is True and result["changed"] is False and result["files"] == []
        assert result["msg"].startswith("Nothing is known of any of the hosts") and str(tmp_path) in result["msg"]
        assert all(host in result["msg"] for host in hosts)
        assert [row["host"] for row in result["fleet"]["rows"]] == sorted(hosts) and contents(tmp_path) == before
    # a host that is known of makes it a report again, and so does a fleet that is lost as a whole
    for known in (["ca01", *hosts], ["ca01", "ca02"]):
        assert "failed" not in run(everything, hosts=known, report_dir=str(tmp_path))
    assert "failed" not in run(everything, hosts=hosts)


def test_a_host_named_twice_is_reported_once() -> None:
    assert len(run({"ca01": None}, hosts=["ca01", "ca01"])["fleet"]["rows"]) == 1


@pytest.mark.parametrize(
    ("recorded", "refused"),
    [
        ({"ca01": good("Same"), "ca02": good("Same")}, ["ca01", "ca02"]),
        ({"ca01": good("Same"), "ca02": good("SAME")}, ["ca01", "ca02"]),
        ({"ca01": good("../up"), "ca02": None}, ["ca01"]),
        ({"ca01": good("x" * 300), "ca02": good("a/b")}, ["ca01", "ca02"]),
        ({f"ca{number}": good(f"../{number}") for number in range(9)}, [f"ca{number}" for number in range(9)]),
    ],
)
@pytest.mark.parametrize("fail_on", [[], ["failed"]])
def test_a_name_that_cannot_be_used_costs_no_other_ca_its_report(
    tmp_path: Path, recorded: dict[str, Any], refused: list[str], fail_on: list[str]
) -> None:
    folder = tmp_path / "reports"
    run({"ca77": good("Other", NIGHTS[2:])}, report_dir=str(folder))
    recorded = {**recorded, "ca77": good("Other")}
    predicted = run(recorded, report_dir=str(folder), fail_on=fail_on, check=True)
    result = run(recorded, report_dir=str(folder), fail_on=fail_on)
    assert predicted == result and result["failed"] is True and result["changed"] is True
    assert all(f"{host} " in result["msg"] for host in refused) and "ca77" not in result["msg"]
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]
    assert {Path(path).name for path in result["files"]} == set(contents(folder)) == {"Other.json", "fleet.html"}
    assert json.loads((folder / "Other.json").read_bytes())["newest"]["label"] == NEWEST
    rows = {row["host"]: row for row in result["fleet"]["rows"]}
    assert sorted(rows) == sorted(recorded) and rows["ca77"]["status"] == "ok"
    page = (folder / "fleet.html").read_text(encoding="utf-8")
    for host in refused:
        assert rows[host]["status"] == "failed" and host in rows[host]["message"]
        assert f'data-host="{host}"><td><span class="badge failed"' in page
    assert result["fleet"]["counts"]["failed"] == len(refused)
    assert "failed" not in run(recorded)


@pytest.mark.parametrize("lost", [None, good("Same", NIGHTS[1:])])
def test_a_host_that_claims_the_name_of_another_does_not_get_its_report(tmp_path: Path, lost: Any) -> None:
    run({"ca01": good("Same")}, report_dir=str(tmp_path))
    age(tmp_path)
    before = contents(tmp_path)["Same.json"]
    for name in ("Same", "SAME"):
        result = run({"ca01": lost, "ca02": good(name, NIGHTS[2:])}, report_dir=str(tmp_path))
        assert result["failed"] is True and "ca01 and ca02" in result["msg"]
        assert contents(tmp_path).keys() == {"Same.json", "fleet.html"} and contents(tmp_path)["Same.json"] == before


def test_a_refused_host_still_says_why_it_failed(tmp_path: Path) -> None:
    bad = {**good("../up"), "status": "failed", "message": "Back up: no space"}
    (row,) = run({"ca01": bad}, report_dir=str(tmp_path))["fleet"]["rows"]
    assert row["message"].endswith("cannot be the name of a report. Back up: no space")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        result = run({"ca01": good("One")}, report_dir=str(folder))
        assert result["failed"] is True and str(folder) in result["msg"] and "ot a directory" in result["msg"]
        assert result["changed"] is False and result["ansible_stats"]["data"]["adcs_ca_fleet"]["counts"]["ok"] == 1


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = {f"ca{number}": good(f"CA {number}") for number in range(9)}
    run(recorded, report_dir=str(tmp_path))
    before = contents(tmp_path)

    def full_disk(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_files.os, "fsync", full_disk)
    result = run(
        {**dict.fromkeys(recorded), "ca1": outcome("failed", "boom")}, report_dir=str(tmp_path), fail_on=["failed"]
    )
    assert "1 of 9 CAs need attention. ca1 (CA 1) failed: boom Cannot write" in result["msg"]
    assert "No space left on device" in result["msg"] and "And 7 more of this kind." in result["msg"]
    assert str(tmp_path / "CA 1.json") in result["msg"] and contents(tmp_path) == before
    assert result["changed"] is False and result["fleet"]["counts"]["failed"] == 1


@pytest.mark.parametrize(
    "content", ["", "no JSON", "[]", '{"name": "One"}', '{"schema": 2, "host": "ca01", "folder_name": "One"}']
)
def test_a_file_that_is_no_report_is_not_overwritten(tmp_path: Path, content: str) -> None:
    (tmp_path / "One.json").write_text(content, encoding="utf-8")
    for check in (True, False):
        result = run({"ca01": good("One"), "ca02": good("Two")}, report_dir=str(tmp_path), check=check)
        assert result["failed"] is True and f"{tmp_path / 'One.json'} is no report" in result["msg"]
    assert (tmp_path / "One.json").read_text(encoding="utf-8") == content
    assert set(contents(tmp_path)) == {"One.json", "Two.json", "fleet.html"}


def test_a_report_that_another_worker_writes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the strategy free each host runs the task; the file came after this one had read the folder."""
    run({"ca01": good("One", NIGHTS[1:])}, report_dir=str(tmp_path))
    written = contents(tmp_path)["One.json"]
    monkeypatch.setattr(report_action, "read_folder", lambda *_: {})
    result = run({"ca01": good("One")}, report_dir=str(tmp_path))
    assert "failed" not in result and str(tmp_path / "One.json") in result["files"]
    document = json.loads(contents(tmp_path)["One.json"][0])
    assert document["newest"]["label"] == NEWEST and contents(tmp_path)["One.json"] != written
    again = run({"ca01": good("One")}, report_dir=str(tmp_path))
    assert "failed" not in again and again["changed"] is False
    other = run({"ca02": good("One")}, report_dir=str(tmp_path))
    assert other["warnings"] == ["One.json was the report of the host ca01, and is now of ca02."]


def test_what_else_is_in_the_folder_does_no_harm(tmp_path: Path) -> None:
    run({"ca01": good("One")}, report_dir=str(tmp_path))
    known = (tmp_path / "One.json").read_text(encoding="utf-8")
    (tmp_path / "copy of One.json").write_text(
        known.replace("20261122T", "20991122T").replace("2026-11-22T", "2099-11-22T"), encoding="utf-8"
    )
    (tmp_path / "other.json").write_text('{"schema": 1}', encoding="utf-8")
    (tmp_path / "folder.json").mkdir()
    result = run({"ca01": None}, report_dir=str(tmp_path))
    assert result["fleet"]["rows"][0]["label"] == NEWEST
    assert {Path(path).name for path in result["files"]} == {"One.json", "fleet.html"}


def test_a_report_that_goes_to_another_host_is_warned_of(tmp_path: Path) -> None:
    run({"ca01": good("One")}, report_dir=str(tmp_path))
    result = run({"ca02": good("One")}, report_dir=str(tmp_path))
    assert result["warnings"] == ["One.json was the report of the host ca01, and is now of ca02."]
    assert "warnings" not in run({"ca02": good("One", NIGHTS[:2])}, report_dir=str(tmp_path))


def test_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    recorded = {"ca01": outcome("failed", "no")}
    assert run(recorded, report_dir="~/reports", check=True)["files"] == [str(tmp_path / "home/reports/fleet.html")]
    assert run(recorded, report_dir="reports", check=True)["files"] == ["/nowhere/reports/fleet.html"]
    assert run(recorded, report_dir="")["files"] == []


@pytest.mark.parametrize(
    "options", [{"fail_on": ["ok"]}, {"fail_on": None}, {"hosts": None}, {"report": "x"}, {"artifact": "perhaps"}]
)
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(AnsibleError, match=next(iter(options))):
        run({"ca01": None}, **options)

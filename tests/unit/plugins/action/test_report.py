# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action adcs.ca.report: what is on the disk after it, what the job gets, and whom it names. It never fails for a CA."""

from __future__ import annotations

import errno
import importlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible_collections.adcs.ca.plugins.action.report import ARGUMENT_SPEC
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import STATUSES
from ansible_collections.adcs.ca.plugins.plugin_utils.records import _files
from helpers.unit.histories import full
from helpers.unit.jobs import Job, age, contents, on_page
from helpers.unit.outcomes import expired, listing, made

NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"
PATH = r"D:\Backup"
KEYS = {"attention", "attention_message", "changed", "files", "fleet", "not_written"}
FAR = 10**10


def job_of(folder: Path | None, *, check: bool = False, **states: str) -> Job:
    """A job whose hosts recorded an outcome: ``ok``, ``failed``, ``never`` or ``late``; with ``none`` nothing."""
    job = Job(**{host: {} for host in states})
    for host, state in states.items():
        sets = expired(NIGHTS, {"keep_last": 2}) if state in ("ok", "late") else listing([])
        job.hosts[host] |= {"backup": made(NEWEST), "sets": {**sets, "ca": {"name": f"CA of {host}", "host": host}}}
        options: dict[str, Any] = {"path": PATH, "sets_result": "sets", "late_after_s": 1 if state == "late" else FAR}
        if state == "failed":
            job.hosts[host]["sets"] = {"failed": True, "msg": "no space"}
        if state != "none":
            job.outcome(host, **options, report_dir=str(folder) if folder else None, check=check)
    return job


def rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["host"], row["status"]) for row in result["fleet"]["rows"]]


def documentation() -> Any:
    return importlib.import_module("ansible_collections.adcs.ca.plugins.modules.report")


def test_options_are_as_documented() -> None:
    options = yaml.safe_load(documentation().DOCUMENTATION)["options"]
    for option in options.values():
        del option["description"]
    assert options == ARGUMENT_SPEC


def test_returned_keys_are_as_documented() -> None:
    result = job_of(None, ca01="ok", ca02="failed").report()
    returned = yaml.safe_load(documentation().RETURN)
    assert returned.keys() | {"changed"} == KEYS <= result.keys()
    assert result["fleet"].keys() == returned["fleet"]["contains"].keys()
    fields = returned["fleet"]["contains"]["rows"]["contains"]
    assert all(row.keys() == fields.keys() for row in result["fleet"]["rows"])
    named = returned["attention"]["contains"]
    assert all(row.keys() == named.keys() for row in result["attention"])


def test_the_page_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "reports"
    result = job_of(folder, ca01="ok", ca02="never", ca03="failed").report()
    assert sorted(contents(folder)) == ["ca01.json", "ca02.json", "ca03.json", "fleet.html"]
    assert result["files"] == [str(folder / "fleet.html")] and result["changed"] is True and result["not_written"] == []
    assert on_page(folder) == rows(result) == [("ca03", "failed"), ("ca02", "never"), ("ca01", "ok")]


def test_a_run_without_news_writes_nothing(tmp_path: Path) -> None:
    states = {"ca01": "ok", "ca02": "failed", "ca03": "late", "ca04": "none"}
    job_of(tmp_path, **states).report(hosts=list(states), report_dir=str(tmp_path))
    age(tmp_path)
    before = contents(tmp_path)
    result = job_of(tmp_path, **states).report(hosts=list(states), report_dir=str(tmp_path), diff=True)
    assert (result["changed"], result["files"], result["diff"]) == (False, [], [])
    assert contents(tmp_path) == before and set(before) == {*(f"{host}.json" for host in states), "fleet.html"}


def test_check_mode_predicts_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    predicted = job_of(folder, check=True, ca01="ok", ca02="failed").report(check=True)
    assert not folder.exists()
    result = job_of(folder, ca01="ok", ca02="failed").report()
    assert predicted == result and result["changed"] is True
    assert job_of(folder, check=True, ca01="ok", ca02="failed").report(check=True)["changed"] is False


def test_a_part_of_the_fleet_leaves_the_rest_on_the_page(tmp_path: Path) -> None:
    job_of(tmp_path, ca01="ok", ca02="failed").report()
    result = job_of(tmp_path, ca01="failed").report()
    assert on_page(tmp_path) == [("ca01", "failed"), ("ca02", "failed")] and rows(result) == [("ca01", "failed")]


def test_the_artifact() -> None:
    result = job_of(None, ca01="ok", ca02="failed").report()
    assert result["ansible_stats"] == {
        "data": {"adcs_ca_fleet": result["fleet"]},
        "per_host": False,
        "aggregate": False,
    }
    assert result["fleet"]["counts"] == {**dict.fromkeys(STATUSES, 0), "failed": 1, "ok": 1}
    assert (
        result["fleet"]["schema"] == 3
        and rows(result) == [("ca02", "failed"), ("ca01", "ok")]
        and result["changed"] is False
    )


@pytest.mark.parametrize(
    ("fail_on", "named"),
    [
        ([], ["ca02 failed at D:\\Backup: no space", "ca03 failed: This job recorded no result"]),
        (
            ["failed", "unreachable"],
            ["ca02 failed at D:\\Backup: no space", "ca03 failed: This job recorded no result"],
        ),
        (
            "never",
            [
                "ca02 failed at D:\\Backup: no space",
                "ca03 failed: This job recorded",
                "CA of ca04 (ca04) has no good set at D:\\Backup: The repo",
            ],
        ),
        (
            ["late", "never"],
            [
                "ca02 failed at D:\\Backup: no",
                "ca03 failed: This",
                "CA of ca04 (ca04) has no good set at D:\\Backup: The repo",
                "CA of ca05 (ca05) is late at D:\\Backup: The newest",
            ],
        ),
    ],
)
def test_attention(fail_on: Any, named: list[str]) -> None:
    """It is told and never fails the task: failing is a task after it."""
    job = job_of(None, ca01="ok", ca02="failed", ca03="none", ca04="never", ca05="late")
    result = job.report(fail_on=fail_on, hosts=["ca03"])
    assert "failed" not in result and "msg" not in result
    assert [row["host"] for row in result["attention"]] == sorted(
        found[0] for words in named if (found := re.search(r"ca\d\d", words))
    )
    assert all(words in result["attention_message"] for words in named)
    assert result["attention_message"].startswith(f"{len(named)} of 5 CAs need attention. ")
    assert (
        job_of(None, ca01="ok").report()["attention"]
        == []
        == list(job_of(None, ca01="ok").report()["attention_message"])
    )


def test_hosts_that_recorded_nothing(tmp_path: Path) -> None:
    """A named host is in the report whether it has an outcome or not; others of the inventory are not."""
    job = job_of(tmp_path, ca01="ok", ca02="none", web01="none")
    assert rows(job.report()) == [("ca01", "ok")]
    result = job.report(hosts="ca02,ca01,ca02,nowhere", report_dir=str(tmp_path))
    assert rows(result) == on_page(tmp_path) == [("ca02", "failed"), ("nowhere", "failed"), ("ca01", "ok")]
    assert set(contents(tmp_path)) == {"ca01.json", "ca02.json", "nowhere.json", "fleet.html"}


@pytest.mark.parametrize("hosts", [None, [], "", " "])
def test_nobody_recorded_anything(tmp_path: Path, hosts: Any) -> None:
    job_of(tmp_path, ca01="ok").report()
    before = contents(tmp_path)
    with pytest.raises(
        AnsibleError, match="No host recorded an outcome in this job, and hosts names none. Nothing was written."
    ):
        job_of(tmp_path, ca01="none").report(hosts=hosts, report_dir=str(tmp_path))
    assert contents(tmp_path) == before


def test_an_outcome_of_another_job_is_none(tmp_path: Path) -> None:
    job = job_of(tmp_path, ca01="ok", ca02="ok")
    job.hosts["ca02"]["adcs_ca_outcome"]["mark"] = "0" * 32
    job.hosts["ca03"] = {"adcs_ca_outcome": job.hosts["ca01"]["adcs_ca_outcome"]}
    assert rows(job.report()) == [("ca01", "ok")]
    assert rows(job.report(hosts=["ca02", "ca03"])) == [("ca02", "failed"), ("ca03", "failed"), ("ca01", "ok")]


def test_a_foreign_file_is_on_the_page_as_a_failure(tmp_path: Path) -> None:
    (tmp_path / "ca01.json").write_text("mine", encoding="utf-8")
    for check in (True, False):
        result = job_of(tmp_path, check=check, ca01="ok", ca02="ok").report(check=check)
        assert rows(result) == [("ca01", "failed"), ("ca02", "ok")] and [
            row["host"] for row in result["attention"]
        ] == ["ca01"]
    assert on_page(tmp_path) == rows(result) and (tmp_path / "ca01.json").read_text(encoding="utf-8") == "mine"


def test_documents_that_are_left_out_are_one_warning(tmp_path: Path) -> None:
    job = job_of(tmp_path, ca01="ok")
    assert "warnings" not in job.report(report_dir=str(tmp_path))
    for number in range(12):
        (tmp_path / f"ca{number + 10}.json").write_text("{", encoding="utf-8")
    (warning,) = job.report(report_dir=str(tmp_path))["warnings"]
    assert warning.count("it is damaged") == 10 and "ca10.json: it is damaged" in warning
    assert warning.endswith(" And 2 more.")


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    job = job_of(tmp_path, ca01="ok")
    (tmp_path / "fleet.html").mkdir()
    result = job.report()
    assert [item["path"] for item in result["not_written"]] == [str(tmp_path / "fleet.html")] and "failed" not in result
    assert "Is a directory" in result["not_written"][0]["why"] and result["changed"] is False


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job_of(tmp_path, ca01="ok", ca02="ok").report()
    before = contents(tmp_path)

    def full_disk(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_files.os, "fsync", full_disk)
    result = job_of(tmp_path, ca01="failed", ca02="ok").report()
    assert (
        contents(tmp_path) == before
        and result["changed"] is False
        and "No space left" in result["not_written"][0]["why"]
    )
    assert result["fleet"]["counts"]["failed"] == 1, "the document of ca02 is as it was, and did not have to be written"


def test_text_of_a_host_stays_as_it_is(tmp_path: Path) -> None:
    words = "{{ 7 * 7 }}{% raw %}"
    job = Job(
        ca01={"sets": {"failed": True, "msg": words}, "backup": {**made(NEWEST), "ca": {"name": words, "host": words}}}
    )
    job.outcome("ca01", path=PATH, sets_result="sets", backup_result="backup", report_dir=str(tmp_path))
    result = job.report()
    (row,) = result["fleet"]["rows"]
    assert (
        (row["message"], row["ca"])
        == (words, words)
        == (result["attention"][0]["message"], result["attention"][0]["ca"])
    )
    assert result["attention_message"] == f"1 of 1 CA needs attention. {words} (ca01) failed at {PATH}: {words}"
    assert (tmp_path / "fleet.html").read_text(encoding="utf-8").count(words) >= 3
    assert json.loads((tmp_path / "ca01.json").read_text(encoding="utf-8"))["destinations"][0]["message"] == words


def test_results_grow_with_the_number_of_hosts() -> None:
    """Not with its square, and not without bounds."""
    sizes = []
    for count in (40, 80, 160):
        states = {f"ca{number:03d}": "ok" if number % 2 else "failed" for number in range(count)}
        sizes.append(len(json.dumps(job_of(None, **states).report())))
    assert sizes[1] - sizes[0] < 1.2 * sizes[0] and sizes[2] < 2.2 * sizes[1]


def test_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    job = job_of(None, ca01="none")
    for given, folder in (("~/reports", tmp_path / "home/reports"), ("reports", Path("/nowhere/reports"))):
        files = job.report(hosts=["ca01"], report_dir=given, check=True)["files"]
        assert files == [str(folder / "ca01.json"), str(folder / "fleet.html")]
    for blank in (None, "", "  "):
        assert job.report(hosts=["ca01"], report_dir=blank)["files"] == []


@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_null_and_blank_are_left_out(blank: Any) -> None:
    result = job_of(None, ca01="late").report(**dict.fromkeys(ARGUMENT_SPEC, blank))
    assert rows(result) == [("ca01", "late")] and result["attention"] == []


@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_null_and_blank_items_are_left_out(blank: Any) -> None:
    result = job_of(None, ca01="ok", ca02="none").report(hosts=[blank, "ca02"], fail_on=[blank])
    assert rows(result) == [("ca02", "failed"), ("ca01", "ok")]


@pytest.mark.parametrize(
    "options", [{"fail_on": ["ok"]}, {"fail_on": "late,x"}, {"hosts": {"ca01": 1}}, {"report": "x"}, {"artifact": True}]
)
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(AnsibleError, match=next(iter(options))):
        job_of(None, ca01="ok").report(**options)

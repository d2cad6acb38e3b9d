# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No later call, no skipped task and no file that cannot be written makes a job green, and each host carries its own failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.plays.runner import UNSET, Bed, Ran, inventory_of, run
from helpers.plays.world import DESTINATION, World

HOSTS = ("ca01", "ca02", "ca03")
FLEET = "adcs.ca.backup_fleet"
Task = dict[str, Any]


def call(path: str = DESTINATION, entry: str = "main", **keywords: Any) -> Task:
    """A call of the role whose failure is left to the play that reports."""
    role = {"ansible.builtin.import_role": {"name": "adcs.ca.backup", "tasks_from": entry}}
    task = {"name": "Call", **role, "vars": {"adcs_ca_backup_path": path}, **keywords}
    return {
        "name": "Go on",
        "block": [task],
        "rescue": [{"name": "Leave it", "ansible.builtin.meta": "clear_host_errors"}],
    }


def plays(*tasks: Task, **report: Any) -> list[dict[str, Any]]:
    judge = {"ansible.builtin.import_role": {"name": "adcs.ca.backup", "tasks_from": "report"}}
    common = {"hosts": "cas", "gather_facts": False}
    return [
        {**common, "name": "Work", "tasks": list(tasks)},
        {**common, "name": "Report", "tasks": [{"name": "Judge", **judge, **report}]},
    ]


def job(bed: Bed, world: World, folder: Path, playbook: Any, **extra: Any) -> Ran:
    """Run a job on three CAs, of which ca02 makes no backup."""
    for host in HOSTS:
        fault = {"backup": {"path": None, "message": "The CA is stopped."}}
        world.add(host, **({"fail": fault} if host == "ca02" else {}))
        world.fill(host)
    given = {"adcs_ca_backup_max_age": "0s", "adcs_ca_hosts": "cas", **extra}
    return run(bed, world, playbook, inventory_of(dict.fromkeys(HOSTS, {}), cas=HOSTS), folder=folder, extra=given)


def failed(ran: Ran) -> list[str]:
    return [host for host in HOSTS if ran.recap[host]["failed"]]


def test_a_look_of_another_kind_makes_nothing_better(bed: Bed, world: World, tmp_path: Path) -> None:
    """The backup of ca02 fails; its older sets are fresh and good."""
    ran = job(bed, world, tmp_path / "play", plays(call(), call(entry="verify")), adcs_ca_backup_depth="sizes")
    assert ran.returncode == 2 and failed(ran) == ["ca02"], ran.said()
    assert ran.entry("ca02")["status"] == "failed" and "The CA is stopped." in ran.entry("ca02")["message"]
    assert ran.artifact_statuses() == ran.page_statuses == {"ca01": "ok", "ca02": "failed", "ca03": "ok"}


def test_what_was_refused_stays_refused(bed: Bed, world: World, tmp_path: Path) -> None:
    """The first call is refused on all hosts, the second one is good on two of them."""
    refused = call(when="adcs_ca_backup_result is not defined or true")
    ran = job(bed, world, tmp_path / "play", plays(refused, call(r"\\backup\ca")))
    assert ran.returncode == 2 and failed(ran) == list(HOSTS), ran.said()
    assert "adcs_ca_backup_result" in ran.entry("ca01", DESTINATION)["message"]
    assert ran.entry("ca01", r"\\backup\ca")["status"] == "ok"
    assert set(ran.artifact_statuses().values()) == {"failed"} and ran.page_statuses == ran.artifact_statuses()


def test_a_verdict_that_a_condition_skips_is_seen(bed: Bed, world: World, tmp_path: Path) -> None:
    """The play that reports leaves out the failed host; who draws the page fails for it."""
    ran = job(bed, world, tmp_path / "play", plays(call(), when="inventory_hostname != 'ca02'"))
    assert ran.returncode == 2 and failed(ran) == ["ca01"], ran.said()
    assert "skipped the verdict on ca02" in ran.stdout
    assert ran.artifact_statuses()["ca02"] == ran.entry("ca02")["status"] == "failed"


def in_the_way(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).mkdir(parents=True)


def holding(text: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "ca03.json").write_text(text, encoding="utf-8")

    return make


@pytest.mark.parametrize(
    ("make", "blamed", "words"),
    [
        (in_the_way("fleet.html"), ["ca01", "ca02"], "The page was not written."),
        (in_the_way("ca03.json"), ["ca02", "ca03"], "The document of this host was not written."),
        (holding('{"a": 1}'), ["ca02", "ca03"], "it is no document of this collection"),
        (holding('{"schema": 4, "host": "ca03"}'), ["ca02", "ca03"], "a newer version of this collection wrote it"),
        (holding('{"schema": 2, "host": "ca04"}'), ["ca02", "ca03"], "it is the document of the host ca04"),
        (holding('{"schema": 1, "host": "ca03"}'), ["ca02"], "The CA is stopped."),
    ],
    ids=["page", "document", "foreign file", "newer file", "file of another host", "old file"],
)
def test_a_file_that_cannot_be_written(
    bed: Bed, world: World, tmp_path: Path, make: Callable[[Path], None], blamed: list[str], words: str
) -> None:
    reports = tmp_path / "reports"
    make(reports)
    before = {file.name: file.read_bytes() for file in reports.iterdir() if file.is_file()}
    extra = {"adcs_ca_backup_path": DESTINATION, "adcs_ca_backup_report_dir": str(reports)}
    ran = job(bed, world, tmp_path / "play", FLEET, **extra)
    assert ran.returncode == 2 and failed(ran) == blamed and words in ran.stdout, ran.said()
    assert (ran.artifact_statuses()["ca03"] == "failed") is ("ca03" in blamed)
    if "ca03" in blamed:
        assert {name: (reports / name).read_bytes() for name in before} == before


def test_a_job_without_a_folder(bed: Bed, world: World, tmp_path: Path) -> None:
    ran = job(bed, world, tmp_path / "play", FLEET, adcs_ca_backup_path=DESTINATION, adcs_ca_backup_report_dir=UNSET)
    assert ran.returncode == 2 and failed(ran) == ["ca02"], ran.said()
    assert ran.artifact_statuses() == {"ca01": "ok", "ca02": "failed", "ca03": "ok"}
    assert not (tmp_path / "play" / "reports").exists()

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role against a fleet, by real Ansible over WinRM: what lands on the CAs, in the reports, in the artifact and in the exit status."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from adcs_lab.lab import Lab
from adcs_lab.waiting import wait_for
from helpers.component.fabricate import copy_set
from helpers.integration.play import play, said, started

DESTINATION = r"C:\Fleet"
FLEET = "adcs.ca.backup_fleet"
CHECK = "adcs.ca.check_backups"
MANY = 5000
DEADLINE_S = 120.0
RECAP = re.compile(r"^(\S+)\s+: (ok=.*)$", re.MULTILINE)
MODULE_RUN = "EXEC (via pipeline wrapper)"


class Fleet:
    """Three CAs: ``ca01`` and ``ca02`` are labs, ``ca03`` is a host where nobody answers."""

    def __init__(self, folder: Path, first: Lab, second: Lab, closed_port: int) -> None:
        self.labs = {"ca01": first, "ca02": second}
        self.reports = folder / "reports"
        self._inventories = [first.inventory, second.inventory, folder / "unreachable.yml"]
        host = {"ansible_host": "127.0.0.1", "ansible_port": closed_port, "ansible_connection": "winrm"}
        host |= {"ansible_user": "nobody", "ansible_password": "none", "ansible_winrm_scheme": "http"}
        host |= {"ansible_winrm_transport": "basic", "ansible_winrm_connection_timeout": 5}
        self._inventories[2].write_text(json.dumps({"all": {"hosts": {"ca03": host}}}), encoding="utf-8")

    def play(self, name: str, *options: str, **variables: Any) -> CompletedProcess[str]:
        """Run a playbook of the collection with a short destination and the reports folder."""
        return play(self._inventories, name, self._extra(variables), *options)

    @contextmanager
    def started(self, name: str, **variables: Any) -> Iterator[Popen[str]]:
        """Start what ``play`` would run to its end."""
        with started(self._inventories, name, self._extra(variables)) as process:
            yield process

    def _extra(self, variables: dict[str, Any]) -> dict[str, Any]:
        given = {
            "path": DESTINATION,
            "report_dir": str(self.reports),
            "reserve": "1M",
            "adcs_ca_hosts": "all",
            **variables,
        }
        return {key if key.startswith("adcs_ca_") else f"adcs_ca_backup_{key}": value for key, value in given.items()}

    def repository(self, host: str) -> Path:
        lab = self.labs[host]
        return lab.drive_c / "Fleet" / lab.ca.folder_name

    def document(self, host: str) -> dict[str, Any]:
        """Return the report on a CA."""
        (entry,) = json.loads((self.reports / f"{host}.json").read_bytes())["destinations"]
        return {**entry, "host": host}

    def page(self) -> str:
        return (self.reports / "fleet.html").read_text(encoding="utf-8")

    def disk(self) -> dict[str, Any]:
        """Return everything on the destinations and in the reports: sizes, times of change, content."""
        folders = [lab.drive_c / "Fleet" for lab in self.labs.values()] + [self.reports]
        return {str(folder): sets.snapshot(folder) for folder in folders if folder.exists()}


@pytest.fixture
def fleet(lab: Lab, second_lab: Lab, tmp_path: Path) -> Iterator[Fleet]:
    lab.ca.reset(database_size_bytes=1 << 20, log_count=2, log_size_bytes=1 << 16)
    with socket.socket() as taken:
        # bound, never listening: a connection is refused, and no other process can take the port
        taken.bind(("127.0.0.1", 0))
        yield Fleet(tmp_path, lab, second_lab, taken.getsockname()[1])
    for used in (lab, second_lab):
        shutil.rmtree(used.drive_c / "Fleet", ignore_errors=True)


def recap(done: CompletedProcess[str]) -> dict[str, dict[str, int]]:
    """Return the numbers of the play recap for each host."""
    pairs = ((host, re.findall(r"(\w+)=(\d+)", numbers)) for host, numbers in RECAP.findall(done.stdout))
    return {host: {name: int(number) for name, number in numbers} for host, numbers in pairs}


def artifact(done: CompletedProcess[str]) -> dict[str, Any]:
    """Return what a job of AWX would keep as its artifact."""
    text = done.stdout.partition("CUSTOM STATS")[2]
    return json.JSONDecoder().raw_decode(text[text.index("{") :])[0]["adcs_ca_fleet"]


def assert_three_cas(fleet: Fleet, done: CompletedProcess[str]) -> None:
    """Assert what every report says of one healthy CA, one whose service is stopped, and one that is unreachable."""
    assert done.returncode != 0, said(done)
    for words in ("ca02", "RPC_S_SERVER_UNAVAILABLE", "ca03"):
        assert words in done.stdout, said(done)
    (folder,) = sets.published(fleet.repository("ca01"))
    assert sets.problems(folder) == []
    assert sets.published(fleet.repository("ca02")) == []
    good = fleet.document("ca01")
    assert (good["host"], good["status"], good["newest"]["label"]) == ("ca01", "ok", folder.name)
    assert good["newest"]["bytes"] == sum(file["size"] for file in sets.manifest(folder)["files"])
    stopped = fleet.document("ca02")
    assert stopped["status"] == "failed" and "Start-Service CertSvc" in stopped["message"]
    stats = artifact(done)
    assert {row["host"]: row["status"] for row in stats["rows"]} == {
        "ca01": "ok",
        "ca02": "failed",
        "ca03": "unreachable",
    }
    page = fleet.page()
    assert all(host in page for host in ("ca01", "ca02", "ca03"))
    passwords = [used.record().password for used in fleet.labs.values()]
    assert not [word for word in passwords if word in page + json.dumps(stats) + done.stdout]


@pytest.mark.parametrize("serial", ["", 1])
def test_three_cas(fleet: Fleet, serial: Any) -> None:
    fleet.labs["ca02"].ca.stop_service()
    done = fleet.play(FLEET, adcs_ca_serial=serial)
    assert_three_cas(fleet, done)
    numbers = recap(done)
    assert {host: numbers[host]["failed"] for host in ("ca01", "ca02", "ca03")} == {"ca01": 0, "ca02": 1, "ca03": 1}
    assert numbers["ca01"]["changed"] > 0


def test_nothing_is_written_when_nothing_changed(fleet: Fleet) -> None:
    options = ("--limit", "ca01,ca02")
    done = fleet.play(FLEET, *options)
    assert done.returncode == 0, said(done)
    before = fleet.disk()
    assert len(before) == 3
    again = fleet.play(FLEET, "-vvv", *options)
    assert again.returncode == 0, said(again)
    assert [(numbers["changed"], numbers["failed"]) for numbers in recap(again).values()] == [(0, 0), (0, 0)]
    assert again.stdout.count(MODULE_RUN) == 2 * len(fleet.labs), said(again)
    assert fleet.disk() == before


def test_check_mode_writes_nothing(fleet: Fleet) -> None:
    done = fleet.play(FLEET, "--check", "--diff", "--limit", "ca01")
    assert done.returncode == 0, said(done)
    assert not fleet.reports.exists() and not (fleet.labs["ca01"].drive_c / "Fleet").exists()


def test_the_morning_check(fleet: Fleet) -> None:
    options = ("--limit", "ca01,ca02")
    assert fleet.play(FLEET, "--limit", "ca01").returncode == 0
    before = fleet.disk()[str(fleet.labs["ca01"].drive_c / "Fleet")]
    done = fleet.play(CHECK, *options)
    assert done.returncode != 0
    assert {row["host"]: row["status"] for row in artifact(done)["rows"]} == {"ca01": "ok", "ca02": "never"}
    assert fleet.disk() | {str(fleet.reports): {}} == {
        str(fleet.labs["ca01"].drive_c / "Fleet"): before,
        str(fleet.reports): {},
    }

    (folder,) = sets.published(fleet.repository("ca01"))
    (folder / "DataBase" / "certbkxp.dat").write_bytes(b"")
    done = fleet.play(CHECK, "--limit", "ca01")
    assert done.returncode != 0 and "certbkxp.dat" in fleet.document("ca01")["message"], said(done)


def test_a_backup_that_hangs_is_given_up(fleet: Fleet) -> None:
    fleet.labs["ca01"].ca.set_faults("hang", [Fault("CertSrvBackupPrepareW", 1, "hang")])
    done = fleet.play(FLEET, "--limit", "ca01,ca02", timeout_s="{{ 8 if inventory_hostname == 'ca01' else 0 }}")
    assert done.returncode != 0
    assert fleet.document("ca02")["status"] == "ok"
    assert {row["host"]: row["status"] for row in artifact(done)["rows"]} == {"ca01": "failed", "ca02": "ok"}
    assert sets.published(fleet.repository("ca01")) == []


RULES = {"keep_last": 1, "keep_daily": 0, "keep_weekly": 0, "keep_monthly": 0, "keep_minimum": 1}
SECRET = "hunter2"
COPIED = {"register": "adcs_ca_backup_replicated"}
HOOKS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "fails in a secret loop": (
        [{"ansible.builtin.fail": {"msg": "{{ item }}"}, "no_log": True, "loop": [SECRET], **COPIED}],
        "no_log hides the cause",
    ),
    "reaches nobody": ([{"ansible.builtin.raw": "exit 0", "delegate_to": "ca03", **COPIED}], "did not show"),
}


def old_sets(fleet: Fleet, host: str, tmp_path: Path) -> dict[str, Any]:
    """Give a CA three sets, and return the variables with which the two old ones expire."""
    assert fleet.play(FLEET, "--limit", host).returncode == 0
    (newest,) = sets.published(fleet.repository(host))
    for day in (1, 2):
        copy_set(newest, datetime(2024, 1, day, tzinfo=timezone.utc))
    return {**RULES, "replicate_tasks": str(tmp_path / "hook.yml"), "adcs_ca_hosts": host}


@pytest.mark.parametrize("hook", HOOKS)
def test_nothing_expires_after_a_hook_that_did_not_do_its_work(fleet: Fleet, tmp_path: Path, hook: str) -> None:
    tasks, words = HOOKS[hook]
    (tmp_path / "hook.yml").write_text(json.dumps([{"name": "Copy the set", **task} for task in tasks]))
    given = old_sets(fleet, "ca01", tmp_path)
    before = sets.snapshot(fleet.repository("ca01"))
    done = fleet.play(FLEET, **given)
    assert done.returncode != 0, said(done)
    assert sets.snapshot(fleet.repository("ca01")) == before
    assert words in fleet.document("ca01")["message"]
    assert [row["status"] for row in artifact(done)["rows"]] == ["failed"]
    # what ansible-core says of the failed task is its own affair
    said_by_the_role = done.stdout.partition("Record the failure of this host")[2]
    assert said_by_the_role and SECRET not in said_by_the_role + fleet.page() + json.dumps(fleet.document("ca01"))


def test_sets_expire_after_a_hook_that_did_its_work(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "hook.yml").write_text(json.dumps([{"name": "Copy", "ansible.builtin.raw": "exit 0", **COPIED}]))
    done = fleet.play(FLEET, **old_sets(fleet, "ca01", tmp_path))
    assert done.returncode == 0, said(done)
    assert len(sets.published(fleet.repository("ca01"))) == 1


def test_a_hook_that_reaches_nobody_costs_no_later_batch_its_backup(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "hook.yml").write_text(json.dumps(HOOKS["reaches nobody"][0]))
    hook = str(tmp_path / "hook.yml")
    done = fleet.play(FLEET, adcs_ca_hosts="ca01:ca02", adcs_ca_serial=1, replicate_tasks=hook)
    assert done.returncode != 0, said(done)
    assert [len(sets.published(fleet.repository(host))) for host in ("ca01", "ca02")] == [1, 1]
    assert {row["host"]: row["status"] for row in artifact(done)["rows"]} == {"ca01": "failed", "ca02": "failed"}


@pytest.mark.parametrize("keywords", [{"ignore_errors": True}, {"any_errors_fatal": True}], ids=str)
def test_a_play_with_keywords_that_get_in_the_way(fleet: Fleet, tmp_path: Path, keywords: dict[str, bool]) -> None:
    """The role reports on all, expires nothing after a failure, and fails, from the end of the inventory and whatever errors count for."""
    old_sets(fleet, "ca02", tmp_path)
    before = [sets.snapshot(folder) for folder in sets.published(fleet.repository("ca02"))]
    fleet.labs["ca02"].ca.stop_service()
    play_file = str(Path(__file__).parent / "plays" / "strict_serial.yml")
    test_keywords = {f"adcs_ca_test_{key}": value for key, value in keywords.items()}
    done = fleet.play(play_file, max_age="0s", **RULES, **test_keywords)
    assert done.returncode != 0, said(done)
    assert [sets.snapshot(folder) for folder in sets.published(fleet.repository("ca02"))] == before
    assert len(sets.published(fleet.repository("ca01"))) == 1
    assert {row["host"]: row["status"] for row in artifact(done)["rows"]} == {
        "ca01": "ok",
        "ca02": "failed",
        "ca03": "unreachable",
    }
    numbers = recap(done)
    failed_last = done.stdout.partition("PLAY [Report")[2]
    assert "RPC_S_SERVER_UNAVAILABLE" in failed_last and "ca03 does not answer on 127.0.0.1" in failed_last
    assert numbers["ca01"]["failed"] == 0 and numbers["ca02"]["failed"] >= 1 and numbers["ca03"]["failed"] >= 1


def test_a_job_limited_to_some_hosts_of_a_fleet_reports_on_these(fleet: Fleet) -> None:
    fleet.labs["ca02"].ca.stop_service()
    done = fleet.play(FLEET, "--limit", "ca01,ca02")
    assert done.returncode != 0, said(done)
    assert {row["host"]: row["status"] for row in artifact(done)["rows"]} == {"ca01": "ok", "ca02": "failed"}
    assert fleet.document("ca02")["status"] == "failed" and "ca03" not in fleet.page()


def test_an_interrupted_play_leaves_a_lock_only_while_its_process_lives(fleet: Fleet) -> None:
    """The controller is stopped in mid-run: the process on the CA goes on, until somebody, or the end of its shell, ends it."""
    ca = fleet.labs["ca01"].ca
    ca.set_faults("hang", [Fault("CertSrvBackupGetBackupLogsW", 1, "hang")])
    with fleet.started(FLEET, adcs_ca_hosts="ca01") as job:
        wait_for(lambda: bool(ca.journal().faults), DEADLINE_S)
        job.send_signal(signal.SIGINT)
        said_then, _ = job.communicate(timeout=DEADLINE_S)
    assert job.returncode != 0, said_then
    assert sets.published(fleet.repository("ca01")) == []
    stuck = ca.journal().faults[0].pid

    ca.set_faults("hang", [])
    held = fleet.play(FLEET, "--limit", "ca01")
    assert held.returncode != 0 and f"process {stuck}" in fleet.document("ca01")["message"], said(held)
    assert sets.published(fleet.repository("ca01")) == []

    fleet.labs["ca01"].engine.wine(["taskkill", "/F", "/PID", str(stuck)], timeout_s=DEADLINE_S)
    done = fleet.play(FLEET, "--limit", "ca01")
    assert done.returncode == 0, said(done)
    (folder,) = sets.published(fleet.repository("ca01"))
    assert sets.problems(folder) == [] and fleet.document("ca01")["status"] == "ok"
    assert [entry.name for entry in fleet.repository("ca01").iterdir()] == [folder.name]


def test_nothing_expires_after_a_failed_backup(fleet: Fleet) -> None:
    variables = {
        "max_age": "0s",
        "keep_last": 1,
        "keep_daily": 0,
        "keep_weekly": 0,
        "keep_monthly": 0,
        "keep_minimum": 1,
    }
    for _ in range(2):
        assert fleet.play(FLEET, "--limit", "ca02", **variables).returncode == 0
    (kept,) = sets.published(fleet.repository("ca02"))
    assert fleet.play(FLEET, "--limit", "ca02", **{**variables, "keep_last": 2}).returncode == 0
    before = [sets.snapshot(folder) for folder in sets.published(fleet.repository("ca02"))]
    assert len(before) == 2
    fleet.labs["ca02"].ca.stop_service()
    assert fleet.play(FLEET, "--limit", "ca02", **variables).returncode != 0
    assert [sets.snapshot(folder) for folder in sets.published(fleet.repository("ca02"))] == before
    document = fleet.document("ca02")
    assert document["status"] == "failed" and kept.name in [entry["label"] for entry in document["sets"]]


def test_a_repository_of_thousands_of_sets_with_strangers(fleet: Fleet) -> None:
    assert fleet.play(FLEET, "--limit", "ca01").returncode == 0
    repository = fleet.repository("ca01")
    (newest,) = sets.published(repository)
    # the last of them six hours ago: after a pause of years nothing would go
    start = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) - timedelta(hours=6 * MANY)
    made = [copy_set(newest, start + timedelta(hours=6 * number)) for number in range(MANY)]
    (repository / "notes").mkdir()
    (repository / "notes" / "readme.txt").write_text("not ours")
    (repository / "readme.txt").write_text("not ours")
    half = repository / f"{start + timedelta(days=100, hours=1):%Y%m%dT%H%M%SZ}-full"
    (half / "DataBase").mkdir(parents=True)
    (half / "DataBase" / "half.edb").write_bytes(b"half")
    strangers = {path: sets.snapshot(path) for path in (repository / "notes", half, newest)}

    done = fleet.play(FLEET, "--limit", "ca01", delete_limit=20)
    assert done.returncode == 0, said(done)
    left = sets.published(repository)
    assert len(left) == MANY + 2 - 20
    assert [folder for folder in made if folder not in left] == made[:20]
    assert {path: sets.snapshot(path) for path in strangers} == strangers
    assert (repository / "readme.txt").read_text() == "not ours"
    document = fleet.document("ca01")
    assert len(document["sets"]) == len(left)
    problems = json.dumps(document["problems"])
    assert all(name in problems for name in ("notes", "readme.txt", half.name))
    assert len(json.dumps(artifact(done))) < 65536


def test_two_cas_of_one_name_have_a_document_each(fleet: Fleet) -> None:
    second = fleet.labs["ca02"].ca
    second.host_changed()
    second.reset(name=fleet.labs["ca01"].ca.name)
    second.host_changed()
    done = fleet.play(FLEET, "--limit", "ca01,ca02")
    assert done.returncode == 0, said(done)
    assert sorted(path.name for path in fleet.reports.iterdir()) == ["ca01.json", "ca02.json", "fleet.html"]
    assert {row["host"]: row["status"] for row in artifact(done)["rows"]} == {"ca01": "ok", "ca02": "ok"}


def test_a_report_folder_that_cannot_be_written(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    fleet.labs["ca02"].ca.stop_service()
    done = fleet.play(FLEET, "--limit", "ca01,ca02", report_dir=str(tmp_path / "file" / "reports"))
    assert done.returncode != 0, said(done)
    assert {row["host"]: row["status"] for row in artifact(done)["rows"]} == {"ca01": "failed", "ca02": "failed"}
    (folder,) = sets.published(fleet.repository("ca01"))
    assert sets.problems(folder) == []
    failed = {line.split("[")[1].split("]")[0]: line for line in done.stdout.splitlines() if line.startswith("fatal")}
    assert str(tmp_path / "file") in failed["ca01"] and "RPC_S_SERVER_UNAVAILABLE" not in failed["ca01"]
    assert str(tmp_path / "file") in failed["ca02"] and "RPC_S_SERVER_UNAVAILABLE" in failed["ca02"]

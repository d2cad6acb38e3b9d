# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults that were seen, each as a play of its own: what each one must come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.plays.playbooks import IS_CA, SECOND
from helpers.plays.runner import Bed, Ran, inventory_of, run
from helpers.plays.simulated_ca import normal
from helpers.plays.world import AGES, DAY_S, DESTINATION, OLD_AGES, World

ROLE = "adcs.ca.backup"
STOPPED = {"fail": {"backup": {"path": None, "message": "The RPC server is unavailable. Start-Service CertSvc"}}}
PATH = {"adcs_ca_backup_path": DESTINATION}
FLEET = {**PATH, "adcs_ca_hosts": "cas"}


def inventory(*hosts: str, **variables: dict[str, Any]) -> dict[str, Any]:
    cas = tuple(host for host in hosts if host.startswith("ca"))
    return inventory_of({host: variables.get(host, {}) for host in hosts}, cas=cas)


def play(hosts: str = "cas", **keywords: Any) -> list[dict[str, Any]]:
    return [{"name": "Back up", "hosts": hosts, "gather_facts": False, **keywords}]


def red(ran: Ran) -> set[str]:
    return {host for host, numbers in ran.recap.items() if numbers["failed"] + numbers["unreachable"]}


@pytest.mark.parametrize("late_after_s", [93600, "93600", "{{ 26 * 3600 }}"], ids=repr)
def test_row_1_an_old_set_is_late(bed: Bed, world: World, tmp_path: Path, late_after_s: Any) -> None:
    world.add("ca01")
    world.fill("ca01", OLD_AGES)
    extra = {**FLEET, "adcs_ca_backup_late_after_s": late_after_s}
    ran = run(bed, world, "adcs.ca.check_backups", inventory("ca01"), folder=tmp_path / "play", extra=extra)
    assert ran.returncode == 2 and red(ran) == {"ca01"}, ran.said()
    entry = ran.entry("ca01")
    assert (entry["status"], entry["late_after_s"]) == ("late", 93600) and type(entry["late_after_s"]) is int
    assert ran.artifact_statuses() == ran.page_statuses == {"ca01": "late"}


@pytest.mark.parametrize("serial", [{}, {"serial": 1}], ids=["one batch", "serial"])
@pytest.mark.parametrize("call", ["roles", "import_role", "include_role"])
def test_row_3_a_condition_leaves_the_first_host_out(
    bed: Bed, world: World, tmp_path: Path, call: str, serial: dict[str, int]
) -> None:
    world.add("web01")
    world.add("ca01", **STOPPED)
    called = {"roles": [{"role": ROLE, "when": IS_CA}]}
    if call != "roles":
        called = {"tasks": [{"name": "Back up", f"ansible.builtin.{call}": {"name": ROLE}, "when": IS_CA}]}
    plays = play("web01:cas", **called, **serial)
    ran = run(bed, world, plays, inventory("web01", "ca01"), folder=tmp_path / "play", extra=PATH)
    assert ran.returncode == 2 and red(ran) == {"ca01"}, ran.said()
    assert ran.entry("ca01")["status"] == "failed" and "Start-Service CertSvc" in ran.entry("ca01")["message"]
    assert ran.documents.keys() == {"ca01"} and ran.artifact_statuses() == ran.page_statuses == {"ca01": "failed"}


def test_row_4_two_destinations_night_after_night(bed: Bed, world: World, tmp_path: Path) -> None:
    world.add("ca01")
    roles = [{"role": ROLE, "vars": {"adcs_ca_backup_path": path}} for path in (DESTINATION, SECOND)]
    for night in range(2):
        ran = run(bed, world, play(roles=roles), inventory("ca01"), folder=tmp_path / "play")
        assert ran.returncode == 0, f"night {night}\n{ran.said()}"
        assert [ran.entry("ca01", path)["status"] for path in (DESTINATION, SECOND)] == ["ok", "ok"]
    assert len(world.labels("ca01")) == len(world.labels("ca01", SECOND)) == 1, "the second night found fresh sets"
    page = ran.page
    assert "D:\\Backup" in page and "\\\\backup\\ca" in page
    world.add("ca01", fail={"backup": {"path": normal(DESTINATION), "message": "The disk is full."}})
    ran = run(bed, world, play(roles=roles), inventory("ca01"), folder=tmp_path / "play")
    assert ran.returncode == 2, ran.said()
    assert ran.entry("ca01", DESTINATION)["status"] == "failed" and ran.entry("ca01", SECOND)["status"] == "ok"
    assert ran.page_statuses == ran.artifact_statuses() == {"ca01": "failed"}


def test_a_destination_is_the_same_however_it_is_written(bed: Bed, world: World, tmp_path: Path) -> None:
    world.add("ca01")
    for path in ("D:\\Backup", "d:/backup/", "D:\\\\BACKUP\\", " D:\\Backup "):
        ran = run(
            bed,
            world,
            play(roles=[ROLE]),
            inventory("ca01"),
            folder=tmp_path / "play",
            extra={"adcs_ca_backup_path": path},
        )
        assert ran.returncode == 0 and len(ran.documents["ca01"]["destinations"]) == 1, ran.said()


def test_a_remembered_destination_turns_late_but_fails_no_job(bed: Bed, world: World, tmp_path: Path) -> None:
    """What this job did not touch counts on page and artifact by its age; it fails only a job that looks at it."""
    world.add("ca01")
    folder = tmp_path / "play"
    first = {"adcs_ca_backup_path": SECOND}
    assert run(bed, world, play(roles=[ROLE]), inventory("ca01"), folder=folder, extra=first).returncode == 0
    file = folder / "reports" / "ca01.json"
    text = file.read_text(encoding="utf-8")
    started = json.loads(text)["destinations"][0]["newest"]["started"]
    file.write_text(text.replace(started, "2026-01-01T00:00:00Z"), encoding="utf-8")
    ran = run(bed, world, play(roles=[ROLE]), inventory("ca01"), folder=folder, extra=PATH)
    assert ran.returncode == 0 and red(ran) == set(), ran.said()
    assert ran.page_statuses == ran.artifact_statuses() == {"ca01": "late"}, ran.said()


def test_row_9_the_failed_host_carries_its_failure(bed: Bed, world: World, tmp_path: Path) -> None:
    """AWX relaunches on the hosts that failed: a relaunch asks the failed one, and is red again."""
    world.add("ca01")
    world.add("ca02", **STOPPED)
    fleet = inventory("ca01", "ca02")
    ran = run(bed, world, "adcs.ca.backup_fleet", fleet, folder=tmp_path / "play", extra=FLEET)
    assert ran.returncode == 2 and red(ran) == {"ca02"} and ran.recap["ca02"]["failed"] >= 1, ran.said()
    assert ran.recap["ca01"]["rescued"] == 0, ran.said()
    world.forget()
    again = run(bed, world, "adcs.ca.backup_fleet", fleet, "--limit", "ca02", folder=tmp_path / "play", extra=FLEET)
    assert again.returncode == 2 and red(again) == {"ca02"} and not again.asked("ca01"), again.said()
    assert again.artifact_statuses() == {"ca02": "failed"}
    assert again.page_statuses == {
        "ca01": "ok",
        "ca02": "failed",
    }, "the page is of all documents, also after a part of the job"


def test_row_10_two_cas_of_one_name(bed: Bed, world: World, tmp_path: Path) -> None:
    for host in ("ca01", "ca02"):
        world.add(host, name="Example CA")
    ran = run(bed, world, "adcs.ca.backup_fleet", inventory("ca01", "ca02"), folder=tmp_path / "play", extra=FLEET)
    assert ran.returncode == 0, ran.said()
    assert ran.artifact_statuses() == ran.page_statuses == {"ca01": "ok", "ca02": "ok"}
    assert [ran.entry(host)["ca"]["name"] for host in ("ca01", "ca02")] == ["Example CA", "Example CA"]


def test_row_11_a_ca_that_moved_while_its_old_host_is_listed(bed: Bed, world: World, tmp_path: Path) -> None:
    share = {"adcs_ca_backup_path": SECOND, "adcs_ca_hosts": "cas"}
    world.add("ca01", name="Example CA")
    world.fill("ca01", [2 * DAY_S], SECOND)
    assert (
        run(bed, world, "adcs.ca.backup_fleet", inventory("ca01"), folder=tmp_path / "play", extra=share).returncode
        == 0
    )
    world.add("ca01", lost_at="any")
    world.add("ca09", name="Example CA")
    moved = inventory("ca01", "ca09", ca09={"adcs_ca_backup_previous_host": "ca01.example.com"})
    extra = {**share, "adcs_ca_backup_max_age": "0s"}
    for night in range(2):
        ran = run(bed, world, "adcs.ca.backup_fleet", moved, folder=tmp_path / "play", extra=extra)
        assert ran.returncode == 2 and red(ran) == {"ca01"}, f"night {night}\n{ran.said()}"
        assert ran.artifact_statuses() == ran.page_statuses == {"ca01": "unreachable", "ca09": "ok"}
        assert ran.entry("ca09")["newest"]["label"] == world.labels("ca09", SECOND)[0]


def test_row_12_unreachable_in_one_sentence(bed: Bed, world: World, tmp_path: Path) -> None:
    """The same sentence in each run, so a run without news rewrites no file."""
    world.add("ca01")
    world.fill("ca01")
    world.add("ca03", lost_at="any")
    address = {"ansible_host": "127.0.0.1", "ansible_port": 9}
    fleet = inventory("ca01", "ca03", ca03=address)
    seen: list[dict[str, tuple[bytes, int]]] = []
    for _ in range(2):
        ran = run(bed, world, "adcs.ca.backup_fleet", fleet, folder=tmp_path / "play", extra=FLEET)
        assert ran.returncode == 2 and red(ran) == {"ca03"}, ran.said()
        seen.append({file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in ran.reports.iterdir()})
    # the first run expired a set, or would have; from then on nothing is new
    assert seen[0] == seen[1]
    entry = ran.entry("ca03")
    assert entry["message"].startswith("ca03 does not answer on 127.0.0.1:9 (connection refused)."), entry["message"]
    assert "HTTPConnectionPool" in entry["detail"] and "0x7f" not in json.dumps(ran.documents) + ran.page


def test_nothing_is_written_when_nothing_changed(bed: Bed, world: World, tmp_path: Path) -> None:
    for host in ("ca01", "ca02"):
        world.add(host)
        world.fill(host, AGES)
    fleet = inventory("ca01", "ca02")
    seen = []
    for _ in range(2):
        world.forget()
        ran = run(bed, world, "adcs.ca.backup_fleet", fleet, folder=tmp_path / "play", extra=FLEET)
        seen.append({file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in ran.reports.iterdir()})
    assert ran.returncode == 0 and {numbers["changed"] for numbers in ran.recap.values()} == {0}, ran.said()
    assert seen[0] == seen[1] and ran.asked("ca01") == ["backup", "backup_info"]


def test_names_that_are_no_file_names(bed: Bed, world: World, tmp_path: Path) -> None:
    hosts = ("ca01", "CA01", "ca 01", "ca_01", "con", "ca01.example.com", "größe")
    for host in hosts:
        world.add(host)
    fleet = inventory_of(dict.fromkeys(hosts, {}), cas=hosts)
    ran = run(bed, world, play("all", roles=[ROLE]), fleet, folder=tmp_path / "play", extra=PATH)
    assert ran.returncode == 0 and ran.documents.keys() == set(hosts), ran.said()
    names = [file.name for file in ran.reports.glob("*.json")]
    assert len({name.casefold() for name in names}) == len(hosts) and "ca01.json" in names


def test_check_mode_writes_nothing(bed: Bed, world: World, tmp_path: Path) -> None:
    world.add("ca01")
    world.fill("ca01")
    before = world.sets("ca01")
    for playbook in ("adcs.ca.backup_fleet", "adcs.ca.check_backups"):
        ran = run(bed, world, playbook, inventory("ca01"), "--check", "--diff", folder=tmp_path / "play", extra=FLEET)
        assert ran.returncode == 0 and ran.artifact_statuses() == {"ca01": "ok"}, ran.said()
        assert not ran.reports.exists() and world.sets("ca01") == before

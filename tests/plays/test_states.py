# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""States that people have: a CA that is switched off, one that soon has no space, and nights without news."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.plays.runner import UNSET, Bed, Ran, inventory_of, run
from helpers.plays.world import AGES, DAY_S, DESTINATION, World

FLEET = {"adcs_ca_backup_path": DESTINATION, "adcs_ca_hosts": "cas"}
OFFLINE = {"adcs_ca_backup_expected": "offline"}
REFUSED = "ntlm: the specified credentials were rejected by the server"
NO_TLS = "ssl: HTTPSConnectionPool(host='ca01', port=5986): Max retries exceeded (Caused by SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER]')))"
TIMED_OUT = "kerberos: HTTPSConnectionPool(host='ca01', port=5986): Read timed out. (read timeout=30)"
RESET = "ntlm: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))"
PLAYBOOKS = ["backup_fleet", "check_backups"]
GIB = 1 << 30


def job(bed: Bed, world: World, folder: Path, playbook: str, hosts: dict[str, dict[str, Any]], **extra: Any) -> Ran:
    """Run a shipped playbook for hosts, each with variables of its own; ``extra`` are those of the job."""
    inventory = inventory_of(hosts, cas=tuple(hosts))
    return run(bed, world, f"adcs.ca.{playbook}", inventory, folder=folder, extra={**FLEET, **extra})


def red(ran: Ran) -> set[str]:
    return {host for host, numbers in ran.recap.items() if numbers["failed"] + numbers["unreachable"]}


def remember(bed: Bed, world: World, folder: Path, ages_s: dict[str, int]) -> None:
    """Let a job see a good set of this age on each host, with the CAs switched on."""
    for host, age_s in ages_s.items():
        world.add(host)
        world.fill(host, [age_s])
    ran = job(bed, world, folder, "check_backups", dict.fromkeys(ages_s, OFFLINE))
    assert ran.documents.keys() == ages_s.keys(), ran.said()


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_offline_ca_with_a_young_set_is_good(bed: Bed, world: World, tmp_path: Path, playbook: str) -> None:
    words = {"refused": None, "silent": TIMED_OUT}
    remember(bed, world, tmp_path / "play", dict.fromkeys(words, 100 * DAY_S))
    for host, said in words.items():
        world.add(host, lost_at="any", lost_words=said)
    texts = []
    for _night in range(2):
        world.forget()
        ran = job(bed, world, tmp_path / "play", playbook, dict.fromkeys(words, OFFLINE))
        assert ran.returncode == 0 and red(ran) == set(), ran.said()
        assert ran.artifact_statuses() == ran.page_statuses == dict.fromkeys(words, "offline")
        for host in words:
            entry = ran.entry(host)
            assert entry["newest"]["label"] and entry["late_after_s"] == 200 * DAY_S
            assert "The next backup is due by " in entry["message"]
        texts.append({path.name: path.read_bytes() for path in sorted((tmp_path / "play" / "reports").iterdir())})
    assert texts[0] == texts[1], "a night without news leaves every file as it is"


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_offline_ca_without_a_young_set_is_red(bed: Bed, world: World, tmp_path: Path, playbook: str) -> None:
    """Its set is too old, or nothing is remembered, be it without a document or without a folder for it."""
    remember(bed, world, tmp_path / "play", {"old": 201 * DAY_S})
    hosts = dict.fromkeys(("old", "unknown"), OFFLINE)
    for host in hosts:
        world.add(host, lost_at="any")
    ran = job(bed, world, tmp_path / "play", playbook, hosts)
    assert ran.returncode == 2 and red(ran) == hosts.keys(), ran.said()
    assert ran.artifact_statuses() == ran.page_statuses == {"old": "late", "unknown": "never"}
    ran = job(bed, world, tmp_path / "nowhere", playbook, hosts, adcs_ca_backup_report_dir=UNSET)
    assert ran.returncode == 2 and red(ran) == hosts.keys() and not ran.reports.exists(), ran.said()
    assert ran.artifact_statuses() == {"old": "never", "unknown": "never"}


def test_a_host_that_refuses_is_not_switched_off(bed: Bed, world: World, tmp_path: Path) -> None:
    words = {"rejected": REFUSED, "tls": NO_TLS, "reset": RESET, "strange": "what is this?"}
    cases = {f"{name}-{expected}": (words[name], expected) for name in words for expected in ("offline", "online")}
    remember(bed, world, tmp_path / "play", dict.fromkeys(cases, DAY_S))
    for host, (said, _) in cases.items():
        world.add(host, lost_at="any", lost_words=said)
    hosts = {host: {"adcs_ca_backup_expected": expected} for host, (_, expected) in cases.items()}
    ran = job(bed, world, tmp_path / "play", "backup_fleet", hosts)
    assert ran.returncode == 2 and red(ran) == cases.keys(), ran.said()
    statuses = {"rejected": "failed", "tls": "failed", "reset": "unreachable", "strange": "unreachable"}
    wanted = {host: statuses[host.partition("-")[0]] for host in cases}
    assert ran.artifact_statuses() == ran.page_statuses == wanted


def test_an_offline_ca_that_is_on_is_judged_like_any_other(bed: Bed, world: World, tmp_path: Path) -> None:
    """It is backed up; and one that is lost halfway was on, so it is unreachable."""
    hosts = dict.fromkeys(("on", "halfway"), OFFLINE)
    remember(bed, world, tmp_path / "play", dict.fromkeys(hosts, 100 * DAY_S))
    world.add("halfway", lost_at="backup_info")
    ran = job(bed, world, tmp_path / "play", "backup_fleet", hosts)
    assert ran.returncode == 2 and red(ran) == {"halfway"}, ran.said()
    assert ran.artifact_statuses() == {"on": "ok", "halfway": "unreachable"}
    assert len(world.labels("on")) == 2


SCARCE = {"destination": {"path": DESTINATION, "free_bytes": 9 * GIB, "total_bytes": 100 * GIB}}
FULL_LOGS = {"log_volume": {"path": "C:\\Logs", "free_bytes": 1, "total_bytes": 100 * GIB}}


ENOUGH = {"destination": {"path": DESTINATION, "free_bytes": 50 * GIB, "total_bytes": 100 * GIB}}
SPACES: dict[str, tuple[dict[str, Any], str]] = {
    "scarce": (SCARCE, "The destination has only 8.9 GiB free."),
    "logs": (FULL_LOGS, "A full log volume stops the CA."),
    "enough": (ENOUGH, ""),
}
NO_LIMITS = {f"adcs_ca_backup_warn_{name}": "0" for name in ("free_percent", "full_days", "untruncated_nights")}


def test_little_space_is_a_warning(bed: Bed, world: World, tmp_path: Path) -> None:
    """It is green, unless ``fail_on`` names it; the limits can be switched off."""
    hosts: dict[str, dict[str, Any]] = {}
    for name, (space, _) in SPACES.items():
        for host, variables in ((name, {}), (f"{name}-red", {"adcs_ca_backup_fail_on": ["warning"]})):
            world.add(host, space=space)
            hosts[host] = variables
    world.add("unlimited", space={**SCARCE, **FULL_LOGS})
    hosts["unlimited"] = {**NO_LIMITS, "adcs_ca_backup_fail_on": ["warning"]}
    for host in hosts:
        world.fill(host, AGES)
    ran = job(bed, world, tmp_path / "play", "backup_fleet", hosts)
    assert ran.returncode == 2 and red(ran) == {"scarce-red", "logs-red"}, ran.said()
    scarce = dict.fromkeys(("scarce", "scarce-red", "logs", "logs-red"), "warning")
    assert ran.artifact_statuses() == ran.page_statuses == {**dict.fromkeys(hosts, "ok"), **scarce}
    for name, (_, words) in SPACES.items():
        for host in (name, f"{name}-red"):
            assert words in ran.entry(host)["message"] and words in ran.page
    assert ran.entry("unlimited")["message"] == ""


def test_a_warning_alone_is_green(bed: Bed, world: World, tmp_path: Path) -> None:
    world.add("ca01", space=SCARCE)
    world.fill("ca01", AGES)
    ran = job(bed, world, tmp_path / "play", "check_backups", {"ca01": {}})
    assert ran.returncode == 0 and ran.artifact_statuses() == {"ca01": "warning"}, ran.said()


def test_the_document_names_the_files_of_the_newest_set(bed: Bed, world: World, tmp_path: Path) -> None:
    """They are asked for once for each set, and stand in no result that a play keeps or prints."""
    world.add("ca01")
    first = job(bed, world, tmp_path / "play", "backup_fleet", {"ca01": {}})
    (label,) = world.labels("ca01")
    file = {"kind": "database", "path": r"DataBase\ca.edb", "size": 1}
    assert first.entry("ca01")["files"] == {"label": label, "names": [file], "omitted": 0}
    asked = [line for line in world.record() if line["params"].get("files_of")]
    assert [line["params"]["files_of"] for line in asked] == [label] and asked[0]["params"]["verify"] == "none"
    assert r"ca.edb" in first.page
    again = job(bed, world, tmp_path / "play", "check_backups", {"ca01": {}})
    assert again.returncode == 0 and again.entry("ca01") == first.entry("ca01")
    assert len([line for line in world.record() if line["params"].get("files_of")]) == 1
    for ran in (first, again):
        assert "ca.edb" not in ran.stdout + ran.stderr and "ca.edb" not in json.dumps(ran.artifact)

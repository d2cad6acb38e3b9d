# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""States that people have: a CA that is switched off, one that soon has no space, and nights without news."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runner import Bed, Ran, inventory_of, run
from world import AGES, DAY_S, DESTINATION, World

FLEET = {"adcs_ca_backup_path": DESTINATION, "adcs_ca_hosts": "cas"}
OFFLINE = {"adcs_ca_backup_expected": "offline"}
REFUSED = "ntlm: the specified credentials were rejected by the server"
NO_TLS = "ssl: HTTPSConnectionPool(host='ca01', port=5986): Max retries exceeded (Caused by SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER]')))"
TIMED_OUT = "kerberos: HTTPSConnectionPool(host='ca01', port=5986): Read timed out. (read timeout=30)"
RESET = "ntlm: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))"
PLAYBOOKS = ["backup_fleet", "check_backups"]
GIB = 1 << 30


def inventory(*hosts: str, **variables: Any) -> dict[str, Any]:
    return inventory_of({host: variables for host in hosts}, cas=hosts)


def job(bed: Bed, world: World, folder: Path, playbook: str, *hosts: str, **variables: Any) -> Ran:
    return run(bed, world, f"adcs.ca.{playbook}", inventory(*hosts, **variables), folder=folder, extra=FLEET)


def red(ran: Ran) -> set[str]:
    return {host for host, numbers in ran.recap.items() if numbers["failed"] + numbers["unreachable"]}


def remember(bed: Bed, world: World, folder: Path, age_s: int) -> None:
    """Let a job see a good set of this age on ca01, with the CA switched on."""
    world.add("ca01")
    world.fill("ca01", [age_s])
    ran = job(bed, world, folder, "check_backups", "ca01", **OFFLINE)
    assert ran.documents.keys() == {"ca01"}, ran.said()


@pytest.mark.parametrize("words", [None, TIMED_OUT], ids=["refused", "silent"])
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_offline_ca_with_a_young_set_is_good(
    bed: Bed, world: World, tmp_path: Path, playbook: str, words: str | None
) -> None:
    remember(bed, world, tmp_path / "play", 100 * DAY_S)
    world.add("ca01", lost_at="any", lost_words=words)
    texts = []
    for _night in range(2):
        world.forget()
        ran = job(bed, world, tmp_path / "play", playbook, "ca01", **OFFLINE)
        assert ran.returncode == 0 and red(ran) == set(), ran.said()
        assert ran.artifact_statuses() == ran.page_statuses == {"ca01": "offline"}
        entry = ran.entry("ca01")
        assert entry["newest"]["label"] and entry["late_after_s"] == 200 * DAY_S
        assert "The next backup is due by " in entry["message"]
        texts.append({path.name: path.read_bytes() for path in sorted((tmp_path / "play" / "reports").iterdir())})
    assert texts[0] == texts[1], "a night without news leaves every file as it is"


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_offline_ca_whose_set_is_too_old_is_late_and_red(
    bed: Bed, world: World, tmp_path: Path, playbook: str
) -> None:
    remember(bed, world, tmp_path / "play", 201 * DAY_S)
    world.add("ca01", lost_at="any")
    ran = job(bed, world, tmp_path / "play", playbook, "ca01", **OFFLINE)
    assert ran.returncode == 2 and red(ran) == {"ca01"}, ran.said()
    assert ran.artifact_statuses() == ran.page_statuses == {"ca01": "late"}


@pytest.mark.parametrize("variables", [{}, {"adcs_ca_backup_report_dir": ""}], ids=["no document", "no folder"])
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_offline_ca_of_which_nothing_is_remembered_is_never_and_red(
    bed: Bed, world: World, tmp_path: Path, playbook: str, variables: dict[str, Any]
) -> None:
    world.add("ca01", lost_at="any")
    ran = job(bed, world, tmp_path / "play", playbook, "ca01", **OFFLINE, **variables)
    assert ran.returncode == 2 and red(ran) == {"ca01"}, ran.said()
    assert ran.artifact_statuses() == {"ca01": "never"}


@pytest.mark.parametrize(
    ("words", "status"),
    [(REFUSED, "failed"), (NO_TLS, "failed"), (RESET, "unreachable"), ("what is this?", "unreachable")],
)
@pytest.mark.parametrize("expected", ["offline", "online"])
def test_a_host_that_refuses_is_not_switched_off(
    bed: Bed, world: World, tmp_path: Path, expected: str, words: str, status: str
) -> None:
    remember(bed, world, tmp_path / "play", DAY_S)
    world.add("ca01", lost_at="any", lost_words=words)
    ran = job(bed, world, tmp_path / "play", "backup_fleet", "ca01", adcs_ca_backup_expected=expected)
    assert ran.returncode == 2 and red(ran) == {"ca01"}, ran.said()
    assert ran.artifact_statuses() == ran.page_statuses == {"ca01": status}


def test_an_offline_ca_that_is_lost_halfway_was_on(bed: Bed, world: World, tmp_path: Path) -> None:
    remember(bed, world, tmp_path / "play", 100 * DAY_S)
    world.add("ca01", lost_at="backup_info")
    ran = job(bed, world, tmp_path / "play", "backup_fleet", "ca01", **OFFLINE)
    assert ran.returncode == 2 and ran.artifact_statuses() == {"ca01": "unreachable"}, ran.said()


def test_an_offline_ca_that_is_on_is_backed_up(bed: Bed, world: World, tmp_path: Path) -> None:
    remember(bed, world, tmp_path / "play", 100 * DAY_S)
    ran = job(bed, world, tmp_path / "play", "backup_fleet", "ca01", **OFFLINE)
    assert ran.returncode == 0 and ran.artifact_statuses() == {"ca01": "ok"}, ran.said()
    assert len(world.labels("ca01")) == 2


SCARCE = {"destination": {"path": DESTINATION, "free_bytes": 9 * GIB, "total_bytes": 100 * GIB}}
FULL_LOGS = {"log_volume": {"path": "C:\\Logs", "free_bytes": 1, "total_bytes": 100 * GIB}}


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (SCARCE, "The destination has only 8.9 GiB free."),
        (FULL_LOGS, "A full log volume stops the CA."),
        ({"destination": {"path": DESTINATION, "free_bytes": 50 * GIB, "total_bytes": 100 * GIB}}, ""),
    ],
)
@pytest.mark.parametrize("fail_on", [[], ["warning"]], ids=["by default", "fail_on"])
def test_little_space_is_a_warning(
    bed: Bed, world: World, tmp_path: Path, space: dict[str, Any], words: str, fail_on: list[str]
) -> None:
    world.add("ca01", space=space)
    world.fill("ca01", AGES)
    ran = job(bed, world, tmp_path / "play", "backup_fleet", "ca01", adcs_ca_backup_fail_on=fail_on)
    is_red = bool(words and fail_on)
    assert (ran.returncode, red(ran)) == ((2, {"ca01"}) if is_red else (0, set())), ran.said()
    assert ran.artifact_statuses() == ran.page_statuses == {"ca01": "warning" if words else "ok"}
    assert words in ran.entry("ca01")["message"] and words in ran.page


def test_limits_can_be_switched_off(bed: Bed, world: World, tmp_path: Path) -> None:
    world.add("ca01", space={**SCARCE, **FULL_LOGS})
    world.fill("ca01", AGES)
    off = {f"adcs_ca_backup_warn_{name}": "0" for name in ("free_percent", "full_days", "untruncated_nights")}
    ran = job(bed, world, tmp_path / "play", "check_backups", "ca01", **off)
    assert ran.returncode == 0 and ran.artifact_statuses() == {"ca01": "ok"}, ran.said()


def test_the_document_names_the_files_of_the_newest_set(bed: Bed, world: World, tmp_path: Path) -> None:
    """They are asked for once for each set, and stand in no result that a play keeps or prints."""
    world.add("ca01")
    first = job(bed, world, tmp_path / "play", "backup_fleet", "ca01")
    (label,) = world.labels("ca01")
    file = {"kind": "database", "path": r"DataBase\ca.edb", "size": 1}
    assert first.entry("ca01")["files"] == {"label": label, "names": [file], "omitted": 0}
    asked = [line for line in world.record() if line["params"].get("files_of")]
    assert [line["params"]["files_of"] for line in asked] == [label] and asked[0]["params"]["verify"] == "none"
    assert r"ca.edb" in first.page
    again = job(bed, world, tmp_path / "play", "check_backups", "ca01")
    assert again.returncode == 0 and again.entry("ca01") == first.entry("ca01")
    assert len([line for line in world.record() if line["params"].get("files_of")]) == 1
    for ran in (first, again):
        assert "ca.edb" not in ran.stdout + ran.stderr and "ca.edb" not in json.dumps(ran.artifact)

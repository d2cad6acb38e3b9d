# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A shipped playbook that has nobody to back up is red, says why, and asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers.plays.runner import Bed, Unsafe, inventory_of, run
from helpers.plays.world import DESTINATION, World

HOSTS = ("ca01", "ca02", "web01")
INVENTORY = inventory_of(dict.fromkeys(HOSTS, {}), cas=("ca01", "ca02"), empty=())


@dataclass(frozen=True)
class Job:
    """What a job was asked for: who is meant, or the words that must be in the refusal."""

    hosts: Any = None
    options: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()
    inventory: Any = None


JOBS = {
    "no pattern": Job(words=("adcs_ca_hosts",)),
    "null": Job({"adcs_ca_hosts": None}, words=("adcs_ca_hosts",)),
    "empty": Job({"adcs_ca_hosts": ""}, words=("adcs_ca_hosts",)),
    "blank": Job({"adcs_ca_hosts": "  "}, words=("adcs_ca_hosts",)),
    "empty list": Job({"adcs_ca_hosts": []}, words=("adcs_ca_hosts",)),
    "only a comma": Job({"adcs_ca_hosts": ","}, words=("adcs_ca_hosts",)),
    "misspelt": Job({"adcs_ca_hosts": "csa"}, words=("csa",)),
    "one part misspelt": Job({"adcs_ca_hosts": "cas,caa"}, words=("'caa'",)),
    "one part misspelt, colon": Job({"adcs_ca_hosts": "cas:caa"}, words=("'caa'",)),
    "one item misspelt": Job({"adcs_ca_hosts": ["cas", "caa"]}, words=("'caa'",)),
    "empty group": Job({"adcs_ca_hosts": "empty"}, words=("empty",)),
    "an intersection with nobody": Job({"adcs_ca_hosts": "cas:&web01"}, words=("cas",)),
    "all excluded": Job({"adcs_ca_hosts": "cas:!cas"}, words=("cas",)),
    "only an exclusion": Job({"adcs_ca_hosts": "!web01"}, meant=("ca01", "ca02")),
    "a template that nobody works out": Job({"adcs_ca_hosts": Unsafe("{{ 7 * 7 }}")}, words=("adcs_ca_hosts",)),
    "a number": Job({"adcs_ca_hosts": 5}, words=("5",)),
    "a limit that excludes all": Job({"adcs_ca_hosts": "cas"}, ("--limit", "web01"), ("cas", "limit")),
    "an empty inventory": Job({"adcs_ca_hosts": "cas"}, (), ("cas",), inventory={"all": {"hosts": {}}}),
    "a group": Job({"adcs_ca_hosts": "cas"}, meant=("ca01", "ca02")),
    "a list": Job({"adcs_ca_hosts": ["ca01", "ca02"]}, meant=("ca01", "ca02")),
    "blanks around it": Job({"adcs_ca_hosts": " cas "}, meant=("ca01", "ca02")),
    "an exclusion of nobody": Job({"adcs_ca_hosts": "cas:!caa"}, meant=("ca01", "ca02")),
    "a wildcard": Job({"adcs_ca_hosts": "ca0*"}, meant=("ca01", "ca02")),
    "a limit": Job({"adcs_ca_hosts": "cas"}, ("--limit", "ca02"), meant=("ca02",)),
}


# The guard is the same task in both playbooks.
BOTH = ("no pattern", "one part misspelt", "a limit that excludes all", "an empty inventory")
CASES = [("backup_fleet", name) for name in JOBS] + [("check_backups", name) for name in BOTH]


@pytest.mark.parametrize(("playbook", "name"), CASES, ids=[f"{playbook}, {name}" for playbook, name in CASES])
def test_who_is_meant(bed: Bed, world: World, tmp_path: Path, playbook: str, name: str) -> None:
    job = JOBS[name]
    for host in HOSTS:
        world.add(host)
        world.fill(host)
    extra = {"adcs_ca_backup_path": DESTINATION, **(job.hosts or {})}
    inventory = job.inventory or INVENTORY
    ran = run(bed, world, f"adcs.ca.{playbook}", inventory, *job.options, folder=tmp_path / "play", extra=extra)
    asked = {line["host"] for line in ran.record}
    assert asked == set(job.meant), ran.said()
    assert (ran.returncode == 0) == bool(job.meant), ran.said()
    assert ran.artifact_statuses() == dict.fromkeys(job.meant, "ok") and ran.documents.keys() == set(
        job.meant
    ), ran.said()
    said = ran.stdout + ran.stderr
    assert all(word in said for word in job.words), ran.said()
    assert "Traceback" not in said and "probably a bug" not in said and ran.returncode != 250, ran.said()


def test_a_shipped_playbook_by_a_playbook_of_the_users(bed: Bed, world: World, tmp_path: Path) -> None:
    """As AWX needs it. A host that a condition on the import leaves out was meant, and nobody judged it: red."""
    for host in HOSTS:
        world.add(host)
    extra = {"adcs_ca_backup_path": DESTINATION, "adcs_ca_hosts": "cas"}
    plain = [{"import_playbook": "adcs.ca.backup_fleet"}]
    ran = run(bed, world, plain, INVENTORY, folder=tmp_path / "plain", extra=extra)
    assert ran.returncode == 0 and ran.artifact_statuses() == {"ca01": "ok", "ca02": "ok"}, ran.said()
    world.forget()
    guarded = [{"import_playbook": "adcs.ca.backup_fleet", "when": "inventory_hostname != 'ca02'"}]
    ran = run(bed, world, guarded, INVENTORY, folder=tmp_path / "guarded", extra=extra)
    assert {line["host"] for line in ran.record} <= {"ca01"} and ran.returncode != 0, ran.said()

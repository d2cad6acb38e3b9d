# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a job says grows with the number of hosts, and not with its square."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.plays.runner import Bed, Ran, inventory_of, run
from helpers.plays.world import DESTINATION, World

FEW, MANY = 6, 12
MOST = 2.2
ROLES = [{"name": "Back up", "hosts": "cas", "gather_facts": False, "serial": 3, "roles": [{"role": "adcs.ca.backup"}]}]


def job(bed: Bed, folder: Path, playbook: Any, number: int) -> Ran:
    """Run a job in batches of three in which every third CA fails."""
    world = World(folder / "world")
    hosts = tuple(f"ca{place:03}" for place in range(number))
    for place, host in enumerate(hosts):
        world.add(
            host, **({} if place % 3 else {"fail": {"backup": {"path": None, "message": "The CA is stopped. " * 8}}})
        )
        world.fill(host)
    extra = {"adcs_ca_backup_path": DESTINATION, "adcs_ca_hosts": "cas", "adcs_ca_serial": 3}
    inventory = inventory_of(dict.fromkeys(hosts, {}), cas=hosts)
    ran = run(bed, world, playbook, inventory, folder=folder / "play", extra=extra, events=True)
    assert ran.returncode == 2 and len(ran.documents) == number, ran.said()
    return ran


@pytest.mark.parametrize("playbook", ["adcs.ca.backup_fleet", ROLES], ids=["shipped", "role"])
def test_twice_the_hosts_say_twice_as_much(bed: Bed, tmp_path: Path, playbook: Any) -> None:
    few, many = job(bed, tmp_path / "few", playbook, FEW), job(bed, tmp_path / "many", playbook, MANY)
    sizes = {
        "bytes of output": [len(ran.stdout) + len(ran.stderr) for ran in (few, many)],
        "events": [len(ran.events) for ran in (few, many)],
        "bytes of events": [sum(event["size"] for event in ran.events) for ran in (few, many)],
    }
    assert all(large / small <= MOST for small, large in sizes.values()), sizes
    # apart from the one that draws and shows, no event of a host tells of the others
    of_all = ("Draw the page", "Show the fleet")
    own = [
        [event["size"] for event in ran.events if not any(name in event["task"] for name in of_all)]
        for ran in (few, many)
    ]
    assert max(own[1]) <= max(own[0]) * 1.1, [sorted(sizes)[-3:] for sizes in own]
    failures = [event for event in many.events if event["event"] == "failed" and "Fail this host" in event["task"]]
    assert failures and all(event["size"] < 2000 for event in failures), failures[:1]

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Acts a play out: makes the world that its settings name, and runs it."""

from __future__ import annotations

from pathlib import Path

from helpers.plays.playbooks import SECOND, command_of
from helpers.plays.runner import Bed, Ran, inventory_of, run
from helpers.plays.settings import CAS, WEB, Settings
from helpers.plays.simulated_ca import normal
from helpers.plays.world import AGES, DESTINATION, OLD_AGES, World

MESSAGE = "The RPC server is unavailable."


def make_world(world: World, settings: Settings) -> None:
    """Make the CAs that the settings name, with what goes wrong on them."""
    world.add(WEB)
    for host, state in settings.states:
        kind, _, module = state.partition("_")
        faults: dict[str, object] = {}
        if kind == "lost":
            faults = {"lost_at": {"info": "backup_info"}.get(module, module)}
        elif state == "failed":
            faults = {"fail": {"backup": {"path": normal(DESTINATION), "message": MESSAGE}}}
        elif module == "failed":
            faults = {"fail": {{"info": "backup_info"}.get(kind, kind): {"path": None, "message": MESSAGE}}}
        elif state == "hangs":
            faults = {"hang": ["backup"]}
        elif state == "lies":
            faults = {"lies": True}
        world.add(host, **faults)
        for path in (DESTINATION, SECOND)[: settings.destinations]:
            if state != "empty":
                world.fill(host, OLD_AGES if state == "old" else AGES, path)
            if state == "damaged":
                world.damage(host, path)


def act(bed: Bed, folder: Path, settings: Settings) -> Ran:
    """Run the play of these settings in a folder of its own."""
    world = World(folder / "world")
    make_world(world, settings)
    command = command_of(settings)
    hosts = {host: {} for host in (WEB, *CAS)}
    inventory = inventory_of(hosts, cas=CAS)
    return run(
        bed,
        world,
        command.playbook,
        inventory,
        *command.options,
        folder=folder / "play",
        extra=command.extra,
        env=command.env,
    )

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stand-ins answer as the real modules are documented to, and the covering array covers."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.plays.overlay import MODULES, sidecar
from helpers.plays.settings import FACTORS, KINDS, covering_array
from helpers.plays.simulated_ca import run_module
from helpers.plays.world import DESTINATION, World

# The module expire is only the half of `adcs.ca.expire`; the action adds the rest.
OF_THE_HOST = {"bytes_freed", "leftovers", "removed"}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "backup": {"path": DESTINATION},
    "backup_info": {"path": DESTINATION},
    "expire": {"path": DESTINATION, "_labels": []},
}


def documented(module: str, *, failed: bool) -> set[str]:
    """Return the keys that a result of the module must have."""
    known = {name for name, key in sidecar(module)["RETURN"].items() if failed or key["returned"] == "always"}
    return known & OF_THE_HOST if module == "expire" else known


@pytest.mark.parametrize("module", MODULES)
def test_a_result_has_the_documented_keys(world: World, module: str) -> None:
    world.add("ca01")
    world.fill("ca01")
    result = run_module(world.folder, "ca01", module, ARGUMENTS[module])
    assert result.keys() - {"changed"} == documented(module, failed=False)
    sets = sidecar("backup_info")["RETURN"]["sets"]["contains"]
    assert all(entry.keys() == sets.keys() for entry in result.get("sets", []))


@pytest.mark.parametrize("module", MODULES)
def test_a_failed_result_has_the_documented_keys(world: World, module: str) -> None:
    world.add("ca01", fail={module: {"path": None, "message": "It failed."}})
    result = run_module(world.folder, "ca01", module, ARGUMENTS[module])
    assert result.keys() - {"changed", "failed", "msg"} == documented(module, failed=True)
    assert result["failed"] and result["msg"] == "It failed."


def test_a_blank_option_is_left_out_and_a_wrong_one_refused(world: World) -> None:
    world.add("ca01")
    blank = {"path": f" {DESTINATION}", "max_age": " ", "reserve": None, "verify": "", "access": None}
    assert not run_module(world.folder, "ca01", "backup", blank).get("failed")
    assert world.record()[-1]["params"]["reserve"] == "256M"
    for wrong in ({"verify": "perhaps"}, {"type": "logs"}, {"reserve": "much"}, {"path": ""}, {"path": "a\nb"}):
        assert run_module(world.folder, "ca01", "backup", {"path": DESTINATION, **wrong})["failed"], wrong
    assert len(world.labels("ca01")) == 1


def test_check_mode_changes_nothing(world: World) -> None:
    world.add("ca01")
    world.fill("ca01")
    before = world.labels("ca01")
    check = {"_ansible_check_mode": True}
    assert run_module(world.folder, "ca01", "backup", {"path": DESTINATION, **check})["changed"]
    assert run_module(world.folder, "ca01", "expire", {"path": DESTINATION, "_labels": before[-1:], **check})["changed"]
    assert world.labels("ca01") == before


def test_a_share_is_one_for_all_hosts_and_belongs_to_one(world: World) -> None:
    share = r"\\backup\ca"
    world.add("ca01", name="Example CA")
    world.add("ca02", name="Example CA")
    assert not run_module(world.folder, "ca01", "backup", {"path": share}).get("failed")
    assert "ca01.example.com" in run_module(world.folder, "ca02", "backup", {"path": share})["msg"]
    moved = {"path": share, "previous_host": "ca01.example.com"}
    assert not run_module(world.folder, "ca02", "backup", moved).get("failed")
    assert world.labels("ca01", share) == world.labels("ca02", share) != []


def test_the_array_is_the_same_each_time_and_covers() -> None:
    plays = covering_array()
    assert plays == covering_array() and 30 <= len(plays) <= 45
    assert {play.kind for play in plays} == set(KINDS)
    for name, levels in FACTORS.items():
        if name != "world":
            assert {getattr(play, name) for play in plays} == set(levels), name
    assert len({(play.kind, play.states) for play in plays}) >= len(KINDS) * len(FACTORS["world"])

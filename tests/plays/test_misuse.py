# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plays that would turn the verdict around are refused in words; a host that is wrong costs no other host its backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.plays.runner import UNSET, Bed, Ran, inventory_of, run
from helpers.plays.world import DESTINATION, World

ROLE = "adcs.ca.backup"
HOSTS = ("ca01", "ca02", "ca03")
PATH = {"adcs_ca_backup_path": DESTINATION}


def roles(**keywords: Any) -> dict[str, Any]:
    return {"roles": [{"role": ROLE, **keywords}]}


def included(name: str = "include_role", *, apply: dict[str, Any] | None = None, **keywords: Any) -> dict[str, Any]:
    role = {"name": ROLE, **({"apply": apply} if apply else {})}
    return {"tasks": [{"name": "Back up", f"ansible.builtin.{name}": role, **keywords}]}


# Each with words of the refusal.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "run_once on the role": (roles(run_once=True), "run_once"),
    "run_once by a template": (roles(run_once="{{ true }}"), "run_once"),
    "run_once on the play": ({"run_once": True, **roles()}, "run_once"),
    "run_once on import_role": (included("import_role", run_once=True), "run_once"),
    "run_once on include_role": (included(run_once=True), "run_once"),
    "run_once applied": (included(apply={"run_once": True}), "run_once"),
    "delegate_to on the role": (roles(delegate_to="localhost"), "delegated"),
    "delegate_to the host itself": (roles(delegate_to="{{ inventory_hostname }}"), "delegated"),
    "delegate_to applied": (included(apply={"delegate_to": "ca01"}), "delegated"),
    "a condition on what the role registers": (roles(when="not (adcs_ca_backup_result.changed | default(false))"), "adcs_ca_backup_result"),
    "a condition on the outcome": (roles(when="adcs_ca_outcome is not defined"), "adcs_ca_outcome"),
    "a condition behind a variable": ({**roles(when="wanted"), "vars": {"wanted": "{{ adcs_ca_outcome is not defined }}"}}, "adcs_ca_outcome"),
    "a condition on the hosts that are left": (roles(when="inventory_hostname in ansible_play_hosts"), "ansible_play_hosts"),
    "a condition on the block": ({"tasks": [{"when": "adcs_ca_backup_listing is not defined", "block": included("import_role")["tasks"]}]}, "adcs_ca_backup_listing"),
}  # fmt: skip


def act(bed: Bed, world: World, folder: Path, playbook: Any, inventory: dict[str, Any], **extra: Any) -> Ran:
    for host in HOSTS:
        world.add(host)
    return run(bed, world, playbook, inventory, folder=folder / "play", extra={**PATH, **extra})


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(bed: Bed, world: World, tmp_path: Path, name: str) -> None:
    keywords, words = REFUSED[name]
    play = [{"name": "Back up", "hosts": "cas", "gather_facts": False, **keywords}]
    ran = act(bed, world, tmp_path, play, inventory_of(dict.fromkeys(HOSTS, {}), cas=HOSTS))
    assert ran.returncode == 2 and not ran.record, ran.said()
    assert words in ran.stdout and "Traceback" not in ran.stdout + ran.stderr, ran.said()
    assert "ok" not in [entry["status"] for document in ran.documents.values() for entry in document["destinations"]]
    assert "ok" not in ran.artifact_statuses().values()


@pytest.mark.parametrize("when", ["adcs_ca_outcome is not defined", "true"])
def test_a_condition_on_include_role_is_asked_once(bed: Bed, world: World, tmp_path: Path, when: str) -> None:
    play = [{"name": "Back up", "hosts": "cas", "gather_facts": False, **included(when=when)}]
    ran = act(bed, world, tmp_path, play, inventory_of(dict.fromkeys(HOSTS, {}), cas=HOSTS))
    assert ran.returncode == 0 and ran.artifact_statuses() == dict.fromkeys(HOSTS, "ok"), ran.said()


WRONG: dict[str, dict[str, Any]] = {
    "a wrong number": {"adcs_ca_backup_keep_daily": "many"},
    "an undefined variable": {"adcs_ca_backup_keep_daily": "{{ nowhere }}"},
    "a broken template": {"adcs_ca_backup_keep_daily": "{{ nowhere"},
    "a wrong type": {"adcs_ca_backup_verify": {"a": 1}},
    "an undefined path": {"adcs_ca_backup_path": "{{ nowhere }}"},
    "no path": {"adcs_ca_backup_path": None},
    "a misspelt variable": {"adcs_ca_backup_keep_dialy": 3},
}
FATAL = {"any_errors_fatal": True, "max_fail_percentage": 0, "ignore_errors": True}


@pytest.mark.parametrize("call", ["roles", "import_role", "include_role", "backup_fleet"])
def test_a_wrong_host_costs_no_other_its_backup(bed: Bed, world: World, tmp_path: Path, call: str) -> None:
    """Although the play calls every error fatal; and each host that is wrong has a document that says so."""
    wrong = {name.replace(" ", "-"): {**PATH, **variables} for name, variables in WRONG.items()}
    for host in wrong:
        world.add(host)
    called = roles() if call == "roles" else included(call)
    play = [{"name": "Back up", "hosts": "all", "gather_facts": False, **FATAL, **called}]
    inventory = inventory_of({**wrong, **dict.fromkeys(HOSTS, PATH)})
    playbook = "adcs.ca.backup_fleet" if call == "backup_fleet" else play
    extra = {"adcs_ca_backup_path": UNSET, "adcs_ca_hosts": "all"}
    ran = act(bed, world, tmp_path, playbook, inventory, **extra)
    assert ran.returncode == 2 and {line["host"] for line in ran.record} == set(HOSTS), ran.said()
    statuses = {**dict.fromkeys(wrong, "failed"), **dict.fromkeys(HOSTS, "ok")}
    assert ran.artifact_statuses() == ran.page_statuses == statuses, ran.said()
    assert {host for host, numbers in ran.recap.items() if numbers["failed"]} == wrong.keys()
    for host, variables in wrong.items():
        (entry,) = ran.documents[host]["destinations"]
        (variable,) = WRONG[host.replace("-", " ")]
        assert entry["status"] == "failed" and variable in entry["message"], (host, variables, entry)

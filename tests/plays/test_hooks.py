# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A hook that did not show that it copied the set: nothing expires, and who is red."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.plays.playbooks import RULES
from helpers.plays.runner import UNSET, Bed, Ran, inventory_of, run
from helpers.plays.world import DESTINATION, World

ROLES = [{"name": "Back up", "hosts": "cas", "gather_facts": False, "roles": [{"role": "adcs.ca.backup"}]}]
COPY = {"name": "Copy", "ansible.builtin.raw": "exit 0", "register": "adcs_ca_backup_replicated"}
LOST = {"delegate_to": "gone", "ignore_unreachable": True}
# Hooks that failed: red, whether this run made a set or not.
FAILED: dict[str, list[dict[str, Any]]] = {
    "fails": [{**COPY, "ansible.builtin.raw": "exit 1"}],
    "fails-and-ignores-it": [{**COPY, "ansible.builtin.raw": "exit 1", "ignore_errors": True}],
    "reaches-nobody": [{**COPY, "delegate_to": "gone"}],
    "reaches-nobody-in-a-loop": [{**COPY, "delegate_to": "{{ item }}", "loop": ["gone", "{{ inventory_hostname }}"]}],
    "fails-in-a-loop": [{**COPY, "ansible.builtin.raw": "exit {{ item }}", "loop": [0, 1], "ignore_errors": True}],
    "fails-after-the-copy": [COPY, {"name": "Fail", "ansible.builtin.fail": {"msg": "Not today."}}],
    "says-that-it-failed": [{**COPY, "failed_when": True, "ignore_errors": True}],
}
# Hooks that did nothing: red when this run made a set, or when no copy of the newest set is known.
NOTHING: dict[str, list[dict[str, Any]]] = {
    "skipped": [{**COPY, "when": False}],
    "skipped-by-a-fact": [{**COPY, "when": "adcs_ca_backup_result.label == 'none'"}],
    "loops-over-nothing": [{**COPY, "loop": []}],
    "loops-over-skipped": [{**COPY, "loop": [1, 2], "when": False}],
    "skips-one-of-two": [{**COPY, "loop": [1, 2], "when": "item == 1"}],
    "registers-nothing": [{"name": "Copy", "ansible.builtin.raw": "exit 0"}],
    "registers-another-name": [{**COPY, "register": "copied"}],
    "is-skipped-as-a-block": [{"name": "Block", "when": False, "block": [COPY]}],
}
GOOD: dict[str, list[dict[str, Any]]] = {
    "copies": [COPY],
    "copies-in-a-loop": [{**COPY, "loop": [1, 2]}],
    "copies-and-rescues": [{"name": "Try", "block": [{**COPY, "ansible.builtin.raw": "exit 1"}], "rescue": [COPY]}],
}
HOOKS = {**FAILED, **NOTHING, **GOOD}
# What would end something for others, hide a failure, or cannot be loaded: refused before its host is asked.
REFUSED: dict[str, str] = {
    "ends-the-host": yaml.dump([{"ansible.builtin.meta": "end_host"}, COPY]),
    "ends-the-play": yaml.dump([{"meta": "end_play"}]),
    "ends-the-batch": yaml.dump([{"block": [{"ansible.builtin.meta": "end_batch"}]}]),
    "clears-errors": yaml.dump([{"block": [COPY], "rescue": [{"meta": "clear_host_errors"}]}]),
    "is-no-yaml": "- name: Copy\n  raw: [",
    "is-no-list": "name: Copy\n",
    "is-empty": "",
    "has-no-module": "- name: Copy\n",
    "has-a-misspelt-keyword": "- name: Copy\n  raw: exit 0\n  wen: true\n",
    "sets-the-outcome": yaml.dump([{**COPY, "register": "adcs_ca_outcome"}]),
}


def fleet_of(bed: Bed, world: World, folder: Path, hooks: dict[str, Any], extra: dict[str, Any]) -> Ran:
    """Run the role with a hook for each host."""
    hooks_folder = folder / "hooks"
    hooks_folder.mkdir(parents=True, exist_ok=True)
    for host, hook in hooks.items():
        text = hook if isinstance(hook, str) else yaml.dump(hook)
        (hooks_folder / f"{host}.yml").write_text(text, encoding="utf-8")
    hosts = {host: {"adcs_ca_backup_replicate_tasks": str(hooks_folder / f"{host}.yml")} for host in hooks}
    inventory = inventory_of({**hosts, "gone": {}}, cas=tuple(hooks))
    rules = {f"adcs_ca_backup_{name}": value for name, value in RULES.items()}
    given = {"adcs_ca_backup_path": DESTINATION, **rules, **extra}
    return run(bed, world, ROLES, inventory, folder=folder, extra=given)


def fill(world: World, hooks: dict[str, Any]) -> None:
    world.add("gone", lost_at="any")
    for host in hooks:
        world.add(host)
        world.fill(host)


def red_hosts(ran: Ran) -> set[str]:
    return {host for host, numbers in ran.recap.items() if numbers["failed"] + numbers["unreachable"]}


def test_after_a_new_set(bed: Bed, world: World, tmp_path: Path) -> None:
    fill(world, HOOKS)
    ran = fleet_of(bed, world, tmp_path, HOOKS, {"adcs_ca_backup_max_age": "0s"})
    assert red_hosts(ran) == {*FAILED, *NOTHING} and ran.returncode == 2, ran.said()
    assert {host: len(world.labels(host)) for host in HOOKS} == {**dict.fromkeys(HOOKS, 4), **dict.fromkeys(GOOD, 2)}
    for host in HOOKS:
        entry = ran.entry(host)
        wanted = ("ok", world.labels(host)[0]) if host in GOOD else ("failed", None)
        assert (entry["status"], entry["replicated"]) == wanted, f"{host}: {entry['status']} {entry['message']}"
        assert entry["newest"]["label"] == world.labels(host)[0], host
    assert ran.page_statuses == ran.artifact_statuses()


def test_without_a_new_set(bed: Bed, world: World, tmp_path: Path) -> None:
    """Where documents remember no copy of the newest set, that is red; without documents it is green with a warning."""
    hooks = {
        name: HOOKS[name] for name in ("fails", "reaches-nobody-in-a-loop", "skipped", "loops-over-nothing", "copies")
    }
    fill(world, hooks)
    ran = fleet_of(bed, world, tmp_path / "documents", hooks, {})
    assert red_hosts(ran) == hooks.keys() - {"copies"}, ran.said()
    fill(world, hooks)
    ran = fleet_of(bed, world, tmp_path / "none", hooks, {"adcs_ca_backup_report_dir": UNSET})
    assert red_hosts(ran) == hooks.keys() & FAILED.keys(), ran.said()
    assert {host: len(world.labels(host)) for host in hooks} == {**dict.fromkeys(hooks, 3), "copies": 2}
    assert "did not show that it copied the set" in ran.stdout + ran.stderr, ran.said()


def test_a_copy_is_remembered(bed: Bed, world: World, tmp_path: Path) -> None:
    """A skipped hook is good once the document says that the newest set was copied, and only for that set."""
    fill(world, {"ca01": None})
    assert fleet_of(bed, world, tmp_path, {"ca01": GOOD["copies"]}, {"adcs_ca_backup_max_age": "0s"}).returncode == 0
    ran = fleet_of(bed, world, tmp_path, {"ca01": NOTHING["skipped"]}, {})
    assert ran.returncode == 0 and ran.entry("ca01")["replicated"] == world.labels("ca01")[0], ran.said()
    ran = fleet_of(bed, world, tmp_path, {"ca01": NOTHING["skipped"]}, {"adcs_ca_backup_max_age": "0s"})
    assert ran.returncode == 2 and ran.entry("ca01")["status"] == "failed", ran.said()


def test_a_hook_only_started(bed: Bed, world: World, tmp_path: Path) -> None:
    started = [
        {
            "name": "Copy",
            "ansible.builtin.command": "true",
            "async": 60,
            "poll": 0,
            "register": "adcs_ca_backup_replicated",
        }
    ]
    hook = [{**started[0], "delegate_to": "localhost"}]
    fill(world, {"ca01": hook})
    ran = fleet_of(bed, world, tmp_path, {"ca01": hook}, {"adcs_ca_backup_max_age": "0s"})
    assert ran.returncode == 2 and len(world.labels("ca01")) == 4, ran.said()
    assert "started" in ran.entry("ca01")["message"], ran.said()


def test_a_hook_that_cannot_be_used(bed: Bed, world: World, tmp_path: Path) -> None:
    """In the role it costs its own host; in the shipped playbook nobody is asked."""
    hooks: dict[str, Any] = {**REFUSED, "copies": GOOD["copies"]}
    fill(world, hooks)
    ran = fleet_of(bed, world, tmp_path, hooks, {})
    assert {line["host"] for line in ran.record} == {"copies"}, ran.said()
    assert red_hosts(ran) == set(REFUSED), ran.said()
    for host in REFUSED:
        entry = ran.entry(host)
        assert entry["status"] == "failed" and f"{host}.yml" in entry["message"], entry["message"]


@pytest.mark.parametrize("serial", [1, 10])
def test_a_shipped_playbook_with_a_hook_that_does_not_exist(
    bed: Bed, world: World, tmp_path: Path, serial: int
) -> None:
    """Row 2: refused by name before the first host is asked; the reports of all say so."""
    hosts = ("ca01", "ca02", "ca03")
    for host in hosts:
        world.add(host)
    missing = str(tmp_path / "missing.yml")
    inventory = inventory_of({host: {} for host in hosts}, cas=hosts)
    extra = {"adcs_ca_backup_path": DESTINATION, "adcs_ca_hosts": "cas", "adcs_ca_serial": serial}
    extra["adcs_ca_backup_replicate_tasks"] = missing
    ran = run(bed, world, "adcs.ca.backup_fleet", inventory, folder=tmp_path / "play", extra=extra)
    assert ran.returncode == 2 and not ran.record, ran.said()
    assert red_hosts(ran) == set(hosts), ran.said()
    assert ran.artifact_statuses() == ran.page_statuses == dict.fromkeys(hosts, "failed"), ran.said()
    assert all(missing in ran.entry(host)["message"] for host in hosts)


def test_a_relative_hook_lies_beside_the_users_playbook(bed: Bed, world: World, tmp_path: Path) -> None:
    """Row 7: a user's path never finds a file of the role, nor one of the installed collection."""
    for host in ("ca01", "ca02"):
        world.add(host)
        world.fill(host)
    inventory = inventory_of(
        {
            "ca01": {"adcs_ca_backup_replicate_tasks": "replicate.yml"},
            "ca02": {"adcs_ca_backup_replicate_tasks": "main.yml"},
        },
        cas=("ca01", "ca02"),
    )
    (tmp_path / "play").mkdir()
    (tmp_path / "play" / "replicate.yml").write_text(yaml.dump([COPY]), encoding="utf-8")
    extra = {"adcs_ca_backup_path": DESTINATION, "adcs_ca_backup_report_dir": "reports", "adcs_ca_hosts": "cas"}
    ran = run(bed, world, ROLES, inventory, folder=tmp_path / "play", extra=extra)
    assert "raw" in ran.asked("ca01") and ran.entry("ca01")["status"] == "ok", ran.said()
    assert not ran.asked("ca02") and "main.yml" in ran.entry("ca02")["message"], ran.said()
    world.forget()
    ran = run(bed, world, "adcs.ca.backup_fleet", inventory, folder=tmp_path / "shipped", extra=extra)
    assert ran.returncode == 2 and not ran.record, ran.said()
    assert "replicate.yml" in ran.stdout or "reports" in ran.stdout, ran.said()
    playbooks = bed.collections / "ansible_collections" / "adcs" / "ca" / "playbooks"
    assert not (playbooks / "reports").exists()

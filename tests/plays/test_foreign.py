# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text of hosts is no template; cached facts and variables from elsewhere are no verdict."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from helpers.plays.playbooks import RULES
from helpers.plays.runner import Bed, Ran, inventory_of, run
from helpers.plays.world import DESTINATION, World

ROLE = "adcs.ca.backup"
# 8641969 is what a template would make of it.
SUM = "8641969"
TEXT = " {{ 1234567 * 7 }} {% raw %} {# a #} ${HOME} <i>&amp;</i>"
SHOWN = "{{ 1234567 * 7 }} {% raw %}"
STATES: dict[str, dict[str, Any]] = {
    "ok": {},
    "failed": {"fail": {"backup": {"path": None, "message": "The CA is stopped."}}},
    "info-failed": {"fail": {"backup_info": {"path": None, "message": "No listing."}}},
    "expire-failed": {"fail": {"expire": {"path": None, "message": "Not deleted."}}},
    "lost": {"lost_at": "backup"},
    "lost-later": {"lost_at": "expire"},
}
RULED = {f"adcs_ca_backup_{name}": value for name, value in RULES.items()}
EXTRA = {"adcs_ca_backup_path": DESTINATION, "adcs_ca_hosts": "cas", "adcs_ca_backup_max_age": "0s", **RULED}
INVENTORY = inventory_of(dict.fromkeys(STATES, {}), cas=tuple(STATES))
ROLES = [{"name": "Back up", "hosts": "cas", "gather_facts": False, "roles": [{"role": ROLE}]}]
REPORT = {"ansible.builtin.import_role": {"name": ROLE, "tasks_from": "report"}}
ONLY_REPORT = [{"name": "Report", "hosts": "cas", "gather_facts": False, "tasks": [{"name": "Report", **REPORT}]}]


def red(ran: Ran) -> set[str]:
    return {host for host, numbers in ran.recap.items() if numbers["failed"] + numbers["unreachable"]}


@pytest.mark.parametrize("native", [False, True], ids=["text", "native"])
@pytest.mark.parametrize("playbook", ["backup_fleet", "check_backups", "role"])
def test_text_of_a_host_is_no_template(bed: Bed, world: World, tmp_path: Path, playbook: str, native: bool) -> None:
    for host, faults in STATES.items():
        world.add(host, name="Example CA", text=TEXT, **faults)
        world.fill(host)
    name = ROLES if playbook == "role" else f"adcs.ca.{playbook}"
    env = {"ANSIBLE_JINJA2_NATIVE": str(native)}
    ran = run(bed, world, name, INVENTORY, folder=tmp_path / "play", extra=EXTRA, env=env)
    everything = ran.stdout + ran.stderr + ran.page + json.dumps(ran.documents) + json.dumps(ran.artifact)
    assert SUM not in everything, ran.said()
    assert ran.documents.keys() == ran.page_statuses.keys() == ran.artifact_statuses().keys() == set(STATES), ran.said()
    for host in STATES:
        assert SHOWN in json.dumps(ran.documents[host]), f"{host}: {ran.documents[host]}"
    assert SHOWN in unescape(ran.page) and SHOWN in json.dumps(ran.artifact) and "<i>" not in ran.page
    if playbook != "check_backups":
        assert red(ran) == STATES.keys() - {"ok"}, ran.said()
        assert ran.entry("ok")["ca"]["name"] == f"Example CA{TEXT}"
        assert len(world.labels("ok")) == 2


def good_outcome(bed: Bed, folder: Path) -> dict[str, Any]:
    """Return the outcome of a CA that an earlier job judged good, as a thief of facts would keep it."""
    world = World(folder / "earlier")
    world.add("ca01")
    kept = str(folder / "outcome.json")
    steal = {"name": "Keep it", "ansible.builtin.copy": {"dest": kept, "content": "{{ adcs_ca_outcome | to_json }}"}}
    plays = [{**ROLES[0], "tasks": [{**steal, "delegate_to": "localhost"}]}]
    ran = run(bed, world, plays, inventory_of({"ca01": {}}, cas=("ca01",)), folder=folder / "first", extra=EXTRA)
    assert ran.returncode == 0, ran.said()
    found: dict[str, Any] = json.loads(Path(kept).read_text(encoding="utf-8"))
    assert found["host"] == "ca01" and found["destinations"][0]["status"] == "ok"
    return found


def test_an_outcome_from_elsewhere_is_no_verdict(bed: Bed, world: World, tmp_path: Path) -> None:
    outcome = good_outcome(bed, tmp_path)
    world.add("ca01")
    given = inventory_of({"ca01": {"adcs_ca_outcome": outcome}}, cas=("ca01",))
    ran = run(bed, world, ONLY_REPORT, given, folder=tmp_path / "inventory", extra=EXTRA)
    assert ran.returncode == 2 and ran.artifact_statuses() == {"ca01": "failed"} and not ran.record, ran.said()
    # what the role finds out itself wins over the inventory
    ran = run(bed, world, ROLES, given, folder=tmp_path / "role", extra=EXTRA)
    assert ran.returncode == 0 and ran.artifact_statuses() == {"ca01": "ok"}, ran.said()
    world.forget()
    plain = inventory_of({"ca01": {}}, cas=("ca01",))
    for name, plays in (("report", ONLY_REPORT), ("extra", ROLES), ("fleet", "adcs.ca.backup_fleet")):
        ran = run(bed, world, plays, plain, folder=tmp_path / name, extra={**EXTRA, "adcs_ca_outcome": outcome})
        assert ran.returncode != 0 and not ran.record, ran.said()
        assert "ok" not in ran.artifact_statuses().values(), ran.said()


def test_a_fact_cache_keeps_no_verdict(bed: Bed, world: World, tmp_path: Path) -> None:
    world.add("ca01")
    cache = tmp_path / "cache"
    env = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(cache)}
    plain = inventory_of({"ca01": {}}, cas=("ca01",))
    ran = run(bed, world, ROLES, plain, folder=tmp_path / "first", extra=EXTRA, env=env)
    assert ran.returncode == 0, ran.said()
    kept = "".join(file.read_text(encoding="utf-8") for file in cache.rglob("*") if file.is_file())
    assert "adcs_ca_outcome" not in kept
    # somebody caches it on purpose
    outcome = good_outcome(bed, tmp_path)
    cache.mkdir(exist_ok=True)
    for name in ("ca01", "s1_ca01"):
        (cache / name).write_text(json.dumps({"adcs_ca_outcome": outcome}), encoding="utf-8")
    ran = run(bed, world, ONLY_REPORT, plain, folder=tmp_path / "report", extra=EXTRA, env=env)
    assert ran.returncode == 2 and ran.artifact_statuses() == {"ca01": "failed"}, ran.said()
    world.add("ca01", **STATES["failed"])
    ran = run(bed, world, ROLES, plain, folder=tmp_path / "second", extra=EXTRA, env=env)
    assert ran.returncode == 2 and ran.artifact_statuses() == {"ca01": "failed"}, ran.said()


def test_results_of_an_earlier_job_are_no_results(bed: Bed, world: World, tmp_path: Path) -> None:
    """A listing or a proof that the inventory holds makes no CA good, and lets nothing expire."""
    world.add("ca01", **STATES["failed"])
    world.fill("ca01")
    proof = {"changed": True, "rc": 0}
    results = {
        f"adcs_ca_backup_{name}": {"changed": True, "label": "x", "sets": []}
        for name in ("result", "expire_result", "listing")
    }
    given = inventory_of({"ca01": {**results, "adcs_ca_backup_replicated": proof}}, cas=("ca01",))
    ran = run(bed, world, ROLES, given, folder=tmp_path / "play", extra=EXTRA)
    assert ran.returncode == 2 and ran.artifact_statuses() == {"ca01": "failed"}, ran.said()
    assert len(world.labels("ca01")) == 3 and "expire" not in ran.asked("ca01")

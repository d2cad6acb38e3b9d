# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blank, null, text and wrong values of every variable: what modules receive, what documents say, who is red."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.release import __version__ as core
from helpers.plays.runner import UNSET, Bed, Ran, inventory_of, run
from helpers.plays.values import (
    DEPTHS,
    SERIALS,
    SERIALS_REFUSED,
    Cases,
    Default,
    Entry,
    Expectation,
    Holds,
    NewSet,
    Option,
    Refused,
    Rule,
    hosts_of_cases,
)
from helpers.plays.world import DESTINATION, HOUR_S, World

NATIVE_CAN_BE_OFF = tuple(map(int, core.split(".")[:2])) < (2, 19)
PLAIN = "plain"
UNDEFINED = "{{ nowhere }}"
PREFIX = "adcs_ca_backup_"
OTHER = "D:\\Other"
ROLES = [{"name": "Back up", "hosts": "all", "gather_facts": False, "roles": [{"role": "adcs.ca.backup"}]}]


def ages_of(world: World) -> list[int]:
    """Return a fresh set and five of one day, of which the default rules keep the newest and, as the oldest, the first."""
    noon = (world.now - timedelta(days=2)).replace(hour=12, minute=0, second=0)
    return [HOUR_S, *(round((world.now - noon).total_seconds()) + hour * HOUR_S for hour in range(5))]


def make(world: World, host: str) -> None:
    # what a value of previous_host names made the sets as well as this host did
    world.add(host)
    for path in (DESTINATION, OTHER):
        world.fill(host, ages_of(world), path)


def problems(ran: Ran, host: str, cases: Cases) -> list[str]:
    """Return in what a host differs from what its values must come to."""
    numbers = ran.recap[host]
    is_red = numbers["failed"] + numbers["unreachable"] > 0
    document = ran.documents.get(host)
    if any(isinstance(wanted, Refused) for _, wanted in cases.values()):
        found = [] if is_red else ["it is green"]
        found += [f"it was asked for {asked}" for asked in ran.asked(host)]
        if "report_dir" in cases:
            return found
        return [*found, *(_refusal_problems(document["destinations"], cases) if document else ["it has no document"])]
    if document is None:
        return ["it has no document"]
    (entry,) = document["destinations"]
    found = ["it is red"] if is_red else []
    found += [] if entry["status"] == "ok" else [f"its document says {entry['status']}: {entry['message']}"]
    return found + [
        f"{name} {value!r}: {wrong}"
        for name, (value, wanted) in cases.items()
        for wrong in _difference(ran, host, entry, wanted)
    ]


def _refusal_problems(entries: list[dict[str, Any]], cases: Cases) -> list[str]:
    """Return what the document of a refused host does not say."""
    if len(entries) != 1 or entries[0]["status"] != "failed":
        return [f"its document says {entries}"]
    message = entries[0]["message"]
    return [
        f"its document does not name {name} {value!r}: {message}"
        for name, (value, _) in cases.items()
        if f"{PREFIX}{name}" not in message
    ]


def _difference(ran: Ran, host: str, entry: Mapping[str, Any], wanted: Expectation) -> list[str]:
    """Return how what was asked first of each module, or the document, differs."""
    asked = _asked_first(ran, host)
    if isinstance(wanted, Default):
        plain = _asked_first(ran, PLAIN)
        return [] if _same(asked, plain) else [f"it was asked for {asked}, not for {plain}"]
    if isinstance(wanted, Option):
        value = asked.get(wanted.module, {}).get(wanted.name)
        return [] if _same(value, wanted.value) else [f"{wanted.module} received {wanted.name}: {value!r}"]
    if isinstance(wanted, Rule):
        value = (entry["retention"] or {"policy": {}})["policy"].get(wanted.name)
        return [] if _same(value, wanted.value) else [f"the plan has {wanted.name}: {value!r}"]
    if isinstance(wanted, Entry):
        value = entry[wanted.name]
        return [] if _same(value, wanted.value) else [f"the document has {wanted.name}: {value!r}"]
    if isinstance(wanted, Holds):
        held = len(ran.world.labels(host))
        return [] if held == wanted.sets else [f"it holds {held} sets"]
    assert isinstance(wanted, NewSet)
    return [] if ran.world.labels(host)[0] >= f"{ran.world.now:%Y%m%dT%H%M%SZ}" else ["no backup was made"]


def _asked_first(ran: Ran, host: str) -> dict[str, Any]:
    return {line["module"]: line["params"] for line in reversed(ran.record) if line["host"] == host}


def _same(value: Any, wanted: Any) -> bool:
    """Say whether two values are equal and of the same types, in every part."""
    return repr(value) == repr(wanted)


def hosts_of_run(native: bool) -> dict[str, Cases]:
    """Return the hosts of the run with or without native types.

    Where these cannot be switched off, the two runs differ in the playbook alone. Then a host that both could take is in one of them.
    """
    shipped = hosts_of_cases(without=("replicate_tasks", "report_follows"))
    role = {
        host: cases
        for host, cases in hosts_of_cases().items()
        if UNDEFINED not in [value for value, _ in cases.values()]
    }
    if NATIVE_CAN_BE_OFF:
        return shipped if native else role
    both = [host for host in role if role[host] == shipped.get(host)]
    taken = {True: {*both[::2], *(shipped.keys() - role.keys())}, False: role.keys() - set(both[::2])}
    return {host: cases for host, cases in (shipped if native else role).items() if host in taken[native]}


@pytest.mark.parametrize("native", [False, True], ids=["text", "native"])
def test_every_value_of_every_variable(bed: Bed, world: World, tmp_path: Path, native: bool) -> None:
    """The role in a play without native types; with them the shipped playbook.

    Its guard refuses a hook for all hosts, and it sets ``report_follows`` itself. In a play with ``roles`` ansible-core works out
    all templates before the role begins.
    """
    hosts = hosts_of_run(native)
    for host in (PLAIN, *hosts):
        make(world, host)
    given = {host: {f"{PREFIX}{name}": value for name, (value, _) in cases.items()} for host, cases in hosts.items()}
    inventory = inventory_of({PLAIN: {}, **given})
    inventory["all"]["vars"] = {f"{PREFIX}path": DESTINATION, f"{PREFIX}report_dir": str(tmp_path / "play" / "reports")}
    extra: dict[str, Any] = {f"{PREFIX}report_dir": UNSET}
    extra |= {"adcs_ca_hosts": "all", "adcs_ca_serial": "1000"} if native else {}
    playbook = "adcs.ca.backup_fleet" if native else ROLES
    env = {"ANSIBLE_JINJA2_NATIVE": str(native)}
    ran = run(bed, world, playbook, inventory, folder=tmp_path / "play", extra=extra, env=env, timeout_s=240)
    assert ran.returncode == 2, ran.said()
    assert PLAIN in ran.recap and ran.recap[PLAIN]["failed"] == 0, ran.said()
    assert ran.entry(PLAIN)["status"] == "ok", ran.said()
    assert len(world.labels(PLAIN)) == 3
    found = {host: wrong for host, cases in hosts.items() if (wrong := problems(ran, host, cases))}
    assert not found, "\n".join([ran.command, *(f"{host}: {line}" for host, wrong in found.items() for line in wrong)])
    refused = sum(any(isinstance(wanted, Refused) for _, wanted in cases.values()) for cases in hosts.values())
    assert ran.artifact is not None and ran.artifact["counts"]["failed"] == refused


@pytest.mark.parametrize("native", [False, True], ids=["text", "native"])
def test_the_depth_of_the_check(bed: Bed, world: World, tmp_path: Path, native: bool) -> None:
    cases = {f"depth-{number}": case for number, case in enumerate(DEPTHS)}
    for host in (PLAIN, *cases):
        make(world, host)
    inventory = inventory_of({PLAIN: {}, **{host: {f"{PREFIX}depth": value} for host, (value, _) in cases.items()}})
    role = {"ansible.builtin.import_role": {"name": "adcs.ca.backup", "tasks_from": "verify"}}
    play = [{"name": "Check", "hosts": "all", "gather_facts": False, "tasks": [{"name": "Check", **role}]}]
    extra = {f"{PREFIX}path": DESTINATION}
    env = {"ANSIBLE_JINJA2_NATIVE": str(native)}
    ran = run(bed, world, play, inventory, folder=tmp_path / "play", extra=extra, env=env)
    found = {repr(case[0]): problems(ran, host, {"depth": case}) for host, case in cases.items()}
    assert not any(found.values()), f"{found}\n{ran.said()}"
    asked, files = [line["params"] for line in ran.record if line["host"] == PLAIN]
    assert files["files_of"] and files["verify"] == "none"
    assert asked["verify"] == "hashes" and asked["fail_on_problems"] is False


@pytest.mark.parametrize("serial", SERIALS, ids=repr)
def test_a_size_of_batches(bed: Bed, world: World, tmp_path: Path, serial: Any) -> None:
    hosts = ("ca01", "ca02", "ca03")
    for host in hosts:
        world.add(host)
    extra = {f"{PREFIX}path": DESTINATION, "adcs_ca_hosts": "all", "adcs_ca_serial": serial}
    ran = run(
        bed,
        world,
        "adcs.ca.backup_fleet",
        inventory_of(dict.fromkeys(hosts, {})),
        folder=tmp_path / "play",
        extra=extra,
    )
    assert ran.returncode == 0, ran.said()
    assert all(len(world.labels(host)) == 1 for host in hosts), ran.said()
    batches = ran.stdout.count("PLAY [Back up")
    assert (batches == 1) == (serial in (None, "  ", "{{ omit }}")), ran.said()


@pytest.mark.parametrize("serial", SERIALS_REFUSED, ids=repr)
def test_a_size_of_batches_that_makes_no_sense(bed: Bed, world: World, tmp_path: Path, serial: Any) -> None:
    world.add("ca01")
    extra = {f"{PREFIX}path": DESTINATION, "adcs_ca_hosts": "all", "adcs_ca_serial": serial}
    ran = run(bed, world, "adcs.ca.backup_fleet", inventory_of({"ca01": {}}), folder=tmp_path / "play", extra=extra)
    assert ran.returncode not in (0, 250) and "adcs_ca_serial" in ran.stdout + ran.stderr, ran.said()
    assert not ran.asked("ca01") and "Traceback" not in ran.stdout + ran.stderr, ran.said()

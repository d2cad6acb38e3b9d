# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings as what a user writes and types: the playbook as data, the command line, the variables, the environment."""

from __future__ import annotations

import dataclasses
from typing import Any

from helpers.plays.settings import CAS, ENDED, LIMITED, WEB, Settings
from helpers.plays.world import DESTINATION

SECOND = r"\\backup\ca"
ROLE = "adcs.ca.backup"
TAG = "nightly"
TIMEOUT_S = 3
# Two sets stay, so that each good CA has something to expire.
RULES = {"keep_last": 2, "keep_daily": 0, "keep_weekly": 0, "keep_monthly": 0, "keep_minimum": 1}
IS_CA = "inventory_hostname in groups['cas']"

Task = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Command:
    """What the user starts."""

    playbook: str | list[dict[str, Any]]
    options: tuple[str, ...]
    extra: dict[str, Any]
    env: dict[str, str]


def command_of(settings: Settings) -> Command:
    """Return how a user starts this play."""
    options: list[str] = []
    if settings.tags:
        matching = "always" if settings.is_shipped else TAG
        options += ["--tags", matching if settings.tags == "match" else "other"]
    if settings.limit:
        options += ["--limit", ",".join(host for host in LIMITED if host != WEB or settings.condition)]
    if settings.check:
        options += ["--check"]
    env = {"ANSIBLE_JINJA2_NATIVE": str(settings.native)}
    extra = {f"adcs_ca_backup_{name}": value for name, value in RULES.items()}
    # every run makes a backup, and one that hangs is given up
    extra["adcs_ca_backup_max_age"] = "0s"
    if "hangs" in dict(settings.states).values():
        extra["adcs_ca_backup_timeout_s"] = TIMEOUT_S
    if not settings.is_shipped:
        return Command(_users_plays(settings), tuple(options), extra, env)
    extra |= {"adcs_ca_hosts": "cas", "adcs_ca_backup_path": DESTINATION}
    if settings.serial:
        extra["adcs_ca_serial"] = settings.serial
    # a user's configuration can say these of a playbook that is not his
    env |= {"ANSIBLE_STRATEGY": "free"} if settings.free else {}
    env |= {"ANSIBLE_ANY_ERRORS_FATAL": "true"} if settings.fatal else {}
    return Command(f"adcs.ca.{settings.kind}", tuple(options), extra, env)


def _users_plays(settings: Settings) -> list[dict[str, Any]]:
    play: dict[str, Any] = {"name": "Back up", "hosts": hosts_of(settings), "gather_facts": False}
    play |= {"serial": settings.serial} if settings.serial else {}
    play |= {"order": "reverse_inventory"} if settings.reverse else {}
    play |= {"strategy": "free"} if settings.free else {}
    play |= {"any_errors_fatal": True} if settings.fatal else {}
    play |= {"ignore_errors": True} if settings.ignore else {}
    play |= {"max_fail_percentage": 0} if settings.percent else {}
    if settings.end_host:
        end = {"ansible.builtin.meta": "end_host", "when": f"inventory_hostname == '{ENDED}'", "tags": "always"}
        play["pre_tasks"] = [{"name": "End a host", **end}]
    paths = (DESTINATION, SECOND)[: settings.destinations]
    if settings.kind == "roles":
        return [{**play, "roles": [_in_roles(settings, path) for path in paths]}]
    if settings.kind == "import_role":
        return [{**play, "tasks": [_imported(settings, path) for path in paths]}]
    if settings.kind == "include_role":
        return [{**play, "tasks": [_included(settings, path) for path in paths]}]
    return [{**play, "tasks": [_rescued(settings, path) for path in paths]}, _report(settings)]


def hosts_of(settings: Settings) -> str:
    """Return the hosts of a user's play: with a condition, a host is among them that is no CA."""
    return f"{WEB}:cas" if settings.condition else "cas"


def _common(settings: Settings) -> Task:
    found: Task = {"when": IS_CA} if settings.condition else {}
    return found | ({"tags": [TAG]} if settings.tags else {})


def _misuse(settings: Settings) -> Task:
    return {"run_once": {"run_once": True}, "delegate_to": {"delegate_to": "localhost"}, "": {}}[settings.misuse]


def _variables(settings: Settings, path: str) -> Task:
    follows = {"adcs_ca_backup_report_follows": True} if settings.kind == "rescue" else {}
    return {"adcs_ca_backup_path": path, **follows}


def _in_roles(settings: Settings, path: str) -> Task:
    return {"role": ROLE, "vars": _variables(settings, path), **_common(settings), **_misuse(settings)}


def _imported(settings: Settings, path: str) -> Task:
    role = {"ansible.builtin.import_role": {"name": ROLE}, "vars": _variables(settings, path)}
    return {"name": f"Back up to {path}", **role, **_common(settings), **_misuse(settings)}


def _included(settings: Settings, path: str) -> Task:
    passed = {**({"tags": [TAG]} if settings.tags else {}), **_misuse(settings)}
    role = {"name": ROLE, **({"apply": passed} if passed else {})}
    task = {"ansible.builtin.include_role": role, "vars": _variables(settings, path)}
    return {"name": f"Back up to {path}", **task, **_common(settings)}


def _rescued(settings: Settings, path: str) -> Task:
    """Return the block of the guide, which leaves a failure to the play that reports. A condition needs include_role."""
    call = _included(settings, path) if settings.condition else _imported(settings, path)
    rescue: Task = {"name": "Go on", "ansible.builtin.debug": {"msg": "The play that reports tells of it."}}
    return {"name": f"Back up to {path}, and go on", "block": [call], "rescue": [rescue], **_tags(settings)}


def _tags(settings: Settings) -> Task:
    return {"tags": [TAG]} if settings.tags else {}


def _report(settings: Settings) -> dict[str, Any]:
    role = {"ansible.builtin.import_role": {"name": ROLE, "tasks_from": "report"}}
    play = {"name": "Report", "hosts": hosts_of(settings), "gather_facts": False}
    return {**play, "tasks": [{"name": "Report", **role, **_common(settings)}]}


def play_hosts(settings: Settings) -> list[str]:
    """Return the hosts of the play that backs up, in its order."""
    hosts = [*([WEB] if settings.condition and not settings.is_shipped else []), *CAS]
    hosts = [host for host in hosts if not settings.limit or host in LIMITED]
    return list(reversed(hosts)) if settings.reverse else hosts

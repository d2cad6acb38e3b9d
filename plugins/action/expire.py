# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of ``adcs.ca.expire``: list the sets, plan here, and let the module delete what the plan names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PureWindowsPath
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import checked_option, given_args
from ansible_collections.adcs.ca.plugins.plugin_utils.job._role_variables import destination
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._clock import clock_doubt, without_deletions
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import (
    UNKNOWN_LABEL,
    Plan,
    Policy,
    PolicyError,
    plan,
)

POLICY_OPTIONS = {
    "keep_daily": {"type": "int"},
    "keep_hourly": {"type": "int"},
    "keep_labels": {"type": "list", "elements": "str", "default": []},
    "keep_last": {"type": "int"},
    "keep_monthly": {"type": "int"},
    "keep_weekly": {"type": "int"},
    "keep_within": {"type": "str"},
    "keep_yearly": {"type": "int"},
}
# the end of the name of a set that expired, while it is deleted
EXPIRED = ".expired"
ARGUMENT_SPEC = {
    **POLICY_OPTIONS,
    "ignored_names": {"type": "list", "elements": "str", "default": []},
    "keep_minimum": {"type": "int", "default": 1},
    "limit": {"type": "int", "default": 10},
    "path": {"type": "str", "required": True},
    "previous_host": {"type": "str"},
}


class ActionModule(ActionBase):
    """At most two modules run on the host: ``backup_info``, and ``expire`` when there is something to delete."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what ``plugins/modules/expire.yml`` documents; AnsibleActionFail for options that make no sense."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._task.args = given_args(self._task.args)
        _, options = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        policy = _policy(options)

        listing = self._execute_module(
            module_name="adcs.ca.backup_info", module_args=_repository(options), task_vars=task_vars
        )
        result.update(_facts(listing))
        if listing.get("failed") or listing.get("unreachable"):
            return {**listing, **result}
        foreign = [problem["message"] for problem in listing["problems"] if problem["kind"] == "owner"]
        if foreign:
            return {**result, "failed": True, "msg": " ".join(foreign)}

        planned = plan(
            listing["sets"], policy, listing["now"], keep_minimum=options["keep_minimum"], limit=options["limit"]
        )
        # a mistyped label lets the set go that was meant to stay: that has to be seen without looking into the plan
        warnings = [*(listing.get("warnings") or [])]
        warnings += [warning for warning in planned.warnings if warning.startswith(UNKNOWN_LABEL)]
        doubt = clock_doubt(listing["sets"], listing["now"])
        if planned.remove and doubt:
            planned = without_deletions(planned, doubt)
            warnings.insert(0, planned.warnings[0])
        result["policy"] = {name: options[name] for name in POLICY_OPTIONS}
        result["plan"] = planned.as_dict()
        if warnings:
            result["warnings"] = warnings
        if self._task.diff:
            result["diff"] = _diff(
                listing["sets"], planned, "a date cannot be trusted" if doubt else "held back by limit"
            )
        if not planned.remove and (doubt or not any(map(_is_expired, listing["problems"]))):
            return result

        deleted = self._execute_module(module_args=_module_args(options, planned), task_vars=task_vars)
        result.update(deleted, **_what_stays(listing, deleted))
        if warnings:
            result["warnings"] = [*warnings, *deleted.get("warnings", [])]
        return result


def _policy(options: dict[str, Any]) -> Policy:
    """Return the policy, and trim ``path``; AnsibleActionFail for options that make no sense on any host."""
    for name in ("keep_minimum", "limit"):
        if options[name] < 1:
            raise AnsibleActionFail(f"{name}: it is {options[name]}, but must be at least 1.")
    options["path"] = checked_option("path", destination, options["path"])
    try:
        return Policy.parse({name: options[name] for name in POLICY_OPTIONS})
    except PolicyError as error:
        raise AnsibleActionFail(str(error)) from error


def _facts(listing: Mapping[str, Any]) -> dict[str, Any]:
    """Return every documented key with what the listing says, as if nothing was to be deleted."""
    empty = {"ca": {"name": None, "host": None}, "folder_name": None, "now": None, "path": None}
    facts = {key: listing.get(key, default) for key, default in empty.items()}
    facts |= {key: listing.get(key, []) for key in ("problems", "sets")}
    facts["space"] = listing.get("space") or {"destination": None, "log_volume": None, "logs": None}
    space = {"bytes_freed": 0, "free_bytes_before": None, "free_bytes_after": None}
    return {**facts, **space, "changed": False, "leftovers": [], "removed": [], "policy": {}, "plan": {}}


def _is_expired(problem: Mapping[str, Any]) -> bool:
    """Return whether it is what an earlier run could not delete in full."""
    return bool(problem["kind"] == "leftover" and problem["path"].endswith(EXPIRED))


def _what_stays(listing: Mapping[str, Any], deleted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sets and the problems of the listing without what the module deleted."""
    removed = deleted.get("removed", [])
    discarded = [entry["label"] for entry in deleted.get("leftovers", []) if entry["action"] == "discarded"]
    return {
        "sets": [entry for entry in listing["sets"] if entry["label"] not in removed],
        "problems": [
            problem
            for problem in listing["problems"]
            if not (_is_expired(problem) and PureWindowsPath(problem["path"]).name in discarded)
        ],
    }


def _module_args(options: Mapping[str, Any], planned: Plan) -> dict[str, Any]:
    return {**_repository(options), "_labels": list(planned.remove), "keep_minimum": options["keep_minimum"]}


def _repository(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that say whose repository it is, as both modules take them."""
    return {name: options[name] for name in ("ignored_names", "path", "previous_host") if options[name]}


def _diff(sets: list[dict[str, Any]], planned: Plan, held_back: str) -> dict[str, str]:
    """Return the repository before and after as text, a line for each set with why it stays; ``held_back`` is why due ones do."""
    reasons = {kept.label: f"stays: {', '.join(kept.reasons)}" for kept in planned.keep}
    reasons |= {label: f"stays: {held_back}" for label in planned.held_back}
    lines = {entry["label"]: f"{entry['label']}  {reasons.get(entry['label'], 'goes')}\n" for entry in sets}
    after = "".join(line for label, line in lines.items() if label not in planned.remove)
    return {"before": "".join(lines.values()), "after": after}

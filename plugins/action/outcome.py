# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``adcs.ca.outcome``: write the document of a host and return its outcome, for plays without the role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import EXPECTED
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import ADDED_STATUSES, OFFLINE_FAILS
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import Run
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._space import Limits, limits_of
from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import checked_option, given_args, outcome_of, user_path
from ansible_collections.adcs.ca.plugins.plugin_utils.job._recorder import (
    failed_task,
    lost_run,
    outcome,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.job._role_variables import VARIABLES, check_range, destination
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import Written

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "backup_result": {"type": "str"},
    "expected": {"type": "str", "choices": list(EXPECTED), "default": "online"},
    "fail_on": {"type": "list", "elements": "str", "choices": list(ADDED_STATUSES), "default": []},
    "late_after_s": {"type": "int"},
    "path": {"type": "str", "required": True},
    "report_dir": {"type": "str"},
    "rescued": {"type": "bool", "default": False},
    "sets_result": {"type": "str"},
    "warn_free_percent": {"type": "int", "default": Limits.free_percent},
    "warn_full_days": {"type": "int", "default": Limits.full_days},
    "warn_untruncated_nights": {"type": "int", "default": Limits.untruncated_nights},
}
NUMBERS = [name for name, option in ARGUMENT_SPEC.items() if option["type"] == "int"]


class ActionModule(ActionBase):
    """Runs on the controller alone; no connection is opened."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what ``plugins/modules/outcome.py`` documents."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._task.args = given_args(self._task.args)
        _, options = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        if self._task.run_once:
            raise AnsibleActionFail("run_once: the outcome of one host would be given to all. Remove run_once.")
        variables = task_vars or {}
        host = variables["inventory_hostname"]
        options["path"] = checked_option("path", destination, options["path"])
        report_dir = options["report_dir"]
        folder = checked_option("report_dir", user_path, report_dir, variables) if report_dir else None
        for name in NUMBERS:
            # a number has the bounds of the role's variable of that name
            if options[name] is not None:
                checked_option(name, check_range, options[name], VARIABLES[name].least, VARIABLES[name].most)
        written = Written(bool(self._task.check_mode))
        before = outcome_of(variables, host)
        found = outcome(
            host,
            _run(host, options, variables, written.check_mode),
            # nobody knows what the one before looked at: none makes another one better
            entry=f"outcome {len(before['destinations']) if before else 0}",
            folder=folder,
            fail_on=[*options["fail_on"], *OFFLINE_FAILS] if options["expected"] == "offline" else options["fail_on"],
            before=before,
            written=written,
        )
        return {**result, **found, **({"diff": written.diff} if self._task.diff else {})}


def _run(host: str, options: Mapping[str, Any], variables: Mapping[str, Any], check_mode: bool) -> Run:
    """Return what the run came to, from the variables that its tasks registered."""
    backup, sets = (_registered(options, name, variables) for name in ("backup_result", "sets_result"))
    facts: dict[str, Any] = {"backup": backup, "listing": sets, "late_after_s": options["late_after_s"]}
    facts |= {"is_offline": options["expected"] == "offline", "limits": limits_of(options)}
    facts["tried"] = backup is not None or options["rescued"]
    results = [found for found in (backup, sets) if found]
    lost = lost_run(host, variables, results)
    failed = next((found for found in results if found.get("failed") or found.get("skipped")), None)
    if options["rescued"]:
        return Run(options["path"], "failed", failed_task(variables), **facts)
    if lost:
        return Run(options["path"], **lost, **facts)
    if failed:
        return Run(options["path"], "failed", str(failed.get("msg") or "A task was skipped or failed."), **facts)
    if sets is not None and not isinstance(sets.get("sets"), list):
        return Run(options["path"], "failed", f"The variable {options['sets_result']} holds no list of sets.", **facts)
    return Run(options["path"], expected=backup.get("label") if backup and not check_mode else None, **facts)


def _registered(options: Mapping[str, Any], name: str, variables: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the result that a variable holds; AnsibleActionFail when it holds none."""
    if not options[name]:
        return None
    found = variables.get(options[name])
    if not isinstance(found, Mapping):
        raise AnsibleActionFail(
            f"{name}: there is no registered variable {options[name]!r}. Give the name alone, without braces."
        )
    return found

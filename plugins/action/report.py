# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``adcs.ca.report``: draw the page of a fleet, set the artifact of the job, and say which hosts need attention."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import ADDED_STATUSES
from ansible_collections.adcs.ca.plugins.plugin_utils.job._drawing import draw_all
from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import checked_option, given_args, user_path
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import Written

ARGUMENT_SPEC = {
    "fail_on": {"type": "list", "elements": "str", "choices": list(ADDED_STATUSES), "default": []},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "report_dir": {"type": "str"},
}


class ActionModule(ActionBase):
    """Runs on the controller alone; no connection is opened."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what ``plugins/modules/report.py`` documents."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._task.args = given_args(self._task.args)
        _, options = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        variables = task_vars or {}
        report_dir = options["report_dir"]
        folder = str(checked_option("report_dir", user_path, report_dir, variables)) if report_dir else None
        written = Written(bool(self._task.check_mode))
        drawn = draw_all(variables, options["hosts"], folder, written)
        if not drawn.outcomes:
            raise AnsibleActionFail(
                "No host recorded an outcome in this job, and hosts names none. Nothing was written. Report in the job that makes the backups."
            )
        result.update(drawn.result(is_whole=True), **drawn.attention(options["fail_on"]))
        if self._task.diff:
            result["diff"] = written.diff
        return result

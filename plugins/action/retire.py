# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``adcs.ca.retire``: put the document of a CA that is gone aside, and draw the page without it. No CA is asked anything."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import checked_option, given_args, user_path
from ansible_collections.adcs.ca.plugins.plugin_utils.job._role_variables import plain_line
from ansible_collections.adcs.ca.plugins.plugin_utils.records._files import FileError
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import Written
from ansible_collections.adcs.ca.plugins.plugin_utils.records._retirement import (
    RetireError,
    carry_out,
    draw_again,
    retirement,
)

ARGUMENT_SPEC = {
    "host": {"type": "str", "required": True},
    "path": {"type": "str"},
    "report_dir": {"type": "str", "required": True},
}


class ActionModule(ActionBase):
    """Runs on the controller alone; no connection is opened."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what ``plugins/modules/retire.py`` documents."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._task.args = given_args(self._task.args)
        _, options = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        folder = checked_option("report_dir", user_path, options["report_dir"], task_vars or {})
        host = checked_option("host", plain_line, options["host"])
        path = checked_option("path", plain_line, options["path"]) if options["path"] else None
        written = Written(bool(self._task.check_mode))
        try:
            planned = retirement(folder, host, path)
            if planned:
                carry_out(planned, written)
            else:
                draw_again(folder, written)
        except (FileError, RetireError) as error:
            # an exception would come with words of ansible-core's around it
            return {**result, "failed": True, "msg": str(error)}
        result |= {
            "changed": planned is not None or bool(written.files),
            "files": written.files,
            "retired": str(planned.target) if planned else None,
        }
        if self._task.diff:
            result["diff"] = written.diff
        # the CA is off the reports all the same: the next report draws the page
        if written.not_written:
            result["warnings"] = [f"The page was not drawn. {item['why']}" for item in written.not_written]
        return result

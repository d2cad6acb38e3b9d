# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter ``adcs.ca.whole_job``; its documentation is in ``whole_job.yml``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible import context
from ansible.errors import AnsibleFilterError


def whole_job(pattern: Any) -> Any:
    """Return the pattern of a play; AnsibleFilterError when the command line leaves out the tasks that judge."""
    given = {f"--skip-tags {tag}" for tag in context.CLIARGS.get("skip_tags") or () if tag in ("always", "tagged")}
    given |= {"--start-at-task"} if context.CLIARGS.get("start_at_task") else set()
    if given:
        raise AnsibleFilterError(
            f"{' and '.join(sorted(given))} would skip the tasks that judge the CAs. Run the job without."
        )
    return pattern


class FilterModule:
    """What ansible-core asks for the filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"whole_job": whole_job}

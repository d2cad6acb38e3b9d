# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the shipped playbooks have somebody to back up, and know in which batches."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.inventory.manager import split_host_pattern
from ansible_collections.adcs.ca.plugins.plugin_utils.job._role_variables import is_left_out

SERIAL = re.compile(r"[1-9][0-9]*%?")


class Guard:
    """The pattern and the batches of a job; each method raises AnsibleActionFail with a sentence."""

    def __init__(self, variables: Mapping[str, Any], hosts_of: Callable[[str], list[str]]) -> None:
        """Take the variables of the host that asks, and what returns the hosts of a pattern, limit aside."""
        self._variables = variables
        self._hosts_of = hosts_of

    def meant_hosts(self, pattern: Any) -> list[str]:
        """Return the hosts of the pattern that are within the limit of the job, at least one."""
        parts = [part for item in _texts(pattern) for part in split_host_pattern(item) if part.strip()]
        if not parts:
            raise AnsibleActionFail(
                "adcs_ca_hosts is missing or blank. Say which hosts are certification authorities, such as -e adcs_ca_hosts=cas."
            )
        for part in (part for part in parts if not part.startswith("!")):
            if not self._hosts_of(part.lstrip("&")):
                raise AnsibleActionFail(
                    f"adcs_ca_hosts: '{part}' matches no host of the inventory. No host was asked. Correct the pattern "
                    f"'{','.join(parts)}', or add the host or group."
                )
        within = set(self._variables["ansible_play_hosts_all"])
        found = self._hosts_of(",".join(parts))
        meant = [host for host in found if host in within]
        if not meant:
            where = "within the limit of this job" if found else "of the inventory"
            raise AnsibleActionFail(f"adcs_ca_hosts: '{','.join(parts)}' matches no host {where}. No host was asked.")
        return meant

    @staticmethod
    def check_serial(serial: Any) -> None:
        """Refuse a size of batches that makes no sense."""
        for size in serial if isinstance(serial, list) and serial else [serial]:
            if not is_left_out(size) and (isinstance(size, bool) or not SERIAL.fullmatch(str(size).strip())):
                raise AnsibleActionFail(
                    f"adcs_ca_serial: {size!r} is no number of hosts, such as 10 or 25%. No host was asked."
                )


def _texts(pattern: Any) -> list[str]:
    items = pattern if isinstance(pattern, (list, tuple)) else [pattern]
    return [str(item) for item in items if not is_left_out(item)]

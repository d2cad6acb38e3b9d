# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter ``adcs.ca.retention_plan``; its documentation is in ``retention_plan.yml``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import Policy, plan


def retention_plan(
    sets: Sequence[Mapping[str, Any]],
    policy: Mapping[str, Any],
    now: str,
    keep_minimum: int = 1,
    limit: int | None = None,
) -> dict[str, Any]:
    """Return ``{keep, remove, held_back, warnings, next_to_go, next_after_backups, next_due}``; AnsibleFilterError for input that makes no sense."""
    for name, number in {"keep_minimum": keep_minimum, "limit": limit}.items():
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise AnsibleFilterError(f"adcs.ca.retention_plan: {name}: {number!r} is not a whole number from 1.")
    if isinstance(sets, (str, Mapping)) or not isinstance(policy, Mapping):
        raise AnsibleFilterError("adcs.ca.retention_plan: it takes a list of sets and a dictionary of rules.")
    try:
        return plan(sets, Policy.parse(policy), now, keep_minimum=keep_minimum, limit=limit).as_dict()
    except KeyError as error:
        raise AnsibleFilterError(f"adcs.ca.retention_plan: a set has no {error}.") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"adcs.ca.retention_plan: {error}") from error


class FilterModule:
    """What ansible-core asks for the filters of this file."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {"retention_plan": retention_plan}

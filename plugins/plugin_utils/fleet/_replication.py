# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether what a hook registered shows that it copied the set. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROOF = "adcs_ca_backup_replicated"


def bad_copy(proof: Any) -> str:
    """Return why a hook failed, by what its task registered; empty when it did not fail."""
    for place, result in _results(proof):
        if result.get("unreachable"):
            return f"{place} did not reach its host"
        if result.get("failed"):
            return f"{place} failed"
    return ""


def unproved_copy(proof: Any) -> str:
    """Return why what a hook registered proves no copy, though nothing failed; empty when it proves one."""
    if not isinstance(proof, Mapping) or not proof:
        return f"no task registered {PROOF}"
    if isinstance(proof.get("results"), list) and not proof["results"]:
        return "the task looped over nothing"
    for place, result in _results(proof):
        if result.get("skipped"):
            return f"{place} was skipped"
        if result.get("ansible_job_id") and not result.get("finished"):
            return f"{place} was started, but nobody waited for its end"
    return ""


def _results(proof: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Return ``(what it is, result)`` of a task and of each item of its loop."""
    if not isinstance(proof, Mapping):
        return []
    results = proof.get("results")
    items = results if isinstance(results, list) else []
    listed = [(f"item {place} of {len(items)}", item) for place, item in enumerate(items, start=1)]
    return [(place, item) for place, item in listed if isinstance(item, Mapping)] + [("the task", proof)]

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module expire, and what is left after it."""

from __future__ import annotations

from typing import Any

from helpers.component.case import Case
from helpers.component.worker import ModuleRun


def expire(case: Case, labels: list[str], *, check_mode: bool = False, **params: Any) -> ModuleRun:
    return case.module("expire", _labels=labels, check_mode=check_mode, **params)


def names(case: Case) -> list[str]:
    """What lies in the repository, whatever it is."""
    return sorted(entry.name for entry in case.repository.iterdir())

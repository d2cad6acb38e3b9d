# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for something that another process does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

POLL_S = 0.05


def wait_for(condition: Callable[[], bool], deadline_s: float) -> None:
    """Wait until something is so; AssertionError when it is not in time."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, f"it did not come to that in {deadline_s:.0f} s"
        threading.Event().wait(POLL_S)

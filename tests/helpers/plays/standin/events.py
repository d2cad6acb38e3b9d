# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``adcs.ca.events``: writes one line for each event of a job, with the size of its result, as AWX would store it."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: events
type: aggregate
short_description: Write the size of each event
description: One line of JSON for each event, to the file that the environment variable names.
author: adcs.ca contributors (@adcs-ca)
options: {}
"""


class CallbackModule(CallbackBase):
    """Counts what a job says, event by event."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "adcs.ca.events"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, event: str, result: Any) -> None:
        task, host = getattr(result, "_task", None), getattr(result, "_host", None)
        content = json.dumps(getattr(result, "_result", {}), default=str)
        line = {"event": event, "task": str(task), "host": str(host), "size": len(content), "result": content[:4000]}
        with open(os.environ["ADCS_CA_EVENTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write("unreachable", result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._write("item_ok", result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._write("item_failed", result)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._write("item_skipped", result)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        self._write("include", included_file)

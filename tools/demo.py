#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Back up a simulated CA over WinRM with this collection, twice, and show what was stored and which calls were made."""

from __future__ import annotations

import json
import shutil
import sys
import time
from typing import Any

from adcs_lab.journal import STEPS, Call, Journal
from adcs_lab.lab import Lab
from adcs_lab.paths import linux_path
from project import BUILD, ROOT, Lane, ToolError, environment, need_lane, run

sys.path.insert(0, str(BUILD / "collections"))

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import human_size, text_table

LAB_NAME = "demo"
RESULTS = BUILD / "demo"
PLAYBOOK_TIMEOUT_S = 300
COPY_STEP = 13
HASH_CHARACTERS = 16
NEXT = """What to try next:
  make demo-fleet   five CAs, of which one is well: what the page says of each
  make lab-up       a CA that stays, with the lines to back it up, to stop its service and to make a call fail
  README.md         the playbook for CAs of your own"""


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


def back_up(lane: Lane, lab: Lab, run_name: str) -> dict[str, Any]:
    """Run the demo's playbook against the lab and return the result of its backup task."""
    result = RESULTS / f"{run_name}.json"
    variables = json.dumps({"demo_result": str(result)})
    command = [lane.ansible_playbook, "-i", lab.inventory, ROOT / "tools" / "demo.yml", "-e", variables]
    run(command, timeout_s=PLAYBOOK_TIMEOUT_S, env=environment(lane))
    document: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return document


def file_table(files: list[dict[str, Any]]) -> str:
    """Return the stored files as a table."""
    rows = [[file["path"], file["kind"], human_size(file["size"]), file["sha256"][:HASH_CHARACTERS]] for file in files]
    return text_table(["name", "kind", "size", f"SHA-256 (first {HASH_CHARACTERS})"], rows, right=["size"])


def step_table(journal: Journal, copied: int) -> str:
    """Return the documented steps of a backup with the calls that made them; ``copied`` files are step 13."""
    rows = {COPY_STEP: [str(COPY_STEP), "(dynamic files copied by ordinary means)", str(copied), ""]}
    for function, step in STEPS.items():
        calls: list[Call] = journal.calls(function)
        codes = sorted({call.hr for call in calls if call.hr is not None})
        rows[step] = [str(step), function, str(len(calls)), " ".join(codes)]
    return text_table(["step", "function", "times", "result"], [rows[step] for step in sorted(rows)], ["step", "times"])


def check_steps(journal: Journal, copied: int) -> None:
    """Raise ToolError unless the steps 1 to 16 happened in their order and the simulation has nothing to object to."""
    first_times = list(dict.fromkeys(journal.steps()))
    expected = sorted(STEPS.values())
    if first_times != expected or not copied:
        raise ToolError(f"The backup took the steps {first_times} and copied {copied} dynamic files.")
    if journal.violations:
        raise ToolError("The simulated CA objects: " + "; ".join(map(str, journal.violations)))


def show(lane: Lane, lab: Lab) -> None:
    """Make the two runs and print what they did; ToolError when they did not do what they are to show."""
    say("First run: a full backup over WinRM")
    first = back_up(lane, lab, "first")
    journal = lab.ca.journal()
    copied = sum(file["kind"] == "dynamic" for file in first["files"])

    say(
        f"The set {first['label']} of {first['ca']['name']}: {human_size(first['bytes'])}, verified: {first['verified']}"
    )
    print(file_table(first["files"]))
    print(f"\non the CA host: {first['path']}")
    print(f"here:           {linux_path(lab.drive_c, first['path'])}")

    say("Second run: the same playbook, and max_age finds the set")
    second = back_up(lane, lab, "second")
    print(f"changed={int(second['changed'])}: {second['reason']}")

    say("What the first run called: the documented steps of a CA backup")
    print(step_table(journal, copied))

    check_steps(journal, copied)
    if not first["changed"] or second["changed"]:
        raise ToolError("The first run has to change something, and the second nothing.")


def main() -> int:
    """Run the demo against a lab of its own, which is stopped at the end; its files stay to be looked at."""
    start = time.monotonic()
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    lab = Lab(LAB_NAME)
    try:
        lane = need_lane()
        say("Starting a simulated CA, which takes some seconds")
        lab.start()
        try:
            show(lane, lab)
        finally:
            lab.stop()
    except ToolError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    say(f"Done in {time.monotonic() - start:.0f} s; the lab is stopped")
    print(NEXT)
    return 0


if __name__ == "__main__":
    sys.exit(main())

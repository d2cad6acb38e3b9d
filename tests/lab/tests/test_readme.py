# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's README names every breach that the simulated DLL can report, and none that it cannot."""

from __future__ import annotations

import re

from adcs_lab import paths

REPORTED = re.compile(r'(?:lab_journal_violation\(|VIOLATION\([^";]*)"([a-z_]+)"')
LAB = paths.ROOT / "tests" / "lab"


def test_every_breach_is_explained() -> None:
    sources = [path for path in (LAB / "native").rglob("*.c") if not path.name.startswith("selftest")]
    reported = {name for path in sources for name in REPORTED.findall(path.read_text(encoding="utf-8"))}
    readme = (LAB / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| breach |")[2].partition("## Faults")[0]
    rows = [line.split("|")[1] if line.startswith("|") else line for line in table.splitlines()]
    assert set(re.findall(r"`([a-z_]+)`", "\n".join(rows))) == reported

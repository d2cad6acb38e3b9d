# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The workflow for a real CA cannot run here: its parts are there, its PowerShell parses, and nothing calls it a success."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "real_ca.yml"
TARGETS = ROOT / "tests" / "integration" / "targets"

PsParse = Callable[..., list[dict[str, object]]]


def steps() -> list[dict[str, Any]]:
    (job,) = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"].values()
    return list(job["steps"])


def test_the_workflow_installs_a_ca_and_keeps_a_report() -> None:
    scripts = "\n".join(step.get("run", "") for step in steps())
    assert "Install-AdcsCertificationAuthority -CAType StandaloneRootCA" in scripts
    assert "adcs.ca.field_report" in scripts and "certutil.exe -f -restoreDB" in scripts
    targets = re.search(r"for target in (.*); do", scripts)
    assert targets and sorted(targets[1].split()) == sorted(path.name for path in TARGETS.iterdir())
    assert [step["uses"].split("@")[0] for step in steps() if "uses" in step][-1] == "actions/upload-artifact"


def test_its_powershell_parses(psparse: PsParse, tmp_path: Path) -> None:
    files = []
    for number, step in enumerate(step for step in steps() if step.get("shell") == "powershell"):
        files.append(tmp_path / f"step{number}.ps1")
        files[-1].write_text(step["run"], encoding="utf-8")
    assert len(files) >= 3 and psparse("syntax", *files) == []


def test_it_is_not_yet_run_wherever_it_is_named() -> None:
    assert WORKFLOW.read_text(encoding="utf-8").startswith("# Not yet run.")
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.rst"), *(ROOT / "roles").rglob("*.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"real_ca\.yml", text):
            assert "not yet run" in text[found.start() : found.start() + 300].lower(), page

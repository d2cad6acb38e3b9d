# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action adcs.ca.report and the filter adcs.ca.backup_report in plays of the real ansible-core, on this machine alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from histories import full
from outcomes import expired, made, outcome

TIMEOUT_S = 120
NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
TEMPLATE = "no space for {{ 7 * 7 }}"
# Two batches, and a host that is lost before it can record anything.
RECORD = """
- name: Record
  hosts: cas
  gather_facts: false
  serial: 2
  tasks:
    - name: Read what this host answers
      ansible.builtin.slurp:
        src: "{{ inventory_dir }}/{{ inventory_hostname }}.answer"
      register: answer
      failed_when: false

    - name: Keep it
      ansible.builtin.set_fact:
        _adcs_ca_backup_outcome: "{{ answer.content | b64decode | from_json }}"
      when: answer.content is defined

- name: Report
  hosts: localhost
  gather_facts: false
  tasks:
"""


def ansible(folder: Path, tasks: list[dict[str, Any]], *options: str) -> subprocess.CompletedProcess[str]:
    """Run a play that records what the hosts answer, then these tasks on the controller."""
    hosts = [
        f"{name} ansible_connection=local ansible_python_interpreter={sys.executable}"
        for name in ("ca01", "ca02", "ca03")
    ]
    local = f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}"
    (folder / "inventory").write_text("\n".join([local, "[cas]", *hosts]) + "\n", encoding="utf-8")
    written = "".join(f"    - {json.dumps(task)}\n" for task in tasks)
    (folder / "play.yml").write_text(RECORD + written, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "ansible",
        "playbook",
        "-i",
        str(folder / "inventory"),
        str(folder / "play.yml"),
        *options,
    ]
    env = {**os.environ, "ANSIBLE_SHOW_CUSTOM_STATS": "1", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_RETRY_FILES_ENABLED": "0"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, env=env, cwd=folder)


def artifact(output: str) -> dict[str, Any]:
    """What the job set, as ansible-playbook shows it."""
    shown = re.search(r"CUSTOM STATS: \*+\n\s*RUN: (\{.*\n?.*\})", output)
    assert shown, output
    fleet = json.loads(shown[1])["adcs_ca_fleet"]
    assert isinstance(fleet, dict)
    return fleet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the answers of two of three hosts."""
    good = outcome(backup=made("20261122T210000Z-full"), expire=expired(NIGHTS, {"keep_last": 2}))
    answers = {"ca01": good, "ca02": outcome("failed", TEMPLATE)}
    for name, answer in answers.items():
        (tmp_path / f"{name}.answer").write_text(json.dumps(answer), encoding="utf-8")
    return tmp_path


def report(**options: Any) -> dict[str, Any]:
    return {
        "name": "Write",
        "adcs.ca.report": {"hosts": "{{ groups.cas }}", "fail_on": [], "report_dir": "reports", **options},
    }


def test_a_fleet_with_a_failed_and_a_lost_host(folder: Path) -> None:
    run = ansible(folder, [report(), report(artifact=False, fail_on=["failed", "unreachable"])])
    assert run.returncode == 2, run.stdout + run.stderr
    assert "2 of 3 CAs need attention. ca02 failed: no space for {{ 7 * 7 }}; ca03 is unreachable" in run.stdout
    summary = artifact(run.stdout)
    assert [(row["host"], row["status"]) for row in summary["rows"]] == [
        ("ca02", "failed"),
        ("ca03", "unreachable"),
        ("ca01", "ok"),
    ]
    assert summary["rows"][0]["message"] == TEMPLATE
    assert sorted(path.name for path in (folder / "reports").iterdir()) == ["Example CA.json", "fleet.html"]
    assert "localhost                  : ok=1    changed=1    unreachable=0    failed=1" in run.stdout


def test_a_second_run_changes_nothing_on_the_disk(folder: Path) -> None:
    first = ansible(folder, [report()])
    assert first.returncode == 0, first.stdout + first.stderr
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in (folder / "reports").iterdir()}
    second = ansible(folder, [report()], "--check", "--diff")
    third = ansible(folder, [report()])
    assert re.search(r"localhost +: ok=1 +changed=0", second.stdout) and re.search(
        r"localhost +: ok=1 +changed=0", third.stdout
    )
    assert {
        path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in (folder / "reports").iterdir()
    } == before
    assert artifact(third.stdout) == artifact(first.stdout)


def test_the_filter(folder: Path) -> None:
    """What a host says is no template, not even when the documents are kept and used later."""
    found = "{{ groups.cas | map('extract', hostvars) | map(attribute='_adcs_ca_backup_outcome', default={}) }}"
    keep = {"report": "{{ dict(groups.cas | zip(found)) | adcs.ca.backup_report }}"}
    words = "STATES={{ report.counts.ok }} {{ report.cas | map(attribute='host') | join(',') }} {{ report.cas[0].message }}."
    tasks = [
        {"name": "Keep", "ansible.builtin.set_fact": keep, "vars": {"found": found}},
        {"name": "Show", "ansible.builtin.debug": {"msg": words}},
    ]
    run = ansible(folder, tasks)
    assert f"STATES=1 ca02,ca03,ca01 {TEMPLATE}." in run.stdout, run.stdout + run.stderr

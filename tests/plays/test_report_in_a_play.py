# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The actions adcs.ca.outcome and adcs.ca.report, and a filter, in plays of the real ansible-core without the role, on this machine alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.unit.histories import full
from helpers.unit.jobs import contents, on_disk, on_page
from helpers.unit.outcomes import expired, made

TIMEOUT_S = 120
NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"
DESTINATION = r"D:\Backup"
RAW = "{% raw %}"
WORDS = "no space for {{ 7 * 7 }} " + RAW
# Two batches. The last host is lost before it can record anything, and a rescue lets the play go on.
RECORD = """
- name: Record
  hosts: cas
  gather_facts: false
  serial: 2
  tasks:
    - name: Let a batch that fails as a whole end nothing
      block:
        - name: Read what this host answers
          ansible.builtin.slurp:
            src: "{{ inventory_dir }}/{{ inventory_hostname }}.answer"
          register: read

        - name: Keep it
          ansible.builtin.set_fact:
            answer: "{{ read.content | b64decode | from_json }}"

        - name: Record
          adcs.ca.outcome:
            path: D:\\Backup
            sets_result: answer
            late_after_s: 9999999999
            report_dir: reports
          register: adcs_ca_outcome
      rescue:
        - name: Go on
          ansible.builtin.meta: noop
"""
REPORT = """
- name: Report
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Report
      adcs.ca.report:
        hosts: "{{ groups.cas }}"
        report_dir: reports
      register: drawn

    - name: Fail
      ansible.builtin.fail:
        msg: "{{ drawn.attention_message }}"
      when: drawn.attention | length > 0
"""


def ansible(folder: Path, play: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a play with three hosts on this machine."""
    names = ("ca01", "ca02", "ca03")
    local = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
    lines = [f"localhost {local}", "web01 ansible_connection=local", "[cas]", *(f"{name} {local}" for name in names)]
    (folder / "inventory").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "play.yml").write_text(play, encoding="utf-8")
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
    quiet = {"ANSIBLE_SHOW_CUSTOM_STATS": "1", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_RETRY_FILES_ENABLED": "0"}
    env = {**os.environ, **quiet, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, env=env, cwd="/")


def artifact(output: str) -> dict[str, Any]:
    """What the job set, as ansible-playbook shows it."""
    shown = re.search(r"CUSTOM STATS: \*+\n\s*RUN: (\{.*\n?.*\})", output)
    assert shown, output
    fleet = json.loads(shown[1])["adcs_ca_fleet"]
    assert isinstance(fleet, dict)
    return fleet


def rows(output: str) -> list[tuple[str, str]]:
    return [(row["host"], row["status"]) for row in artifact(output)["rows"]]


def recap(output: str, host: str) -> dict[str, int]:
    found = re.search(rf"^{host} +: (.*)$", output, re.MULTILINE)
    assert found, output
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", found[1])}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the answers of two of three hosts."""
    good = {**expired(NIGHTS, {"keep_last": 2}), **made(NEWEST), "path": r"D:\Backup\Example CA"}
    bad = {"failed": True, "msg": WORDS, "ca": {"name": WORDS, "host": WORDS}, "folder_name": WORDS}
    for name, answer in {"ca01": good, "ca02": bad}.items():
        (tmp_path / f"{name}.answer").write_text(json.dumps(answer), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("native", ["0", "1"])
def test_a_fleet_with_a_failed_and_a_lost_host(folder: Path, native: str) -> None:
    """What a host says is no template, wherever it is shown; a host that is not named and recorded nothing is nowhere."""
    run = ansible(folder, RECORD + REPORT, ANSIBLE_JINJA2_NATIVE=native)
    assert run.returncode == 2, run.stdout + run.stderr
    expected = [("ca02", "failed"), ("ca03", "failed"), ("ca01", "ok")]
    assert rows(run.stdout) == on_page(folder / "reports") == expected
    shown = artifact(run.stdout)["rows"][0]
    assert (shown["message"], shown["ca"]) == (WORDS, WORDS)
    # where ansible-core prints JSON, a backslash stands twice
    said = run.stdout.replace("\\\\", "\\")
    message = (
        f"2 of 3 CAs need attention. {WORDS} (ca02) failed at {DESTINATION}: {WORDS}; ca03 failed: This job recorded no"
    )
    assert message in said
    assert on_disk(folder / "reports", "ca01.json") == [("D:\\Backup", "ok")]
    document = json.loads((folder / "reports" / "ca02.json").read_text(encoding="utf-8"))
    (entry,) = document["destinations"]
    assert (
        entry["message"] == entry["ca"]["name"] == entry["folder_name"] == WORDS and entry["late_after_s"] == 9999999999
    )
    assert WORDS in (folder / "reports" / "fleet.html").read_text(encoding="utf-8")
    assert sorted(contents(folder / "reports")) == ["ca01.json", "ca02.json", "ca03.json", "fleet.html"]
    assert recap(run.stdout, "localhost")["failed"] == 1 and recap(run.stdout, "ca02")["failed"] == 0


def test_check_mode_says_the_same_and_a_second_run_changes_nothing_on_the_disk(folder: Path) -> None:
    predicted = ansible(folder, RECORD + REPORT, "--check", "--diff")
    assert predicted.returncode == 2 and not (folder / "reports").exists(), predicted.stdout
    assert (
        f"+++ after: {folder / 'reports' / 'ca01.json'}" in predicted.stdout
        and recap(predicted.stdout, "ca01")["changed"] == 1
    )
    first = ansible(folder, RECORD + REPORT)
    before = contents(folder / "reports")
    assert recap(first.stdout, "ca01")["changed"] == recap(first.stdout, "localhost")["changed"] == 1
    second = ansible(folder, RECORD + REPORT, "--check", "--diff")
    third = ansible(folder, RECORD + REPORT)
    for run in (second, third):
        assert (
            run.returncode == 2
            and recap(run.stdout, "localhost")["changed"] == recap(run.stdout, "ca01")["changed"] == 0
        ), run.stdout
    assert contents(folder / "reports") == before
    assert artifact(predicted.stdout) == artifact(first.stdout) == artifact(second.stdout) == artifact(third.stdout)


def test_a_good_fleet_ends_well(folder: Path) -> None:
    for name in ("ca02", "ca03"):
        (folder / f"{name}.answer").write_bytes((folder / "ca01.answer").read_bytes())
    run = ansible(folder, RECORD + REPORT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert rows(run.stdout) == on_page(folder / "reports") == [("ca01", "ok"), ("ca02", "ok"), ("ca03", "ok")]


KEEP = """register: found

        - name: Keep it in the fact cache
          ansible.builtin.set_fact:
            adcs_ca_outcome: "{{ found }}"
            cacheable: true

        - name: Keep it in a file
          ansible.builtin.copy:
            content: "{{ found | to_json }}"
            dest: "{{ inventory_dir }}/{{ inventory_hostname }}.found"
            mode: "0644"
"""


def test_what_is_given_or_cached_is_no_outcome(folder: Path) -> None:
    """A second job with the variable of the first, from a fact cache or as an extra variable, has recorded nothing."""
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "cache")}
    first = ansible(folder, RECORD.replace("register: adcs_ca_outcome", KEEP) + REPORT, **cache)
    assert ("ca01", "ok") in rows(first.stdout), first.stdout
    (file,) = (folder / "cache").glob("*ca01")
    assert "adcs_ca_outcome" in file.read_text(encoding="utf-8")
    extra = {"adcs_ca_outcome": json.loads((folder / "ca01.found").read_text(encoding="utf-8"))}
    assert extra["adcs_ca_outcome"]["destinations"][0]["status"] == "ok"
    (folder / "extra.json").write_text(json.dumps(extra), encoding="utf-8")
    cases: list[tuple[tuple[str, ...], dict[str, str]]] = [((), cache), (("-e", f"@{folder / 'extra.json'}"), {})]
    for options, environment in cases:
        run = ansible(folder, REPORT, *options, **environment)
        assert run.returncode == 2 and {status for _, status in rows(run.stdout)} == {"failed"}, run.stdout + run.stderr
        assert "3 of 3 CAs need attention" in run.stdout


def test_run_once_is_refused(folder: Path) -> None:
    once = RECORD.replace("register: adcs_ca_outcome", "register: adcs_ca_outcome\n          run_once: true")
    run = ansible(folder, once, "--limit", "ca01,ca02")
    assert "the outcome of one host would be given to all" in run.stdout, run.stdout + run.stderr
    assert recap(run.stdout, "ca01")["rescued"] == 1 and not (folder / "reports").exists()


def test_the_filter(folder: Path) -> None:
    """What a host says is no template, not even when the documents are kept and used later."""
    recorded = {"ca01": {"status": "failed", "message": WORDS, "path": "D:\\"}, "ca02": None}
    (folder / "recorded.json").write_text(json.dumps(recorded), encoding="utf-8")
    play = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        report: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/recorded.json') | from_json | adcs.ca.backup_report }}"
    - ansible.builtin.debug:
        msg: "STATES={{ report.counts.failed }} {{ report.cas | map(attribute='host') | join(',') }} {{ report.cas[0].message }}."
"""
    run = ansible(folder, play)
    assert f"STATES=2 ca01,ca02 {WORDS}." in run.stdout, run.stdout + run.stderr

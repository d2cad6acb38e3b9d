# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `adcs_lab up` tells people to type, and what it takes from them."""

from __future__ import annotations

import argparse
import json
import shlex
import time
from pathlib import Path

import pytest
import yaml
from adcs_lab import __main__ as command
from adcs_lab import builds, guide, lab, paths
from adcs_lab.ca import CaSettings
from adcs_lab.faults import Fault


def record(name: str, host: str) -> lab.Record:
    return lab.Record(name, 1, 1, 5985, "user", "secret", host, owned=False)


FIRST = record("default", "ca01.lab.example")
SECOND = record("ca02", "ca02.lab.example")


def lines(text: str, start: str) -> list[list[str]]:
    """Return the words of the lines to copy that begin so."""
    return [shlex.split(line) for line in text.splitlines() if line.startswith(f"  {start}")]


def test_the_inventory_has_the_group_of_the_readme() -> None:
    inventory = yaml.safe_load(lab._inventory(SECOND))
    assert inventory == {"all": {"hosts": {"ca02": SECOND.variables()}}, "cas": {"hosts": {"ca02": None}}}
    assert "hosts: cas" in (paths.ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("running", "names"), [([], ["default"]), ([FIRST], ["default"]), ([SECOND], ["default", "ca02"])]
)
def test_the_jobs_are_those_of_the_readme(running: list[lab.Record], names: list[str]) -> None:
    text = guide.of_lab(FIRST, running)
    jobs = lines(text, "ansible-playbook")
    assert [job[1 + 2 * len(names)] for job in jobs] == [guide.BACKUP, guide.CHECK, guide.BACKUP]
    for job in jobs:
        inventories = [word for name in names for word in ("-i", f".build/lab/{name}/inventory.yml")]
        assert job[1 : 1 + len(inventories)] == inventories
        assert job[-4:-1] == ["-e", "adcs_ca_hosts=cas", "-e"]
        assert json.loads(job[-1])["adcs_ca_backup_path"] == "D:\\Backup"
    assert ("make lab-up CA=ca02" in text) == (len(names) == 1)


def test_another_lab_of_the_same_host_is_left_out() -> None:
    text = guide.of_lab(FIRST, [record("other", "ca01.lab.example")])
    assert "/other/" not in text and "/default/" in text


def test_the_lines_that_break_the_ca_are_taken() -> None:
    for words in lines(guide.of_lab(SECOND, []), "python3 tools/run.py -m adcs_lab"):
        arguments = command._parser().parse_args(words[4:])
        assert arguments.name == "ca02"
        assert arguments.run in (command.stop_service, command.start_service, command.fault)
        if arguments.run is command.fault and not arguments.clear:
            assert command._fault(arguments) == guide.EXAMPLE


def test_every_target_of_make_is_there() -> None:
    makefile = (paths.ROOT / "Makefile").read_text(encoding="utf-8")
    text = guide.of_lab(FIRST, [])
    for target in ("lab-up", "lab-down"):
        assert f"make {target}" in text and f"\n{target}:" in makefile


@pytest.mark.parametrize(
    ("text", "alias"), [("ca02", "ca02"), ("CA02", "ca02"), ("2", "ca02"), ("12", "ca12"), ("root-ca", "root-ca")]
)
def test_names_of_a_second_ca(text: str, alias: str) -> None:
    arguments = command._parser().parse_args(["up", "--ca", text])
    assert arguments.ca == alias


@pytest.mark.parametrize("text", ["", "a b", "ca.example.com", "-x", "a" * 16, "cä", "1234", "a_b"])
def test_what_is_no_name_of_a_host(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no name of a host"):
        command._alias(text)


def test_the_cas_of_two_hosts_have_two_names() -> None:
    names = [command._ca_name(alias) for alias in ("ca01", "ca02", "ca10", "root")]
    assert names == [CaSettings.name, "Prüf #2 Issuing CA", "Prüf #10 Issuing CA", "Prüf #root Issuing CA"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["CertSrvBackupEnd", "1", "hang"], Fault("CertSrvBackupEnd", 1, "hang")),
        (
            ["NtWriteFile@DataBase", "*", "hresult", "0x80070070"],
            Fault("NtWriteFile@DataBase", "*", "hresult", "0x80070070"),
        ),
    ],
)
def test_faults_by_hand(words: list[str], fault: Fault) -> None:
    assert command._fault(command._parser().parse_args(["fault", *words])) == fault


@pytest.mark.parametrize("words", [["Nope", "1", "hang"], ["CertSrvBackupEnd"], ["CertSrvBackupEnd", "0", "hang"]])
def test_what_is_no_fault(words: list[str]) -> None:
    with pytest.raises(lab.LabError, match="That is no fault"):
        command._fault(command._parser().parse_args(["fault", *words]))


@pytest.mark.parametrize("words", [[], ["--clear", "CertSrvBackupEnd", "1", "hang"]])
def test_either_a_fault_or_none(words: list[str]) -> None:
    with pytest.raises(lab.LabError, match="either a fault or --clear"):
        command.fault(command._parser().parse_args(["fault", *words]))


def test_labs_that_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LABS", tmp_path)
    monkeypatch.setattr(lab, "_alive", lambda given: given.pid == 1)
    entries = {
        "owned": {"owned": True},
        "b": {"owned": False},
        "a": {"owned": False},
        "gone": {"owned": False, "pid": 2},
    }
    for name, changes in entries.items():
        (tmp_path / name).mkdir()
        fields = {"name": name, "pid": 1, "started": 1, "port": 1, "user": "u", "password": "p", **changes}
        (tmp_path / name / "lab.json").write_text(json.dumps(fields), encoding="utf-8")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "lab.json").write_text("{", encoding="utf-8")
    assert [found.name for found in lab.left_running()] == ["a", "b"]


def test_a_part_that_takes_a_moment_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(builds, "QUICK_S", 0.0)
    with builds._told(told.append, "part 1/3", "compiling"):
        deadline = time.monotonic() + 30
        while not told and time.monotonic() < deadline:
            time.sleep(0.01)
    assert told == ["part 1/3: compiling", "part 1/3: done (0 s)"]


def test_a_part_that_is_up_to_date_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(builds, "QUICK_S", 60.0)
    with builds._told(told.append, "part 1/3", "compiling"):
        pass
    assert told == []

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The simulated Certadm.dll does what its specification says, and complains of every caller that breaks the contract.

The cases themselves are C (``certadm/selftest_*.c``): one program that calls the library as callers in need of a lesson
do. Here it is run once for all of them, and once more for those whose journal is looked at in detail.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from adcs_lab import paths
from adcs_lab.engine import Engine
from adcs_lab.journal import Call, Event, Fired, Journal

SOURCES = Path(__file__).parents[1] / "native" / "certadm"
PROGRAM = "certadm_selftest.exe"
TIMEOUT_S = 300.0
DATABASE_BYTES = 3 * 65536 + 4096 + 123
UNC = r"\\ca01.lab.example\C$\CertadmSelftest"
LOOKED_AT = (
    "full_backup",
    "many_writers",
    "crash",
    "crash_after",
    "edited_lists",
    "privilege_not_enabled",
    "keep_logs",
)


def _case_names() -> list[str]:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("selftest_*.c")))
    names = re.findall(r'(?:\.name = |BROKEN\()"(\w+)"', text)
    return [name for name in names if not name.startswith("helper_")]


@dataclass
class Results:
    """What the program printed for each case, and the journals of some."""

    lines: dict[str, str] = field(default_factory=dict)
    output: str = ""
    journals: dict[str, Journal] = field(default_factory=dict)


@contextlib.contextmanager
def _empty_lab_folder(engine: Engine) -> Iterator[Path]:
    """Give the program a C:\\LabCA of its own; the one of the lab is put back as it was."""
    folder = engine.drive_c / "LabCA"
    aside = folder.with_name("LabCA.aside")
    folder.rename(aside)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        aside.rename(folder)


@pytest.fixture(scope="module")
def results(engine: Engine) -> Results:
    program = engine.drive_c / "Lab" / PROGRAM
    shutil.copyfile(paths.NATIVE / PROGRAM, program)
    results = Results()
    try:
        with _empty_lab_folder(engine) as folder:
            run = engine.wine([rf"C:\Lab\{PROGRAM}"], TIMEOUT_S, check=False)
            results.output = run.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
            for line in re.findall(r"^((?:not )?ok .*)$", results.output, re.MULTILINE):
                results.lines[re.sub(r"^(?:not )?ok (\w+).*", r"\1", line)] = line
            for name in LOOKED_AT:
                engine.wine([rf"C:\Lab\{PROGRAM}", name], TIMEOUT_S, check=False)
                results.journals[name] = Journal.load(folder / "journal.jsonl")
    finally:
        program.unlink()
        shutil.rmtree(engine.drive_c / "CertadmSelftest", ignore_errors=True)
    return results


@pytest.mark.parametrize("name", _case_names())
def test_case(results: Results, name: str) -> None:
    assert results.lines.get(name) == f"ok {name}", results.output


def test_every_case_was_run_and_no_other(results: Results) -> None:
    assert sorted(results.lines) == sorted(_case_names())


def test_the_journal_of_a_full_backup(results: Results) -> None:
    journal = results.journals["full_backup"]
    assert journal.steps() == [1, 3, 4, 5, 6, 7, 8, 9, 10, 7, 8, 9, 11, 12, 14, 15, 16]
    assert journal.violations == [] and journal.faults == []
    assert {call.hr for call in journal.calls() if call.fn != "CertSrvBackupFree"} == {"0x00000000"}
    assert {call.hr for call in journal.calls("CertSrvBackupFree")} == {None}
    assert len({(entry.pid, entry.tid) for entry in journal.entries}) == 1
    assert [entry.t_ms for entry in journal.entries] == sorted(entry.t_ms for entry in journal.entries)
    attach, detach = journal.events
    assert (attach.event, detach.event) == ("attach", "detach")
    assert attach.path is not None and attach.path.lower() == r"c:\windows\system32\certadm.dll"


def test_what_the_journal_says_of_a_session(results: Results) -> None:
    journal = results.journals["full_backup"]
    (prepare,) = journal.calls("CertSrvBackupPrepareW")
    assert prepare.args == {
        "server": "ca01.lab.example",
        "grbit": 0,
        "flags": 1,
        "se_backup": True,
        "se_restore": True,
    }
    context = prepare.out["context"]
    assert re.fullmatch(r"0x[0-9a-f]+", context)
    others = [call for call in journal.calls() if "context" in call.args]
    assert len(others) > 10 and {call.args["context"] for call in others} == {context}
    (truncate,) = journal.calls("CertSrvBackupTruncateLogs")
    assert truncate.out == {"deleted": 3, "kept": 0}


def test_what_the_journal_says_of_lists(results: Results) -> None:
    journal = results.journals["full_backup"]
    (locations,) = journal.calls("CertSrvRestoreGetDatabaseLocationsW")
    entries = [f"D{UNC}\\Prüf.edb", f"\x83{UNC}\\system", f"\x82{UNC}\\logs"]
    assert locations.out["entries"] == entries
    assert locations.out["bytes"] == 2 * (sum(len(entry) + 1 for entry in entries) + 1)
    lists = [call for call in journal.calls() if "list" in call.out]
    freed = {call.args["list"]: call.out["from"] for call in journal.calls("CertSrvBackupFree")}
    assert freed == {call.out["list"]: call.fn for call in lists} and len(freed) == 4


def test_what_the_journal_says_of_a_file(results: Results) -> None:
    journal = results.journals["full_backup"]
    opened = journal.calls("CertSrvBackupOpenFileW")[0]
    assert (opened.args["name"], opened.args["hint"]) == (f"{UNC}\\Prüf.edb", 65536)
    assert opened.out == {"size": DATABASE_BYTES}
    first = [call for call in journal.calls("CertSrvBackupRead")][:6]
    assert [call.args["size"] for call in first] == [65536] * 6
    assert [call.out["read"] for call in first] == [65536, 65536, 65536, 4096 + 123, 0, 8192]
    assert [call.call for call in first] == [1, 2, 3, 4, 5, 6]


def test_many_writers_lose_no_line(results: Results) -> None:
    journal = results.journals["many_writers"]
    assert journal.violations == []
    numbers: dict[int, list[int]] = {}
    for call in journal.calls("CertSrvIsServerOnlineW"):
        numbers.setdefault(call.pid, []).append(call.call)
    assert [sorted(calls) for calls in numbers.values()] == [list(range(1, 201))] * 4
    assert Counter(event.event for event in journal.events) == {"attach": 4, "detach": 4}


@pytest.mark.parametrize(("name", "kinds"), [("crash", [Event, Fired]), ("crash_after", [Event, Fired, Call])])
def test_a_fault_is_written_before_it_acts(results: Results, name: str, kinds: list[type]) -> None:
    journal = results.journals[name]
    assert [type(entry) for entry in journal.entries] == kinds
    (fired,) = journal.faults
    assert (fired.fault, fired.fn, fired.call) == (name, "CertSrvIsServerOnlineW", 1)


def test_a_strange_name_reaches_the_journal_unchanged(results: Results) -> None:
    (call,) = results.journals["edited_lists"].calls("CertSrvBackupGetDatabaseNamesW")
    assert call.out["entries"] == ["%\\\\other\\x\u2028 ", "!"]
    (opened,) = results.journals["edited_lists"].calls("CertSrvBackupOpenFileW")
    assert opened.args["name"] == "\\\\other\\x\u2028 " and opened.hr == "0x80070002"


def test_the_journal_says_which_privileges_were_enabled(results: Results) -> None:
    (prepare,) = results.journals["privilege_not_enabled"].calls("CertSrvBackupPrepareW")
    assert (prepare.args["se_backup"], prepare.args["se_restore"], prepare.hr) == (False, False, "0x80070522")
    assert prepare.out == {}


def test_the_journal_says_how_many_logs_truncation_left(results: Results) -> None:
    (truncate,) = results.journals["keep_logs"].calls("CertSrvBackupTruncateLogs")
    assert truncate.out == {"deleted": 1, "kept": 2}

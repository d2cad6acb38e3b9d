# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The journal's lines become typed entries; the sixteen steps are read out of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from adcs_lab.journal import Call, Event, FileStep, Fired, Journal, JournalError, Violation

WHO = {"t_ms": 1, "pid": 2, "tid": 3}
FULL = """LoadLibraryExW GetProcAddress GetProcAddress CertSrvIsServerOnlineW CertSrvBackupPrepareW
CertSrvRestoreGetDatabaseLocationsW CertSrvBackupGetDatabaseNamesW CertSrvBackupOpenFileW CertSrvBackupRead
CertSrvBackupRead CertSrvBackupClose CertSrvBackupGetBackupLogsW CertSrvBackupOpenFileW CertSrvBackupRead
CertSrvBackupClose CertSrvBackupOpenFileW CertSrvBackupRead CertSrvBackupRead CertSrvBackupClose CertSrvBackupOpenFileW
CertSrvBackupRead CertSrvBackupClose CertSrvBackupTruncateLogs CertSrvBackupGetDynamicFileListW CertSrvBackupEnd
CertSrvBackupFree CertSrvBackupFree FreeLibrary""".split()
FULL_STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 7, 8, 9, 11, 12, 14, 15, 16]


def call(fn: str, **more: Any) -> dict[str, Any]:
    return {**WHO, "fn": fn, "call": 1, "args": {}, "hr": "0x00000000", "out": {}, **more}


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(*lines: dict[str, Any]) -> Journal:
        path = tmp_path / "journal.jsonl"
        path.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
        return Journal.load(path)

    return load


def test_a_missing_journal_is_empty(tmp_path: Path) -> None:
    assert Journal.load(tmp_path / "none").entries == ()


def test_each_kind_of_line(load: Any) -> None:
    journal = load(
        {**WHO, "event": "attach", "path": "C:\\Windows\\System32\\certadm.dll"},
        call("CertSrvBackupRead", args={"size": 4096}, out={"read": 17}),
        {**WHO, "fault": "crash", "fn": "CertSrvBackupEnd", "call": 1},
        {**WHO, "violation": "end_missing", "detail": "no End"},
        {**WHO, "file": "flush", "path": "C:\\a"},
        {**WHO, "file": "rename", "path": "C:\\a", "target": "C:\\b"},
    )
    event, read, fired, violation, *steps = journal.entries
    assert event == Event(1, 2, 3, "attach", "C:\\Windows\\System32\\certadm.dll")
    assert read == Call(1, 2, 3, "CertSrvBackupRead", 1, "0x00000000", {"size": 4096}, {"read": 17})
    assert fired == Fired(1, 2, 3, "crash", "CertSrvBackupEnd", 1)
    assert violation == Violation(1, 2, 3, "end_missing", "no End")
    assert steps == [FileStep(1, 2, 3, "flush", "C:\\a"), FileStep(1, 2, 3, "rename", "C:\\a", "C:\\b")]
    assert str(violation) == "end_missing: no End"
    assert (journal.events, journal.calls(), journal.faults, journal.violations) == (
        [event],
        [read],
        [fired],
        [violation],
    )


def test_calls_of_one_function(load: Any) -> None:
    journal = load(call("CertSrvBackupRead"), call("CertSrvBackupClose"), call("CertSrvBackupRead", call=2))
    assert [entry.call for entry in journal.calls("CertSrvBackupRead")] == [1, 2]
    assert len(journal.calls()) == 3
    assert journal.calls("CertSrvBackupEnd") == []


def test_a_name_with_a_line_separator_is_one_line(load: Any) -> None:
    name = "a\u2028b\u0085c"
    (entry,) = load(call("CertSrvBackupOpenFileW", args={"name": name})).calls()
    assert entry.args["name"] == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"t_ms":1', "cut off"),
        ('{"t_ms":1\n', "journal:1"),
        ('{"t_ms":1,"pid":2,"tid":3}\n', "neither"),
        ('{"t_ms":1,"pid":2,"tid":3,"violation":"x"}\n', "detail"),
        ('{"t_ms":1,"pid":2,"tid":3,"event":"attach","extra":1}\n', "extra"),
        ("\n", "journal:1"),
        ("\udcff\n", "utf-8"),
    ],
)
def test_a_line_that_is_not_understood_is_loud(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "journal"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(JournalError, match=message):
        Journal.load(path)


def test_the_steps_of_a_full_backup(load: Any) -> None:
    assert load(*map(call, FULL)).steps() == FULL_STEPS


def test_without_the_shim_load_and_unload_are_events(load: Any) -> None:
    calls = [call(fn) for fn in FULL if fn.startswith("CertSrv")]
    journal = load({**WHO, "event": "attach"}, *calls, {**WHO, "event": "detach"})
    assert journal.steps() == [step for step in FULL_STEPS if step != 2]


def test_with_the_shim_load_and_unload_count_once(load: Any) -> None:
    journal = load({**WHO, "event": "attach"}, *map(call, FULL[:-1]), {**WHO, "event": "detach"}, call("FreeLibrary"))
    assert journal.steps() == FULL_STEPS


@pytest.mark.parametrize(
    ("calls", "steps"),
    [
        ("IsServerOnlineW BackupPrepareW", [3, 4]),
        ("BackupPrepareW IsServerOnlineW", [4, 3]),
        ("BackupOpenFileW BackupClose BackupOpenFileW BackupRead BackupClose", [7, 9, 7, 8, 9]),
        ("BackupFree BackupEnd BackupFree", [15, 14, 15]),
        ("BackupPrepareW BackupEnd IsServerOnlineW BackupPrepareW", [4, 14, 3, 4]),
        ("ServerControlW BackupEnd", [14]),
    ],
)
def test_steps_tell_what_is_out_of_order(load: Any, calls: str, steps: list[int]) -> None:
    assert load(*(call(f"CertSrv{name}") for name in calls.split())).steps() == steps

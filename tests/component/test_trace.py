# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option trace of adcs.ca.backup: what the calls were is what the DLL's own journal says."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from adcs_lab.faults import Fault
from helpers.component.case import Case
from helpers.component.worker import ModuleRun

KEYS = {
    "arguments", "bytes", "calls", "elapsed_ms", "function", "hresult", "list_hex", "online", "other_hresults", "slowest_ms",
}  # fmt: skip
BOUND = 1 << 20


def records(run: ModuleRun, function: str) -> list[dict[str, Any]]:
    return [record for record in run.result["trace"] if record["function"] == function]


def assert_like_the_journal(case: Case, run: ModuleRun) -> None:
    """Assert that the trace has the calls of the journal, in their order, reads of a file as one."""
    calls = [call for call in case.journal().calls() if call.fn.startswith("CertSrv")]
    expected: list[tuple[str, int, str | None]] = []
    for function, group in itertools.groupby(calls, key=lambda call: call.fn):
        made = list(group)
        if function == "CertSrvBackupRead":
            expected.append((function, len(made), made[-1].hr))
        else:
            expected += [(function, 1, call.hr) for call in made]
    got = [(entry["function"], entry["calls"], entry["hresult"]) for entry in run.result["trace"]]
    assert got[1:-1] == expected
    assert got[0][0] == "LoadLibraryExW" and got[-1][0] == "FreeLibrary"


def test_every_call_is_in_the_trace(case: Case) -> None:
    run = case.backup(trace=True, truncate_logs=True)
    assert not run.failed, run.message
    assert all(set(record) == KEYS for record in run.result["trace"]) and run.result["trace_omitted"] == 0
    assert_like_the_journal(case, run)
    assert all(record["elapsed_ms"] >= record["slowest_ms"] >= 0 for record in run.result["trace"])


def test_what_a_trace_says_of_each_kind_of_call(case: Case) -> None:
    run = case.backup(trace=True)
    (online,) = records(run, "CertSrvIsServerOnlineW")
    assert online["online"] is True and list(online["arguments"]) == ["pwszServerName"]
    (prepare,) = records(run, "CertSrvBackupPrepareW")
    assert prepare["arguments"] | {"pwszServerName": None} == {
        "pwszServerName": None,
        "grbitJet": 0,
        "dwBackupFlags": 1,
    }
    database = case.database_file()
    opened, read = records(run, "CertSrvBackupOpenFileW")[0], records(run, "CertSrvBackupRead")[0]
    assert opened["arguments"]["cbReadHintSize"] == read["arguments"]["cbBuffer"] == 512 * 1024
    assert opened["arguments"]["pwszAttachmentName"].endswith(database.name)
    assert opened["bytes"] == read["bytes"] == database.stat().st_size
    assert read["calls"] == database.stat().st_size // (512 * 1024) + 1
    free = records(run, "CertSrvBackupFree")
    assert len(free) == 4 and {record["hresult"] for record in free} == {None}


def test_lists_are_in_the_trace_as_they_came(case: Case) -> None:
    run = case.backup(trace=True)
    lists = [record for record in run.result["trace"] if record["list_hex"]]
    assert len(lists) == 4
    for record in lists:
        (call,) = case.journal().calls(record["function"])
        raw = bytes.fromhex(record["list_hex"])
        assert len(raw) == record["bytes"] == call.out["bytes"]
        assert raw.decode("utf-16-le") == "".join(f"{entry}\0" for entry in call.out["entries"]) + "\0"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_answers_are_in_the_trace(case: Case, seed: int) -> None:
    case.ca.configure(variety=seed, short_reads=seed)
    run = case.backup(trace=True)
    assert not run.failed, run.message
    assert_like_the_journal(case, run)
    met = [
        call.hr
        for call in case.journal().calls()
        if call.fn.startswith("CertSrv") and call.hr not in (None, "0x00000000")
    ]
    told = [entry for record in run.result["trace"] for entry in record["other_hresults"]]
    assert sum(entry["count"] for entry in told) == len(met) > 0
    assert {entry["hresult"] for entry in told} == set(met)


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("LoadLibrary", 1),
        ("CertSrvIsServerOnlineW", 1),
        ("CertSrvBackupPrepareW", 1),
        ("CertSrvBackupGetBackupLogsW", 1),
        ("CertSrvBackupRead", 4),
        ("CertSrvBackupEnd", 1),
    ],
)
def test_a_failed_run_has_its_trace_too(case: Case, function: str, call: int) -> None:
    code = "0x0000007E" if function == "LoadLibrary" else "0x800706BA"
    case.faults(Fault(function, call, "hresult", code))
    run = case.backup(trace=True)
    assert run.failed and run.result["trace"]
    if function == "LoadLibrary":
        assert [record["function"] for record in run.result["trace"]] == ["LoadLibraryExW"]
    else:
        assert_like_the_journal(case, run)
        (record,) = [record for record in records(run, function) if record["hresult"] == code]
        assert record["other_hresults"] == [{"hresult": code, "count": 1}]


def test_check_mode_traces_the_calls_it_makes(case: Case) -> None:
    run = case.backup(trace=True, check_mode=True)
    names = ["LoadLibraryExW", "CertSrvIsServerOnlineW", "FreeLibrary"]
    assert [record["function"] for record in run.result["trace"]] == names


def test_a_fresh_set_needs_no_call(case: Case) -> None:
    assert not case.backup(trace=True).failed
    run = case.backup(trace=True, max_age="1h")
    assert run.result["reason"] and run.result["trace"] == []


def test_no_trace_unless_it_is_asked_for(case: Case) -> None:
    run = case.backup()
    assert run.result["trace"] == [] and run.result["trace_omitted"] == 0


def test_no_content_of_a_file_is_in_a_trace(case: Case) -> None:
    secret = b"PRIVATE-KEY-OF-SOMEBODY!"
    content = secret * (4096 * 3 // len(secret))
    database = case.database_file()
    database.write_bytes(content)
    run = case.backup(trace=True)
    text = json.dumps(run.result)
    assert not run.failed and (case.only_set() / "DataBase" / database.name).read_bytes() == content
    assert secret.decode() not in text and secret.hex() not in text


def test_a_trace_is_bounded(case: Case) -> None:
    case.ca.reset(database_size_bytes=4096, log_count=800, log_size_bytes=4096)
    run = case.backup(trace=True)
    assert not run.failed, run.message
    size = len(json.dumps(run.result["trace"], ensure_ascii=True, separators=(",", ":")))
    assert BOUND * 0.4 < size <= BOUND
    made = len(case.journal().calls("CertSrvBackupOpenFileW")) * 3
    kept = sum(
        record["function"] in ("CertSrvBackupOpenFileW", "CertSrvBackupRead", "CertSrvBackupClose")
        for record in run.result["trace"]
    )
    assert 0 < kept < made and run.result["trace_omitted"] >= made - kept
    # the calls that come once have room of their own, behind the thousands on files
    for function in ("CertSrvBackupGetDynamicFileListW", "CertSrvBackupEnd", "FreeLibrary"):
        assert len(records(run, function)) == 1

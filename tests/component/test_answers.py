# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""adcs.ca.backup on a CA that answers in any way that the documents allow."""

from __future__ import annotations

import pytest
from adcs_lab import sets
from adcs_lab.faults import LISTS, Fault
from helpers.component.case import Case

MAP = "CertSrvRestoreGetDatabaseLocationsW"
DATABASES = "CertSrvBackupGetDatabaseNamesW"
LOGS = "CertSrvBackupGetBackupLogsW"
DYNAMIC = "CertSrvBackupGetDynamicFileListW"
WITH_CODE = [
    "CertSrvIsServerOnlineW",
    "CertSrvBackupPrepareW",
    *sorted(LISTS),
    "CertSrvBackupOpenFileW",
    "CertSrvBackupRead",
    "CertSrvBackupClose",
    "CertSrvBackupTruncateLogs",
    "CertSrvBackupEnd",
]
SEEDS = range(1, 9)
HOST = r"\\ca01.lab.example"
CHUNK = 512 * 1024


def assert_whole(case: Case, originals: dict[str, bytes], dynamic: dict[str, bytes] | None) -> None:
    """Assert that the one set holds every byte the CA had, and that the session was ended and freed."""
    folder = case.only_set()
    case.assert_stored(folder, originals)
    stored = {path.name: path.read_bytes() for path in (folder / "Dynamic").glob("*")}
    assert dynamic is None or stored == dynamic
    assert len(case.journal().calls("CertSrvBackupEnd")) == 1


def dynamic_of(case: Case) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in case.ca.dynamic_files()}


# --- success codes ---


@pytest.mark.parametrize(
    ("function", "code"),
    [
        *((function, "0x00000001") for function in WITH_CODE),
        ("CertSrvBackupRead", "0x00000102"),
        (DYNAMIC, "0x7FFFFFFF"),
    ],
)
def test_every_code_that_is_not_negative_is_a_success(case: Case, function: str, code: str) -> None:
    originals, dynamic = case.ca.stored_files(), dynamic_of(case)
    case.faults(Fault(function, "*", "answer", code))
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    assert_whole(case, originals, dynamic)
    assert case.ca.log_files() == []
    count = sum(call.hr == code for call in case.journal().calls(function))
    assert count >= 1
    expected = [{"function": function, "hresult": code, "count": count}]
    assert run.result["success_codes"] == expected
    assert sets.manifest(case.only_set())["success_codes"] == expected


def test_a_good_run_tells_of_no_other_code(case: Case) -> None:
    run = case.backup()
    assert run.result["success_codes"] == sets.manifest(case.only_set())["success_codes"] == []


def test_a_fresh_set_tells_of_its_own_codes(case: Case) -> None:
    case.faults(Fault("CertSrvBackupEnd", 1, "answer", "0x00000001"))
    assert not case.backup().failed
    case.faults()
    run = case.backup(max_age="1h")
    assert run.result["reason"] and run.result["success_codes"] == [
        {"function": "CertSrvBackupEnd", "hresult": "0x00000001", "count": 1}
    ]


def test_prepare_without_a_session(case: Case) -> None:
    case.faults(Fault("CertSrvBackupPrepareW", 1, "no_session"))
    run = case.backup()
    assert run.failed and "answered with success" in run.message and "gave no session" in run.message
    assert run.result["function"] == "CertSrvBackupPrepareW" and run.result["step"] == 4
    assert [call.fn for call in case.journal().calls() if call.fn.startswith("CertSrv")][-1] == "CertSrvBackupPrepareW"
    case.assert_no_set()


# --- the end of a file ---


@pytest.mark.parametrize("size", [CHUNK * 3, CHUNK * 3 + 4096, 4096, 8192])
def test_the_end_of_a_file_may_be_a_code(case: Case, size: int) -> None:
    case.ca.reset(database_size_bytes=size, log_count=2)
    originals = case.ca.stored_files()
    case.faults(Fault("CertSrvBackupRead", "*", "end_code", "0x80070026"))
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    assert_whole(case, originals, None)
    ends = [call for call in case.journal().calls("CertSrvBackupRead") if call.hr == "0x80070026"]
    assert len(ends) == len(originals)


def test_one_read_is_made_behind_the_announced_end(case: Case) -> None:
    case.ca.reset(database_size_bytes=CHUNK * 2 + 4096, log_count=1, log_size_bytes=CHUNK)
    assert not case.backup().failed
    read = [call.out["read"] for call in case.journal().calls("CertSrvBackupRead")]
    assert read == [CHUNK, CHUNK, 4096, 0, CHUNK, 0]


@pytest.mark.parametrize("call", [1, 2])
def test_the_code_of_the_end_before_the_announced_end(case: Case, call: int) -> None:
    case.faults(Fault("CertSrvBackupRead", call, "hresult", "0x80070026"))
    run = case.backup(truncate_logs=True)
    assert run.failed and "ended early" in run.message and f"{(call - 1) * CHUNK} bytes came" in run.message
    assert len(case.ca.log_files()) == 6
    case.assert_no_set()


@pytest.mark.parametrize("code", ["0xC80003FA", "0x800706BE"])
def test_another_code_of_the_read_at_the_end_is_a_failure(case: Case, code: str) -> None:
    case.faults(Fault("CertSrvBackupRead", "*", "end_code", code))
    run = case.backup()
    size = case.database_file().stat().st_size
    assert run.failed and run.result["hresult"] == code and f"failed after {size} of {size} bytes" in run.message
    case.assert_no_set()


# --- lists ---


@pytest.mark.parametrize("form", ["plain", "unclosed", "zero1", "zero2"])
@pytest.mark.parametrize("function", sorted(LISTS))
def test_a_list_may_end_in_several_ways(case: Case, function: str, form: str) -> None:
    originals, dynamic = case.ca.stored_files(), dynamic_of(case)
    case.faults(Fault(function, 1, "form", form))
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    assert_whole(case, originals, dynamic)
    assert len(run.result["restore_map"]) == 3 and run.result["skipped_items"] == []


@pytest.mark.parametrize("form", ["null", "nothing0", "nothing2", "nothing4"])
def test_an_empty_list_of_dynamic_files_may_look_in_several_ways(case: Case, form: str) -> None:
    originals = case.ca.stored_files()
    case.faults(Fault(DYNAMIC, 1, "form", form))
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    assert_whole(case, originals, {})
    assert run.result["skipped_items"] == [] and case.ca.log_files() == []


@pytest.mark.parametrize("form", ["null", "nothing0", "nothing2", "nothing4"])
@pytest.mark.parametrize(("function", "step"), [(MAP, 5), (DATABASES, 6)])
def test_an_empty_list_that_must_not_be_is_refused_in_every_form(
    case: Case, function: str, step: int, form: str
) -> None:
    case.faults(Fault(function, 1, "form", form))
    run = case.backup()
    assert run.failed and "listed nothing" in run.message and run.result["step"] == step
    case.assert_no_set()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("odd", "bytes is odd"),
        ("cut", "no zero closes it"),
        ("zero3", "5 zeros follow its last name"),
        ("middle", "behind an empty name"),
    ],
)
@pytest.mark.parametrize(("function", "step"), [(MAP, 5), (DATABASES, 6), (LOGS, 10)])
def test_a_damaged_list_is_refused(case: Case, function: str, step: int, form: str, words: str) -> None:
    if form == "middle" and function == DATABASES:
        case.faults(
            Fault(function, 1, "append", rf"D{HOST}\C$\Windows\System32\CertLog\second.edb"),
            Fault(function, 1, "form", form),
        )
    else:
        case.faults(Fault(function, 1, "form", form))
    run = case.backup(truncate_logs=True)
    assert run.failed and words in run.message and function in run.message
    assert run.result["function"] == function and run.result["step"] == step
    assert len(case.ca.log_files()) == 6
    case.assert_no_set()


@pytest.mark.parametrize("form", ["odd", "cut", "zero3", "middle"])
def test_a_damaged_list_of_dynamic_files_costs_these_files_only(case: Case, form: str) -> None:
    originals = case.ca.stored_files()
    case.faults(Fault(DYNAMIC, 1, "form", form))
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    assert_whole(case, originals, {})
    (skipped,) = run.result["skipped_items"]
    assert skipped["what"] == "every file beside the database" and DYNAMIC in skipped["why"]
    assert any("every file beside the database" in text for text in run.result["warnings"])
    assert case.ca.log_files() == []


@pytest.mark.parametrize(
    ("tag", "shown"), [("!", "0x21"), ("%", "0x25"), ("\x0f", "0x0F"), ("\x82", "0x82"), ("d", "0x64")]
)
def test_a_list_of_databases_with_another_tag_is_refused(case: Case, tag: str, shown: str) -> None:
    entry = rf"\x{ord(tag):04X}{HOST}\C$\Windows\System32\CertLog\edb0001A.log"
    case.faults(Fault(DATABASES, 1, "append", entry))
    run = case.backup()
    assert run.failed and f"has the file type tag {shown}" in run.message and "edb0001A.log" in run.message
    assert run.result["step"] == 6 and case.journal().calls("CertSrvBackupOpenFileW") == []
    case.assert_no_set()


def test_a_name_goes_back_to_the_ca_as_it_came(case: Case) -> None:
    entry = rf"!{HOST}\C$\Windows\System32\CertLog\edb\xD83D.log"
    case.faults(Fault(LOGS, 1, "append", entry))
    run = case.backup()
    assert run.failed and run.result["function"] == "CertSrvBackupOpenFileW"
    opened = case.journal().calls("CertSrvBackupOpenFileW")[-1]
    assert opened.args["name"].endswith("edb\ud83d.log")
    case.assert_no_set()


# --- all of it together ---


@pytest.mark.parametrize("seed", SEEDS)
def test_any_lawful_answers(case: Case, seed: int) -> None:
    case.ca.configure(variety=seed, short_reads=seed)
    originals, dynamic = case.ca.stored_files(), dynamic_of(case)
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    assert_whole(case, originals, dynamic)
    assert case.ca.log_files() == [] and run.result["logs"]["after"] == 0
    met = {(call.fn, call.hr) for call in case.journal().calls() if call.hr not in (None, "0x00000000", "0x80070026")}
    assert {(entry["function"], entry["hresult"]) for entry in run.result["success_codes"]} == met - {
        pair for pair in met if pair[0] in ("LoadLibrary", "FreeLibrary")
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_lawful_answers_of_a_ca_without_dynamic_files(case: Case, seed: int) -> None:
    case.ca.configure(variety=seed)
    case.faults(Fault(DYNAMIC, 1, "empty"))
    run = case.backup()
    assert not run.failed, run.message
    assert run.result["skipped_items"] == []
    case.only_set()

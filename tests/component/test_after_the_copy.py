# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Once the database is copied, no file beside it fails the task; and when the CA may delete its logs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault, literal
from helpers.component.case import Case
from helpers.component.fabricate import label_of, write_manifest

DYNAMIC = "CertSrvBackupGetDynamicFileListW"
LOGS = "CertSrvBackupGetBackupLogsW"
TRUNCATE = "CertSrvBackupTruncateLogs"
HOST = r"\\ca01.lab.example\C$"
ENROLL = rf"{HOST}\Windows\System32\CertSrv\CertEnroll"
# Names that cannot be a file of a set, or that lead nowhere.
UNUSABLE = [
    rf"{HOST}\..",
    rf"{ENROLL}\folder" + "\\",
    rf"{ENROLL}\a.crl:stream",
    rf"{ENROLL}\NUL",
    rf"{ENROLL}\a/b.crl",
    rf"{ENROLL}\trailing.",
    rf"{ENROLL}\{'x' * 256}",
    r"C:" + r"\deep" * 60 + r"\a.crl",
    rf"{ENROLL}\missing.crl",
    r"\\other.lab.example\share\a.crl",
    r"relative.crl",
    " ",
    "\x07",
]
NOW = datetime.now(timezone.utc).replace(microsecond=0)
WARN = """
$result = @{{ logs = @{{ truncated = ${truncated}; before = {before}; after = {after} }} }}
@{{ text = Get-AdcsCaKeptLogWarning -Result $result -Repository '{repository}' -Build {build} }} | ConvertTo-Json
"""


def stored_dynamic(case: Case) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (case.only_set() / "Dynamic").glob("*")}


def dynamic_of(case: Case) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in case.ca.dynamic_files()}


# --- steps 12 and 13 ---


@pytest.mark.parametrize("code", ["0x80004001", "0x80070005", "0x8000FFFF", "0x800706BE", "0xC80003E8"])
def test_a_list_that_the_ca_does_not_give(case: Case, code: str) -> None:
    originals = case.ca.stored_files()
    case.faults(Fault(DYNAMIC, 1, "hresult", code))
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    (skipped,) = run.result["skipped_items"]
    assert code in skipped["why"] and sets.manifest(case.only_set())["skipped"] == [skipped]
    assert any(code in text for text in run.result["warnings"])
    case.assert_stored(case.only_set(), originals)
    assert case.ca.log_files() == [] and len(case.journal().calls("CertSrvBackupEnd")) == 1


@pytest.mark.parametrize("entry", UNUSABLE)
def test_an_unusable_name_costs_that_name_only(case: Case, entry: str) -> None:
    dynamic = dynamic_of(case)
    case.faults(Fault(DYNAMIC, 1, "append", literal(entry)))
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    assert [item["what"] for item in run.result["skipped_items"]] == [entry]
    assert sum(entry in text for text in run.result["warnings"]) == 1
    assert stored_dynamic(case) == dynamic


@pytest.mark.parametrize("tag", ["!", "\x0f", "\x82"])
def test_names_may_have_a_tag_all_the_same(case: Case, tag: str) -> None:
    dynamic = dynamic_of(case)
    names = [literal(rf"{tag}{ENROLL}\{name}") for name in dynamic]
    case.faults(Fault(DYNAMIC, 1, "replace", names[0]), *(Fault(DYNAMIC, 1, "append", name) for name in names[1:]))
    run = case.backup()
    assert not run.failed and run.result["skipped_items"] == []
    assert stored_dynamic(case) == dynamic


def test_all_unusable_names_at_once(case: Case) -> None:
    dynamic = dynamic_of(case)
    # a call has eight faults at most
    names = UNUSABLE[:8]
    case.faults(*(Fault(DYNAMIC, 1, "append", literal(entry)) for entry in names))
    run = case.backup()
    assert not run.failed, run.message
    assert [item["what"] for item in run.result["skipped_items"]] == names
    assert stored_dynamic(case) == dynamic


def test_a_file_that_was_skipped_does_not_claim_its_name(case: Case) -> None:
    first, *others = case.ca.dynamic_files()
    content = others[0].read_bytes()
    twin = case.engine.drive_c / "twin" / first.name
    twin.parent.mkdir()
    twin.write_bytes(content)
    first.unlink()
    try:
        case.faults(Fault(DYNAMIC, 1, "append", literal(rf"{HOST}\twin\{first.name}")))
        run = case.backup()
    finally:
        twin.unlink()
        twin.parent.rmdir()
    assert not run.failed, run.message
    (skipped,) = run.result["skipped_items"]
    assert skipped["what"].endswith(first.name) and "twin" not in skipped["what"]
    assert stored_dynamic(case)[first.name] == content


@pytest.mark.substitute("disk space")
@pytest.mark.parametrize("status", ["0xC000007F", "0xC0000185", "0xC0000043", "0xC0000044"])
@pytest.mark.parametrize("function", ["NtCreateFile", "NtWriteFile", "NtFlushBuffersFile"])
def test_a_destination_that_fails_costs_the_file_only(case: Case, function: str, status: str) -> None:
    dynamic = dynamic_of(case)
    name = case.ca.dynamic_files()[0].name
    case.faults(Fault(rf"{function}@Dynamic\{name}", "*", "hresult", status))
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    assert [item["what"].rsplit("\\", 1)[-1] for item in run.result["skipped_items"]] == [name]
    del dynamic[name]
    assert stored_dynamic(case) == dynamic
    assert case.ca.log_files() == []


def a_write_that_fails(case: Case, refused_deletions: int) -> str:
    """Let the write of a dynamic file fail, and then so many tries to delete what was written; return the name of the file."""
    name = case.ca.dynamic_files()[0].name
    refusals = [
        Fault(rf"NtCreateFile@Dynamic\{name}", 2 + number, "hresult", "0xC0000022")
        for number in range(refused_deletions)
    ]
    case.faults(Fault(rf"NtWriteFile@Dynamic\{name}", 1, "hresult", "0xC0000185"), *refusals)
    return name


@pytest.mark.substitute("disk space")
def test_a_part_of_a_file_that_is_in_use_for_a_moment_goes(case: Case) -> None:
    name = a_write_that_fails(case, 3)
    run = case.backup()
    assert not run.failed, run.message
    (skipped,) = run.result["skipped_items"]
    assert skipped["what"].endswith(name) and "stays" not in skipped["why"]
    assert name not in stored_dynamic(case)


@pytest.mark.substitute("disk space")
def test_a_part_of_a_file_that_cannot_be_deleted_is_told(case: Case) -> None:
    name = a_write_that_fails(case, 60)
    run = case.backup()
    assert not run.failed, run.message
    (skipped,) = run.result["skipped_items"]
    assert skipped["what"].endswith(name) and "A part of it stays in the set" in skipped["why"]
    (folder,) = case.published()
    assert sets.problems(folder) == [f"Dynamic/{name} not in the manifest"]


def test_the_dynamic_files_do_not_depend_on_the_truncation(case: Case) -> None:
    dynamic = dynamic_of(case)
    case.faults(Fault(TRUNCATE, 1, "hresult", "0x80004005"))
    run = case.backup(truncate_logs=True)
    assert run.failed and run.result["function"] == TRUNCATE and "is complete and was published" in run.message
    assert stored_dynamic(case) == dynamic
    (skipped,) = run.result["skipped_items"]
    assert skipped["what"] == "log truncation" and TRUNCATE in skipped["why"]
    assert len(case.ca.log_files()) == 6 and run.result["logs"]["truncated"] is False


def test_a_service_that_stops_behind_the_truncation(case: Case) -> None:
    case.faults(Fault(TRUNCATE, 1, "stop_service"))
    run = case.backup(truncate_logs=True)
    assert run.failed and run.result["function"] == "CertSrvBackupEnd", "the session could not be ended in order"
    assert {item["what"] for item in run.result["skipped_items"]} == {
        "every file beside the database",
        "the steps after the copy",
    }
    case.only_set()


# --- when the CA may delete its logs ---


def assert_not_truncated(case: Case, words: str) -> None:
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    assert case.journal().calls(TRUNCATE) == [] and run.result["logs"]["truncated"] is False
    skipped = {item["what"]: item["why"] for item in run.result["skipped_items"]}
    assert words in skipped["log truncation"]
    assert any("log truncation" in text for text in run.result["warnings"])
    case.only_set()


def test_a_set_without_a_log_is_not_truncated_after(case: Case) -> None:
    logs = case.ca.log_files()
    case.faults(Fault(LOGS, 1, "empty"))
    assert_not_truncated(case, "listed no log")
    assert case.ca.log_files() == logs


def test_a_set_without_a_log_is_told_also_where_none_is_truncated(case: Case) -> None:
    case.faults(Fault(LOGS, 1, "empty"))
    run = case.backup()
    assert not run.failed and [item["what"] for item in run.result["skipped_items"]] == ["the logs of the database"]


@pytest.mark.parametrize(
    "name", ["edb.log", "edbtmp.log", "edb0001.log", "edb0000000001.log", "E0000001.log", "edbXYZ12.log"]
)
def test_a_log_whose_name_gives_no_generation_is_not_truncated_after(case: Case, name: str) -> None:
    (case.ca.database_folder / name).write_bytes(b"a log" * 1000)
    logs = case.ca.log_files()
    case.faults(Fault(LOGS, 1, "append", literal(rf"!{HOST}\Windows\System32\CertLog\{name}")))
    assert_not_truncated(case, "gives no generation")
    assert case.ca.log_files() == logs


def test_only_logs_without_a_generation(case: Case) -> None:
    (case.ca.database_folder / "other.log").write_bytes(b"a log" * 1000)
    case.faults(Fault(LOGS, 1, "replace", literal(rf"!{HOST}\Windows\System32\CertLog\other.log")))
    assert_not_truncated(case, "gives no generation")


def test_one_generation_in_two_names_does_not_hide_a_gap(case: Case) -> None:
    logs = case.ca.log_files()
    twin = case.ca.database_folder / "edb0000001A.log"
    twin.write_bytes(logs[0].read_bytes())
    logs[2].rename(logs[2].with_suffix(".aside"))
    try:
        assert_not_truncated(case, "a gap of 1 generations")
    finally:
        logs[2].with_suffix(".aside").unlink()
        twin.unlink()


def test_logs_that_go_at_the_end_of_the_session_are_counted_then(case: Case) -> None:
    case.ca.configure(truncate_at_end=1)
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    assert case.ca.log_files() == []
    assert (run.result["logs"]["before"], run.result["logs"]["after"]) == (6, 0)
    assert sets.manifest(case.only_set())["truncation"]["logs_after"] == 0
    assert not any("kept all" in text for text in run.result.get("warnings", []))


# --- what is said of logs that stay ---


def test_no_warning_of_no_logs(case: Case) -> None:
    case.ca.reset(log_count=0)
    run = case.backup(truncate_logs=True)
    assert not any("kept all" in text for text in run.result["warnings"]), run.result["warnings"]


def test_logs_that_stay_are_told_with_their_nights(case: Case) -> None:
    case.ca.configure(keep_logs=6)
    run = case.backup(truncate_logs=True)
    (first,) = [text for text in run.result["warnings"] if "kept all of its 6 logs" in text]
    assert "backups, since" not in first
    run = case.backup(truncate_logs=True)
    (second,) = [text for text in run.result["warnings"] if "kept all of its 6 logs" in text]
    oldest = min(folder.name for folder in case.published())
    assert f"as after each of the last 2 backups, since {oldest}" in second


def test_the_nights_end_where_logs_went(case: Case) -> None:
    assert not case.backup(truncate_logs=True).failed
    good = case.only_set()
    document = sets.manifest(good)
    kept = {"requested": True, "done": True, "logs_before": 61, "logs_after": 61}
    for days, truncation in enumerate([kept, kept, {**kept, "logs_after": 3}, kept], 1):
        label = label_of(NOW - timedelta(days=days))
        folder = case.repository / label
        folder.mkdir()
        write_manifest(folder, {**document, "label": label, "truncation": truncation})
    good_label = good.name
    write_manifest(good, {**document, "truncation": kept})
    (text,) = case.worker.script(
        WARN.format(truncated="true", before=61, after=61, repository=rf"C:\Backup\{case.ca.folder_name}", build=14393)
    )
    told = json.loads(text)["text"]
    assert f"the last 3 backups, since {label_of(NOW - timedelta(days=2))}" in told and good_label not in told


@pytest.mark.parametrize(("build", "old"), [(9600, True), (14393, True), (17763, False), (26100, False)])
def test_windows_server_2016_and_older_need_a_restart(case: Case, build: int, old: bool) -> None:
    (text,) = case.worker.script(
        WARN.format(truncated="true", before=61, after=61, repository=r"C:\NotThere", build=build)
    )
    told = json.loads(text)["text"]
    assert ("event 225" in told) is ("Restart-Service CertSvc" in told) is old
    assert "kept all of its 61 logs" in told


@pytest.mark.parametrize(
    ("truncated", "before", "after"), [("true", 0, 0), ("true", 7, 6), ("false", 7, 7), ("null", 7, 7)]
)
def test_no_warning_where_nothing_stayed(case: Case, truncated: str, before: int, after: int) -> None:
    (text,) = case.worker.script(
        WARN.format(truncated=truncated, before=before, after=after, repository=r"C:\NotThere", build=14393)
    )
    assert json.loads(text)["text"] == ""


# --- how many logs there are, whatever happens ---


@pytest.mark.parametrize(
    "fault",
    [
        Fault("CertSrvIsServerOnlineW", 1, "hresult", "0x800706BA"),
        Fault("CertSrvBackupPrepareW", 1, "hresult", "0x80070005"),
        Fault("CertSrvBackupRead", 5, "hresult", "0xC80003FA"),
        Fault("NtQueryVolumeInformationFile@C:", "*", "free", str(1 << 20)),
    ],
    ids=["online", "prepare", "read", "space"],
)
def test_a_failed_run_tells_how_many_logs_there_are(case: Case, fault: Fault) -> None:
    case.faults(fault)
    run = case.backup(truncate_logs=True)
    assert run.failed and case.published() == []
    assert run.result["logs"]["before"] == run.result["logs"]["after"] == len(case.ca.log_files()) == 6


def test_a_failed_run_counts_the_logs_that_came_meanwhile(case: Case) -> None:
    case.faults(Fault("CertSrvBackupRead", 3, "add_log"), Fault("CertSrvBackupRead", 5, "hresult", "0xC80003FA"))
    run = case.backup()
    assert run.failed and (run.result["logs"]["before"], run.result["logs"]["after"]) == (6, 7)

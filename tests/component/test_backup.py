# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""adcs.ca.backup when nothing is wrong: what it calls, what it stores, what it says."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault, literal
from helpers.component.case import Case
from helpers.component.fabricate import copy_set, write_manifest
from helpers.component.results import BACKUP_KEYS, FAILURE_KEYS, keys

LOG_KEYS = {"listed", "truncation_requested", "truncated", "before", "after"}
SIXTEEN_STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 7, 8, 9, 11, 12, 14, 15, 16]


def test_the_sixteen_steps_happen_in_order_and_once(case: Case) -> None:
    case.backup(truncate_logs=True)
    assert case.journal().steps() == SIXTEEN_STEPS
    for function in ("IsServerOnlineW", "BackupPrepareW", "RestoreGetDatabaseLocationsW", "BackupGetDatabaseNamesW"):
        assert len(case.journal().calls(f"CertSrv{function}")) == 1
    for function in ("GetBackupLogsW", "TruncateLogs", "GetDynamicFileListW", "End"):
        assert len(case.journal().calls(f"CertSrvBackup{function}")) == 1


def test_every_function_is_resolved_before_one_is_used(case: Case) -> None:
    case.backup()
    order = [call.fn for call in case.journal().calls()]
    first_use = next(i for i, fn in enumerate(order) if fn.startswith("CertSrv"))
    assert order[:first_use].count("GetProcAddress") == 12
    assert "GetProcAddress" not in order[first_use:]


def test_all_calls_of_a_session_come_from_one_thread(case: Case) -> None:
    case.backup()
    assert len({call.tid for call in case.journal().calls() if call.fn.startswith("CertSrv")}) == 1


def test_every_byte_is_stored(case: Case) -> None:
    originals = case.ca.stored_files()
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    folder = case.only_set()
    case.assert_stored(folder, originals)
    case.assert_clean()
    locations = case.journal().calls("CertSrvRestoreGetDatabaseLocationsW")[0].out["bytes"]
    assert (folder / "DataBase" / "certbkxp.dat").stat().st_size == locations
    assert {path.name for path in (folder / "DataBase").iterdir()} == {*originals, "certbkxp.dat"}


def test_the_result_says_what_is_on_disk(case: Case) -> None:
    logs = len(case.ca.log_files())
    run = case.backup(truncate_logs=True)
    folder = case.only_set()
    manifest = sets.manifest(folder)
    result = run.result
    assert keys(run) == BACKUP_KEYS
    assert result["changed"] is True
    assert result["label"] == folder.name
    assert result["path"].endswith(rf"{case.ca.folder_name}\{folder.name}")
    assert result["files"] == manifest["files"]
    assert (result["file_count"], result["files_omitted"]) == (len(manifest["files"]), 0)
    assert result["bytes"] == sum(
        path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"
    )
    assert result["ca"] == {"name": case.ca.name, "host": case.ca.host}
    assert result["logs"] == {
        "listed": logs,
        "truncation_requested": True,
        "truncated": True,
        "before": logs,
        "after": 0,
    }
    assert {entry["kind"] for entry in result["restore_map"]} == {"database", "log_directory", "checkpoint_directory"}
    assert result["skipped_items"] == [] and result["leftovers"] == [] and result["reason"] is None
    assert case.ca.log_files() == []


def test_the_manifest_says_how_the_set_was_made(case: Case) -> None:
    case.backup()
    manifest = sets.manifest(case.only_set())
    assert manifest["schema"] == 1
    assert manifest["type"] == "full" and manifest["prior"] is None
    assert manifest["ca"]["folder_name"] == case.ca.folder_name
    generations = [int(path.stem[3:], 16) for path in case.ca.log_files()]
    assert manifest["log_generations"] == {"low": min(generations), "high": max(generations), "missing": 0}
    assert manifest["truncation"]["requested"] is False and manifest["truncation"]["done"] is False
    started = datetime.strptime(manifest["started"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert timedelta(0) <= datetime.now(timezone.utc) - started < timedelta(minutes=5)
    assert started.strftime("%Y%m%dT%H%M%SZ-full") == manifest["label"]


def test_logs_stay_unless_truncation_is_asked_for(case: Case) -> None:
    before = case.ca.log_files()
    run = case.backup()
    assert case.ca.log_files() == before
    assert run.result["logs"]["truncated"] is False
    assert case.journal().calls("CertSrvBackupTruncateLogs") == []


def test_truncation_comes_after_the_last_file_and_the_manifest(case: Case) -> None:
    case.backup(truncate_logs=True)
    order = [call.fn for call in case.journal().calls()]
    assert order.index("CertSrvBackupTruncateLogs") > max(i for i, fn in enumerate(order) if fn == "CertSrvBackupClose")
    manifest = sets.manifest(case.only_set())
    assert manifest["truncation"] == {
        "requested": True,
        "done": True,
        "logs_before": manifest["truncation"]["logs_before"],
        "logs_after": 0,
    }


def test_logs_that_the_engine_keeps_are_told(case: Case) -> None:
    logs = len(case.ca.log_files())
    case.ca.configure(keep_logs=logs)
    run = case.backup(truncate_logs=True)
    assert not run.failed
    assert run.result["logs"]["truncated"] is True
    assert run.result["logs"]["after"] == logs == len(case.ca.log_files())
    assert any(f"kept all of its {logs} logs" in warning for warning in run.result["warnings"])


def test_short_reads_in_mid_file_are_no_end(case: Case) -> None:
    originals = case.ca.stored_files()
    case.ca.configure(short_reads=7)
    case.backup()
    case.assert_stored(case.only_set(), originals)
    reads = [call for call in case.journal().calls("CertSrvBackupRead") if 0 < call.out["read"] < call.args["size"]]
    assert len(reads) > len(originals)


def test_a_log_that_appears_during_the_backup_does_no_harm(case: Case) -> None:
    originals = case.ca.stored_files()
    case.faults(Fault("CertSrvBackupRead", 3, "add_log"))
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    folder = case.only_set()
    names = {path.name for path in (folder / "DataBase").iterdir()}
    assert set(originals) < names
    assert sets.manifest(folder)["log_generations"]["missing"] == 0


def test_a_gap_in_the_logs_keeps_them(case: Case) -> None:
    case.ca.log_files()[1].unlink()
    left = case.ca.log_files()
    run = case.backup(truncate_logs=True)
    assert not run.failed
    assert case.ca.log_files() == left
    assert [entry["what"] for entry in run.result["skipped_items"]] == ["log truncation"]
    assert run.result["logs"]["truncated"] is False


def test_check_mode_writes_nothing_and_predicts(case: Case) -> None:
    before = sets.snapshot(case.engine.drive_c / "Backup"), sets.snapshot(case.ca.database_folder)
    check = case.backup(check_mode=True, diff=True, truncate_logs=True)
    assert (sets.snapshot(case.engine.drive_c / "Backup"), sets.snapshot(case.ca.database_folder)) == before
    assert case.journal().calls("CertSrvBackupPrepareW") == []
    assert check.result["changed"] is True
    assert keys(check) == BACKUP_KEYS | {"diff"}

    real = case.backup(diff=True)
    shape = [(file["path"], file["kind"]) for file in check.result["files"]]
    assert shape == [(file["path"], file["kind"]) for file in real.result["files"] if file["kind"] != "dynamic"]
    assert check.result["diff"]["before"] == real.result["diff"]["before"] == ""
    assert [line.split(" (")[0] for line in check.result["diff"]["after"].splitlines()[1:]] == [
        f"  {path}" for path, _ in shape
    ]


def test_check_mode_leaves_an_existing_repository_alone(case: Case) -> None:
    case.backup()
    before = sets.snapshot(case.destination)
    check = case.backup(check_mode=True)
    assert check.result["changed"] is True
    assert sets.snapshot(case.destination) == before


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_fresh_set_is_enough_and_nothing_is_written(case: Case, check_mode: bool) -> None:
    first = case.backup()
    before = sets.snapshot(case.destination)
    case.ca.clear_journal()
    second = case.backup(max_age="1h", check_mode=check_mode, diff=True)
    assert second.result["changed"] is False
    assert second.result["label"] == first.result["label"]
    assert second.result["files"] == first.result["files"]
    assert "within max_age" in second.result["reason"]
    assert second.result["diff"] == {"before": "", "after": ""}
    assert keys(second) == BACKUP_KEYS | {"diff"}
    assert sets.snapshot(case.destination) == before
    assert case.journal().calls() == []


def test_a_set_older_than_max_age_is_not_enough(case: Case) -> None:
    case.backup()
    copy_set(case.only_set(), datetime.now(timezone.utc) - timedelta(hours=2))
    shutil.rmtree(case.published()[-1])
    run = case.backup(max_age="1h59min")
    assert run.result["changed"] is True
    assert len(case.published()) == 2


def test_a_damaged_set_is_not_enough(case: Case) -> None:
    case.backup()
    (database,) = case.only_set().glob("DataBase/*.edb")
    database.write_bytes(database.read_bytes()[:-1])
    run = case.backup(max_age="1h")
    assert run.result["changed"] is True
    assert len(case.published()) == 2


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("ahead", [timedelta(minutes=1), timedelta(days=365)])
def test_a_set_dated_in_the_future_is_not_enough(case: Case, ahead: timedelta, check_mode: bool) -> None:
    case.backup()
    future = copy_set(case.only_set(), datetime.now(timezone.utc) + ahead)
    shutil.rmtree(case.published()[0])
    run = case.backup(max_age="52w", check_mode=check_mode)
    assert not run.failed and run.result["changed"] is True and run.result["reason"] is None
    assert run.result["label"] != future.name and len(case.published()) == 2 - check_mode


def test_a_set_dated_in_the_future_hides_no_fresh_one(case: Case) -> None:
    fresh = case.backup().result["label"]
    copy_set(case.only_set(), datetime.now(timezone.utc) + timedelta(days=1))
    run = case.backup(max_age="1h")
    assert run.result["changed"] is False and run.result["label"] == fresh


@pytest.mark.parametrize("check_mode", [False, True])
def test_files_need_not_be_listed(case: Case, check_mode: bool) -> None:
    listed = case.backup(check_mode=True, diff=True).result
    run = case.backup(list_files=False, check_mode=check_mode, diff=True)
    files = (
        case.ca.stored_files()
        | {"certbkxp.dat": b""}
        | ({} if check_mode else {path.name: b"" for path in case.ca.dynamic_files()})
    )
    assert run.result["files"] == []
    assert run.result["file_count"] == run.result["files_omitted"] == len(files)
    assert run.result["bytes"] >= listed["bytes"] and run.result["logs"]["listed"] == listed["logs"]["listed"] > 0
    assert run.result["diff"]["after"].splitlines() == [run.result["path"], f"  {len(files)} files"]
    assert check_mode or len(sets.manifest(case.only_set())["files"]) == len(files)


def test_two_thousand_files_are_listed_and_all_are_counted(case: Case) -> None:
    case.backup()
    folder = case.only_set()
    document = sets.manifest(folder)
    more = []
    for number in range(2100):
        (folder / "DataBase" / f"more{number}.log").write_bytes(b"123")
        more.append({**document["files"][0], "path": rf"DataBase\more{number}.log", "kind": "log", "size": 3})
    files = document["files"] + more
    write_manifest(folder, {**document, "files": files})
    result = case.backup(max_age="1h", diff=True).result
    assert result["changed"] is False and result["files"] == files[:2000]
    assert (result["file_count"], result["files_omitted"]) == (len(files), len(files) - 2000)
    assert result["bytes"] == sum(file["size"] for file in files)
    assert result["logs"]["listed"] == len([file for file in files if file["kind"] == "log"])


@pytest.mark.parametrize("text", ["3x", "-1h", "12", "h", "1h2d", "1.5h", "1h ", "٣h"])
def test_a_bad_max_age_is_refused(case: Case, text: str) -> None:
    run = case.backup(max_age=text)
    assert run.failed and "time span" in run.message
    assert case.journal().calls() == []
    assert not case.destination.exists()


def test_truncation_without_verification_is_refused(case: Case) -> None:
    run = case.backup(truncate_logs=True, verify=False)
    assert run.failed and "truncate_logs needs verify" in run.message
    assert case.journal().calls() == []


def test_without_verification_the_set_says_so(case: Case) -> None:
    run = case.backup(verify=False)
    assert not run.failed
    (folder,) = case.published()
    assert sets.problems(folder) == []
    assert run.result["verified"] is False and sets.manifest(folder)["verified"] is False


def test_dynamic_files_can_be_left_out(case: Case) -> None:
    run = case.backup(dynamic_files=False)
    assert case.journal().calls("CertSrvBackupGetDynamicFileListW") == []
    assert [file for file in run.result["files"] if file["kind"] == "dynamic"] == []
    assert not (case.only_set() / "Dynamic").exists()


def test_dynamic_files_are_stored(case: Case) -> None:
    originals = {path.name: path.read_bytes() for path in case.ca.dynamic_files()}
    assert originals
    case.backup()
    stored = {path.name: path.read_bytes() for path in (case.only_set() / "Dynamic").iterdir()}
    assert stored == originals


def test_a_missing_dynamic_file_is_reported(case: Case) -> None:
    missing = case.ca.dynamic_files()[0]
    missing.unlink()
    run = case.backup()
    assert not run.failed
    (skipped,) = run.result["skipped_items"]
    assert skipped["what"].endswith(missing.name)
    assert any(missing.name in warning for warning in run.result["warnings"])
    assert sets.manifest(case.only_set())["skipped"] == run.result["skipped_items"]


def test_a_dynamic_file_of_another_host_is_reported(case: Case) -> None:
    case.faults(Fault("CertSrvBackupGetDynamicFileListW", 1, "append", r"\\elsewhere\C$\x.crl"))
    run = case.backup()
    assert not run.failed
    assert run.result["skipped_items"] == [{"what": r"\\elsewhere\C$\x.crl", "why": "it is not on this host"}]


def test_two_dynamic_files_with_one_name_are_told(case: Case) -> None:
    file = case.ca.dynamic_files()[0]
    second = rf"\\{case.ca.host}\C$\elsewhere\{file.name.upper()}"
    case.faults(Fault("CertSrvBackupGetDynamicFileListW", 1, "append", literal(second)))
    run = case.backup(truncate_logs=True)
    assert not run.failed, run.message
    (skipped,) = run.result["skipped_items"]
    assert skipped["what"] == second and rf"\{file.name}'" in skipped["why"]
    assert (case.only_set() / "Dynamic" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_account_that_may_not_ask_for_the_state_may_back_up(case: Case, check_mode: bool) -> None:
    case.faults(Fault("CertSrvIsServerOnlineW", 1, "hresult", "0x80070005"))
    run = case.backup(check_mode=check_mode)
    assert not run.failed, run.message
    assert run.result["changed"] is True
    assert len(case.published()) == (0 if check_mode else 1)


def test_what_a_set_lacks_is_told_once(case: Case) -> None:
    case.faults(Fault("CertSrvBackupGetDynamicFileListW", 1, "append", r"C:\missing.crl"))
    assert any("missing.crl" in warning for warning in case.backup().result["warnings"])
    again = case.backup(max_age="1h")
    assert again.result["changed"] is False and again.result["skipped_items"] != []
    assert again.result.get("warnings", []) == []


def test_two_runs_in_one_second_get_two_labels(case: Case) -> None:
    labels = [case.backup().result["label"] for _ in range(3)]
    assert len(set(labels)) == 3
    assert [folder.name for folder in case.published()] == labels


def test_a_large_file_needs_no_more_memory(case: Case) -> None:
    """The engine's peak memory must not grow with the database: 24 MiB against 192 MiB, less than 32 MiB apart."""
    script = "[Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64"
    case.backup()
    small = case.worker.script(script)[0]
    case.ca.reset(database_size_bytes=192 << 20)
    case.backup()
    large = case.worker.script(script)[0]
    assert large - small < 32 << 20


def test_a_failure_has_every_key(case: Case) -> None:
    case.faults(Fault("CertSrvBackupPrepareW", 1, "hresult", "0x80070005"))
    run = case.backup()
    assert keys(run) == BACKUP_KEYS | FAILURE_KEYS
    assert set(run.result["logs"]) == LOG_KEYS
    assert run.result["path"] is None and run.result["files"] == [] and run.result["changed"] is False

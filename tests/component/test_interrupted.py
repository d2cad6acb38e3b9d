# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plug is pulled: whatever the moment, no set claims to be complete and is not, and the next run puts things in order."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from helpers.component.case import Case
from helpers.component.fabricate import copy_set
from helpers.component.worker import WorkerDied

# Where the process dies, and whether the set was copied by then, so that the next run must finish it.
MOMENTS = [
    (Fault("CertSrvIsServerOnlineW", 1, "crash"), False),
    (Fault("CertSrvBackupPrepareW", 1, "crash"), False),
    (Fault("CertSrvBackupPrepareW", 1, "crash_after"), False),
    (Fault("CertSrvRestoreGetDatabaseLocationsW", 1, "crash"), False),
    (Fault("CertSrvBackupOpenFileW", 1, "crash"), False),
    (Fault("CertSrvBackupRead", 2, "crash"), False),
    (Fault("CertSrvBackupRead", 50, "crash"), False),
    (Fault("CertSrvBackupGetBackupLogsW", 1, "crash"), False),
    (Fault("CertSrvBackupClose", 2, "crash_after"), False),
    (Fault("NtWriteFile@manifest.json", 1, "crash"), False),
    (Fault("NtSetInformationFile@manifest.json", 1, "crash_after"), True),
    (Fault("CertSrvBackupTruncateLogs", 1, "crash"), True),
    (Fault("CertSrvBackupTruncateLogs", 1, "crash_after"), True),
    (Fault("CertSrvBackupGetDynamicFileListW", 1, "crash"), True),
    (Fault("CertSrvBackupEnd", 1, "crash"), True),
    (Fault("CertSrvBackupEnd", 1, "crash_after"), True),
    (Fault("FreeLibrary", 1, "crash"), True),
    (Fault("NtWriteFile@manifest.json", 2, "crash"), True),
]


@pytest.mark.parametrize(
    ("moment", "copied"), MOMENTS, ids=[f"{fault.function} {fault.action}" for fault, _ in MOMENTS]
)
def test_a_dead_process_leaves_no_false_set(case: Case, moment: Fault, copied: bool) -> None:
    originals = case.ca.stored_files()
    case.faults(moment)
    with pytest.raises(WorkerDied):
        case.backup(truncate_logs=True)
    assert case.published() == []
    remaining = set(originals) - {path.name for path in case.ca.log_files()} - {case.database_file().name}
    assert copied or remaining == set(), "logs were truncated before the set was copied"

    case.faults()
    case.ca.clear_journal()
    run = case.backup()
    assert not run.failed, run.message
    case.assert_clean()
    for folder in case.published():
        assert sets.problems(folder) == []
    if copied:
        (leftover,) = run.result["leftovers"]
        assert leftover["action"] == "adopted"
        adopted, _ = case.published()
        assert adopted.name == leftover["label"]
        case.assert_stored(adopted, originals)
    else:
        assert len(case.published()) == 1
        assert [leftover["action"] for leftover in run.result["leftovers"]] in ([], ["discarded"])


def test_a_damaged_copied_set_is_kept(case: Case) -> None:
    case.faults(Fault("CertSrvBackupEnd", 1, "crash"))
    with pytest.raises(WorkerDied):
        case.backup(truncate_logs=True)
    (left,) = (case.repository / ".staging").iterdir()
    (left / "DataBase" / case.database_file().name).write_bytes(b"damaged")
    damaged = sets.snapshot(left)

    case.faults()
    case.ca.clear_journal()
    run = case.backup()
    assert not run.failed, run.message
    assert [(entry["label"], entry["action"]) for entry in run.result["leftovers"]] == [(left.name, "kept")]
    assert sets.snapshot(left) == damaged
    assert any(left.name in warning for warning in run.result["warnings"])
    assert case.only_set().name != left.name


def test_a_copied_set_that_cannot_be_published_waits_for_the_next_run(case: Case) -> None:
    case.faults(Fault("CertSrvBackupEnd", 1, "crash"))
    with pytest.raises(WorkerDied):
        case.backup(truncate_logs=True)
    (left,) = (case.repository / ".staging").iterdir()
    case.faults(
        Fault(rf"NtSetInformationFile@-> C:\Backup\{case.ca.folder_name}\{left.name}", "*", "hresult", "0xC0000043")
    )
    case.ca.clear_journal()
    run = case.backup()
    assert not run.failed, run.message
    (leftover,) = run.result["leftovers"]
    assert (leftover["label"], leftover["action"]) == (left.name, "kept") and "MoveFileExW" in leftover["why"]
    assert [folder.name for folder in case.published()] == [run.result["label"]]
    assert (left / "manifest.json").is_file()

    case.faults()
    case.ca.clear_journal()
    run = case.backup(max_age="1h")
    assert [(entry["label"], entry["action"]) for entry in run.result["leftovers"]] == [(left.name, "adopted")]
    assert [sets.problems(folder) for folder in case.published()] == [[], []]
    case.assert_clean()


@pytest.mark.parametrize("suffix", ["", ".expired"])
def test_a_leftover_that_cannot_be_deleted_stops_no_backup(case: Case, suffix: str) -> None:
    left = case.repository / ".staging" / f"20260101T000000Z-full{suffix}"
    (left / "DataBase").mkdir(parents=True)
    (left / "DataBase" / "half.edb").write_bytes(b"half")
    case.faults(
        *[Fault(f"{call}@{left.name}", "*", "hresult", "0xC0000043") for call in ("NtCreateFile", "NtOpenFile")]
    )
    run = case.backup()
    assert not run.failed, run.message
    assert [(entry["label"], entry["action"]) for entry in run.result["leftovers"]] == [(left.name, "kept")]
    case.only_set()

    case.faults()
    case.ca.clear_journal()
    assert not case.backup().failed
    assert not left.exists()
    case.assert_clean()


def test_read_only_files_of_an_unfinished_set_go(case: Case) -> None:
    stuck = case.repository / ".staging" / "20260101T000000Z-full"
    (stuck / "DataBase").mkdir(parents=True)
    (stuck / "DataBase" / "half.edb").write_bytes(b"half")
    (stuck / "DataBase" / "half.edb").chmod(0o444)
    (stuck / "DataBase").chmod(0o555)
    run = case.backup()
    assert not run.failed and not stuck.exists(), run.message
    assert [entry["action"] for entry in run.result["leftovers"]] == ["discarded"]


@pytest.mark.parametrize("owner", [{"name": "Other CA"}, {"host": "other.lab.example"}])
def test_a_copied_set_of_another_ca_is_not_adopted(case: Case, owner: dict[str, str]) -> None:
    assert not case.backup().failed
    good = case.only_set()
    day = datetime(2026, 1, 2, tzinfo=timezone.utc)
    files = [file for file in sets.manifest(good)["files"] if file["kind"] != "dynamic"]
    foreign = copy_set(good, day, state="copied", files=files, ca={**sets.manifest(good)["ca"], **owner})
    left = case.repository / ".staging" / foreign.name
    left.parent.mkdir()
    foreign.rename(left)
    before = sets.snapshot(left)
    run = case.backup()
    assert not run.failed, run.message
    (leftover,) = run.result["leftovers"]
    assert leftover["action"] == "kept" and next(iter(owner.values())) in leftover["why"]
    assert sets.snapshot(left) == before


@pytest.mark.substitute("links")
@pytest.mark.parametrize("with_manifest", [False, True])
def test_a_leftover_that_leads_elsewhere_is_neither_followed_nor_removed(case: Case, with_manifest: bool) -> None:
    left = case.repository / ".staging" / "20260101T000000Z-full"
    left.mkdir(parents=True)
    (left / ("manifest.json" if with_manifest else "precious.txt")).write_text("elsewhere")
    case.engine.linux_path(r"C:\LabCA\reparse.txt").write_text(
        rf"C:\Backup\{case.ca.folder_name}\.staging\{left.name}" + "\n", encoding="utf-8"
    )
    before = sets.snapshot(left)
    run = case.backup()
    assert not run.failed, run.message
    (leftover,) = run.result["leftovers"]
    assert leftover["action"] == "kept" and "reparse point" in leftover["why"]
    assert sets.snapshot(left) == before


def test_a_foreign_folder_in_staging_is_left_alone(case: Case) -> None:
    foreign = case.repository / ".staging" / "notes"
    foreign.mkdir(parents=True)
    (foreign / "a.txt").write_text("mine")
    before = sets.snapshot(foreign)
    run = case.backup()
    assert not run.failed, run.message
    assert sets.snapshot(foreign) == before
    case.only_set()


def test_an_adopted_set_can_be_fresh_enough(case: Case) -> None:
    case.faults(Fault("CertSrvBackupEnd", 1, "crash"))
    with pytest.raises(WorkerDied):
        case.backup()
    case.faults()
    case.ca.clear_journal()
    (left,) = (case.repository / ".staging").iterdir()
    finished = sets.manifest(left)["finished"]
    run = case.backup(max_age="1h")
    assert run.result["changed"] is True
    assert sets.manifest(case.only_set())["finished"] == finished, "the backup ended when it was copied, not now"
    assert run.result["label"] == case.only_set().name == run.result["leftovers"][0]["label"]
    assert case.journal().calls() == []

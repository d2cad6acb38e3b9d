# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A manifest that its own reader refuses is never written."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from adcs_lab import sets
from helpers.component import invariants
from helpers.component.case import Case
from helpers.component.fabricate import label_of, make_sets

KEY = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\CertSvc\Configuration"
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
COPIED = "Save-AdcsCaManifest -Draft $set -State copied; "
# a statement for each thing that the reader looks at
SPOILED = [
    "$m.schema = 2",
    "$m.schema = $null",
    "$m.label = 'x'",
    f"$m.label = '{label_of(STARTED + timedelta(days=1))}'",
    "$m.type = 'logs'",
    "$m.started = 'now'",
    "$m.finished = $null",
    "$m.finished = '2026-02-30T00:00:00Z'",
    "$m.verified = $null",
    "$m.prior = 5",
    "$m.ca = $null",
    "$m.ca.name = 5",
    "$m.ca.host = $null",
    "$m.truncation = $null",
    "$m.truncation.requested = $null",
    "$m.truncation.done = 'yes'",
    "$m.truncation.logs_before = $null",
    "$m.truncation.logs_after = 1.5",
    "$m.restore_map = $null",
    "$m.restore_map = @(@{ kind = 'database' })",
    "$m.skipped = @('x')",
    "$null = $m.skipped.Add(@{ what = 'x'; why = $null })",
    "$m.files.Clear()",
    "$null = $m.files.Add($m.files[0])",
    "$null = $m.files.Add('x')",
    r"$m.files[0].path = '..\x'",
    "$m.files[0].size = -1",
    "$m.files[0].size = $null",
    "$m.files[0].sha256 = $null",
    "$m.files[0].source = $null",
    "$m.note = [DateTime]::UtcNow",
    "$m.note = 'x' * 64MB",
    "$m.note = @{}; $at = $m.note; 1..80 | ForEach-Object { $at.below = @{}; $at = $at.below }",
]


def spoiled(statement: str) -> str:
    return f"$m = $set.manifest; {statement}"


def staged(case: Case) -> Path:
    return case.repository / ".staging" / label_of(STARTED)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def case_with_repository(case: Case) -> Case:
    invariants.make_small(case)
    case.repository.mkdir(parents=True)
    return case


@pytest.mark.parametrize("statement", SPOILED)
def test_what_the_reader_refuses_is_not_written(case_with_repository: Case, statement: str) -> None:
    case = case_with_repository
    with pytest.raises(AssertionError, match="was not written, because it could not be read again"):
        make_sets(case, [STARTED], before_publishing=f"{spoiled(statement)}; {COPIED}")
    assert names(staged(case)) == ["DataBase"]
    assert case.published() == []
    run = case.backup()
    assert not run.failed, run.message
    assert [leftover["action"] for leftover in run.result["leftovers"]] == ["discarded"]
    case.assert_clean()
    case.only_set()


@pytest.mark.parametrize("statement", SPOILED)
def test_a_copied_set_keeps_its_good_manifest(case_with_repository: Case, statement: str) -> None:
    """The one on the disk stays as it was, and the next run finishes the set."""
    case = case_with_repository
    with pytest.raises(AssertionError, match="was not written"):
        make_sets(case, [STARTED], before_publishing=f"{COPIED}{spoiled(statement)}")
    assert names(staged(case)) == ["DataBase", "manifest.json"]
    assert sets.manifest(staged(case))["state"] == "copied"
    assert case.published() == []
    run = case.backup()
    assert not run.failed, run.message
    assert [leftover["action"] for leftover in run.result["leftovers"]] == ["adopted"]
    assert [sets.problems(folder) for folder in case.published()] == [[], []]
    case.assert_clean()


def test_a_good_manifest_is_written(case_with_repository: Case) -> None:
    make_sets(case_with_repository, [STARTED], before_publishing=COPIED)
    assert case_with_repository.only_set().name == label_of(STARTED)


@pytest.mark.parametrize("unit", [0x0, 0x1, 0x7F, 0x85, 0x2028, 0xD800, 0xDFFF, 0xFDD0, 0xFFFE, 0xFFFF])
def test_any_character_of_a_name_is_kept(case_with_repository: Case, unit: int) -> None:
    case = case_with_repository
    statement = f"$null = $m.skipped.Add(@{{ what = 'a' + [Char]{unit} + 'b'; why = 'x' }})"
    make_sets(case, [STARTED], before_publishing=spoiled(statement))
    text = (case.only_set() / "manifest.json").read_bytes()
    assert [entry["what"] for entry in json.loads(text)["skipped"]] == [f"a{chr(unit)}b"]
    (entry,) = case.module("backup_info").result["sets"]
    assert entry["complete"] is True and entry["problems"] == []


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("value", ["CommonName", "CAServerName"])
def test_a_fact_that_no_manifest_can_hold_is_told_before_the_database_is_copied(
    case: Case, value: str, check_mode: bool
) -> None:
    invariants.make_small(case)
    case.ca.set_registry(f'[{KEY}\\{case.ca.folder_name}]\r\n"{value}"=dword:00000005')
    logs = case.ca.log_files()
    run = case.backup(truncate_logs=True, check_mode=check_mode)
    assert run.failed and "was not written, because it could not be read again" in run.message, run.message
    assert "registry" in run.message and (check_mode or "nothing is left of the attempt" in run.message)
    assert case.journal().calls("CertSrvBackupPrepareW") == []
    assert case.ca.log_files() == logs
    if case.destination.exists():
        case.assert_no_set()
    assert run.result["left_on_disk"] == [] and run.result["changed"] is False

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each module in a PowerShell that a host has set up in its own way: culture, preferences, defaults of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from adcs_lab import sets
from helpers.component.case import DESTINATION, Case
from helpers.component.expiry import expire
from helpers.component.fabricate import copy_set
from helpers.component.findings import alter, entry_of, kinds

CULTURE = "[CultureInfo]::CurrentCulture = [CultureInfo]::CurrentUICulture = '{0}'"
# each with how it is undone
SETTINGS = {
    # the years of Hijri and of Buddha, a dotless i, a comma in numbers, another calendar and other digits
    **{name: (CULTURE.format(name), CULTURE.format("")) for name in ("ar-SA", "th-TH", "tr-TR", "de-DE", "fa-IR")},
    **{
        f"errors {value}": (f"$global:ErrorActionPreference = '{value}'", "$global:ErrorActionPreference = 'Continue'")
        for value in ("Stop", "SilentlyContinue", "Ignore")
    },
    "everything is told": (
        "$global:VerbosePreference = $global:DebugPreference = $global:InformationPreference = 'Continue'",
        "$global:VerbosePreference = $global:DebugPreference = $global:InformationPreference = 'SilentlyContinue'",
    ),
    "warnings are errors": ("$global:WarningPreference = 'Stop'", "$global:WarningPreference = 'Continue'"),
    "errors of commands are silent": (
        "$global:PSDefaultParameterValues = @{ '*:ErrorAction' = 'SilentlyContinue' }",
        "$global:PSDefaultParameterValues = @{}",
    ),
    "lists joined by commas": ("$global:OFS = ','", "Remove-Variable -Name OFS -Scope Global"),
}


@pytest.fixture(params=SETTINGS)
def host(request: pytest.FixtureRequest, small: Case) -> Iterator[Case]:
    """A host with one of the settings."""
    setting, undo = SETTINGS[request.param]
    small.worker.script(f"$null = 1; {setting}")
    yield small
    small.worker.script(f"$null = 1; {undo}")


def test_what_works_works_the_same(host: Case) -> None:
    originals = host.ca.stored_files()
    run = host.backup(access=["Users"], truncate_logs=True)
    assert not run.failed, run.message
    folder = host.only_set()
    host.assert_stored(folder, originals)
    made = datetime.strptime(folder.name, "%Y%m%dT%H%M%SZ-full").replace(tzinfo=timezone.utc)
    assert abs(datetime.now(timezone.utc) - made) < timedelta(minutes=10), "the label is of another calendar"
    assert sets.manifest(folder)["started"] == f"{made:%Y-%m-%dT%H:%M:%SZ}"

    old = copy_set(folder, made - timedelta(days=1))
    listed = host.module("backup_info", verify="hashes")
    assert [(entry["label"], entry["complete"], entry["verified"]) for entry in listed.result["sets"]] == [
        (folder.name, True, True),
        (old.name, True, True),
    ]
    assert listed.result["problems"] == [] and listed.result["sets"][1]["age_s"] >= 86400
    gone = expire(host, [old.name])
    assert gone.result["removed"] == [old.name] and host.published() == [folder], gone.message


def test_what_fails_fails_the_same(host: Case) -> None:
    host.ca.stop_service()
    try:
        run = host.backup()
    finally:
        host.ca.start_service()
    assert run.failed and run.result["hresult_name"] == "RPC_S_SERVER_UNAVAILABLE", run.message
    assert "'Start-Service CertSvc'" in run.message
    host.assert_no_set()

    refused = host.backup(path="Backup")
    assert refused.failed and "path" in refused.message
    assert not host.backup().failed
    folder = host.only_set()
    alter(folder)
    damaged = host.module("backup_info", verify="hashes")
    assert kinds(entry_of(damaged, folder)) == ["altered"]
    kept = expire(host, [folder.name])
    assert kept.failed and folder.name in kept.message and folder.exists()
    unknown = host.module("expire", _labels=["20200101T000000Z-full"])
    assert (
        unknown.failed
        and unknown.message == "The set '20200101T000000Z-full' is not in the repository. Nothing was deleted."
    )


def test_the_list_of_a_folder_is_what_windows_tells(small: Case) -> None:
    assert not small.backup(access=["S-1-5-32-551"]).failed
    (told,) = small.worker.script(f"(Get-Acl -LiteralPath '{DESTINATION}\\{small.ca.folder_name}').Sddl")
    assert "D:P(" in told
    entries = sorted(part.split(")")[0] for part in told.partition("D:P")[2].split("(")[1:])
    assert entries == ["A;OICI;0x1200a9;;;BO", "A;OICI;FA;;;BA", "A;OICI;FA;;;SY"]


def test_an_error_record_names_where_it_happened(small: Case) -> None:
    small.ca.stop_service()
    try:
        run = small.backup()
    finally:
        small.ca.start_service()
    for function in ("New-AdcsCaBackupSet", "Invoke-AdcsCaBackup"):
        assert f"at {function}, " in run.result["exception"]


def test_a_module_prints_one_document_and_nothing_else(small: Case, tmp_path: Path) -> None:
    """What a stray value in a pipeline would print comes before the answer."""
    (printed,) = small.worker.script(rf"""
        $global:complex_args = @{{ path = '{DESTINATION}'; _ansible_check_mode = $false; _ansible_module_name = 'x' }}
        $values = try {{ & ([ScriptBlock]::Create((Get-Text 'C:\LabWorker\backup_info.ps1'))) }} catch {{ }}
        "$(@($values).Count)"
    """)
    assert printed == "0"

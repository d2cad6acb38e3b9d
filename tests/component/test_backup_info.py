# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""adcs.ca.backup_info: what it lists, what it finds, and that it only reads."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from helpers.component.case import Case
from helpers.component.fabricate import copy_set, make_sets, write_manifest
from helpers.component.findings import without_findings
from helpers.component.results import INFO_KEYS
from helpers.component.worker import ModuleRun

SET_KEYS = {
    "age_s", "bytes", "chain", "checked", "complete", "duration_s", "file_count", "finished", "judged", "label", "path",
    "prior", "problems", "started", "type", "verified", "verified_at",
}  # fmt: skip
DAY = timedelta(days=1)
# https://learn.microsoft.com/en-us/windows/win32/fileio/reparse-point-tags
DEDUP, CLOUD_FILE, MOUNT_POINT = "0x80000013", "0x9000001A", "0xA0000003"


@pytest.fixture
def day() -> datetime:
    """A time some days ago, in whole seconds."""
    return datetime.now(timezone.utc).replace(microsecond=0) - 5 * DAY


@pytest.fixture
def good(case: Case) -> Path:
    """A set that the module made."""
    case.backup()
    return case.only_set()


def info(case: Case, **params: Any) -> ModuleRun:
    """Run the module, and assert that it changed nothing on the disk but what it found."""
    before = sets.snapshot(case.destination)
    run = case.module("backup_info", **params)
    after = sets.snapshot(case.destination)
    if (case.repository / ".checks").exists() and not params.get("check_mode"):
        before, after = without_findings(case, before), without_findings(case, after)
    assert after == before
    assert set(run.result) - {"exception", "invocation", "failed", "msg", "warnings"} == INFO_KEYS
    return run


def problems(entry: dict[str, Any]) -> list[tuple[str, str]]:
    """The problems of a set or a repository as (kind, last element of the path)."""
    return sorted((problem["kind"], problem["path"].split("\\")[-1]) for problem in entry["problems"])


@pytest.mark.parametrize("verify", ["sizes", "hashes"])
def test_a_good_set_as_data(case: Case, good: Path, verify: str) -> None:
    case.ca.clear_journal()
    run = info(case, verify=verify)
    assert not run.failed and run.result["changed"] is False
    assert run.result["ca"] == {"name": case.ca.name, "host": case.ca.host}
    assert run.result["folder_name"] == case.ca.folder_name
    assert run.result["path"] == rf"C:\Backup\{case.ca.folder_name}"
    assert run.result["problems"] == []
    assert run.result["files"] == [] and run.result["files_omitted"] == 0
    manifest = sets.manifest(good)
    (entry,) = run.result["sets"]
    assert set(entry) == SET_KEYS
    assert entry["label"] == entry["chain"] == good.name and entry["prior"] is None and entry["type"] == "full"
    assert entry["complete"] is True and entry["verified"] is True and entry["problems"] == []
    assert (entry["started"], entry["finished"]) == (manifest["started"], manifest["finished"])
    assert entry["file_count"] == len(manifest["files"])
    assert entry["bytes"] == sum(file["size"] for file in manifest["files"]) == run.result["bytes"]
    assert 0 <= entry["age_s"] < 300 and 0 <= entry["duration_s"] < 300
    assert case.journal().calls() == []


def test_with_none_only_manifests_are_judged(case: Case, good: Path) -> None:
    (good / "DataBase" / "certbkxp.dat").unlink()
    (entry,) = info(case, verify="none").result["sets"]
    assert entry["complete"] is None and entry["verified"] is None and entry["problems"] == []
    (good / "manifest.json").unlink()
    (entry,) = info(case, verify="none").result["sets"]
    assert entry["complete"] is False and entry["verified"] is False


def test_every_kind_of_damage_is_found_and_named(case: Case, good: Path, day: datetime) -> None:
    missing, extra, resized, altered, manifest, gone = (copy_set(good, day + n * timedelta(hours=1)) for n in range(6))
    (missing / "DataBase" / "certbkxp.dat").unlink()
    (extra / "DataBase" / "more.log").write_bytes(b"x")
    for folder, content in ((resized, b""), (altered, b"")):
        target = folder / "DataBase" / "certbkxp.dat"
        content = target.read_bytes()
        target.unlink()
        target.write_bytes(content[:-1] if folder == resized else content[:-1] + b"!")
    text = (manifest / "manifest.json").read_text(encoding="utf-8")
    (manifest / "manifest.json").write_text(text.replace('"requested": false', '"requested": true'), encoding="utf-8")
    (gone / "manifest.json").unlink()

    at_sizes = {entry["label"]: entry for entry in info(case).result["sets"]}
    assert problems(at_sizes[altered.name]) == [] and at_sizes[altered.name]["complete"] is True

    listed = {entry["label"]: entry for entry in info(case, verify="hashes").result["sets"]}
    assert problems(listed[missing.name]) == [("missing", "certbkxp.dat")]
    assert problems(listed[extra.name]) == [("extra", "more.log")]
    assert problems(listed[resized.name]) == [("resized", "certbkxp.dat")]
    assert problems(listed[altered.name]) == [("altered", "certbkxp.dat")]
    assert problems(listed[manifest.name]) == problems(listed[gone.name]) == [("manifest", "manifest.json")]
    complete = {label for label, entry in listed.items() if entry["complete"]}
    assert complete == {good.name, extra.name}
    assert listed[manifest.name]["started"] is None and listed[manifest.name]["chain"] is None

    again = {entry["label"]: entry for entry in info(case).result["sets"]}
    assert problems(again[altered.name]) == [("found_earlier", altered.name)]
    assert again[altered.name]["complete"] is False and again[altered.name]["verified"] is False


def test_a_set_that_cannot_be_looked_into_hides_no_other(case: Case, good: Path, day: datetime) -> None:
    closed = copy_set(good, day)
    case.faults(Fault(f"NtCreateFile@{closed.name}", "*", "hresult", "0xC0000022"))
    run = info(case)
    assert not run.failed, run.message
    listed = {entry["label"]: entry for entry in run.result["sets"]}
    assert set(listed) == {good.name, closed.name} and listed[good.name]["complete"] is True
    assert listed[good.name]["problems"] == []
    assert problems(listed[closed.name]) == [("manifest", "manifest.json")]


def test_a_folder_of_a_set_that_cannot_be_listed_is_named(case: Case, good: Path) -> None:
    (good / "Closed").mkdir()
    case.faults(Fault(rf"NtCreateFile@{good.name}\Closed", "*", "hresult", "0xC0000022"))
    (entry,) = info(case).result["sets"]
    assert problems(entry) == [("unreadable", "Closed")] and entry["complete"] is True


def test_strangers_and_leftovers_are_named(case: Case, good: Path) -> None:
    (case.repository / "notes").mkdir()
    (case.repository / "readme.txt").write_text("x")
    (case.repository / "20260101T000000Z-full").write_text("a file, not a folder")
    shutil.copytree(good, case.repository / ".staging" / good.name)
    result = info(case).result
    assert problems(result) == [
        ("leftover", good.name),
        ("unknown", "20260101T000000Z-full"),
        ("unknown", "notes"),
        ("unknown", "readme.txt"),
    ]
    assert [entry["label"] for entry in result["sets"]] == [good.name]


def test_newest_first_and_the_future_named(case: Case, good: Path, day: datetime) -> None:
    future = copy_set(good, datetime.now(timezone.utc) + DAY)
    older = copy_set(good, day)
    listed = info(case).result["sets"]
    assert [entry["label"] for entry in listed] == [future.name, good.name, older.name]
    assert problems(listed[0]) == [("future", future.name)] and listed[0]["age_s"] < 0
    assert listed[0]["complete"] is True


def test_chains(case: Case, good: Path, day: datetime) -> None:
    full = copy_set(good, day)
    first = copy_set(good, day + DAY, "logs", prior=full.name)
    second = copy_set(good, day + 2 * DAY, "logs", prior=first.name)
    lost = copy_set(good, day + 3 * DAY, "logs", prior="20200101T000000Z-full")
    alone = copy_set(good, day + 4 * DAY, "logs")
    listed = {entry["label"]: entry for entry in info(case).result["sets"]}
    assert {label: entry["chain"] for label, entry in listed.items()} == {
        good.name: good.name,
        full.name: full.name,
        first.name: full.name,
        second.name: full.name,
        lost.name: None,
        alone.name: None,
    }
    assert [kind for kind, _ in problems(listed[lost.name]) + problems(listed[alone.name])] == ["chain", "chain"]


def test_logs_sets_that_continue_each_other_end_the_walk(case: Case, good: Path, day: datetime) -> None:
    one = copy_set(good, day, "logs")
    two = copy_set(good, day + DAY, "logs", prior=one.name)
    write_manifest(one, {**sets.manifest(one), "prior": two.name})
    listed = {entry["label"]: entry for entry in info(case).result["sets"]}
    assert [listed[folder.name]["chain"] for folder in (one, two)] == [None, None]


def test_a_copied_set_in_the_repository_is_not_complete(case: Case, good: Path) -> None:
    write_manifest(good, {**sets.manifest(good), "state": "copied"})
    (entry,) = info(case).result["sets"]
    assert entry["complete"] is False and problems(entry) == [("manifest", good.name)]


@pytest.mark.substitute("links")
def test_a_reparse_point_is_named_and_not_followed(case: Case, good: Path) -> None:
    (good / "Linked").mkdir()
    (good / "Linked" / "inside.txt").write_text("x")
    case.engine.linux_path(r"C:\LabCA\reparse.txt").write_text(
        rf"C:\Backup\{case.ca.folder_name}\{good.name}\Linked" + "\n", encoding="utf-8"
    )
    (entry,) = info(case).result["sets"]
    assert problems(entry) == [("extra", "Linked")]


@pytest.mark.substitute("links")
@pytest.mark.parametrize(("tag", "good_set"), [(DEDUP, True), (CLOUD_FILE, True), (MOUNT_POINT, False)])
def test_files_that_windows_keeps_elsewhere_are_no_links(case: Case, good: Path, tag: str, good_set: bool) -> None:
    names = ["manifest.json", rf"DataBase\{case.database_file().name}"]
    lines = [rf"{tag} C:\Backup\{case.ca.folder_name}\{good.name}\{name}" for name in names]
    case.engine.linux_path(r"C:\LabCA\reparse.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (entry,) = info(case, verify="hashes").result["sets"]
    assert entry["verified"] is good_set
    assert case.backup(max_age="1h").result["changed"] is not good_set


@pytest.mark.substitute("links")
def test_staging_that_leads_elsewhere_or_is_a_file_is_named(case: Case, good: Path) -> None:
    staging = case.repository / ".staging"
    (staging / "20260101T000000Z-full").mkdir(parents=True)
    case.engine.linux_path(r"C:\LabCA\reparse.txt").write_text(
        rf"C:\Backup\{case.ca.folder_name}\.staging" + "\n", encoding="utf-8"
    )
    linked = info(case).result
    case.engine.linux_path(r"C:\LabCA\reparse.txt").unlink()
    (staging / "20260101T000000Z-full").rmdir()
    staging.rmdir()
    staging.write_text("a file")
    file = info(case).result
    for result, words in ((linked, "reparse point"), (file, "is a file")):
        (problem,) = result["problems"]
        assert problem["kind"] == "leftover" and words in problem["message"]
        assert [entry["label"] for entry in result["sets"]] == [good.name]


def test_problems_can_fail_the_task(case: Case, good: Path) -> None:
    assert not info(case, fail_on_problems=True).failed
    for number in range(12):
        (case.repository / f"stranger{number:02}").mkdir()
    run = info(case, fail_on_problems=True)
    assert run.failed and "12 problems" in run.message and "stranger09" in run.message
    assert "stranger10" not in run.message and len(run.result["problems"]) == 12
    assert not info(case).failed


def test_what_a_nas_puts_into_folders_is_no_problem(case: Case, good: Path) -> None:
    for folder in (case.repository, good, good / "DataBase", case.repository / ".staging"):
        for name in ("@eaDir", "#recycle", "System Volume Information", ".DS_Store", "$RECYCLE.BIN", "LOST+FOUND"):
            (folder / name / "deep").mkdir(parents=True)
            (folder / name / "deep" / "x.log").write_bytes(b"x")
        for name in ("THUMBS.DB", "desktop.ini"):
            (folder / name).write_bytes(b"x")
    for verify in ("sizes", "hashes"):
        run = info(case, verify=verify, fail_on_problems=True)
        assert not run.failed and run.result["problems"] == []
        (entry,) = run.result["sets"]
        assert entry["problems"] == [] and entry["complete"] is True


def test_names_are_ignored_as_a_whole_and_can_be_added(case: Case, good: Path) -> None:
    (case.repository / "Thumbs.db2").write_bytes(b"x")
    (case.repository / "my notes").mkdir()
    (good / "xThumbs.db").write_bytes(b"x")
    (good / "My Notes").mkdir()
    (good / "My Notes" / "x.txt").write_bytes(b"x")
    run = info(case)
    assert problems(run.result) == [("unknown", "Thumbs.db2"), ("unknown", "my notes")]
    assert problems(run.result["sets"][0]) == [("extra", "x.txt"), ("extra", "xThumbs.db")]
    run = info(case, ignored_names=["MY NOTES", "xthumbs.db"])
    assert problems(run.result) == [("unknown", "Thumbs.db2")] and problems(run.result["sets"][0]) == []


def test_a_file_of_the_manifest_is_never_ignored(case: Case, good: Path) -> None:
    document = sets.manifest(good)
    (listed,) = [file for file in document["files"] if file["path"].endswith("certbkxp.dat")]
    (good / "@eaDir").mkdir()
    shutil.copy(good / "DataBase" / "certbkxp.dat", good / "@eaDir" / "Thumbs.db")
    write_manifest(good, {**document, "files": [*document["files"], {**listed, "path": r"@eaDir\Thumbs.db"}]})
    assert problems(info(case, verify="hashes").result["sets"][0]) == []
    (good / "@eaDir" / "Thumbs.db").unlink()
    (entry,) = info(case, ignored_names=["manifest.json", "DataBase", good.name]).result["sets"]
    assert problems(entry) == [("missing", "Thumbs.db")] and entry["complete"] is False


def test_what_is_left_of_an_expired_set_is_a_leftover(case: Case, good: Path) -> None:
    (case.repository / f"{good.name}.expired").mkdir()
    assert problems(info(case).result) == [("leftover", f"{good.name}.expired")]


def test_the_files_of_one_set(case: Case, good: Path, day: datetime) -> None:
    other = copy_set(good, day)
    manifest = sets.manifest(good)["files"]
    expected = [{"path": file["path"], "kind": file["kind"], "size": file["size"]} for file in manifest]
    run = info(case, files_of=good.name, verify="none")
    assert run.result["files"] == expected and run.result["files_omitted"] == 0
    (other / "manifest.json").write_text("{}")
    for label in (other.name, "20200101T000000Z-full", good.name.lower(), "..", "x"):
        run = info(case, files_of=label)
        assert not run.failed and run.result["files"] == [] and run.result["files_omitted"] == 0
    many = [{**manifest[0], "path": rf"DataBase\{number}.log"} for number in range(2345)]
    write_manifest(good, {**sets.manifest(good), "files": many})
    run = info(case, files_of=good.name, verify="none")
    assert [file["path"] for file in run.result["files"]] == [file["path"] for file in many[:2000]]
    assert run.result["files_omitted"] == 345


def test_space_is_measured(case: Case, good: Path) -> None:
    case.faults(Fault("NtQueryVolumeInformationFile@C:", "*", "free", str(5 << 30)))
    space = info(case).result["space"]
    logs = case.ca.log_files()
    assert space["logs"] == {"count": len(logs), "bytes": sum(path.stat().st_size for path in logs)}
    assert space["destination"]["path"] == r"C:\Backup"
    assert case.engine.linux_path(space["log_volume"]["path"]).resolve() == case.ca.database_folder.resolve()
    for volume in (space["destination"], space["log_volume"]):
        assert volume["free_bytes"] == 5 << 30 and volume["total_bytes"] > 0
    foreign = info(case, folder_name=case.ca.folder_name).result["space"]
    assert foreign == {"destination": space["destination"], "log_volume": None, "logs": None}


def test_space_that_cannot_be_measured_is_no_error(case: Case, good: Path) -> None:
    case.faults(Fault("NtQueryVolumeInformationFile@C:", "*", "hresult", "0xC0000022"))
    run = info(case)
    assert not run.failed and run.result["space"]["destination"] is None and run.result["space"]["log_volume"] is None
    assert run.result["space"]["logs"]["count"] == len(case.ca.log_files())
    case.faults()
    far = info(case, path="Q:\\x")
    assert far.failed and far.result["space"]["destination"] is None
    assert far.result["space"]["log_volume"]["free_bytes"] > 0 and far.result["space"]["logs"]["count"] > 0
    shutil.rmtree(case.destination)
    assert info(case).result["space"]["destination"]["free_bytes"] > 0
    assert info(case, folder_name="..").result["space"] == {"destination": None, "log_volume": None, "logs": None}


def test_one_problem_is_one_problem(case: Case, good: Path) -> None:
    (case.repository / "notes").mkdir()
    assert "has 1 problem: 'notes'" in info(case, fail_on_problems=True).message


def test_a_repository_that_does_not_exist_is_empty(case: Case) -> None:
    run = info(case)
    assert not run.failed and run.result["sets"] == [] and run.result["problems"] == [] and run.result["bytes"] == 0
    assert not case.destination.exists()


def test_a_repository_can_be_read_where_no_ca_is(case: Case, good: Path) -> None:
    case.ca.set_registry(
        '[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\CertSvc\\Configuration]\r\n"Active"=-'
    )
    assert info(case).failed
    run = info(case, folder_name=case.ca.folder_name)
    assert [entry["label"] for entry in run.result["sets"]] == [good.name]
    assert run.result["ca"] == {"name": None, "host": None}


@pytest.mark.parametrize("owner", [{"name": "Another CA"}, {"host": "ca99.lab.example"}], ids=["name", "host"])
@pytest.mark.parametrize("verify", ["none", "sizes"])
def test_sets_of_another_ca_are_no_copies_of_this_one(
    case: Case, good: Path, owner: dict[str, str], verify: str
) -> None:
    document = sets.manifest(good)
    write_manifest(good, {**document, "ca": {**document["ca"], **owner}})
    run = info(case, verify=verify, fail_on_problems=True)
    assert run.failed and next(iter(owner.values())) in run.message and case.ca.host in run.message
    (entry,) = run.result["sets"]
    assert entry["complete"] is False and problems(entry) == [("owner", good.name)]
    assert [problem["kind"] for problem in run.result["problems"]] == ["owner"]
    assert info(case, verify=verify, folder_name=case.ca.folder_name).result["problems"] == []


def test_sets_of_the_host_that_the_ca_moved_away_from_are_its_own(case: Case, good: Path, day: datetime) -> None:
    old = copy_set(good, day, ca={**sets.manifest(good)["ca"], "host": "old.lab.example"})
    both = info(case, fail_on_problems=True)
    assert not both.failed and [entry["complete"] for entry in both.result["sets"]] == [True, True]
    shutil.rmtree(good)
    assert [entry["complete"] for entry in info(case).result["sets"]] == [False]
    moved = info(case, previous_host="OLD.lab.example", fail_on_problems=True)
    assert not moved.failed and [entry["label"] for entry in moved.result["sets"]] == [old.name]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"path": "Backup"}, "not absolute"),
        ({"folder_name": ".."}, "not the name of a folder"),
        ({"path": "Q:\\x"}, "Q:"),
    ],
    ids=["relative", "folder", "drive"],
)
def test_bad_options(case: Case, params: dict[str, str], words: str) -> None:
    run = info(case, **params)
    assert run.failed and words in run.message


def test_hundreds_of_sets_are_listed(case: Case, day: datetime) -> None:
    case.repository.mkdir(parents=True)
    times = [day - n * DAY for n in range(300)]
    make_sets(case, times)
    run = info(case, verify="hashes")
    assert [entry["started"] for entry in run.result["sets"]] == [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times]
    assert all(entry["complete"] and entry["verified"] for entry in run.result["sets"])

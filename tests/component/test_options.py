# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Null, blank and wrong values of every option of every module, as Ansible hands them over."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from adcs_lab import sets
from adcs_lab.faults import Fault
from helpers.component.access import PRIVATE, READ, entries, repository
from helpers.component.case import DESTINATION, Case
from helpers.component.fabricate import copy_set, write_manifest
from helpers.component.findings import without_findings
from helpers.component.results import BACKUP_KEYS, FAILURE_KEYS, INFO_KEYS, keys

MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"
NOTHING = [None, "", "  ", "\n\t "]
DAY = timedelta(days=1)
# what a failure of each module has
FAILED = {
    "backup": BACKUP_KEYS | FAILURE_KEYS,
    "backup_info": INFO_KEYS | {"failed", "msg"},
    "expire": {
        "bytes_freed",
        "changed",
        "failed",
        "free_bytes_after",
        "free_bytes_before",
        "leftovers",
        "msg",
        "removed",
    },
}
OPTIONS = {
    name: yaml.safe_load((MODULES / f"{name}.yml").read_text(encoding="utf-8"))["DOCUMENTATION"]["options"]
    for name in FAILED
}
WRONG_NAMES = [
    *([name] for name in (r"a\b", "a/b", "a:b", "*.db", "Thumbs.d?", "..", "x.", "a\nb")),
    {"name": "x"},
]
# values that mean nothing, of each option that can be wrong in itself
WRONG: dict[str, dict[str, list[Any]]] = {
    "backup": {
        "access": [[r"NOWHERE\Nobody"], r"NOWHERE\Nobody", {"name": "Users"}, True, [["Users"]]],
        "dynamic_files": ["maybe", 2, []],
        "list_files": ["maybe", 2, []],
        "trace": ["maybe", 2, []],
        "max_age": ["3x", "-1h", "12", 0, "1h ", "1h\n", ["1h"]],
        "path": ["Backup", "D:", 5, [DESTINATION], {"path": DESTINATION}],
        "previous_host": ["old\nnew"],
        "reserve": ["3x", "-1", "1 G", "1G\n", 1.5, ["1G"]],
        "truncate_logs": ["maybe", 2, []],
        "type": ["logs", "both", 5],
        "verify": ["maybe", 2, []],
    },
    "backup_info": {
        "fail_on_problems": ["maybe", 2, []],
        "files_of": ["a\nb"],
        "folder_name": ["..", r"a\b", "a:b", "a\nb", "NUL", "x."],
        "ignored_names": WRONG_NAMES,
        "path": ["Backup", "D:", 5, [DESTINATION]],
        "previous_host": ["old\nnew"],
        "verify": ["all", True, 5],
    },
    "expire": {
        **{
            name: ["few", 1.5, "1h", [1], True] for name, option in OPTIONS["expire"].items() if option["type"] == "int"
        },
        "ignored_names": WRONG_NAMES,
        "keep_labels": [{"label": "x"}, True, ["a\nb"]],
        "keep_within": ["1y\n"],
        "path": ["Backup", "D:", 5, [DESTINATION]],
        "previous_host": ["old\nnew"],
    },
}
OPTIONAL = {name: sorted(set(options) - {"path"}) for name, options in OPTIONS.items()}
TEXTS = [
    (module, name)
    for module, options in OPTIONS.items()
    for name in options
    if "str" in (options[name]["type"], options[name].get("elements")) and "choices" not in options[name]
]
CONTROL = {
    "\n": "000A",
    "\r": "000D",
    "\t": "0009",
    "\x00": "0000",
    "\x08": "0008",
    "\x7f": "007F",
    "\x85": "0085",
    "\u2028": "2028",
}


@pytest.fixture
def history(small: Case) -> list[Path]:
    """Three full sets of three days, newest first."""
    assert not small.backup().failed
    newest = small.only_set()
    now = datetime.now(timezone.utc).replace(microsecond=0)
    small.ca.clear_journal()
    return [newest, *(copy_set(newest, now - n * DAY) for n in (1, 2))]


def give_to_other_host(folder: Path, host: str = "old.lab.example") -> None:
    document = sets.manifest(folder)
    write_manifest(folder, {**document, "ca": {**document["ca"], "host": host}})


def assert_refused(case: Case, module: str, option: str, value: Any) -> str:
    """Assert that a value is refused by the name of its option, and that nothing happened; return the message."""
    before = sets.snapshot(case.destination)
    for check_mode in (True, False):
        params = {"_labels": [], option: value} if module == "expire" else {option: value}
        run = case.module(module, check_mode=check_mode, **params)
        assert run.failed and run.exit_code == 1, run.result
        assert option in run.message, run.message
        assert sets.snapshot(case.destination) == before
        assert case.journal().calls() == []
    return run.message


def test_every_option_has_a_wrong_value() -> None:
    assert {module: sorted(wrong) for module, wrong in WRONG.items()} == {
        module: sorted(options) for module, options in OPTIONS.items()
    }


# --- left out ---


@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize("option", [*OPTIONAL["backup"], "all"])
def test_backup_with_nothing_in_an_option(small: Case, option: str, nothing: str | None) -> None:
    """What is on the disk is what the defaults make: full, verified, with dynamic files, and no log is gone."""
    originals = small.ca.stored_files()
    options = OPTIONAL["backup"] if option == "all" else [option]
    run = small.backup(**dict.fromkeys(options, nothing))
    assert not run.failed, run.message
    folder = small.only_set()
    small.assert_clean()
    small.assert_stored(folder, originals)
    assert small.ca.stored_files() == originals
    assert small.journal().calls("CertSrvBackupTruncateLogs") == []
    manifest = sets.manifest(folder)
    assert (manifest["type"], manifest["verified"], manifest["truncation"]["requested"]) == ("full", True, False)
    assert {path.name for path in (folder / "Dynamic").iterdir()} == {path.name for path in small.ca.dynamic_files()}
    assert run.result["type"] == "full" and run.result["logs"]["truncation_requested"] is False
    again = small.backup(**dict.fromkeys(options, nothing))
    assert not again.failed and len(small.published()) == 2, "an option without a value is no max_age"


@pytest.mark.substitute("access lists")
@pytest.mark.parametrize("nothing", NOTHING)
def test_nobody_may_read_with_nothing_in_access(small: Case, nothing: str | None) -> None:
    assert not small.backup(access=nothing).failed
    assert entries(small, repository(small)) == PRIVATE


@pytest.mark.substitute("access lists")
@pytest.mark.parametrize(
    "access", [[None, "S-1-5-32-551"], ["S-1-5-32-551", ""], [" ", "\n", "S-1-5-32-551", None], ",S-1-5-32-551, ,"]
)
def test_nothing_among_readers(small: Case, access: Any) -> None:
    run = small.backup(access=access)
    assert not run.failed, run.message
    assert entries(small, repository(small)) == PRIVATE | {("A", READ, "BO")}


@pytest.mark.parametrize("nothing", NOTHING)
def test_nothing_in_reserve_is_its_default(small: Case, nothing: str | None) -> None:
    free = small.live_size() + (100 << 20)
    small.faults(Fault("NtQueryVolumeInformationFile@C:", "*", "free", str(free - free % 4096)))
    run = small.backup(reserve=nothing)
    assert run.failed and "the reserve is 256.0 MiB" in run.message
    assert small.journal().calls("CertSrvBackupPrepareW") == []
    small.assert_no_set()


@pytest.mark.parametrize("nothing", NOTHING)
def test_nothing_in_previous_host_lets_nobody_in(history: list[Path], small: Case, nothing: str | None) -> None:
    for folder in history:
        give_to_other_host(folder)
    before = sets.snapshot(small.destination)
    for module, params in (("backup", {}), ("expire", {"_labels": [history[2].name]})):
        run = small.module(module, previous_host=nothing, **params)
        assert run.failed and "belongs to the CA" in run.message
    run = small.module("backup_info", previous_host=nothing)
    assert [problem["kind"] for problem in run.result["problems"]] == ["owner"]
    assert sets.snapshot(small.destination) == before


@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize("option", [*OPTIONAL["backup_info"], "all"])
def test_backup_info_with_nothing_in_an_option(
    history: list[Path], small: Case, option: str, nothing: str | None
) -> None:
    """Damage that sizes show is found in this CA's repository, what only hashes show is not; neither fails the task."""
    _, resized, altered = history
    for folder, change in ((resized, lambda content: content[:-1]), (altered, lambda content: content[:-1] + b"!")):
        target = folder / "DataBase" / "certbkxp.dat"
        content = target.read_bytes()
        target.unlink()
        target.write_bytes(change(content))
    before = sets.snapshot(small.destination)
    options = OPTIONAL["backup_info"] if option == "all" else [option]
    run = small.module("backup_info", **dict.fromkeys(options, nothing))
    assert not run.failed, run.message
    complete = {entry["label"]: entry["complete"] for entry in run.result["sets"]}
    assert complete == {folder.name: folder != resized for folder in history}
    assert run.result["folder_name"] == small.ca.folder_name
    assert run.result["ca"] == {"name": small.ca.name, "host": small.ca.host}
    after = sets.snapshot(small.destination)
    assert without_findings(small, after) == without_findings(small, before)
    assert [path.name for path in (small.repository / ".checks").iterdir()] == [f"{resized.name}.json"]


@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize("option", [*OPTIONAL["expire"], "all"])
def test_expire_with_nothing_in_an_option(history: list[Path], small: Case, option: str, nothing: str | None) -> None:
    """The named set goes and no other; without labels nothing does."""
    options = [name for name in OPTIONAL["expire"] if option in (name, "all")]
    given = {"_labels": [history[2].name], **dict.fromkeys(options, nothing)}
    run = small.module("expire", **given)
    assert not run.failed, run.message
    assert small.published() == sorted(history[:2])


@pytest.mark.parametrize("labels", [{}, *({"_labels": nothing} for nothing in NOTHING)])
def test_expire_without_its_action_plugin(history: list[Path], small: Case, labels: dict[str, Any]) -> None:
    run = small.module("expire", **labels)
    assert run.failed and "action plugin" in run.message
    assert small.published() == sorted(history)


@pytest.mark.parametrize("filler", [None, "", " "])
def test_nothing_among_labels(history: list[Path], small: Case, filler: str | None) -> None:
    run = small.module("expire", _labels=[filler, history[2].name, filler], keep_labels=[filler])
    assert not run.failed, run.message
    assert run.result["removed"] == [history[2].name]
    assert small.published() == sorted(history[:2])
    run = small.module("expire", _labels=[filler])
    assert not run.failed and run.result["changed"] is False
    assert small.published() == sorted(history[:2])


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("nothing", NOTHING)
@pytest.mark.parametrize("module", FAILED)
def test_nothing_in_path_is_refused(case: Case, module: str, nothing: str | None, check_mode: bool) -> None:
    for params in ({}, {"_labels": []}) if module == "expire" else ({},):
        run = case.module(module, path=nothing, check_mode=check_mode, **params)
        assert run.failed and run.message.startswith("path: it is blank. Give the folder")
        assert keys(run) - {"diff"} == FAILED[module]
    assert case.journal().calls() == []
    assert not case.destination.exists()


# --- wrong ---


@pytest.mark.parametrize(
    ("module", "option", "value"),
    [(module, option, value) for module in WRONG for option, values in WRONG[module].items() for value in values],
)
def test_a_wrong_value_is_refused(case: Case, module: str, option: str, value: Any) -> None:
    assert_refused(case, module, option, value)
    assert not case.destination.exists()


@pytest.mark.parametrize(("module", "option"), TEXTS)
def test_control_characters_are_refused_by_name(case: Case, module: str, option: str) -> None:
    for character, code in CONTROL.items():
        text = DESTINATION.replace("k", character) if option == "path" else f"a{character}b"
        value = [text] if OPTIONS[module][option]["type"] == "list" else text
        message = assert_refused(case, module, option, value)
        assert message.startswith(f"{option}: it holds ") and f"U+{code}" in message and text not in message
        assert ("a newline" in message) is (code in ("000A", "000D", "0085", "2028"))
    assert not case.destination.exists()


# --- blanks around a name ---


@pytest.mark.parametrize("around", [" {}", "{}  ", "\t{}\n"])
def test_blanks_around_a_path_are_not_part_of_it(small: Case, around: str) -> None:
    run = small.backup(path=around.format(DESTINATION))
    assert not run.failed, run.message
    folder = small.only_set()
    assert run.result["path"] == rf"{repository(small)}\{folder.name}"
    for module, params in (("backup_info", {}), ("expire", {"_labels": []})):
        assert not small.module(module, path=around.format(DESTINATION), **params).failed
    listed = small.module("backup_info", folder_name=around.format(small.ca.folder_name))
    assert [entry["label"] for entry in listed.result["sets"]] == [folder.name]
    give_to_other_host(folder)
    assert not small.backup(previous_host=around.format("old.lab.example")).failed
    assert len(small.published()) == 2


@pytest.mark.parametrize("path", [r"C:\Backup .", r"C:\Backup \x", r"C:\Backup\x. ", r"C:\Backup\.. "])
def test_what_windows_would_drop_from_a_name_is_refused(case: Case, path: str) -> None:
    run = case.backup(path=path)
    assert run.failed and "is not the name of a folder" in run.message
    assert case.journal().calls() == [] and not case.destination.exists()


# --- max_age ---


@pytest.mark.parametrize("zero", ["0s", "0min", "0h", "0d", "0w", "0d0h", "000s"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_max_age_of_zero_makes_a_backup_at_every_run(small: Case, zero: str, check_mode: bool) -> None:
    assert not small.backup().failed
    copy_set(small.only_set(), datetime.now(timezone.utc).replace(microsecond=0) + DAY)
    run = small.backup(max_age=zero, check_mode=check_mode)
    assert not run.failed and run.result["changed"] is True and run.result["reason"] is None
    assert len(small.published()) == (2 if check_mode else 3)


@pytest.mark.parametrize(("seconds", "fresh"), [(0, False), (1, True)])
def test_a_set_of_this_very_second_is_not_fresh_enough_for_zero(small: Case, seconds: int, fresh: bool) -> None:
    assert not small.backup().failed
    started = sets.manifest(small.only_set())["started"]
    (found,) = small.worker.script(f"""
        $repository = Get-AdcsCaRepository -Path '{DESTINATION}' -FolderName '{small.ca.folder_name}'
        $option = @{{ max_age = [TimeSpan]::FromSeconds({seconds}); type = 'full' }}
        $started = ConvertFrom-AdcsCaTime -Text '{started}'
        Use-AdcsCaFreshSet -Run @{{ repository = $repository; option = $option; started = $started; result = @{{}} }}
    """)
    assert found is fresh

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action adcs.ca.retire: what is on the page and in the folder after it. Nothing that it puts aside is ever lost."""

from __future__ import annotations

import errno
import importlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible_collections.adcs.ca.plugins.action import retire
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import document_text, entry, file_name, with_entry
from ansible_collections.adcs.ca.plugins.plugin_utils.records import _files
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import documents_in
from helpers.unit.histories import full
from helpers.unit.jobs import Job, on_page
from helpers.unit.outcomes import after, listing, outcome

SETS = [full("2026-11-22 21:00")]
OLD = r"E:\OldBackup"


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder with its content and when it was written."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def write(folder: Path, host: str, *paths: str | None, name: str = "Example CA") -> Path:
    """Write the document of a host with these destinations; None is the one of a job that got to none."""
    document = None
    for path in paths or (r"D:\Backup",):
        if path is None:
            document = with_entry(document, host, entry({"message": "it got to none"}))
        else:
            document = after(outcome(path=path, listing=listing(SETS, name=name)), document, host)
    file = folder / file_name(host)
    file.write_text(document_text(document), encoding="utf-8")
    return file


def run(folder: Path, name: str, *, check: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
    given = {"report_dir": str(folder), "host": name, **options}
    job = Job(ca01={})
    return job._run(retire.ActionModule, "adcs.ca.retire", "localhost", given, check=check, diff=diff, run_once=True)


def refused(folder: Path, name: str, **options: Any) -> str:
    """Return the message of a task that fails, which leaves every file as it is."""
    before = contents(folder)
    result = run(folder, name, **options)
    assert contents(folder) == before and result["failed"] is True and "changed" not in result
    return str(result["msg"])


def paths_in(file: Path) -> list[str]:
    return [item["path"] for item in json.loads(file.read_text(encoding="utf-8"))["destinations"]]


def documentation() -> Any:
    return importlib.import_module("ansible_collections.adcs.ca.plugins.modules.retire")


def test_options_are_as_documented() -> None:
    options = yaml.safe_load(documentation().DOCUMENTATION)["options"]
    for option in options.values():
        del option["description"]
    assert options == retire.ARGUMENT_SPEC


def test_returned_keys_are_as_documented(tmp_path: Path) -> None:
    write(tmp_path, "ca01")
    first, second = run(tmp_path, "ca01"), run(tmp_path, "ca01")
    assert yaml.safe_load(documentation().RETURN).keys() <= first.keys() & second.keys()


@pytest.mark.parametrize("host", ["ca01", "CA 01", "con"])
def test_a_host_goes_off_the_page(tmp_path: Path, host: str) -> None:
    text = write(tmp_path, host).read_bytes()
    write(tmp_path, "ca02")
    result = run(tmp_path, host)
    retired = Path(result["retired"])
    assert re.fullmatch(re.escape(file_name(host)[:-5]) + r"~\d{8}T\d{6}Z\.json", retired.name)
    assert retired.parent == tmp_path / "retired" and retired.read_bytes() == text
    assert result["changed"] is True and result["files"] == [str(retired), str(tmp_path / "fleet.html")]
    assert list(documents_in(tmp_path)[0]) == ["ca02"] and [name for name, _ in on_page(tmp_path)] == ["ca02"]


def test_the_last_host_leaves_an_empty_page(tmp_path: Path) -> None:
    write(tmp_path, "ca01")
    (tmp_path / "fleet.html").write_text("of the night", encoding="utf-8")
    run(tmp_path, "ca01")
    assert on_page(tmp_path) == [] and "of the night" not in (tmp_path / "fleet.html").read_text(encoding="utf-8")


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "ca01", r"D:\Backup", OLD)
    run(tmp_path, "ca01", path=OLD)
    before = contents(tmp_path)
    assert (run(tmp_path, "ca01", path=OLD)["changed"], contents(tmp_path)) == (False, before)
    run(tmp_path, "ca01")
    before = contents(tmp_path)
    again = run(tmp_path, "ca01", diff=True)
    assert (again["changed"], again["files"], again["retired"], again["diff"]) == (False, [], None, [])
    assert run(tmp_path, "ca01", path=OLD)["changed"] is False and contents(tmp_path) == before


@pytest.mark.parametrize("path", [OLD, "e:/oldbackup/", " E:\\\\OLDBACKUP\\ "])
def test_one_destination_goes(tmp_path: Path, path: str) -> None:
    file = write(tmp_path, "ca01", r"D:\Backup", OLD)
    before = json.loads(file.read_text(encoding="utf-8"))["destinations"]
    result = run(tmp_path, "ca01", path=path)
    assert result["files"] == [result["retired"], str(file), str(tmp_path / "fleet.html")]
    assert paths_in(file) == [r"D:\Backup"] and paths_in(Path(result["retired"])) == [OLD]
    kept = json.loads(Path(result["retired"]).read_text(encoding="utf-8"))["destinations"]
    assert [item for item in before if item["path"] == OLD] == kept
    assert OLD not in (tmp_path / "fleet.html").read_text(encoding="utf-8")


def test_the_only_destination_takes_the_document_with_it(tmp_path: Path) -> None:
    file = write(tmp_path, "ca01", OLD, None)
    retired = Path(run(tmp_path, "ca01", path=OLD)["retired"])
    assert not file.exists() and paths_in(retired) == [None, OLD]


def test_two_in_one_second_have_two_files(tmp_path: Path) -> None:
    write(tmp_path, "ca01", r"D:\Backup", OLD, r"F:\Backup")
    files = {run(tmp_path, "ca01", path=path)["retired"] for path in (OLD, r"F:\Backup")} | {
        run(tmp_path, "ca01")["retired"]
    }
    assert len(files) == 3 and all(map(os.path.exists, files))


def test_a_host_that_came_back_is_retired_again(tmp_path: Path) -> None:
    files = set()
    for _ in range(2):
        write(tmp_path, "ca01")
        files.add(run(tmp_path, "ca01")["retired"])
    assert len(files) == 2 == len(os.listdir(tmp_path / "retired"))


def test_a_page_that_was_not_drawn_is_drawn_by_the_next_run(tmp_path: Path) -> None:
    write(tmp_path, "ca01")
    write(tmp_path, "ca02")
    (tmp_path / "fleet.html").mkdir()
    assert "The page was not drawn." in run(tmp_path, "ca01")["warnings"][0]
    (tmp_path / "fleet.html").rmdir()
    again = run(tmp_path, "ca01")
    assert (again["changed"], again["retired"], again["files"]) == (True, None, [str(tmp_path / "fleet.html")])
    assert [name for name, _ in on_page(tmp_path)] == ["ca02"]
    assert run(tmp_path, "ca01")["changed"] is False


@pytest.mark.parametrize("path", [None, OLD])
def test_check_mode_predicts_and_writes_nothing(tmp_path: Path, path: str | None) -> None:
    write(tmp_path, "ca01", r"D:\Backup", OLD)
    write(tmp_path, "ca02")
    before = contents(tmp_path)
    options = {"path": path} if path else {}
    predicted = run(tmp_path, "ca01", check=True, diff=True, **options)
    assert contents(tmp_path) == before
    result = run(tmp_path, "ca01", diff=True, **options)
    times = re.compile(r"~\d{8}T\d{6}Z")
    assert times.sub("", json.dumps(predicted)) == times.sub("", json.dumps(result))
    assert [bool(item["after"]) for item in result["diff"]] == [path is not None, True]


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("ca1", "Did you mean ca01?"),
        ("CA01", "Did you mean ca01?"),
        ("Contoso Root CA", "Did you mean root?"),
        ("web17", "There are documents of ca01, root."),
    ],
)
def test_a_host_that_never_was_is_refused(tmp_path: Path, host: str, hint: str) -> None:
    write(tmp_path, "ca01")
    write(tmp_path, "root", name="Contoso Root CA")
    message = refused(tmp_path, host)
    assert message == f"There is no document of the host '{host}' in {tmp_path}. {hint}"
    assert refused(tmp_path, host, check=True) == message


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none", "ca01").endswith("The folder holds no document. Check report_dir.")
    assert not (tmp_path / "none").exists()


def test_a_destination_that_never_was_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "ca01", r"D:\Backup", OLD)
    assert refused(tmp_path, "ca01", path=r"F:\Backup") == (
        rf"The document of ca01 has no destination 'F:\Backup'. It has D:\Backup, {OLD}."
    )


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"schema": 99, "host": "ca01"}', '{"schema": 3, "host": "ca02", "destinations": []}']
)
def test_a_foreign_file_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / "ca01.json").write_text(text, encoding="utf-8")
    assert "stays as it is" in refused(tmp_path, "ca01") and "stays as it is" in refused(tmp_path, "ca01", path=OLD)


def test_a_document_of_an_earlier_form_goes_as_it_is(tmp_path: Path) -> None:
    text = '{"schema": 1, "host": "ca01"}'
    (tmp_path / "ca01.json").write_text(text, encoding="utf-8")
    assert "earlier form" in refused(tmp_path, "ca01", path=OLD)
    assert Path(run(tmp_path, "ca01")["retired"]).read_text(encoding="utf-8") == text


def test_a_link_of_another_file_system_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = write(tmp_path, "ca01").read_bytes()

    def rename(*_: Any) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(_files.os, "rename", rename)
    assert Path(run(tmp_path, "ca01")["retired"]).read_bytes() == text and not (tmp_path / "ca01.json").exists()


@pytest.mark.parametrize(("call", "path"), [("rename", None), ("replace", OLD), ("open", OLD)])
def test_a_disk_that_fails_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, path: str | None
) -> None:
    write(tmp_path, "ca01", r"D:\Backup", OLD)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = contents(tmp_path)
    monkeypatch.setattr(_files.os, call, fail)
    message = refused(tmp_path, "ca01", **({"path": path} if path else {}))
    monkeypatch.undo()
    assert "No space left on device" in message and contents(tmp_path) == before


def test_a_page_that_cannot_be_drawn_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "ca01")
    (tmp_path / "fleet.html").mkdir()
    result = run(tmp_path, "ca01")
    assert result["changed"] is True and Path(result["retired"]).exists()
    assert [warning.startswith("The page was not drawn. Cannot ") for warning in result["warnings"]] == [True]


@pytest.mark.parametrize("name", ["host", "report_dir"])
def test_a_required_option(tmp_path: Path, name: str) -> None:
    with pytest.raises(AnsibleError, match=f"missing required arguments: {name}"):
        run(tmp_path, "ca01", **{name: " "})


@pytest.mark.parametrize(("option", "value"), [("host", "{{ x }}"), ("host", "a\nb"), ("path", "D:\\\0")])
def test_what_is_no_name_is_refused(tmp_path: Path, option: str, value: str) -> None:
    write(tmp_path, "ca01")
    with pytest.raises(AnsibleError, match=f"^{option}: "):
        run(tmp_path, "ca01", **{option: value})

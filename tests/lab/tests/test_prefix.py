# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of a prefix, without Wine: what is shared with the template, what is not, and where binaries go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from adcs_lab import prefix


@pytest.fixture
def template(tmp_path: Path) -> Path:
    root = tmp_path / "template"
    for name in ("drive_c/windows/system32/a.DLL", "drive_c/windows/win.ini", "drive_c/Lab/old.txt", "system.reg"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="ascii")
    (root / "dosdevices").mkdir()
    (root / "dosdevices" / "c:").symlink_to("../drive_c")
    (root / "drive_c" / "empty").mkdir()
    return root


def listing(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_a_copy_shares_programs_and_nothing_else(template: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    prefix.copy_tree(template, copy)
    assert listing(copy) == listing(template)
    assert os.readlink(copy / "dosdevices" / "c:") == "../drive_c"
    shared = {name for name in listing(copy) if (copy / name).is_file() and (copy / name).samefile(template / name)}
    assert shared == {"drive_c/windows/system32/a.DLL"}
    (copy / "system.reg").write_text("changed", encoding="ascii")
    assert (template / "system.reg").read_text(encoding="ascii") == "system.reg"


def test_where_links_are_impossible_files_are_copied(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError("other file system")

    monkeypatch.setattr(os, "link", refuse)
    prefix.copy_tree(template, tmp_path / "copy")
    library = tmp_path / "copy" / "drive_c/windows/system32/a.DLL"
    assert library.read_text(encoding="ascii") == "drive_c/windows/system32/a.DLL"
    assert library.stat().st_nlink == 1


def test_removing_a_copy_leaves_the_template(template: Path, tmp_path: Path) -> None:
    before = listing(template)
    prefix.copy_tree(template, tmp_path / "copy")
    prefix.remove_tree(tmp_path / "copy")
    prefix.remove_tree(tmp_path / "copy")
    assert listing(template) == before


def test_native_binaries_replace_links_without_touching_the_template(template: Path, tmp_path: Path) -> None:
    native = tmp_path / "native"
    native.mkdir()
    for name in prefix.INSTALLED:
        (native / name).write_text(f"new {name}", encoding="ascii")
    old = template / "drive_c/windows/system32/certadm.dll"
    old.write_text("old", encoding="ascii")
    copy = tmp_path / "copy"
    prefix.copy_tree(template, copy)
    prefix.install_native(copy, native)
    for name, folder in prefix.INSTALLED.items():
        assert (copy / "drive_c" / folder / name).read_text(encoding="ascii") == f"new {name}"
    assert old.read_text(encoding="ascii") == "old"


def test_a_missing_native_binary_is_named(template: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"certadm\.dll is missing"):
        prefix.install_native(template, tmp_path)

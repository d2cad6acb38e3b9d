# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files are written whole or not at all, and only when there is something new in them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils import _files
from ansible_collections.adcs.ca.plugins.plugin_utils._files import (
    FileError,
    make_folder,
    read_folder,
    read_text,
    write_text,
)

LONG_AGO_NS = 1_000_000_000_000_000_000


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "Gr\u00fc\u00dfe.json"
    assert write_text(path, "\u00fc\n") is True
    assert path.read_bytes() == b"\xc3\xbc\n" and mode(path) == 0o644
    assert os.listdir(tmp_path) == [path.name]


def test_an_equal_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text(path, "a")
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    inode = path.stat().st_ino
    assert write_text(path, "a") is False
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (LONG_AGO_NS, inode)


def test_another_text_replaces_the_file_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text(path, "a")
    path.chmod(0o660)
    reader = path.open(encoding="utf-8")
    assert write_text(path, "b") is True
    assert path.read_text(encoding="utf-8") == "b" and mode(path) == 0o660
    assert reader.read() == "a", "a reader had half of one and half of the other"
    reader.close()


def test_a_link_is_replaced_and_what_it_leads_to_is_not_written(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("t", encoding="utf-8")
    path = tmp_path / "a.json"
    path.symlink_to(target)
    assert write_text(path, "a") is True
    assert target.read_text(encoding="utf-8") == "t" and not path.is_symlink()


@pytest.mark.parametrize("call", ["open", "fdopen", "chmod", "fsync", "replace"])
def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "a.json"
    write_text(path, "a")

    def full_disk(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_files.os, call, full_disk)
    with pytest.raises(FileError) as caught:
        write_text(path, "b")
    monkeypatch.undo()
    assert str(caught.value) == f"Cannot write {path}: No space left on device."
    assert path.read_text(encoding="utf-8") == "a" and os.listdir(tmp_path) == ["a.json"]


def test_it_is_flushed_before_it_is_put_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(_files.os, name, lambda *given, name=name, real=real: (calls.append(name), real(*given))[1])
    write_text(tmp_path / "a.json", "a")
    assert calls == ["fsync", "replace", "fsync"]


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.mkdir()
    for verb, use in (("write", lambda: write_text(path, "a")), ("read", lambda: read_text(path))):
        with pytest.raises(FileError, match=rf"^Cannot {verb} .*a\.json: Is a directory\.$"):
            use()


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("", encoding="utf-8")
    with pytest.raises(FileError, match="^Cannot make the folder .*reports: File exists"):
        make_folder(tmp_path / "reports")
    with pytest.raises(FileError, match="^Cannot read .*reports: Not a directory"):
        read_folder(tmp_path / "reports", ".json")


def test_reading(tmp_path: Path) -> None:
    make_folder(tmp_path / "deep" / "er")
    assert read_text(tmp_path / "none") is None and read_folder(tmp_path / "none", ".json") == {}
    for name in ("b.json", "a.json", ".hidden.json", "a.html"):
        write_text(tmp_path / name, name)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "loop.json").symlink_to("loop.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff")
    assert read_folder(tmp_path, ".json") == {"a.json": "a.json", "b.json": "b.json", "bytes.json": "\ufffd"}

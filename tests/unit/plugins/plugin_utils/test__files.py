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
from ansible_collections.adcs.ca.plugins.plugin_utils.records import _files
from ansible_collections.adcs.ca.plugins.plugin_utils.records._files import (
    FileError,
    make_folder,
    move_file,
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
    path.chmod(0o600)

    def full_disk(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_files.os, call, full_disk)
    with pytest.raises(FileError) as caught:
        write_text(path, "b")
    monkeypatch.undo()
    assert str(caught.value) == f"Cannot write {path}: No space left on device."
    assert path.read_text(encoding="utf-8") == "a" and os.listdir(tmp_path) == ["a.json"]


LACKING = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "ENOSYS"]
# what is asked of the new file, of its folder, and what is not asked of it where there was no file
NICETIES = [("chmod", 0o640), ("fsync", 0o640), ("fsync", None)]


def fail_call(monkeypatch: pytest.MonkeyPatch, call: str, code: str) -> list[Any]:
    """Let each call of this function of the system fail, and return the list that gets what it was called with."""
    calls: list[Any] = []

    def fail(*given: Any, **_: Any) -> Any:
        calls.append(given)
        raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))

    monkeypatch.setattr(_files.os, call, fail)
    return calls


@pytest.mark.parametrize("code", LACKING)
@pytest.mark.parametrize(("call", "before"), NICETIES)
def test_what_a_file_system_lacks_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, before: int | None, code: str
) -> None:
    path = tmp_path / "a.json"
    if before:
        write_text(path, "a")
        path.chmod(before)
    calls = fail_call(monkeypatch, call, code)
    assert write_text(path, "b") is True
    monkeypatch.undo()
    assert len(calls) == {"chmod": 1, "fsync": 2}[call]
    assert path.read_text(encoding="utf-8") == "b" and os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("code", ["EIO", "ENOSPC", "EROFS", "EDQUOT", "ESTALE"])
@pytest.mark.parametrize("call", ["chmod", "fsync"])
def test_a_disk_that_fails_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: str) -> None:
    path = tmp_path / "a.json"
    write_text(path, "a")
    path.chmod(0o640)
    fail_call(monkeypatch, call, code)
    with pytest.raises(FileError, match=rf"^Cannot write .*a\.json: {os.strerror(getattr(errno, code))}\.$"):
        write_text(path, "b")
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == "a" and os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize(("code", "fails"), [("EIO", True), ("EDQUOT", True), ("EINVAL", False), ("EBADF", False)])
def test_the_flush_of_the_folder_is_judged_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, fails: bool
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))
        real(descriptor)

    monkeypatch.setattr(_files.os, "fsync", fsync)
    if fails:
        with pytest.raises(FileError):
            write_text(tmp_path / "a.json", "a")
    else:
        assert write_text(tmp_path / "a.json", "a") is True
    monkeypatch.undo()
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == "a"


def test_a_folder_that_lets_nobody_list_it_takes_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refuse_folders(path: Any, flags: int, *given: Any) -> int:
        if Path(path) == tmp_path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, flags, *given)

    monkeypatch.setattr(_files.os, "open", refuse_folders)
    assert write_text(tmp_path / "a.json", "a") is True


@pytest.mark.parametrize("code", ["EACCES", "EBUSY", "EEXIST", "ETXTBSY"])
@pytest.mark.parametrize("refusals", [1, 2, 3])
def test_a_file_that_somebody_reads_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, refusals: int
) -> None:
    """A share lets no file be replaced while it is open."""
    path = tmp_path / "a.json"
    write_text(path, "a")
    real, waits = os.replace, []

    def replace(*given: Any) -> None:
        if len(waits) < refusals and not (refusals == 3 and len(waits) == 2 and waits.append(0.0)):
            raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))
        real(*given)

    monkeypatch.setattr(_files.os, "replace", replace)
    monkeypatch.setattr(_files.time, "sleep", waits.append)
    # EEXIST may also mean that this file system never replaces a file
    is_refused = refusals == 3 and code != "EEXIST"
    if is_refused:
        with pytest.raises(FileError, match="Cannot write"):
            write_text(path, "b")
    else:
        assert write_text(path, "b") is True and waits[:2] == list(_files.WAITS_S[:refusals])
    assert path.read_text(encoding="utf-8") == ("a" if is_refused else "b") and os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("code", ["EPERM", "ENOTSUP", "EINVAL", "ENOSYS", "EEXIST"])
@pytest.mark.parametrize("is_stuck", [False, True])
def test_a_rename_that_replaces_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, is_stuck: bool
) -> None:
    """The file that is there goes aside, and comes back when the new one cannot take its place."""
    path = tmp_path / "a.json"
    write_text(path, "a")
    path.chmod(0o640)
    real, names = os.rename, []

    def rename(source: Any, target: Any) -> None:
        names.append(Path(source).name)
        if Path(target).exists() or (is_stuck and len(names) == 2):
            raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))
        real(source, target)

    monkeypatch.setattr(_files.os, "rename", rename)
    monkeypatch.setattr(_files.os, "replace", rename)
    monkeypatch.setattr(_files.time, "sleep", lambda _: None)
    if is_stuck:
        monkeypatch.setattr(_files, "_replace", lambda temporary, place: _files._exchange(temporary, place))
        with pytest.raises(FileError, match="Cannot write"):
            write_text(path, "b")
    else:
        assert write_text(path, "b") is True
    assert path.read_text(encoding="utf-8") == ("a" if is_stuck else "b") and os.listdir(tmp_path) == ["a.json"]
    assert mode(path) == 0o640


@pytest.mark.parametrize("code", ["EIO", "EROFS", "EDQUOT", "ESTALE"])
def test_another_failure_of_the_rename_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    write_text(tmp_path / "a.json", "a")
    monkeypatch.setattr(_files.time, "sleep", lambda _: pytest.fail("it waited"))
    fail_call(monkeypatch, "replace", code)
    with pytest.raises(FileError, match=os.strerror(getattr(errno, code))):
        write_text(tmp_path / "a.json", "b")
    assert os.listdir(tmp_path) == ["a.json"]


def test_no_name_begins_with_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share may hide or refuse such names."""
    names: list[str] = []
    real = os.open
    monkeypatch.setattr(_files.os, "open", lambda path, *given: (names.append(Path(path).name), real(path, *given))[1])
    write_text(tmp_path / "a.json", "a")
    assert names and not any(name.startswith(".") for name in names)


def test_what_a_stop_left_is_no_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first cause is told, also where the file that was begun cannot be removed."""
    fail_call(monkeypatch, "fsync", "EIO")
    fail_call(monkeypatch, "unlink", "EROFS")
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: os.unlink("x"))
    with pytest.raises(FileError, match=os.strerror(errno.EIO)):
        write_text(tmp_path / "a.json", "a")
    monkeypatch.undo()
    assert len(os.listdir(tmp_path)) == 1 and read_folder(tmp_path, ".json") == ({}, {})


@pytest.mark.parametrize("code", [None, "EXDEV"])
def test_a_file_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str | None) -> None:
    (tmp_path / "to").mkdir()
    write_text(tmp_path / "a.json", "\u00fc")
    if code:
        fail_call(monkeypatch, "rename", code)
    move_file(tmp_path / "a.json", tmp_path / "to" / "b.json")
    assert os.listdir(tmp_path) == ["to"] and read_text(tmp_path / "to" / "b.json") == "\u00fc"


@pytest.mark.parametrize("code", ["EIO", "ENOSPC", "EACCES"])
def test_a_file_that_cannot_be_moved_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    write_text(tmp_path / "a.json", "a")
    fail_call(monkeypatch, "rename", code)
    with pytest.raises(FileError, match=r"Cannot move .*a\.json"):
        move_file(tmp_path / "a.json", tmp_path / "b.json")
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_pipe_in_the_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    write_text(tmp_path / "a.json", "a")
    assert read_folder(tmp_path, ".json") == ({"a.json": "a"}, {})
    for use in (read_text, lambda path: write_text(path, "a")):
        with pytest.raises(FileError, match="pipe.json: It is no ordinary file"):
            use(tmp_path / "pipe.json")


def test_a_folder_that_is_full_or_read_only_takes_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job without news needs no room."""
    write_text(tmp_path / "a.json", "a")
    fail_call(monkeypatch, "open", "EROFS")
    assert write_text(tmp_path / "a.json", "a") is False


def test_a_mode_that_is_right_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_text(path, "a")
    calls = fail_call(monkeypatch, "chmod", "EIO")
    assert write_text(path, "b") is True and calls == []


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
    assert read_text(tmp_path / "none") is None and read_folder(tmp_path / "none", ".json") == ({}, {})
    for name in ("b.json", "a.json", ".hidden.json", "a.html"):
        write_text(tmp_path / name, name)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "loop.json").symlink_to("loop.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff")
    texts, unread = read_folder(tmp_path, ".json")
    assert texts == {"a.json": "a.json", "b.json": "b.json", "bytes.json": "\ufffd"} and unread == {}

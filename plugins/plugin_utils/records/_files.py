# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of reports on the controller. A reader sees a file as it was or as it is, never half of one.

Modes and flushing are niceties: a file system that has none of them (a share, a bucket) takes the file all the same.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Collection, Iterator
from pathlib import Path

# The umask takes away what it takes away from every new file.
NEW_FILE_MODE = 0o666
# How a file system says that it lacks what was asked for. A disk that fails or is full says something else.
LACKING = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.ENOTTY})
# A mode may also be refused by a rule of the system, such as SELinux has.
LACKING_MODE = LACKING | {errno.EACCES}
# A folder need not let itself be opened, or flushed through a descriptor that cannot write.
LACKING_FOLDER = LACKING | {errno.EACCES, errno.EBADF, errno.EISDIR}
# How a file system says that a rename does not replace a file.
LACKING_REPLACE = LACKING | {errno.EEXIST}
# How a share says that somebody reads the file that is to be replaced. A reader is soon done.
IN_USE = frozenset({errno.EACCES, errno.EBUSY, errno.EEXIST, errno.ETXTBSY})
WAITS_S = (0.2, 0.8)


class FileError(OSError):
    """A file that cannot be read or written; the text names it and the cause."""

    def __init__(self, verb: str, path: Path, error: OSError) -> None:
        super().__init__(f"Cannot {verb} {path}: {error.strerror or error}.")

    def __str__(self) -> str:
        return str(self.args[0])


def read_text(path: Path) -> str | None:
    """Return the text of a UTF-8 file, None when there is none; bytes that are no UTF-8 are replaced. FileError otherwise."""
    with _named("read", path):
        content = _content(path)
        return None if content is None else content.decode("utf-8", "replace")


def read_folder(folder: Path, suffix: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return ``{name: text}`` and ``{name: why it cannot be read}`` of the files in a folder that end so; empty when there is no folder.

    Hidden files and what is no file are left out. FileError for the folder itself.
    """
    with _named("read", folder):
        try:
            names = sorted(path.name for path in folder.iterdir())
        except FileNotFoundError:
            return {}, {}
    texts: dict[str, str] = {}
    unread: dict[str, str] = {}
    for name in names:
        if name.endswith(suffix) and not name.startswith("."):
            try:
                text = read_text(folder / name) if (folder / name).is_file() else None
            except OSError as error:
                unread[name] = str(error)
            else:
                texts |= {} if text is None else {name: text}
    return texts, unread


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing; FileError when that cannot be."""
    with _named("make the folder", folder):
        folder.mkdir(parents=True, exist_ok=True)


def write_text(path: Path, text: str) -> bool:
    """Make a file hold this text as UTF-8, as ``write_bytes`` does."""
    return write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> bool:
    """Make a file hold this content, and say whether it had to be written; one that holds it already is left alone.

    The content is written beside the file, flushed to the disk and put in its place by one rename. A file that was there keeps its
    mode. FileError when that cannot be; the file is as it was then.
    """
    with _named("write", path):
        if _content(path) == content:
            return False
        # some shares refuse names that begin with a dot
        temporary = path.with_name(f"{secrets.token_hex(8)}.tmp")
        try:
            _write_new(temporary, content, _mode(path))
            _replace(temporary, path)
        except BaseException:
            # the cause is what is worth telling
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)
    return True


def move_file(path: Path, target: Path) -> None:
    """Move a file to a name that is free, be it on another file system; FileError when that cannot be. It is never in neither place."""
    with _named("move", path):
        try:
            os.rename(path, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            write_bytes(target, path.read_bytes())
            path.unlink()
        _flush_folder(target.parent)
        _flush_folder(path.parent)


def _content(path: Path) -> bytes | None:
    try:
        kind = path.stat().st_mode
        # a pipe would be waited for
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise OSError(errno.EINVAL, "It is no ordinary file")
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _mode(path: Path) -> int | None:
    """Return the mode of a file, None when there is no such file."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _write_new(path: Path, content: bytes, mode: int | None) -> None:
    """Write a new file and flush it to the disk; a name that is taken, be it by a link, is an error."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), NEW_FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if mode is not None and stat.S_IMODE(os.fstat(file.fileno()).st_mode) != mode:
            with _suppressed(LACKING_MODE):
                os.chmod(path, mode)
        with _suppressed(LACKING):
            os.fsync(file.fileno())


def _replace(temporary: Path, path: Path) -> None:
    """Put a file in the place of another one; one that is in use is tried again."""
    for wait_s in (*WAITS_S, None):
        try:
            os.replace(temporary, path)
            return
        except OSError as error:
            if error.errno not in IN_USE or wait_s is None:
                if error.errno not in LACKING_REPLACE or not path.is_file():
                    raise
                break
        time.sleep(wait_s)
    _exchange(temporary, path)


def _exchange(temporary: Path, path: Path) -> None:
    """Put a file in the place of another one where no rename replaces a file; the other one comes back when that fails."""
    aside = path.with_name(f"{secrets.token_hex(8)}.tmp")
    os.rename(path, aside)
    try:
        os.rename(temporary, path)
    except BaseException:
        os.rename(aside, path)
        raise
    aside.unlink()


def _flush_folder(folder: Path) -> None:
    """Flush a rename to the disk, on file systems that can; the file is whole either way."""
    with _suppressed(LACKING_FOLDER):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _suppressed(codes: Collection[int]) -> Iterator[None]:
    """Let an OSError with one of these codes be."""
    try:
        yield
    except OSError as error:
        if error.errno not in codes:
            raise


@contextlib.contextmanager
def _named(verb: str, path: Path) -> Iterator[None]:
    """Turn an OSError into a FileError that says what was done to which file."""
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        raise FileError(verb, path, error) from error

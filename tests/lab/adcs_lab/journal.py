# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The journal of the lab's native parts: what was called, what was made to fail, and what broke the contract."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The documented order of a backup. OpenFile, Read and Close are 7 to 9 wherever they come; step 13, copying the dynamic
# files, is no call.
STEPS = {
    "LoadLibraryExW": 1,
    "GetProcAddress": 2,
    "CertSrvIsServerOnlineW": 3,
    "CertSrvBackupPrepareW": 4,
    "CertSrvRestoreGetDatabaseLocationsW": 5,
    "CertSrvBackupGetDatabaseNamesW": 6,
    "CertSrvBackupOpenFileW": 7,
    "CertSrvBackupRead": 8,
    "CertSrvBackupClose": 9,
    "CertSrvBackupGetBackupLogsW": 10,
    "CertSrvBackupTruncateLogs": 11,
    "CertSrvBackupGetDynamicFileListW": 12,
    "CertSrvBackupEnd": 14,
    "CertSrvBackupFree": 15,
    "FreeLibrary": 16,
}
EVENT_STEPS = {"attach": 1, "detach": 16}
FILE_CYCLE = (7, 8, 9)


class JournalError(Exception):
    """A line of the journal is not what the native parts write; the message gives file, line and text."""


@dataclass(frozen=True)
class Entry:
    """What every line has: milliseconds since boot, and who wrote it."""

    t_ms: int
    pid: int
    tid: int


@dataclass(frozen=True)
class Call(Entry):
    """A call that has returned. ``hr`` is ``0x........``, None for a function without a result."""

    fn: str
    call: int
    hr: str | None
    args: dict[str, Any] = field(default_factory=dict)
    out: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Event(Entry):
    """Certadm.dll was loaded (``attach``) or unloaded (``detach``)."""

    event: str
    path: str | None = None


@dataclass(frozen=True)
class FileStep(Entry):
    """A watched file came a step nearer to the disk: ``write``, ``flush``, or a written-through ``rename`` to ``target``."""

    file: str
    path: str
    target: str | None = None


@dataclass(frozen=True)
class Violation(Entry):
    """The caller broke the contract; the names are listed in the lab's README."""

    violation: str
    detail: str

    def __str__(self) -> str:
        return f"{self.violation}: {self.detail}"


@dataclass(frozen=True)
class Fired(Entry):
    """A fault was about to act on the n-th call of a function."""

    fault: str
    fn: str
    call: int


@dataclass(frozen=True)
class Journal:
    """All entries, in the order they were written."""

    entries: tuple[Entry, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Journal:
        """Read a journal; a missing file is an empty one. JournalError for a line that is not understood."""
        try:
            text = path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            return cls()
        except UnicodeDecodeError as error:
            raise JournalError(f"{path}: {error}") from error
        # Names may hold any character that str.splitlines() takes for a line end.
        lines = text.split("\n")
        if lines.pop():
            raise JournalError(f"{path}: the last line is cut off")
        return cls(tuple(_parse(line, f"{path}:{number}") for number, line in enumerate(lines, 1)))

    def calls(self, fn: str | None = None) -> list[Call]:
        """Return all calls, or those of one function."""
        return [entry for entry in self.entries if isinstance(entry, Call) and fn in (None, entry.fn)]

    @property
    def events(self) -> list[Event]:
        """Every load and unload of Certadm.dll."""
        return [entry for entry in self.entries if isinstance(entry, Event)]

    @property
    def violations(self) -> list[Violation]:
        """Every breach of the contract; a test passes only when there is none it did not provoke."""
        return [entry for entry in self.entries if isinstance(entry, Violation)]

    @property
    def faults(self) -> list[Fired]:
        """Every fault that acted."""
        return [entry for entry in self.entries if isinstance(entry, Fired)]

    def steps(self) -> list[int]:
        """Return the documented steps as they happened, without repetition: a run of one step counts once.

        So do the cycles of OpenFile, Read and Close of several files after each other. A backup with truncation gives
        1 2 3 4 5 6 7 8 9 10 7 8 9 11 12 14 15 16; calls that are no step do not appear.
        """
        steps: list[int] = []
        for entry in self.entries:
            step = _step(entry)
            if step is None or (steps and steps[-1] == step):
                continue
            steps.append(step)
            if tuple(steps[-6:]) == FILE_CYCLE * 2:
                del steps[-3:]
        return steps


def _step(entry: Entry) -> int | None:
    if isinstance(entry, Call):
        return STEPS.get(entry.fn)
    if isinstance(entry, Event):
        return EVENT_STEPS.get(entry.event)
    return None


def _parse(line: str, where: str) -> Entry:
    try:
        members = json.loads(line)
        for key, kind in _KINDS.items():
            if key in members:
                return kind(**members)
    except (ValueError, TypeError) as error:
        raise JournalError(f"{where}: {error}: {line}") from error
    raise JournalError(f"{where}: neither call, event, file, violation nor fault: {line}")


# A fault also names the function it acts on, so it is told from a call first.
_KINDS: dict[str, type[Entry]] = {"fault": Fired, "violation": Violation, "event": Event, "file": FileStep, "fn": Call}

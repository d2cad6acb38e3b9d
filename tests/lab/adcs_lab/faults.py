# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
r"""Faults a test asks of the lab's native parts: ``faults.txt``, its first line ``case <text>``, then one fault a line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LISTS = frozenset(
    {
        "CertSrvBackupGetBackupLogsW",
        "CertSrvBackupGetDatabaseNamesW",
        "CertSrvBackupGetDynamicFileListW",
        "CertSrvRestoreGetDatabaseLocationsW",
    }
)
WITH_RESULT = LISTS | {
    "CertSrvBackupClose",
    "CertSrvBackupEnd",
    "CertSrvBackupOpenFileW",
    "CertSrvBackupPrepareW",
    "CertSrvBackupRead",
    "CertSrvBackupTruncateLogs",
    "CertSrvIsServerOnlineW",
    "CertSrvRestoreEnd",
    "CertSrvRestorePrepareW",
    "CertSrvRestoreRegisterComplete",
    "CertSrvRestoreRegisterThroughFile",
    "CertSrvRestoreRegisterW",
    "CertSrvServerControlW",
}
EXPORTS = WITH_RESULT | {"CertSrvBackupFree"}
LIBRARY_CALLS = frozenset({"LoadLibrary", "FreeLibrary"}) | {f"GetProcAddress:{export}" for export in EXPORTS}
MANAGER_CALLS = frozenset({"OpenSCManagerW"})
FILE_CALLS = frozenset(
    {
        "NtCreateFile",
        "NtFlushBuffersFile",
        "NtOpenFile",
        "NtQueryAttributesFile",
        "NtQueryVolumeInformationFile",
        "NtReadFile",
        "NtSetInformationFile",
        "NtSetSecurityObject",
        "NtWriteFile",
    }
)
EVERY_CALL = EXPORTS | LIBRARY_CALLS | MANAGER_CALLS | FILE_CALLS

CODE = r"0x[0-9A-Fa-f]{8}"
SUCCESS = r"0x[0-7][0-9A-Fa-f]{7}"
NUMBER = r"[0-9]+"
SHIFT = r"-?[0-9]+"
TEXT = r"[^\r\n]+"
NOTHING = r""
FORM = "plain|unclosed|zero[123]|odd|cut|middle|null|nothing[024]"

# action: the functions that know it, and what its argument looks like
ACTIONS: dict[str, tuple[frozenset[str], str]] = {
    "hresult": (EVERY_CALL - {"CertSrvBackupFree"}, CODE),
    "crash": (EVERY_CALL, NOTHING),
    "hang": (EVERY_CALL, NOTHING),
    "slow": (EVERY_CALL, NUMBER),
    "crash_after": (EVERY_CALL, NOTHING),
    "stop_service": (EXPORTS | FILE_CALLS, NOTHING),
    "add_log": (EXPORTS | FILE_CALLS, NOTHING),
    "paused": (frozenset({"CertSrvIsServerOnlineW"}), NOTHING),
    "eof": (frozenset({"CertSrvBackupRead"}), NOTHING),
    "long": (frozenset({"CertSrvBackupRead"}), NUMBER),
    "overcount": (frozenset({"CertSrvBackupRead"}), NOTHING),
    "corrupt": (frozenset({"CertSrvBackupRead", "NtReadFile", "NtWriteFile"}), NOTHING),
    "append": (LISTS, TEXT),
    "replace": (LISTS, TEXT),
    "empty": (LISTS, NOTHING),
    "form": (LISTS, FORM),
    "answer": (WITH_RESULT, SUCCESS),
    "end_code": (frozenset({"CertSrvBackupRead"}), CODE),
    "no_session": (frozenset({"CertSrvBackupPrepareW"}), NOTHING),
    "free": (frozenset({"NtQueryVolumeInformationFile"}), NUMBER),
    "set_clock": (EVERY_CALL, SHIFT),
}
EVERY = "*"
ESCAPE = r"\\x[0-9A-Fa-f]{4}"
MAX_LINES = 128
MAX_ENTRY_UNITS = 511
MAX_PART_UNITS = 127


@dataclass(frozen=True)
class Fault:
    r"""What happens to a call of a function.

    ``function`` is an export of Certadm.dll, ``LoadLibrary``, ``FreeLibrary``, ``GetProcAddress:<export>``,
    ``OpenSCManagerW``, or a file call with a part of the path, such as ``NtWriteFile@edb00012.log``. ``call`` is a number from 1, or ``*`` for each.
    ``argument`` is what the action needs: a code ``0x........``, a number of bytes or milliseconds, or a list entry in
    which ``\xNNNN`` is a UTF-16 unit and every other character stands for itself. ValueError for what makes no sense.
    """

    function: str
    call: int | str
    action: str
    argument: str | int | None = None

    def __post_init__(self) -> None:
        name, at, part = self.function.partition("@")
        if name not in EVERY_CALL:
            raise ValueError(f"no such function: {name!r}")
        if bool(at) != (name in FILE_CALLS) or bool(at) != bool(part):
            raise ValueError(f"{self.function!r}: a path part belongs to a file call, and to nothing else")
        if _units(part) > MAX_PART_UNITS or re.search(r"[\r\n]| (?:[0-9]+|\*) ", f"{part} "):
            raise ValueError(f"{part!r} is too long for a path part, or reads like the call behind it")
        if self.call != EVERY and (not isinstance(self.call, int) or isinstance(self.call, bool) or self.call < 1):
            raise ValueError(f"call is a number from 1 or '*', not {self.call!r}")
        if self.action not in ACTIONS:
            raise ValueError(f"no such action: {self.action!r}")
        functions, argument = ACTIONS[self.action]
        if name not in functions:
            raise ValueError(f"{name} has no action {self.action!r}")
        given = "" if self.argument is None else str(self.argument)
        if not re.fullmatch(argument, given) or (argument == NOTHING and self.argument is not None):
            raise ValueError(f"{self.action}: {self.argument!r} is no argument for it")
        if argument == TEXT and _units(re.sub(ESCAPE, "?", given)) > MAX_ENTRY_UNITS:
            raise ValueError(f"{self.action}: an entry has at most {MAX_ENTRY_UNITS} UTF-16 units")

    def __str__(self) -> str:
        words = [self.function, str(self.call), self.action]
        return " ".join(words if self.argument is None else [*words, str(self.argument)])


def literal(text: str) -> str:
    r"""Return a list entry that stands for exactly this text, whatever is in it, lone surrogates and ``\x`` included."""
    data = text.encode("utf-16-le", "surrogatepass")
    units = [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]
    return "".join(chr(unit) if 0x20 <= unit < 0x7F and unit != 0x5C else f"\\x{unit:04X}" for unit in units)


def render(case: str, faults: Iterable[Fault]) -> str:
    """Return the text of ``faults.txt``; ``case`` says in it which test asked. ValueError when it does not fit."""
    lines = [f"case {case}", *map(str, faults)]
    if not case.strip() or re.search(r"[\r\n]", case):
        raise ValueError(f"a case has a name of one line, not {case!r}")
    if len(lines) - 1 > MAX_LINES:
        raise ValueError(f"at most {MAX_LINES} faults, not {len(lines) - 1}")
    return "".join(f"{line}\n" for line in lines)


def _units(text: str) -> int:
    """Return the number of UTF-16 units, which is what the native parts count in."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fault matrix of adcs.ca.backup as data: rows are the calls of a run, columns what goes wrong with them.

``tools/matrix_page.py`` makes a page of the documentation from it, ``test_matrix.py`` a test of every cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adcs_lab.faults import LISTS, Fault

# What there is when a call is made: nothing that counts, a set that is copied (stored, flushed, verified, recorded), or a
# published one.
NOTHING, COPIED, PUBLISHED = "nothing", "copied", "published"

ACCESS_DENIED = "0x80070005"
DEVICE_ERROR = "0xC0000185"
DISK_FULL = "0xC000007F"
SHARING_VIOLATION = "0xC0000043"
LOCK_CONFLICT = "0xC0000054"
NOT_FOUND = "0x0000007E"
DATABASE = r"DataBase\{database}"
REPOSITORY = r"Backup\{folder}"
PUBLISH = r"NtSetInformationFile@-> C:\Backup\{folder}\2"


@dataclass(frozen=True)
class Row:
    """One call of a run.

    ``target`` is what faults.txt takes for a function; ``{database}``, ``{log}`` (the newest one) and ``{folder}`` are the
    names of the test's CA.
    ``call`` is a number, or ``last`` of the calls an undisturbed run makes. ``there`` is what there is when the
    call is made, ``code`` what it fails with, and ``words`` what the message must say then; no words: it is no failure.
    ``existing`` asks for a repository that is there before. ``like`` names a row beside this one: how a process
    ends here, or what changes meanwhile, is tried there.
    """

    key: str
    title: str
    target: str
    call: int | str = 1
    there: str = NOTHING
    code: str | None = ACCESS_DENIED
    words: tuple[str, ...] = ()
    existing: bool = False
    like: str | None = None

    @property
    def kind(self) -> str:
        """``ca`` for Certadm.dll, ``file`` for a file call, ``library`` for loading."""
        return "file" if "@" in self.target else "ca" if self.target.startswith("CertSrv") else "library"


RESOLVED = (
    "CertSrvIsServerOnlineW",
    "CertSrvBackupPrepareW",
    "CertSrvRestoreGetDatabaseLocationsW",
    "CertSrvBackupGetDatabaseNamesW",
    "CertSrvBackupOpenFileW",
    "CertSrvBackupRead",
    "CertSrvBackupClose",
    "CertSrvBackupGetBackupLogsW",
    "CertSrvBackupTruncateLogs",
    "CertSrvBackupGetDynamicFileListW",
    "CertSrvBackupEnd",
    "CertSrvBackupFree",
)


def _ca(function: str, call: int | str = 1, there: str = NOTHING, title: str = "", key: str = "") -> Row:
    """A call of Certadm.dll that fails with access denied and is named in the message."""
    return Row(key or function, title or function, function, call, there, ACCESS_DENIED, (function, "E_ACCESSDENIED"))


LIBRARY_ROWS = (
    Row("LoadLibrary", "LoadLibrary", "LoadLibrary", code=NOT_FOUND, words=("Certadm.dll", "role")),
    *(
        Row(
            f"GetProcAddress {name}",
            f"GetProcAddress of {name}",
            f"GetProcAddress:{name}",
            code="0x0000007F",
            words=(name, "certadm.dll"),
        )
        for name in RESOLVED
    ),
)
CA_ROWS = (
    # denied, it would leave the decision to Prepare
    Row(
        "CertSrvIsServerOnlineW",
        "CertSrvIsServerOnlineW",
        "CertSrvIsServerOnlineW",
        code="0x800706BE",
        words=("CertSrvIsServerOnlineW", "RPC_S_CALL_FAILED"),
    ),
    _ca("CertSrvBackupPrepareW"),
    _ca("CertSrvRestoreGetDatabaseLocationsW"),
    _ca("CertSrvBackupGetDatabaseNamesW"),
    _ca("CertSrvBackupOpenFileW"),
    _ca("CertSrvBackupOpenFileW", "last", key="OpenFile last", title="CertSrvBackupOpenFileW, of the last log"),
    _ca("CertSrvBackupRead", 1, key="Read first", title="CertSrvBackupRead, first"),
    _ca("CertSrvBackupRead", 2, key="Read middle", title="CertSrvBackupRead, middle"),
    _ca("CertSrvBackupRead", "last", key="Read last", title="CertSrvBackupRead, last"),
    _ca("CertSrvBackupClose"),
    _ca("CertSrvBackupClose", "last", key="Close last", title="CertSrvBackupClose, of the last log"),
    _ca("CertSrvBackupGetBackupLogsW"),
    _ca("CertSrvBackupTruncateLogs", there=COPIED),
    # the database is copied by then, and the files beside it fail no task
    Row(
        "CertSrvBackupGetDynamicFileListW",
        "CertSrvBackupGetDynamicFileListW",
        "CertSrvBackupGetDynamicFileListW",
        there=COPIED,
    ),
    _ca("CertSrvBackupEnd", there=COPIED),
    Row("CertSrvBackupFree", "CertSrvBackupFree", "CertSrvBackupFree", "last", COPIED, code=None),
    Row("FreeLibrary", "FreeLibrary", "FreeLibrary", 1, COPIED, code="0x00000006", words=("FreeLibrary",)),
)
OWN_ROWS = (
    Row(
        "lock of the CA",
        "take the lock of the CA",
        r"NtCreateFile@adcs.ca\{folder}.lock",
        code="0xC0000022",
        words=("lock", "CA"),
    ),
    Row(
        "lock",
        "take the lock of the repository",
        rf"NtCreateFile@{REPOSITORY}\.lock",
        code="0xC0000022",
        words=("lock", "repository"),
    ),
    Row(
        "ACL",
        "make the repository private",
        rf"NtSetSecurityObject@{REPOSITORY}",
        code="0xC0000022",
        words=("{folder}",),
        existing=True,
    ),
    Row(
        "space",
        "ask for the free space",
        "NtQueryVolumeInformationFile@C:",
        code="0xC0000010",
        words=("GetDiskFreeSpaceExW",),
    ),
    Row(
        "staging folder",
        "create the folders of staging",
        rf"NtCreateFile@{REPOSITORY}\.staging",
        code="0xC0000022",
        words=(".staging",),
    ),
    Row(
        "restore map",
        "write the restore map",
        r"NtWriteFile@DataBase\certbkxp.dat",
        code=DEVICE_ERROR,
        words=("certbkxp.dat",),
    ),
    Row(
        "flush restore map",
        "flush the restore map",
        r"NtFlushBuffersFile@DataBase\certbkxp.dat",
        code=DEVICE_ERROR,
        words=("certbkxp.dat",),
        like="restore map",
    ),
    Row("create", "create a file of the set", f"NtCreateFile@{DATABASE}", code="0xC0000022", words=("{database}",)),
    Row("write", "write a file of the set", f"NtWriteFile@{DATABASE}", 2, code=DEVICE_ERROR, words=("{database}",)),
    Row("flush", "flush a file of the set", f"NtFlushBuffersFile@{DATABASE}", code=DEVICE_ERROR, words=("{database}",)),
    Row(
        "flush log",
        "flush the last log of the set",
        r"NtFlushBuffersFile@DataBase\{log}",
        code=DEVICE_ERROR,
        words=("{log}",),
        like="flush",
    ),
    Row("re-read", "read a stored file again", f"NtReadFile@{DATABASE}", code=DEVICE_ERROR, words=("{database}",)),
    Row("manifest", "write the manifest", "NtWriteFile@manifest.json", code=DEVICE_ERROR, words=("manifest.json",)),
    Row(
        "flush manifest",
        "flush the manifest",
        "NtFlushBuffersFile@manifest.json",
        code=DEVICE_ERROR,
        words=("manifest.json",),
        like="manifest",
    ),
    Row(
        "manifest rename",
        "put the manifest in its place",
        "NtSetInformationFile@manifest.json",
        code=DEVICE_ERROR,
        words=("manifest.json",),
    ),
    Row("dynamic copy", "write a dynamic file", r"NtWriteFile@Dynamic\{folder}.crl", there=COPIED, code=DEVICE_ERROR),
    Row(
        "last manifest",
        "write the last manifest",
        "NtWriteFile@manifest.json",
        2,
        COPIED,
        code=DEVICE_ERROR,
        words=("manifest.json",),
    ),
    Row("publish", "publish the set", PUBLISH, there=COPIED, code=DEVICE_ERROR, words=("MoveFileExW", ".staging")),
    Row("staging", "remove the empty staging", rf"NtOpenFile@{REPOSITORY}\.staging", 4, PUBLISHED, code="0xC0000022"),
    Row("unlock", "release the locks", PUBLISH, there=PUBLISHED, code=None),
)
ROWS = (*LIBRARY_ROWS, *CA_ROWS, *OWN_ROWS)


@dataclass(frozen=True)
class Column:
    """One thing that goes wrong. ``ends`` tells that the process ends with it."""

    key: str
    title: str
    ends: bool = False


FAILS = Column("fails", "fails with a code")
CRASH = Column("crash", "crashes the process", ends=True)
HANG = Column("hang", "hangs until the task's time is over", ends=True)
SHORT = Column("short", "gives less than asked")
LONG = Column("long", "gives more than announced")
ZERO = Column("zero", "gives nothing too early")
CORRUPT = Column("corrupt", "alters data")
FULL = Column("full", "the disk is full")
LOCKED = Column("locked", "a scanner has the file open")
HELD = Column("held", "a scanner has the file open for a moment")
STOPPED = Column("stopped", "the service stops behind the call")
CLOCK = Column("clock", "the clock is set back an hour")
ADDED = Column("added", "the CA begins a new log")
GONE = Column("gone", "a dynamic file is missing")
COLUMNS = (FAILS, CRASH, HANG, SHORT, LONG, ZERO, CORRUPT, FULL, LOCKED, HELD, STOPPED, CLOCK, ADDED, GONE)

CLOCK_SHIFT_S = -3600
# What can meet a full disk: whatever asks for room for data, or for an entry in a folder.
TAKES_SPACE = frozenset(
    {
        "lock of the CA",
        "lock",
        "staging folder",
        "restore map",
        "flush restore map",
        "create",
        "write",
        "flush",
        "flush log",
    }
    | {"manifest", "flush manifest", "manifest rename", "dynamic copy", "last manifest", "publish"}
)
# The calls of a set's files while the library is loaded, and what there is when the next call of Certadm.dll is made.
IN_SESSION = {
    "staging folder": NOTHING,
    "restore map": NOTHING,
    "create": NOTHING,
    "write": NOTHING,
    "flush": NOTHING,
    "re-read": COPIED,
    "manifest": COPIED,
    "manifest rename": COPIED,
    "dynamic copy": COPIED,
}
# Windows refuses these while a file is open, and they are tried again for a while.
RENAMES = frozenset({"manifest rename", "publish"})
# Whoever meets a file that somebody else has open meets it when it opens the file itself: where that is another call than
# the row's, it is this one.
OPENS = {
    "create": None,
    "restore map": (r"NtCreateFile@DataBase\certbkxp.dat", 1),
    "re-read": (rf"NtCreateFile@{DATABASE}", 2),
    "manifest": ("NtCreateFile@manifest.json", 1),
    "manifest rename": ("NtSetInformationFile@manifest.json", "*"),
    "dynamic copy": (r"NtCreateFile@Dynamic\{folder}.crl", 1),
    "last manifest": ("NtCreateFile@manifest.json", 3),
    "publish": (PUBLISH, "*"),
    "staging": None,
}


@dataclass(frozen=True)
class Cell:
    """What a test does and expects: ``ok`` a run that succeeds, otherwise a failure whose message holds ``words``.

    ``at`` is the call that the fault strikes, and its number, where it is not the row's own.
    """

    row: Row
    column: Column
    action: str
    argument: str | int | None = None
    ok: bool = False
    words: tuple[str, ...] = ()
    there: str = NOTHING
    at: tuple[str, int | str] | None = None

    @property
    def id(self) -> str:
        return f"{self.row.key} - {self.column.key}"

    def fault(self, calls: Mapping[str, int], **names: str) -> Fault:
        """Return the fault, for a run that makes so many calls of each function, with these names in its target."""
        target, call = self.at or (self.row.target, self.row.call)
        return Fault(target.format(**names), calls[target] if call == "last" else call, self.action, self.argument)


def cell(row: Row, column: Column) -> Cell | str:
    """Return the cell of the matrix, or why there is none."""
    if row.key == "unlock":
        # The locks go with their handles, so there is no call that could fail: what can happen is the end of the process before.
        return (
            Cell(row, column, "crash_after", there=row.there)
            if column is CRASH
            else "the system does it when the process lets go"
        )
    if column is FAILS:
        if row.code is None:
            return "returns nothing that could say so"
        return Cell(row, column, "hresult", row.code, not row.words, row.words, row.there)
    if column.ends:
        return Cell(row, column, column.key, there=row.there)
    if row.like and column in (CLOCK, STOPPED, ADDED):
        return f"is the same as in the row '{_title(row.like)}'"
    if column is CLOCK:
        return Cell(row, column, "set_clock", CLOCK_SHIFT_S, ok=True, there=row.there)
    return _special(row, column)


def _special(row: Row, column: Column) -> Cell | str:
    """Return a cell of the columns that only some rows have."""
    reading = row.target == "CertSrvBackupRead"
    words = ("bytes",)
    if column is SHORT:
        return Cell(row, column, "slow", 0, ok=True) if reading else "does not give a file piece by piece"
    if column in (ZERO, LONG):
        if not reading:
            return "does not give a file piece by piece"
        if row.call == "last":
            return "it is the end of the file" if column is ZERO else Cell(row, column, "long", 4096, words=words)
        return Cell(row, column, "eof" if column is ZERO else "overcount", words=words)
    if column is CORRUPT:
        if reading:
            return Cell(row, column, "corrupt", ok=True)
        if row.key == "re-read":
            return Cell(row, column, "corrupt", words=row.words)
        if row.target in LISTS:
            return "gives a list; lists that lie are tried in test_refused.py"
        if row.target.startswith("NtWriteFile"):
            return Cell(row, column, "corrupt", None, not row.words, row.words, row.there)
        return "carries no content of a file"
    if column is FULL:
        if row.key == "space":
            return Cell(row, column, "free", 4096, words=("Too little free space",))
        if row.key not in TAKES_SPACE:
            return "takes no space"
        return Cell(row, column, "hresult", DISK_FULL, not row.words, row.words, row.there)
    if column is LOCKED:
        if row.key == "write":
            # the scanner locks a range of a file that is open already
            return Cell(row, column, "hresult", LOCK_CONFLICT, words=row.words)
        if row.key not in OPENS:
            return "opens no file of a set"
        return Cell(row, column, "hresult", SHARING_VIOLATION, not row.words, row.words, row.there, at=OPENS[row.key])
    if column is HELD:
        if row.key not in RENAMES:
            return "is not tried again"
        return Cell(row, column, "hresult", "0xC0000022", ok=True, there=row.there)
    if column in (STOPPED, ADDED) and row.key in IN_SESSION:
        return _during_file_call(row, column)
    if row.kind != "ca":
        return (
            "is no call to the CA"
            if column is GONE
            else "Certadm.dll, through which the lab does this, is not in use then"
        )
    if column is STOPPED:
        return _stopped(row)
    if column is ADDED:
        return Cell(row, column, "add_log", ok=True, there=row.there)
    assert column is GONE
    if row.key != "CertSrvBackupGetDynamicFileListW":
        return "does not name dynamic files"
    return Cell(row, column, "append", r"C:\Windows\System32\CertSrv\CertEnroll\missing.crl", ok=True, there=COPIED)


def _stopped(row: Row) -> Cell:
    """Whether a run notices that the service has stopped depends on whether a call to the CA follows."""
    follows = row.key not in ("CertSrvBackupEnd", "CertSrvBackupFree")
    words = ("RPC_S_SERVER_UNAVAILABLE",) if follows else ()
    # behind the last Close comes all that makes the set a copied one, and then the next call
    there = COPIED if row.key == "Close last" else row.there
    return Cell(row, STOPPED, "stop_service", ok=not follows, words=words, there=there)


def _during_file_call(row: Row, column: Column) -> Cell:
    """The CA changes while the run is busy with a file of its own: the next call of Certadm.dll meets it."""
    if column is ADDED:
        return Cell(row, column, "add_log", ok=True, there=row.there)
    return Cell(row, column, "stop_service", words=("RPC_S_SERVER_UNAVAILABLE",), there=IN_SESSION[row.key])


def _title(key: str) -> str:
    """Return the title of a row."""
    return next(row.title for row in ROWS if row.key == key)


def cells() -> Iterator[Cell]:
    """Yield every cell that there is, a row after the other."""
    for row in ROWS:
        for column in COLUMNS:
            made = cell(row, column)
            if isinstance(made, Cell):
                yield made

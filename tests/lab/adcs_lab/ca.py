# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The simulated certification authority as a host shows it: files, registry and service, and how to put them back."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from . import ese, paths, pki, wine
from .faults import Fault, render
from .journal import Journal, Violation

MIB = 1024 * 1024
LAB_FOLDER = r"C:\LabCA"
DATABASE_FOLDER = r"C:\Windows\System32\CertLog"
ENROLL_FOLDER = r"C:\Windows\System32\CertSrv\CertEnroll"
POLICY_FILE = r"C:\Windows\CAPolicy.inf"
SERVICE = "CertSvc"
SERVICE_PROGRAM = r"C:\Lab\certsvc.exe"
SERVICE_TIMEOUT_S = 30.0
COMMAND_TIMEOUT_S = 30.0
# Open in living processes: the lock of a backup session goes with its process, the journal is emptied in place.
NEVER_REMOVED = frozenset({"journal.jsonl", "session.lock"})
LOG_NAME = re.compile(r"edb[0-9A-F]{5,8}\.log", re.IGNORECASE)
POLICY = """[Version]
Signature="$Windows NT$"

[Certsrv_Server]
RenewalKeyLength=4096
RenewalValidityPeriod=Years
RenewalValidityPeriodUnits=10
"""


@dataclasses.dataclass(frozen=True)
class CaSettings:
    """What the fixture is like; sizes in bytes.

    ``log_count`` closed logs start at generation ``first_generation``. ``short_reads`` (a seed, 0 for none) and
    ``keep_logs`` (how many logs truncation leaves) change how Certadm.dll behaves, and so do ``truncate_at_end`` (1: the logs
    go at the end of the session) and ``variety`` (a seed: each call answers in one of the ways that the documents allow).
    """

    name: str = "Prüf #1 Issuing CA"
    host: str = "ca01.lab.example"
    database_size_bytes: int = 24 * MIB
    log_count: int = 6
    log_size_bytes: int = MIB
    first_generation: int = 0x1A
    short_reads: int = 0
    keep_logs: int = 0
    truncate_at_end: int = 0
    variety: int = 0


def sanitise(name: str) -> str:
    """Return a CA's name as AD CS writes it in files and keys: ``!`` and four hexadecimal digits for the unusual."""
    units = (int.from_bytes(pair, "little") for pair in zip(*[iter(name.encode("utf-16-le"))] * 2))
    return "".join(chr(unit) if re.fullmatch(r"[A-Za-z0-9 ._-]", chr(unit)) else f"!{unit:04x}" for unit in units)


class SimulatedCa:
    """The CA of one prefix. Everything it does to the registry and the service needs the prefix's wineserver."""

    def __init__(self, prefix: Path, settings: CaSettings | None = None) -> None:
        self.drive_c = prefix / "drive_c"
        self._prefix = prefix
        self._initial = settings or CaSettings()
        self.settings = self._initial
        self._written: dict[Path, tuple[int, int, int, object]] = {}
        self._host_changed = True
        self._earlier_violations: list[Violation] = []

    @property
    def name(self) -> str:
        """The CA's name as people read it."""
        return self.settings.name

    @property
    def folder_name(self) -> str:
        """The CA's name as files, keys and repositories carry it."""
        return sanitise(self.settings.name)

    @property
    def host(self) -> str:
        """The CA's DNS name."""
        return self.settings.host

    @property
    def database_folder(self) -> Path:
        """The folder of the database, its logs and its checkpoint."""
        return self.linux_path(DATABASE_FOLDER)

    @property
    def lab_folder(self) -> Path:
        """The folder of the simulation's own files."""
        return self.linux_path(LAB_FOLDER)

    def linux_path(self, windows_path: str) -> Path:
        r"""Return the file behind a ``C:\...`` path."""
        return paths.linux_path(self.drive_c, windows_path)

    def database_files(self) -> list[Path]:
        """Return the files GetDatabaseNames lists."""
        return [self.database_folder / f"{self.folder_name}.edb"]

    def log_files(self) -> list[Path]:
        """Return the files GetBackupLogs lists, in the order of their generations."""
        logs = [path for path in self.database_folder.iterdir() if LOG_NAME.fullmatch(path.name)]
        return sorted(logs, key=lambda path: int(path.stem[3:], 16))

    def dynamic_files(self) -> list[Path]:
        """Return the files GetDynamicFileList lists."""
        return [self.linux_path(path) for path in self._dynamic_paths()]

    def stored_files(self) -> dict[str, bytes]:
        """Return name and content of every file a full backup reads through Certadm.dll, as it is now."""
        return {path.name: path.read_bytes() for path in [*self.database_files(), *self.log_files()]}

    def install(self) -> None:
        """Make the CA in a fresh prefix: files, registry, a running service."""
        self._write_files()
        self._import_registry()
        program = f"binPath={SERVICE_PROGRAM}"
        wine.run(self._prefix, ["sc.exe", "create", SERVICE, program, "start=auto"], COMMAND_TIMEOUT_S)
        self.start_service()
        self._host_changed = False

    def reset(self, **changes: int | str) -> None:
        """Put the CA back to its initial state, with other settings if given; faults and journal are cleared.

        Only what differs is written. Registry and service are put back when they were changed through this object: a
        test that changes them otherwise calls ``host_changed()``.
        """
        self.settings = dataclasses.replace(self._initial, **changes)  # type: ignore[arg-type]
        self._write_files()
        if self._host_changed:
            self._import_registry()
            if self.service_state() != "RUNNING":
                self.stop_service()
                self.start_service()
            self._host_changed = False

    def configure(self, **changes: int | str) -> None:
        """Change settings until the next reset, files left alone: for ``short_reads`` and ``keep_logs``."""
        self.settings = dataclasses.replace(self.settings, **changes)  # type: ignore[arg-type]
        self._write_text(f"{LAB_FOLDER}\\sim.conf", self._simulation())

    def set_faults(self, case: str, faults: Iterable[Fault]) -> None:
        """Make calls of this test fail as asked; ``case`` says in the journal which test it is."""
        self._write_text(f"{LAB_FOLDER}\\faults.txt", render(case, faults))

    def journal(self) -> Journal:
        """Return what the native parts recorded since the journal was cleared."""
        return Journal.load(self.lab_folder / "journal.jsonl")

    def clear_journal(self) -> None:
        """Empty the journal, so that a test sees only what comes next; ``violations()`` still knows those in it."""
        self._earlier_violations += self.journal().violations
        self._empty_journal()

    def violations(self) -> list[Violation]:
        """Return every breach of Certadm.dll's contract since the last reset."""
        return [*self._earlier_violations, *self.journal().violations]

    def host_changed(self) -> None:
        """Say that a test changed the CA's registry or service by itself, so that the next reset puts them back."""
        self._host_changed = True

    def set_registry(self, body: str) -> None:
        """Import registry text, the part of a .reg file below its first line; undone by the next reset."""
        self._host_changed = True
        self._import(body)

    def service_state(self) -> str:
        """Return the service's state as ``sc query`` names it: RUNNING, STOPPED or a pending state."""
        output = wine.run(self._prefix, ["sc.exe", "query", SERVICE], COMMAND_TIMEOUT_S).stdout.decode(
            "utf-8", "replace"
        )
        match = re.search(r"STATE\s*:\s*\d+\s+(\w+)", output)
        if match is None:
            raise wine.WineError(f"sc query {SERVICE} printed no state: {output}")
        return match[1]

    def start_service(self) -> None:
        """Start the service and wait until it runs."""
        wine.run(self._prefix, ["sc.exe", "start", SERVICE], COMMAND_TIMEOUT_S, check=False)
        self._wait_for("RUNNING")

    def stop_service(self) -> None:
        """Stop the service and wait until it has stopped; the next reset starts it."""
        self._host_changed = True
        self._hold_file.unlink(missing_ok=True)
        wine.wait_until(lambda: self.service_state() != "START_PENDING", SERVICE_TIMEOUT_S, f"{SERVICE} started")
        wine.run(self._prefix, ["sc.exe", "stop", SERVICE], COMMAND_TIMEOUT_S, check=False)
        self._wait_for("STOPPED")

    def pause_service(self) -> None:
        """Pause the service and wait until it is paused; the next reset starts it anew."""
        self._host_changed = True
        wine.run(self._prefix, [SERVICE_PROGRAM, "pause"], COMMAND_TIMEOUT_S)
        self._wait_for("PAUSED")

    def hold_service_starting(self) -> None:
        """Start the service so that it stays in START_PENDING, after a stop; until the next reset, or the next stop."""
        self.stop_service()
        self._hold_file.touch()
        wine.run(self._prefix, ["sc.exe", "start", SERVICE], COMMAND_TIMEOUT_S, check=False)
        self._wait_for("START_PENDING")

    @property
    def _hold_file(self) -> Path:
        return self.lab_folder / "hold_start.txt"

    def _wait_for(self, state: str) -> None:
        wine.wait_until(lambda: self.service_state() == state, SERVICE_TIMEOUT_S, f"{SERVICE} {state.lower()}")

    # --- files ---

    def _write_files(self) -> None:
        """Write what is missing or has changed below the CA's own folders, and remove what does not belong there."""
        wanted = self._files()
        for folder in (DATABASE_FOLDER, ENROLL_FOLDER, LAB_FOLDER):
            directory = self.linux_path(folder)
            directory.mkdir(parents=True, exist_ok=True)
            for entry in directory.iterdir():
                if entry not in wanted and entry.name not in NEVER_REMOVED:
                    entry.unlink()
        for path, (content, write) in wanted.items():
            if path not in self._written or self._written[path] != _identity(path, content):
                path.unlink(missing_ok=True)
                write(path)
                self._written[path] = _identity(path, content)
        self._written = {path: identity for path, identity in self._written.items() if path in wanted}
        self._empty_journal()
        self._earlier_violations = []

    def _files(self) -> dict[Path, tuple[object, Callable[[Path], None]]]:
        """Return every file of the CA: what its content depends on, and how to write it."""
        database = self.linux_path(DATABASE_FOLDER)
        settings = self.settings
        last = settings.first_generation + settings.log_count
        logs = [f"edb{generation:05X}.log" for generation in range(settings.first_generation, last)]
        sizes = {f"{self.folder_name}.edb": settings.database_size_bytes, "edb.chk": 2 * ese.PAGE}
        sizes |= dict.fromkeys([*logs, "edb.log", "edbres00001.jrs", "edbtmp.log"], settings.log_size_bytes)
        files: dict[Path, tuple[object, Callable[[Path], None]]] = {}
        for name, size in sizes.items():
            files[database / name] = ((name, size), lambda path, name=name, size=size: ese.write(path, size, name))
        enroll = self.linux_path(ENROLL_FOLDER)
        contents = {
            enroll / f"{self.folder_name}.crl": pki.crl(self.name, 1),
            enroll / f"{self.folder_name}+.crl": pki.crl(self.name, 2, base=1),
            enroll / f"{self.host}_{self.folder_name}.crt": pki.certificate(self.name),
            self.linux_path(POLICY_FILE): POLICY.replace("\n", "\r\n").encode(),
            self.lab_folder / "sim.conf": self._simulation().encode(),
        }
        for path, content in contents.items():
            files[path] = (content, lambda path, content=content: path.write_bytes(content))
        return files

    def _empty_journal(self) -> None:
        """Empty the journal in place: a process that has it open goes on writing into the same file."""
        with (self.lab_folder / "journal.jsonl").open("wb"):
            pass

    def _dynamic_paths(self) -> list[str]:
        names = (f"{self.folder_name}.crl", f"{self.folder_name}+.crl", f"{self.host}_{self.folder_name}.crt")
        return [f"{ENROLL_FOLDER}\\{name}" for name in names]

    def _simulation(self) -> str:
        lines = [
            f"host={self.host}",
            f"database={DATABASE_FOLDER}\\{self.folder_name}.edb",
            f"log_dir={DATABASE_FOLDER}",
            f"checkpoint_dir={DATABASE_FOLDER}",
            *(f"dynamic={path}" for path in self._dynamic_paths()),
            f"short_reads={self.settings.short_reads}",
            f"keep_logs={self.settings.keep_logs}",
            f"truncate_at_end={self.settings.truncate_at_end}",
            f"variety={self.settings.variety}",
        ]
        return "".join(f"{line}\n" for line in lines)

    def _write_text(self, windows_path: str, text: str) -> None:
        """Write a text in one rename: a process that reads it meanwhile sees the old one or the new one."""
        path = self.linux_path(windows_path)
        new = path.with_name(f"{path.name}.new")
        new.write_text(text, encoding="utf-8", newline="")
        new.replace(path)

    # --- registry ---

    def _import_registry(self) -> None:
        """Write the Configuration key as AD CS writes it, after removing whatever a test left there."""
        key = rf"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\{SERVICE}\Configuration"
        certificate = pki.thumbprint(pki.certificate(self.name)).hex(" ")
        # %1 host, %3 sanitised name, %4 certificate suffix, %8 CRL suffix, %9 delta mark, as CertSvc replaces them.
        crl = [r"65:C:\Windows\System32\CertSrv\CertEnroll\%3%8%9.crl", "6:http://%1/CertEnroll/%3%8%9.crl"]
        aia = [r"1:C:\Windows\System32\CertSrv\CertEnroll\%1_%3%4.crt", "2:http://%1/CertEnroll/%1_%3%4.crt"]
        lines = [
            f"[-{key}]",
            "",
            f"[{key}]",
            _string("Active", self.folder_name),
            *(_string(f"DB{kind}Directory", DATABASE_FOLDER) for kind in ("", "Log", "System", "Temp")),
            _number("DBFlags", 0xB8),
            _number("DBSessionCount", 100),
            "",
            f"[{key}\\{self.folder_name}]",
            _string("CommonName", self.name),
            _string("CAServerName", self.host),
            _number("InterfaceFlags", 0x641),
            _number("CAType", 1),
            _strings("CACertHash", [certificate]),
            _strings("CRLPublicationURLs", crl),
            _strings("CACertPublicationURLs", aia),
        ]
        self._import("\r\n".join(lines))

    def _import(self, body: str) -> None:
        file = self.drive_c / "Lab" / "import.reg"
        file.write_bytes(f"Windows Registry Editor Version 5.00\r\n\r\n{body}\r\n".encode("utf-16"))
        try:
            wine.run(self._prefix, ["regedit.exe", "/S", r"C:\Lab\import.reg"], COMMAND_TIMEOUT_S)
        finally:
            file.unlink()


def _identity(path: Path, content: object) -> tuple[int, int, int, object] | None:
    """Return what changes when somebody else writes a file, None when there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, content


def _string(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}"="{quoted}"'


def _number(name: str, value: int) -> str:
    return f'"{name}"=dword:{value:08x}'


def _strings(name: str, values: Iterable[str]) -> str:
    data = "".join(f"{value}\0" for value in values) + "\0"
    return f'"{name}"=hex(7):' + ",".join(f"{byte:02x}" for byte in data.encode("utf-16-le"))

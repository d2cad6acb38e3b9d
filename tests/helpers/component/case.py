# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One CA, one destination, and what a component test wants to know of both afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adcs_lab import sets
from adcs_lab.ca import SimulatedCa
from adcs_lab.engine import Engine
from adcs_lab.faults import Fault
from adcs_lab.journal import Journal

from helpers.component.worker import ModuleRun, Worker

DESTINATION = r"C:\Backup"
# In a second process: holds a lock file as another host does.
HOLD = (
    "$global:held = [IO.File]::Open('{0}', 'OpenOrCreate', 'ReadWrite', 'Read');"
    "$text = [Text.Encoding]::UTF8.GetBytes('host OTHER, process 4711');"
    "$global:held.Write($text, 0, $text.Length); $global:held.Flush()"
)
# The list that Windows gives to a volume that it formats; Wine has none of this kind.
VOLUME = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;GA;;;CO)(A;OICI;0x1200a9;;;BU)(A;CI;LC;;;BU)(A;CIIO;DC;;;BU)"
SET_ACCESS = "[Adcs.Ca.PrivateFolder]::SetAccess('{0}', '{1}')"
STORE_KINDS = ("database", "log", "patch")


class Case:
    """One CA, one destination, and what the test wants to know of both afterwards."""

    def __init__(self, engine: Engine, ca: SimulatedCa, worker: Worker) -> None:
        self.engine = engine
        self.ca = ca
        self.worker = worker
        self.destination = engine.drive_c / "Backup"
        self.repository = self.destination / ca.folder_name

    def backup(
        self, *, check_mode: bool = False, diff: bool = False, timeout_s: float = 60.0, **params: Any
    ) -> ModuleRun:
        """Run ``adcs.ca.backup`` with ``path`` set to the destination unless the test gives another."""
        return self.module("backup", check_mode=check_mode, diff=diff, timeout_s=timeout_s, **params)

    def backup_until_fault(self, **params: Any) -> ModuleRun:
        """Run the backup, and kill the engine once a fault has fired and no answer came: a task whose time is over."""
        options = {"path": DESTINATION, **params}
        return self.worker.module("backup", options, give_up=lambda: bool(self.journal().faults))

    def module(
        self, name: str, *, check_mode: bool = False, diff: bool = False, timeout_s: float = 60.0, **params: Any
    ) -> ModuleRun:
        """Run a module of the collection with ``path`` set to the destination unless the test gives another."""
        options = {"path": DESTINATION, **params}
        return self.worker.module(name, options, check_mode=check_mode, diff=diff, timeout_s=timeout_s)

    def database_file(self) -> Path:
        """Return the one database of the CA."""
        (database,) = self.ca.database_files()
        return database

    def live_size(self) -> int:
        """Return the bytes that the module must find room for: the database and every log, the one in use included."""
        files = [self.database_file(), *self.ca.log_files(), self.ca.database_folder / "edb.log"]
        return sum(path.stat().st_size for path in files)

    def faults(self, *faults: Fault) -> None:
        self.ca.set_faults("case", list(faults))

    def journal(self) -> Journal:
        return self.ca.journal()

    def published(self) -> list[Path]:
        return sets.published(self.repository)

    def only_set(self) -> Path:
        """Return the one published set after asserting that it is complete and verified."""
        (folder,) = self.published()
        assert sets.problems(folder) == []
        assert sets.manifest(folder)["verified"] is True
        return folder

    def assert_no_set(self) -> None:
        """Assert that the run left nothing: no set, no staging, no lock."""
        left = sorted(
            str(path.relative_to(self.destination)) for path in self.destination.rglob("*") if path != self.repository
        )
        assert left == []

    def assert_clean(self) -> None:
        """Assert that the repository holds published sets and nothing else."""
        names = [entry.name for entry in self.repository.iterdir()]
        assert [name for name in names if not sets.LABEL.fullmatch(name)] == []

    def assert_stored(self, folder: Path, originals: dict[str, bytes]) -> None:
        """Assert that every database and log file of a set holds the bytes that the CA had before the run."""
        files = [file for file in sets.manifest(folder)["files"] if file["kind"] in STORE_KINDS]
        stored = {file["path"].split("\\")[-1]: sets.stored(folder, file["path"]).read_bytes() for file in files}
        assert stored == originals

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a power failure would have left: the lab's journal says which files were flushed after their last write, and when."""

from __future__ import annotations

from adcs_lab import sets
from adcs_lab.journal import Call, FileStep, Journal

from helpers.component.case import DESTINATION, Case

WATCHED = "\\.staging\\"
MANIFEST = "manifest.json"
# What a set must hold before the CA may delete its logs; the other files come later.
GATED = ("database", "log", "patch", "restore_map")


def watch(case: Case) -> None:
    """Have the lab journal what becomes of the files in staging, until the CA is reset: for runs that are judged here."""
    (case.ca.lab_folder / "watched.txt").write_text(f"{WATCHED}\n", encoding="utf-8")


class Disk:
    """Which watched files are on the disk. Paths are compared as Windows does, in any case."""

    def __init__(self) -> None:
        self._flushed: dict[str, bool] = {}

    def follow(self, step: FileStep) -> None:
        path = step.path.lower()
        if step.target is None:
            self._flushed[path] = step.file == "flush"
            return
        moved = {name: state for name, state in self._flushed.items() if f"{name}\\".startswith(f"{path}\\")}
        for name, state in moved.items():
            del self._flushed[name]
            self._flushed[step.target.lower() + name[len(path) :]] = state

    def lacks(self, path: str) -> bool:
        """Say whether nothing of a file, or not its last write, was flushed."""
        return not self._flushed.get(path.lower(), False)

    def lost(self, path: str) -> bool:
        """Say whether a file was written and not flushed since; of one that was not touched nothing is lost."""
        return not self._flushed.get(path.lower(), True)


class Repository:
    """The sets that the journal's runs worked on, by their Windows paths; what they hold is read from where they lie now."""

    def __init__(self, case: Case, journal: Journal) -> None:
        self._folder = case.repository
        self.path = f"{DESTINATION}\\{case.ca.folder_name}"
        self.staging = f"{self.path}\\.staging"
        prefix = f"{self.staging}\\".lower()
        paths = [entry.path for entry in journal.entries if isinstance(entry, FileStep) and entry.target is None]
        parts = [path[len(prefix) :].split("\\") for path in paths if path.lower().startswith(prefix)]
        self.touched = {label for label, *_ in parts}
        self.made = {label for label, folder, *_ in parts if folder == "DataBase"}

    def is_published(self, label: str) -> bool:
        return (self._folder / label).exists()

    def files(self, label: str, folder: str, kinds: tuple[str, ...] | None = None) -> list[str]:
        """Return what a set lists, of some kinds or all, and its manifest, as paths below ``folder``."""
        there = self._folder if self.is_published(label) else self._folder / ".staging"
        listed = sets.manifest(there / label)["files"]
        names = [file["path"] for file in listed if kinds is None or file["kind"] in kinds]
        return [f"{folder}\\{label}\\{name}" for name in (*names, MANIFEST)]


def assert_flushed(case: Case) -> None:
    """What the runs of the journal relied on was on the disk: a copied set before TruncateLogs, any set before it is published."""
    journal = case.journal()
    repository = Repository(case, journal)
    disk = Disk()
    unseen = {
        f"{repository.path}\\{name}".lower(): name for name in repository.touched if repository.is_published(name)
    }
    for entry in journal.entries:
        if isinstance(entry, Call) and entry.fn == "CertSrvBackupTruncateLogs":
            (label,) = repository.made
            gated = repository.files(label, repository.staging, GATED)
            assert [path for path in gated if disk.lacks(path)] == [], "not flushed before TruncateLogs"
        elif isinstance(entry, FileStep):
            disk.follow(entry)
            published = unseen.pop((entry.target or "").lower(), None)
            if published is not None:
                listed = repository.files(published, repository.path)
                assert [path for path in listed if disk.lost(path)] == [], "not flushed before the set was published"
    # a process that dies behind its last call cannot say that it was written through
    if not any(fault.fault == "crash_after" for fault in journal.faults):
        assert unseen == {}, "published by a rename that was not written through"
    for name in unseen.values():
        listed = repository.files(name, repository.staging)
        assert [path for path in listed if disk.lost(path)] == [], "not flushed before the set was published"

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Wine prefixes: one template, set up once, and a copy of it for every lab.

A fresh prefix takes seconds and 700 MB. A copy takes a fraction of a second and little space, because the programs and
libraries in it are hard links to the template's: nothing in a lab writes to them, and what a lab replaces (native
binaries) it unlinks first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import paths, wine

SETUP_TIMEOUT_S = 300.0
WINDOWS_VERSION = "win10"
LINKED_SUFFIXES = frozenset({".acm", ".ax", ".com", ".cpl", ".dll", ".drv", ".exe", ".nls", ".ocx", ".sys", ".tlb"})
# One entry a native binary: where it goes, below drive_c.
INSTALLED = {
    "certadm.dll": "windows/system32",
    "certsvc.exe": "Lab",
    "labshim.dll": "Lab",
    "launch.exe": "Lab",
    "powershell.exe": "PowerShell/7",
}
ENGINE = Path("drive_c/PowerShell/7")


def ensure_template() -> Path:
    """Return the template prefix, made or brought up to date first when its inputs have changed.

    Raises WineError when Wine fails and FileNotFoundError when there is no engine to put into it.
    """
    with paths.build_lock("template"):
        if _read_stamp("wine") != _wine_stamp():
            _build_template()
        if _read_stamp("engine") != _engine_stamp():
            _install_engine()
    return paths.TEMPLATE


def copy_prefix(name: str) -> Path:
    """Return a new prefix ``.build/lab/<name>/prefix`` copied from the template; an older one there is replaced."""
    target = paths.LABS / name / "prefix"
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_tree(target)
    copy_tree(ensure_template(), target)
    return target


def install_native(prefix: Path, native: Path = paths.NATIVE) -> None:
    """Put the lab's native binaries where the contract of the lab wants them; FileNotFoundError names a missing one."""
    for name, folder in INSTALLED.items():
        source = native / name
        if not source.is_file():
            raise FileNotFoundError(f"{source} is missing: build the lab's native parts first (make setup).")
        target = prefix / "drive_c" / folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)


def add_drive(prefix: Path, letter: str) -> Path:
    """Give a prefix whose wineserver is not running one more drive, empty, and return the folder that it is."""
    folder = prefix / f"drive_{letter}"
    folder.mkdir()
    (prefix / "dosdevices" / f"{letter}:").symlink_to(f"../{folder.name}")
    return folder


def copy_tree(source: Path, target: Path) -> None:
    """Copy a prefix: programs and libraries as hard links where the file system allows, the rest byte by byte."""
    target.mkdir(parents=True)
    for folder, folders, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        for name in folders:
            entry = Path(folder, name)
            if entry.is_symlink():
                (here / name).symlink_to(os.readlink(entry))
            else:
                (here / name).mkdir()
        for name in files:
            entry = Path(folder, name)
            if entry.suffix.lower() not in LINKED_SUFFIXES or not _link(entry, here / name):
                shutil.copy2(entry, here / name, follow_symlinks=False)


def remove_tree(path: Path) -> None:
    """Remove a prefix if there is one; links inside it are never followed."""
    if path.exists():
        shutil.rmtree(path)


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _stamp_file(name: str) -> Path:
    return paths.TEMPLATE / f"{name}.stamp"


def _read_stamp(name: str) -> str | None:
    try:
        return _stamp_file(name).read_text(encoding="ascii")
    except FileNotFoundError:
        return None


def _wine_stamp() -> str:
    """Identify what the Windows part of the template is made from: Wine itself and this file."""
    loader = wine.loader().stat()
    inputs = f"{wine.loader()} {loader.st_size} {loader.st_mtime_ns}".encode() + Path(__file__).read_bytes()
    return hashlib.sha256(inputs).hexdigest()


def _engine_files() -> Iterator[Path]:
    folder = paths.engine_folder()
    if not (folder / "pwsh.exe").is_file():
        raise FileNotFoundError(
            f"No pwsh.exe in {folder}: put PowerShell together first (make setup), or correct LAB_PWSH."
        )
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _engine_stamp() -> str:
    """Identify the engine's folder by name, size and time of every file in it: quick, and a rebuild changes them."""
    digest = hashlib.sha256(str(paths.engine_folder()).encode())
    for path in _engine_files():
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _build_template() -> None:
    """Make the Windows part of the template beside its final place, then rename it: half a template is never found."""
    building = paths.TEMPLATE.with_name("template.new")
    wine.stop_server(building)
    remove_tree(building)
    building.mkdir(parents=True)
    server = wine.start_server(building, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # wineboot asks for 32-bit parts that are not installed and says so with its exit code.
        wine.run(building, ["wineboot.exe", "--init"], SETUP_TIMEOUT_S, cwd=building, check=False)
        wine.run(building, ["winecfg.exe", "-v", WINDOWS_VERSION], SETUP_TIMEOUT_S)
    finally:
        wine.stop_server(building)
        server.wait(wine.SERVER_STOP_TIMEOUT_S)
    if not (building / "drive_c/windows/system32/kernel32.dll").is_file():
        raise wine.WineError(f"wineboot did not set up a prefix in {building}")
    _cut_loose(building)
    (building / "wine.stamp").write_text(_wine_stamp(), encoding="ascii")
    remove_tree(paths.TEMPLATE)
    building.rename(paths.TEMPLATE)


def _cut_loose(prefix: Path) -> None:
    """Leave the prefix no way out of drive_c, and no PowerShell but the engine's."""
    for device in (prefix / "dosdevices").iterdir():
        if device.name != "c:":
            device.unlink()
    for link in (prefix / "drive_c/users").rglob("*"):
        if link.is_symlink():
            link.unlink()
            link.mkdir()
    (prefix / "drive_c/windows/system32/WindowsPowerShell/v1.0/powershell.exe").unlink(missing_ok=True)
    for folder in ("Lab", "LabCA"):
        (prefix / "drive_c" / folder).mkdir(exist_ok=True)


def _install_engine() -> None:
    """Copy the engine into the template; its stamp goes first, so that an interrupted copy is done again."""
    _stamp_file("engine").unlink(missing_ok=True)
    target = paths.TEMPLATE / ENGINE
    remove_tree(target)
    folder = paths.engine_folder()
    for source in _engine_files():
        copy = target / source.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy)
    _stamp_file("engine").write_text(_engine_stamp(), encoding="ascii")

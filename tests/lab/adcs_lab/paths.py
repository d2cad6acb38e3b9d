# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the lab keeps its things, below the project's ``.build``, and how a Windows path maps to a file in a prefix."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / ".build"
TEMPLATE = BUILD / "template"
LABS = BUILD / "lab"
NATIVE = BUILD / "native"
ENGINE = BUILD / "powershell"

POWERSHELL = r"C:\PowerShell\7\powershell.exe"
LAUNCHER = r"C:\Lab\launch.exe"

ENGINE_VARIABLE = "LAB_PWSH"


def engine_folder() -> Path:
    """Return the folder of PowerShell: the one LAB_PWSH names, else the one that the set-up put together."""
    return Path(os.environ.get(ENGINE_VARIABLE) or ENGINE).resolve()


def linux_path(drive_c: Path, windows_path: str) -> Path:
    r"""Return the file behind a ``C:\...`` path, found without regard to case as Windows does.

    Elements that do not exist are taken as they are written. Raises ValueError for a path that is not below ``C:\``.
    """
    drive, separator, rest = windows_path.replace("/", "\\").partition(":\\")
    elements = [element for element in rest.split("\\") if element not in ("", ".")]
    if drive.upper() != "C" or not separator or ".." in elements:
        raise ValueError(f"Not an absolute path below C:\\ : {windows_path!r}")
    path = drive_c
    for element in elements:
        exact = path / element
        if not exact.exists() and path.is_dir():
            wanted = element.casefold()
            exact = next((entry for entry in path.iterdir() if entry.name.casefold() == wanted), exact)
        path = exact
    return path


@contextlib.contextmanager
def build_lock(name: str, timeout_s: float = 600) -> Iterator[None]:
    """Hold the lock ``.build/<name>.lock`` against other processes; TimeoutError when it is not free in time."""
    BUILD.mkdir(exist_ok=True)
    deadline = time.monotonic() + timeout_s
    with open(BUILD / f"{name}.lock", "w", encoding="ascii") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f"{lock.name} was still held by another process after {timeout_s:.0f} s"
                    ) from None
                time.sleep(0.05)
        yield

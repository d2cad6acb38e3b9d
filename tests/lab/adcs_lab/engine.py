# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The PowerShell engine and other Windows programs of a prefix, run from Linux without WinRM."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import paths, wine

CODEPAGE = "65001"


class Engine:
    """Runs programs in a prefix whose wineserver is running."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix

    @property
    def drive_c(self) -> Path:
        r"""The folder that is ``C:\``."""
        return self.prefix / "drive_c"

    def linux_path(self, windows_path: str) -> Path:
        r"""Return the file behind a ``C:\...`` path, found without regard to case."""
        return paths.linux_path(self.drive_c, windows_path)

    def share(self, server: str, name: str) -> Path:
        r"""Return the folder behind ``\\<server>\<name>``, made where it is missing. Wine looks for it below ``dosdevices/unc``."""
        folder = self.prefix / "dosdevices" / "unc" / server / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def run(
        self, arguments: Sequence[str], timeout_s: float, *, check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the engine to its end; WineError when it takes longer or, with check, when its exit code is not 0."""
        return wine.run(self.prefix, [paths.LAUNCHER], timeout_s, extra=_command(arguments), check=check)

    def wine(
        self, arguments: Sequence[str], timeout_s: float, *, check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a Windows program to its end, with the same errors."""
        return wine.run(self.prefix, arguments, timeout_s, check=check)

    def popen(self, arguments: Sequence[str], *, stderr: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start the engine with pipes to its stdin and stdout; killing the process kills all that it started."""
        return wine.start(
            self.prefix, [paths.LAUNCHER], extra=_command(arguments), stdin=subprocess.PIPE, stderr=stderr
        )


def _command(arguments: Sequence[str]) -> dict[str, str]:
    """Return the launcher's settings: the command line quoted as Microsoft's C runtime reads it, and the code page."""
    return {"LAB_CMDLINE": subprocess.list2cmdline([paths.POWERSHELL, *arguments]), "LAB_CODEPAGE": CODEPAGE}

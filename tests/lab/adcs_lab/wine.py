# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Wine: which programs, in which environment, started and stopped within bounds."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

# Wine's loader lies at 0x7d000000, and a recent Linux puts its heap anywhere in the GiB behind it. Windows wants one page
# there, at 0x7ffe0000: once in some 8,000 starts the heap already covers it, and the process dies (error 1359).
# https://docs.kernel.org/admin-guide/sysctl/kernel.html#randomize-va-space
FIXED_ADDRESSES = ("setarch", "--addr-no-randomize")
DEBIAN_LOADER = Path("/usr/lib/wine/wine64")
ENGINE_PATH = r"C:\PowerShell\7"
SERVER_START_TIMEOUT_S = 20.0
SERVER_STOP_TIMEOUT_S = 20.0
PR_SET_PDEATHSIG = 1


class WineError(Exception):
    """Wine is missing, failed or did not finish in time; the message says which and with what output."""


def loader() -> Path:
    """Return the 64-bit loader; Debian's is called by its path because its ``wine`` script also looks for wine32."""
    if DEBIAN_LOADER.exists():
        return DEBIAN_LOADER
    found = shutil.which("wine64") or shutil.which("wine")
    if found is None:
        raise WineError("Wine is not installed: the lab needs the package wine64.")
    return Path(found).resolve()


def server_program() -> Path:
    """Return the wineserver that belongs to the loader."""
    for name in ("wineserver64", "wineserver"):
        candidate = loader().parent / name
        if candidate.exists():
            return candidate
    raise WineError(f"No wineserver beside {loader()}.")


def user_name() -> str:
    """Return the name Wine gives the Windows user: the Linux one."""
    return pwd.getpwuid(os.getuid()).pw_name


def environment(prefix: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the whole environment of a process in the prefix; nothing of the caller's own leaks into Windows."""
    return {
        "HOME": str(prefix),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "LOGNAME": user_name(),
        "PATH": "/usr/bin:/bin",
        "USER": user_name(),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
        # No browser engine to download, no menus to make. mscoree stays: every .NET image imports it.
        "WINEDLLOVERRIDES": "mshtml=;winemenubuilder.exe=d",
        "WINEPATH": ENGINE_PATH,
        "WINEPREFIX": str(prefix),
        # The executable-memory protection of .NET dies in finalizers under Wine 8.
        "DOTNET_EnableWriteXorExecute": "0",
        # Where pwsh.exe finds .NET; one that brings its own does not look.
        "DOTNET_ROOT": ENGINE_PATH + r"\dotnet",
        "POWERSHELL_TELEMETRY_OPTOUT": "1",
        "POWERSHELL_UPDATECHECK": "Off",
        **(extra or {}),
    }


@functools.cache
def command() -> tuple[str, ...]:
    """Return what starts a Windows program: the loader, at fixed addresses where the machine allows it (a container may not)."""
    allowed = subprocess.run([*FIXED_ADDRESSES, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return (*(FIXED_ADDRESSES if allowed else ()), str(loader()))


def start(
    prefix: Path,
    arguments: Sequence[str],
    *,
    extra: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start a Windows program in the prefix, by default in the root of C: (a folder outside C: has no Windows name)."""
    return subprocess.Popen(
        [*command(), *arguments],
        env=environment(prefix, extra),
        cwd=cwd or prefix / "drive_c",
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def run(
    prefix: Path,
    arguments: Sequence[str],
    timeout_s: float,
    *,
    extra: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[bytes]:
    """Run a Windows program to its end and return its output; WineError when it takes longer or, with check, fails.

    The output goes through files: with pipes, the services Wine starts beside its first program would hold them open.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = start(prefix, arguments, extra=extra, cwd=cwd, stdout=stdout.fileno(), stderr=stderr.fileno())
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(SERVER_STOP_TIMEOUT_S)
            raise WineError(f"{arguments!r} was still running after {timeout_s:.0f} s") from None
        stdout.seek(0)
        stderr.seek(0)
        result = subprocess.CompletedProcess(list(arguments), process.returncode, stdout.read(), stderr.read())
    if check and result.returncode != 0:
        output = (result.stdout + result.stderr).decode("utf-8", "replace").strip()
        raise WineError(f"{arguments!r} failed with exit code {result.returncode}: {output}")
    return result


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Return as soon as the condition holds; WineError naming ``what`` when it does not within the time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise WineError(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(0.02)


def _listens(pid: int) -> bool:
    """Tell whether the process listens on a Unix socket: where wineserver puts its own differs by distribution."""
    listening = 0x10000
    lines = Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    inodes = {fields[6] for fields in map(str.split, lines) if int(fields[3], 16) & listening}
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(descriptor)[len("socket:[") : -1] in inodes:
                return True
    return False


def die_with_parent() -> None:
    """Ask the kernel to interrupt this process when its parent dies, even by SIGKILL (Linux only).

    On SIGINT a wineserver kills its processes before it goes; on SIGTERM it leaves them behind.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def start_server(prefix: Path, **popen: Any) -> subprocess.Popen[bytes]:
    """Start the prefix's wineserver as a child that stays without clients and goes when this process goes.

    Every Windows process of the prefix ends with it. Call it from the main thread: the kernel counts the death of the
    thread that started a process as the death of its parent.
    """
    server = subprocess.Popen(
        [str(server_program()), "--foreground", "--persistent"],
        env=environment(prefix),
        cwd=prefix,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent,
        **popen,
    )
    try:
        wait_until(lambda: server.poll() is not None or _listens(server.pid), SERVER_START_TIMEOUT_S, "wineserver")
        if server.poll() is not None:
            raise WineError(f"wineserver ended with exit code {server.returncode}: does another one serve {prefix}?")
    except BaseException:
        server.kill()
        server.wait(SERVER_STOP_TIMEOUT_S)
        raise
    return server


def stop_server(prefix: Path) -> None:
    """Stop the prefix's wineserver, whoever started it, and every process of the prefix. No server: no error."""
    if not prefix.is_dir():
        return
    server = str(server_program())
    bounds: dict[str, Any] = {
        "env": environment(prefix),
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "timeout": SERVER_STOP_TIMEOUT_S,
    }
    with contextlib.suppress(subprocess.TimeoutExpired):
        if subprocess.run([server, "--kill"], check=False, **bounds).returncode == 0:
            subprocess.run([server, "--wait"], check=False, **bounds)
    # What does not go when asked, and what a wineserver that was killed left waiting for answers for ever.
    for pid in processes(prefix):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def processes(prefix: Path) -> list[int]:
    """Return the processes of the prefix, the wineserver among them, by what their environment says."""
    mark = f"WINEPREFIX={prefix}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        # Processes come and go, and those of other users are not ours to read.
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found

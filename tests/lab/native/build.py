# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the native parts of the lab with mingw-w64: ``python3 build.py [folder]``, by default ``.build/native``.

Each output is built when its sources, its flags, any header or the compiler have changed since, and left alone
otherwise.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
COMPILER = "x86_64-w64-mingw32-gcc"
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-static", "-s")
COMPILE_TIMEOUT_S = 300

LIBRARY = ("-shared",)
PROGRAM = ("-municode",)


@dataclass(frozen=True)
class Target:
    """One output: globs of its sources below this folder, then compiler flags, libraries and .def file."""

    name: str
    sources: tuple[str, ...]
    flags: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    definitions: str | None = None

    def files(self) -> list[Path]:
        """Return the sources, then the .def file; FileNotFoundError for a glob that finds nothing."""
        found: list[Path] = []
        for pattern in (*self.sources, *([self.definitions] if self.definitions else [])):
            matches = sorted(HERE.glob(pattern))
            if not matches:
                raise FileNotFoundError(f"{self.name}: no source {HERE / pattern}")
            found += matches
        return found


CERTADM = tuple(
    f"certadm/{name}.c"
    for name in (
        "answers",
        "call",
        "certadm",
        "config",
        "host",
        "lists",
        "logs",
        "restore",
        "session",
        "stale",
        "transfer",
    )
)
COMMON = ("common/fault.c", "common/journal.c")
SPAWN = ("launcher/report.c", "launcher/spawn.c")

TARGETS = (
    Target("certadm.dll", (*CERTADM, *COMMON), LIBRARY, ("-ladvapi32",), "certadm/certadm.def"),
    Target("certadm_selftest.exe", ("certadm/selftest*.c",), PROGRAM, ("-ladvapi32",)),
    Target("labshim.dll", ("shim/*.c", *COMMON, *SPAWN), LIBRARY, ("-ladvapi32", "-lntdll")),
    Target("shim_selftest.exe", ("shim/selftest/*.c",), PROGRAM, ("-ladvapi32", "-lntdll")),
    Target("launch.exe", ("launcher/launch.c", *SPAWN), PROGRAM),
    Target("powershell.exe", ("launcher/powershell.c", *SPAWN), PROGRAM),
    Target("certsvc.exe", ("service/certsvc.c",), PROGRAM, ("-ladvapi32",)),
)


@functools.cache
def _compiler() -> str:
    """Return what identifies the compiler; FileNotFoundError when it is not installed."""
    path = shutil.which(COMPILER)
    if path is None:
        raise FileNotFoundError(f"{COMPILER} is not installed: the lab needs the package gcc-mingw-w64-x86-64.")
    version = subprocess.run([path, "--version"], check=True, capture_output=True, text=True, timeout=COMPILE_TIMEOUT_S)
    return version.stdout


def _hash(target: Target) -> str:
    """Identify what an output is made from. Headers count for every output: they are few and shared."""
    digest = hashlib.sha256(repr((_compiler(), FLAGS, target)).encode())
    for path in [*target.files(), *sorted(HERE.rglob("*.h"))]:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(HERE)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _compile(target: Target, output: Path) -> None:
    """Compile one output beside its final place and rename it there; RuntimeError with the compiler's words."""
    wanted = _hash(target)
    stamp = output / f"{target.name}.sha256"
    if (output / target.name).is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    new = output / f"{target.name}.new"
    command = [COMPILER, *FLAGS, *target.flags, "-o", str(new), *map(str, target.files()), *target.libraries]
    result = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=COMPILE_TIMEOUT_S, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{target.name} does not compile:\n{result.stderr}")
    stamp.unlink(missing_ok=True)
    new.replace(output / target.name)
    stamp.write_text(wanted, encoding="ascii")


@contextlib.contextmanager
def _alone(output: Path) -> Iterator[None]:
    with open(output / "build.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(output: Path) -> None:
    """Bring every output in the folder up to date; it may be called by several processes at once."""
    output.mkdir(parents=True, exist_ok=True)
    with _alone(output), ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(_compile, target, output) for target in TARGETS]:
            done.result()


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".build" / "native")

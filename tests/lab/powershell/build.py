#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put PowerShell for Windows (x64) together from NuGet packages, with the .NET runtime it runs on.

    <engine>/            the payload of the .NET tool package "PowerShell" for Windows: pwsh.exe, its assemblies and modules
    <engine>/dotnet/     the .NET runtime, where DOTNET_ROOT must point: host/fxr, shared/Microsoft.{NETCore,WindowsDesktop}.App

Nothing is edited. The assemblies that cost a start or a compilation most are compiled ahead of time (ReadyToRun), as those of
PowerShell's own release are. The engine is kept in ``$XDG_CACHE_HOME/adcs-ca-lab`` (``~/.cache/adcs-ca-lab``) for all clones of a user.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE / "packages.csproj"
SDK_TIMEOUT_S = 60
RESTORE_TIMEOUT_S = 900
COMPILE_TIMEOUT_S = 900
LOCK_TIMEOUT_S = 1800
PROGRESS_S = 10.0
TOOL = "tools/net10.0/any/win"
RUNTIME = "runtimes/win-x64"
FRAMEWORKS = ("Microsoft.NETCore.App", "Microsoft.WindowsDesktop.App")
OTHER_SYSTEMS = ("android", "linux", "maccatalyst", "osx", "unix", "win-arm", "win-x86")
# What runs in every start or every compilation, the longest to compile first; the JIT compiles the rest when it is used.
AHEAD_OF_TIME = (
    "System.Management.Automation",
    "Microsoft.CodeAnalysis.CSharp",
    "Microsoft.CodeAnalysis",
    "Microsoft.PowerShell.Commands.Utility",
    "Microsoft.PowerShell.Commands.Management",
    "Newtonsoft.Json",
    "Microsoft.PowerShell.ConsoleHost",
    "Microsoft.PowerShell.CoreCLR.Eventing",
    "Microsoft.PowerShell.Security",
    "Microsoft.ApplicationInsights",
    "pwsh",
)
SETTINGS = {"DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1", "MSBUILDDISABLENODEREUSE": "1"}
INSTEAD = (
    "To do without NuGet, unpack PowerShell 7.6 for Windows x64 into a folder, set LAB_PWSH to that folder (it has pwsh.exe in it), and run "
    "again."
)

Say = Callable[[str], None]


class BuildError(Exception):
    """The engine could not be put together; the message says what failed, why, and what to do."""


def build(link: Path, say: Say = lambda _text: None) -> None:
    """Let ``link`` lead to an engine, made first where the cache has none that fits; BuildError otherwise.

    Without the compiler the engine is left as it is in its package, which is said, and starts slower.
    """
    cache = cache_folder()
    name = f"powershell-{_digest()}"
    engine = _found(cache, name)
    if engine is None:
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(cache, say):
            engine = _found(cache, name) or _make(cache, name, say)
    _lead(link, engine)


def cache_folder() -> Path:
    """Return where engines are kept between runs and clones of a user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "adcs-ca-lab"


def _digest() -> str:
    """Return what an engine depends on, as one hash: this folder's files and the version of the SDK, which picks that of .NET."""
    inputs = Path(__file__).read_bytes() + PROJECT.read_bytes() + _call(["dotnet", "--version"], SDK_TIMEOUT_S).encode()
    return hashlib.sha256(inputs).hexdigest()[:12]


def _found(cache: Path, name: str) -> Path | None:
    engines = (cache / f"{name}{form}" for form in ("", "-jit"))
    return next((engine for engine in engines if (engine / "pwsh.exe").is_file()), None)


def _lead(link: Path, engine: Path) -> None:
    if link.is_symlink() and link.readlink() == engine:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    new = link.with_name(f"{link.name}.{os.getpid()}.new")
    new.symlink_to(engine)
    new.replace(link)


@contextlib.contextmanager
def _alone(cache: Path, say: Say) -> Iterator[None]:
    """Hold the cache's lock against the set-ups of other clones."""
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    with open(cache / "lock", "w", encoding="ascii") as lock:
        for attempt in range(1 << 30):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == 0:
                    say(f"PowerShell: another set-up is at work in {cache}; waiting for it")
                if time.monotonic() > deadline:
                    raise BuildError(f"Another set-up held {lock.name} for {LOCK_TIMEOUT_S} s.") from None
                time.sleep(0.2)
        yield


def _make(cache: Path, name: str, say: Say) -> Path:
    """Make an engine beside its final place, then rename it: half an engine is never found, and what a killed set-up left goes."""
    for left in cache.glob("making-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix="making-", dir=cache) as scratch:
        fresh = Path(scratch, "engine")
        with _told(say, "fetching it and .NET from NuGet, 120 MB in 3 packages"):
            packages, versions = _restore("engine", Path(scratch, "obj"), say)
        with _told(say, "laying it out"):
            _lay_out(packages, versions, fresh)
        form = "" if _compiled(packages, versions, fresh, Path(scratch), say) else "-jit"
        engine = cache / f"{name}{form}"
        fresh.rename(engine)
    return engine


@contextlib.contextmanager
def _told(say: Say, what: str) -> Iterator[None]:
    started = time.monotonic()
    say(f"PowerShell: {what}")
    yield
    say(f"PowerShell: done ({time.monotonic() - started:.0f} s)")


def _restore(part: str, scratch: Path, say: Say) -> tuple[Path, dict[str, str]]:
    """Fetch the packages of a part of the project; return the folder that all packages lie in, and their versions."""
    command = ["dotnet", "msbuild", str(PROJECT), "-nologo", "-v:quiet", f"-p:Part={part}"]
    command += [f"-p:BaseIntermediateOutputPath={scratch}/"]
    wanted = "PowerShellVersion,BundledNETCoreAppPackageVersion"
    asked = [*command, f"-getProperty:{wanted}", "-getItem:PackageDownload"]
    answer = json.loads(_call(asked, RESTORE_TIMEOUT_S))
    locals_ = _call(["dotnet", "nuget", "locals", "global-packages", "--list"], SDK_TIMEOUT_S)
    packages = Path(locals_.partition(":")[2].strip())
    marks = [
        packages / item["Identity"].lower() / item["Version"].strip("[]") / ".nupkg.metadata"
        for item in answer["Items"]["PackageDownload"]
    ]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        done = pool.submit(_call, [*command, "-t:Restore"], RESTORE_TIMEOUT_S)
        _watch([done], lambda: f"{sum(map(Path.exists, marks))} of {len(marks)} packages are there", say)
    try:
        done.result()
    except BuildError as error:
        found = re.findall(r"error (NU\d+: .*?)(?: \[|$)", str(error), re.MULTILINE)
        missing = [mark.parent.parent.name for mark in marks if not mark.exists()]
        why = " ".join(dict.fromkeys(found)) or str(error)
        raise BuildError(f"NuGet did not give the package {', '.join(missing)}: {why} {INSTEAD}") from error
    return packages, answer["Properties"]


def _watch(work: list[concurrent.futures.Future[str]], progress: Callable[[], str], say: Say) -> None:
    """Say how far the work is, again and again until it is done."""
    while concurrent.futures.wait(work, PROGRESS_S).not_done:
        say(f"PowerShell: {progress()}")


def _lay_out(packages: Path, versions: dict[str, str], engine: Path) -> None:
    """Copy the packages' files to where pwsh.exe and the .NET host look for them."""
    dotnet = versions["BundledNETCoreAppPackageVersion"]
    shutil.copytree(packages / "powershell" / versions["PowerShellVersion"] / TOOL, engine, ignore=_other_systems)
    for framework in FRAMEWORKS:
        pack = packages / f"{framework.lower()}.runtime.win-x64" / dotnet / RUNTIME
        folder = engine / "dotnet" / "shared" / framework / dotnet
        folder.mkdir(parents=True)
        for part in ("lib/net10.0", "native"):
            for file in (pack / part).iterdir():
                if file.is_file():
                    shutil.copy2(file, folder / file.name)
    host = engine / "dotnet" / "host" / "fxr" / dotnet
    host.mkdir(parents=True)
    (engine / "dotnet/shared" / FRAMEWORKS[0] / dotnet / "hostfxr.dll").rename(host / "hostfxr.dll")


def _other_systems(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(OTHER_SYSTEMS)] if Path(folder).name == "runtimes" else []


def _compiled(packages: Path, versions: dict[str, str], engine: Path, scratch: Path, say: Say) -> bool:
    """Put assemblies with machine code beside their unchanged IL in the place of those that matter; False, said, where that fails."""
    try:
        with _told(say, "fetching the compiler from NuGet, 12 MB"):
            _restore("compiler", scratch / "compiler.obj", say)
        with _told(say, f"compiling {len(AHEAD_OF_TIME)} of its assemblies ahead of time, a minute or two"):
            _compile(packages, versions["BundledNETCoreAppPackageVersion"], engine, scratch, say)
    except BuildError as error:
        say(f"PowerShell: it stays as it is and starts slower, because it was not compiled ahead of time: {error}")
        say(f"PowerShell: to try that again later, delete {cache_folder()} and run again")
        return False
    return True


def _compile(packages: Path, dotnet: str, engine: Path, scratch: Path, say: Say) -> None:
    compiler = packages / "microsoft.netcore.app.crossgen2.linux-x64" / dotnet / "tools" / "crossgen2"
    program = scratch / "crossgen2"
    # NuGet unpacks without the right to execute, and the compiler finds its libraries beside itself
    shutil.copytree(compiler.parent, program)
    (program / compiler.name).chmod(0o755)
    references = [engine, engine / "runtimes/win-x64/lib/netstandard1.6"]
    references += [engine / "dotnet/shared" / framework / dotnet for framework in FRAMEWORKS]
    compiled = scratch / "compiled"
    compiled.mkdir()

    def one(name: str) -> str:
        command = [str(program / compiler.name), str(engine / f"{name}.dll"), "--out", str(compiled / f"{name}.dll")]
        command += ["--targetos", "windows", "--targetarch", "x64", "--optimize"]
        for folder in references:
            command += ["--reference", f"{folder}/*.dll"]
        return _call(command, COMPILE_TIMEOUT_S)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [pool.submit(one, name) for name in AHEAD_OF_TIME]
        _watch(work, lambda: f"{sum(future.done() for future in work)} of {len(work)} assemblies are compiled", say)
    for future in work:
        future.result()
    for name in AHEAD_OF_TIME:
        os.replace(compiled / f"{name}.dll", engine / f"{name}.dll")


def _call(command: list[str], timeout_s: float) -> str:
    """Run a program without input and return its output; BuildError when it fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            cwd=HERE,
            env={**os.environ, **SETTINGS},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise BuildError(f"The command '{command[0]}' is not on PATH: install the .NET 10 SDK.") from error
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"'{' '.join(command[:4])} ...' took longer than {timeout_s:.0f} s.") from error
    if done.returncode != 0:
        raise BuildError(
            f"'{' '.join(command[:4])} ...' failed with exit code {done.returncode}:\n{done.stdout.strip()}"
        )
    return done.stdout


def main() -> int:
    """Let the link named on the command line lead to an engine, and say what is done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("link", type=Path)
    link = parser.parse_args().link.absolute()
    try:
        build(link, lambda text: print(text, flush=True))
    except BuildError as error:
        print(f"PowerShell: {error}", file=sys.stderr)
        return 1
    print(f"PowerShell: {link} -> {link.readlink()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

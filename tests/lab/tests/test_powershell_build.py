# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How PowerShell is put together and kept, with a program in the place of the .NET SDK that has packages of a few bytes."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
import textwrap
import threading
from pathlib import Path
from types import ModuleType

import pytest
from adcs_lab import paths

SOURCE = paths.ROOT / "tests" / "lab" / "powershell" / "build.py"
NETCORE = "microsoft.netcore.app.runtime.win-x64"
DESKTOP = "microsoft.windowsdesktop.app.runtime.win-x64"
CROSSGEN = "microsoft.netcore.app.crossgen2.linux-x64"
DOTNET = textwrap.dedent("""\
    #!{python}
    import json, os, pathlib, sys, time
    home = pathlib.Path({home!r})
    with open(home / "calls", "a") as calls:
        calls.write(" ".join(sys.argv[1:]) + chr(10))
    words = sys.argv[1:]
    packages = home / "packages"
    part = "compiler" if "-p:Part=compiler" in words else "engine"
    wanted = {{"engine": [("PowerShell", "7.6.9"), ("{netcore}", "10.0.1"), ("{desktop}", "10.0.1")], "compiler": [("{crossgen}", "10.0.1")]}}[part]
    if words == ["--version"]:
        print("10.0.100")
    elif words[0] == "nuget":
        print(f"global-packages: {{packages}}/")
    elif "-t:Restore" in words:
        time.sleep(0.2)
        for name, version in wanted:
            if (home / f"no-{{name.lower()}}").exists():
                print(f"{{home}}/packages.csproj : error NU1101: Unable to find package {{name}}. [{{home}}/packages.csproj]")
                sys.exit(1)
            folder = packages / name.lower() / version
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".nupkg.metadata").touch()
            if name == "PowerShell":
                tool = folder / "tools/net10.0/any/win"
                for file in ["pwsh.exe", "runtimes/linux-x64/x.so", "runtimes/win-x64/x.dll", *({assemblies!r})]:
                    (tool / file).parent.mkdir(parents=True, exist_ok=True)
                    (tool / file).write_text(f"il of {{file}}")
            elif part == "engine":
                for file in ("lib/net10.0/System.dll", "native/hostfxr.dll", "native/coreclr.dll"):
                    (folder / "runtimes/win-x64" / file).parent.mkdir(parents=True, exist_ok=True)
                    (folder / "runtimes/win-x64" / file).write_text(file)
            else:
                (folder / "tools").mkdir(exist_ok=True)
                (folder / "tools/crossgen2").write_text({crossgen_program!r})
    else:
        items = [{{"Identity": name, "Version": f"[{{version}}]"}} for name, version in wanted]
        versions = {{"PowerShellVersion": "7.6.9", "BundledNETCoreAppPackageVersion": "10.0.1"}}
        print(json.dumps({{"Properties": versions, "Items": {{"PackageDownload": items}}}}))
    """)
COMPILER = textwrap.dedent("""\
    #!/bin/sh
    test -e "{home}/no-compiler" && {{ echo "it cannot compile"; exit 1; }}
    echo "native $(cat "$1")" > "$3"
    """)


class Machine:
    """A machine with an SDK of ours, and what the set-up said on it."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.said: list[str] = []
        self.link = home / "clone" / ".build" / "powershell"
        self.module = self._load()
        program = home / "bin" / "dotnet"
        program.parent.mkdir()
        assemblies = [f"{name}.dll" for name in self.module.AHEAD_OF_TIME]
        names = {"netcore": NETCORE, "desktop": DESKTOP, "crossgen": CROSSGEN, "assemblies": assemblies}
        compiler = COMPILER.format(home=home)
        program.write_text(DOTNET.format(python=sys.executable, home=str(home), crossgen_program=compiler, **names))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))

    @staticmethod
    def _load() -> ModuleType:
        spec = importlib.util.spec_from_file_location("powershell_build", SOURCE)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def build(self, link: Path | None = None) -> Path:
        self.module.build(link or self.link, self.said.append)
        return (link or self.link).resolve()

    def restores(self) -> int:
        return (self.home / "calls").read_text().count("-t:Restore")

    def lack(self, name: str) -> None:
        (self.home / f"no-{name}").touch()

    def engines(self) -> list[str]:
        return sorted(path.name for path in (self.home / "cache" / "adcs-ca-lab").iterdir() if path.is_dir())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_it_is_laid_out_as_the_host_looks_for_it(machine: Machine) -> None:
    engine = machine.build()
    files = {path.relative_to(engine).as_posix(): path.read_text() for path in engine.rglob("*") if path.is_file()}
    shared, framework = (
        "dotnet/shared/Microsoft.NETCore.App/10.0.1",
        "dotnet/shared/Microsoft.WindowsDesktop.App/10.0.1",
    )
    assert files["pwsh.exe"] == "il of pwsh.exe" and files["runtimes/win-x64/x.dll"]
    assert {f"{shared}/System.dll", f"{shared}/coreclr.dll", f"{framework}/System.dll"} <= files.keys()
    assert "dotnet/host/fxr/10.0.1/hostfxr.dll" in files and f"{shared}/hostfxr.dll" not in files
    assert not [name for name in files if "linux" in name]
    assert files["System.Management.Automation.dll"].strip() == "native il of System.Management.Automation.dll"
    assert [words for words in machine.said if words.startswith("PowerShell: fetching it and .NET")]
    assert machine.engines() == [engine.name], "nothing is left of the work"


def test_it_is_kept_for_other_clones(machine: Machine) -> None:
    first = machine.build()
    machine.said.clear()
    count = machine.restores()
    assert machine.build() == machine.build(machine.home / "other" / "powershell") == first
    assert machine.restores() == count and machine.said == []


def test_two_set_ups_at_once_make_one(machine: Machine) -> None:
    links = [machine.home / name / "powershell" for name in ("one", "two", "three")]
    threads = [threading.Thread(target=machine.build, args=[link]) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({link.resolve() for link in links}) == 1 and len(machine.engines()) == 1
    assert machine.restores() == 2, "one for the engine, one for the compiler"
    assert any("another set-up is at work" in words for words in machine.said)


def test_one_that_was_interrupted_is_made_again(machine: Machine) -> None:
    cache = machine.home / "cache" / "adcs-ca-lab" / "making-1"
    (cache / "engine").mkdir(parents=True)
    (cache / "engine" / "pwsh.exe").touch()
    assert machine.engines() == ["making-1"]
    engine = machine.build()
    assert machine.engines() == [engine.name]


@pytest.mark.parametrize("lacking", [CROSSGEN, "compiler"])
def test_without_the_compiler_it_works_and_says_so(machine: Machine, lacking: str) -> None:
    machine.lack(lacking)
    engine = machine.build()
    assert engine.name.endswith("-jit")
    assert (engine / "System.Management.Automation.dll").read_text() == "il of System.Management.Automation.dll"
    (notice,) = [words for words in machine.said if "starts slower" in words]
    assert (CROSSGEN if lacking == CROSSGEN else "it cannot compile") in notice
    machine.said.clear()
    assert machine.build() == engine and machine.said == []


@pytest.mark.parametrize("lacking", ["powershell", NETCORE, DESKTOP])
def test_a_package_that_is_missing_is_named_and_what_to_do_instead(machine: Machine, lacking: str) -> None:
    machine.lack(lacking)
    with pytest.raises(machine.module.BuildError) as raised:
        machine.build()
    message = str(raised.value)
    assert f"NuGet did not give the package {lacking}" in message and "NU1101: Unable to find package" in message
    assert "set LAB_PWSH to that folder" in message
    assert machine.engines() == [] and not machine.link.exists()


def test_without_an_sdk_it_says_what_to_install(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(machine.home))
    with pytest.raises(machine.module.BuildError, match="install the .NET 10 SDK"):
        machine.build()

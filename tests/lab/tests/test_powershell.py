# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PowerShell works in the lab: standard streams, exit codes, compilation, and it is Microsoft's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import ansible
import pytest

if TYPE_CHECKING:
    from adcs_lab.engine import Engine

HERE = Path(__file__).resolve().parent
TIMEOUT_S = 120


def run_script(engine: Engine, name: str, *arguments: str) -> str:
    """Run a script of the folder ``powershell`` in the engine and return what it printed."""
    shutil.copyfile(HERE / "powershell" / name, engine.drive_c / name)
    done = engine.run(["-NoProfile", "-File", f"C:\\{name}", *arguments], TIMEOUT_S)
    assert done.stderr == b""
    return done.stdout.decode("utf-8").replace("\r\n", "\n")


def test_it_is_genuine(engine: Engine) -> None:
    command = "(Get-Command Get-Acl).DLL; $PSVersionTable.PSVersion.ToString()"
    lines = engine.run(["-NoProfile", "-Command", command], TIMEOUT_S).stdout.decode("utf-8").splitlines()
    assert lines == [r"C:\PowerShell\7\Microsoft.PowerShell.Security.dll", "7.6.9"]


def test_a_script_owns_standard_input_and_output_in_utf8(engine: Engine) -> None:
    shutil.copyfile(HERE / "powershell" / "echo.ps1", engine.drive_c / "echo.ps1")
    with engine.popen(["-NoProfile", "-File", r"C:\echo.ps1"]) as process:
        assert process.stdin and process.stdout
        for line, length in (("Prüf €😀", 8), ("", 0), ("after an empty line", 19)):
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode("utf-8") == f"{length}:{line}\r\n"
        process.stdin.close()
        assert process.wait(TIMEOUT_S) == 0


@pytest.mark.parametrize(
    ("command", "code"),
    [("Get-Item C:\\none", 1), ("Get-Item C:\\none; 1", 0), ("cmd /c exit 3", 1), ("exit 3", 3), ("throw 'x'", 1)],
)
def test_the_exit_code_is_pwshs(engine: Engine, command: str, code: int) -> None:
    assert engine.run(["-NoProfile", "-Command", command], TIMEOUT_S, check=False).returncode == code


def test_ansible_compiles_its_module_class(engine: Engine) -> None:
    utils = Path(ansible.__file__).parent / "module_utils"
    folder = engine.drive_c / "compile"
    folder.mkdir()
    shutil.copy(utils / "powershell" / "Ansible.ModuleUtils.AddType.psm1", folder)
    shutil.copy(utils / "csharp" / "Ansible.Basic.cs", folder)
    assert run_script(engine, "compile.ps1", r"C:\compile") == "Ansible.Basic.AnsibleModule\n"

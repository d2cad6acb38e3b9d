# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's PowerShell host is what its README says: its cmdlets, its refusals, its identity, its standard streams."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import ansible
import pytest

if TYPE_CHECKING:
    from adcs_lab.engine import Engine

HERE = Path(__file__).resolve().parent
TIMEOUT_S = 120
ROW = re.compile(r"\| `([A-Z]\w+-\w+)` \| (.*) \|")
PRINT_ERROR = 'catch { "$($_.FullyQualifiedErrorId)|$_" }'

pytestmark = pytest.mark.skipif(
    "LAB_PWSH" in os.environ, reason="LAB_PWSH names another engine than the lab's own host"
)


def run_script(engine: Engine, name: str, *arguments: str) -> str:
    """Run a script of the folder ``checks`` in the engine and return what it printed."""
    shutil.copyfile(HERE / "checks" / name, engine.drive_c / name)
    done = engine.run(["-NoProfile", "-File", f"C:\\{name}", *arguments], TIMEOUT_S)
    assert done.stderr == b""
    return done.stdout.decode("utf-8").replace("\r\n", "\n")


def test_the_readme_lists_every_cmdlet_with_its_parameters(engine: Engine) -> None:
    rows = (ROW.fullmatch(line) for line in (HERE / "README.md").read_text(encoding="utf-8").splitlines())
    documented = {row[1]: sorted(re.findall(r"`(\w+)`", row[2])) for row in rows if row}
    lines = (line.partition(":") for line in run_script(engine, "surface.ps1").splitlines())
    assert documented == {name: sorted(parameters.split()) for name, _, parameters in lines}


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("Get-Acl C:\\", "LabHostNotSupported|Get-Acl is not supported"),
        ("Get-Content x -Wait", "LabHostNotSupported,Microsoft.PowerShell.Commands.GetContentCommand|Get-Content with"),
        ("Get-Item x -Stream y", "LabHostNotSupported,Microsoft.PowerShell.Commands.GetItemCommand|Get-Item with"),
        ("Add-Member -InputObject 1 Method m", "LabHostNotSupported,Microsoft.PowerShell.Commands.AddMemberCommand|"),
    ],
    ids=["cmdlet", "switch", "parameter", "value"],
)
def test_what_is_not_supported_fails_by_name(engine: Engine, command: str, error: str) -> None:
    done = engine.run(["-NoProfile", "-Command", f"try {{ {command} }} {PRINT_ERROR}"], TIMEOUT_S)
    assert done.stdout.decode("utf-8").startswith(error)


def test_no_assembly_claims_to_be_microsofts(engine: Engine) -> None:
    identities = run_script(engine, "identity.ps1").splitlines()
    assert identities == ["adcs.ca contributors|adcs.ca test lab|1.0.0.0|0"] * 7


def test_a_script_owns_standard_input_and_output_in_utf8(engine: Engine) -> None:
    shutil.copyfile(HERE / "checks" / "echo.ps1", engine.drive_c / "echo.ps1")
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

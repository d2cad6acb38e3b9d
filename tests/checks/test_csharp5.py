# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every C# file that runs on a CA compiles as Windows PowerShell 5.1 compiles it: C# 5, .NET Framework 4.7.2."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

Compile = Callable[[Path], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def compile_csharp5(dotnet: Callable[..., subprocess.CompletedProcess[str]]) -> Compile:
    """Compile the files of a path pattern together with ansible-core's own C# files."""
    ansible = importlib.util.find_spec("ansible")
    assert ansible is not None and ansible.submodule_search_locations
    csharp = Path(ansible.submodule_search_locations[0]) / "module_utils" / "csharp"

    def build(sources: Path) -> subprocess.CompletedProcess[str]:
        return dotnet("csharp5", f"-property:Sources={sources}", f"-property:AnsibleCSharp={csharp}")

    return build


def test_module_utils_compile(compile_csharp5: Compile) -> None:
    """All files of module_utils compile together without a warning."""
    assert list((ROOT / "plugins" / "module_utils").rglob("*.cs")), "there is nothing to compile"
    result = compile_csharp5(ROOT / "plugins" / "module_utils" / "**" / "*.cs")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param('string b = $"{a}";', "CS8026", id="interpolated string of C# 6"),
        pytest.param("a.ToString(); System.Convert.ToHexString(new byte[1]);", "CS0117", id="method of .NET 5"),
        pytest.param("int unused = 1;", "CS0219", id="warning"),
    ],
)
def test_newer_code_is_refused(compile_csharp5: Compile, tmp_path: Path, body: str, code: str) -> None:
    """The check sees what 5.1 would refuse."""
    source = tmp_path / "Sample.cs"
    source.write_text(
        f"public static class Sample {{ public static void Run(int a) {{ {body} }} }}\n", encoding="utf-8"
    )
    result = compile_csharp5(source)
    assert result.returncode != 0
    assert f"error {code}" in result.stdout

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No PowerShell file that runs on a CA uses anything newer than Windows PowerShell 5.1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PsParse = Callable[..., list[dict[str, object]]]


def powershell_files() -> list[Path]:
    """Return the collection's PowerShell files and those of its integration targets."""
    folders = (ROOT / "plugins", ROOT / "tests" / "integration")
    return sorted(path for folder in folders for path in folder.rglob("*.ps*1") if path.suffix in (".ps1", ".psm1"))


def test_files_parse_as_51(psparse: PsParse) -> None:
    """Every file parses, and nothing in it is newer than 5.1."""
    files = powershell_files()
    assert files, "there is nothing to parse"
    assert psparse("syntax", *files) == []


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("$a = $b ? 1 : 2", "the ternary operator"),
        ("Get-Date && Get-Date", "a pipeline chain"),
        ("Get-Date || Get-Date", "a pipeline chain"),
        ("Get-Date &", "the background operator &"),
        ("$a ?? 1", "the operator ??"),
        ("$a ??= 1", "the operator ??="),
        ("${a}?.Length", "the operator ?."),
        ("${a}?[0]", "the operator ?[]"),
        ("1..2 | ForEach-Object -Parallel { $_ }", "ForEach-Object -Parallel"),
        ("1..2 | % -Pa { $_ }", "% -Parallel"),
        ("function f { process { } clean { } }", "a clean block"),
        ("$a = 1u", "number '1u'"),
        ("$a = 0xFFul", "number '0xFFul'"),
        ("$a = 0b101", "number '0b101'"),
        ('"`e[0m"', "the escapes `e and `u{...}"),
        ('"$a `u{1F600}"', "the escapes `e and `u{...}"),
        ("'a'..'c'", "a range of characters"),
        ("$a | ConvertFrom-Json -AsHashtable", "ConvertFrom-Json -AsHashtable"),
        ("if ($IsWindows) { 1 }", "the variable $IsWindows"),
        ("if (", "parse error"),
    ],
)
def test_newer_syntax_is_refused(psparse: PsParse, tmp_path: Path, script: str, message: str) -> None:
    """The check sees each of the things it is there for."""
    path = tmp_path / "sample.ps1"
    path.write_text(script + "\n", encoding="utf-8")
    assert any(str(finding["message"]).startswith(message) for finding in psparse("syntax", path))


def test_older_syntax_passes(psparse: PsParse, tmp_path: Path) -> None:
    """What 5.1 understands is left alone, look-alikes included."""
    path = tmp_path / "sample.ps1"
    path.write_text(
        "using namespace System.IO\n"
        "$a = 1l + 1d + 0x10d + 10mb + 1e5\n"
        "'`e' + \"``e\" + '?? && ?.'\n"
        "1..3 | ForEach-Object -Process { $_ } | ConvertTo-Json -Depth 5\n"
        "class C { [int] $D }\n"
        "& { begin { } process { } end { } }\n",
        encoding="utf-8",
    )
    assert psparse("syntax", path) == []

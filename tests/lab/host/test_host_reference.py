# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The embedded host prints what genuine PowerShell 7.6 for Windows printed for the same cases.

``genuine.out`` was recorded from a console with code page 437, so its text is compared in that code page. Genuine hung at
the first case that uses Out-String (t1) under Wine; the cases from there on are only checked for ending without an error.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from adcs_lab.engine import Engine

REFERENCE = Path(__file__).parent / "reference"
TIMEOUT_S = 120.0


def split(output: bytes) -> dict[str, bytes]:
    """Return the output of each case by its name."""
    cases = {}
    for part in output.replace(b"\r\n", b"\n").split(b"### ")[1:]:
        name, _, text = part.partition(b"\n")
        cases[name.decode()] = text
    return cases


def as_code_page_437(text: bytes) -> bytes:
    """Return UTF-8 text as a console of code page 437 shows it: a question mark for each UTF-16 unit that it lacks."""
    encoded = bytearray()
    for character in text.decode("utf-8"):
        try:
            encoded += character.encode("cp437")
        except UnicodeEncodeError:
            encoded += b"?" * (len(character.encode("utf-16-le")) // 2)
    return bytes(encoded)


GENUINE = split((REFERENCE / "genuine.out").read_bytes())


@pytest.fixture(scope="module")
def printed(engine: Engine) -> dict[str, bytes]:
    shutil.copyfile(REFERENCE / "cases.ps1", engine.drive_c / "cases.ps1")
    return split(engine.run(["-NoProfile", "-NonInteractive", "-File", r"C:\cases.ps1"], TIMEOUT_S).stdout)


@pytest.mark.parametrize("case", sorted(set(GENUINE) - {"t1"}))
def test_case(printed: dict[str, bytes], case: str) -> None:
    assert as_code_page_437(printed[case]) == GENUINE[case]


@pytest.mark.parametrize("case", ["t1", "t2", "a1", "y1", "m1"])
def test_case_without_reference(printed: dict[str, bytes], case: str) -> None:
    assert printed[case]
    assert b"TERM[" not in printed[case]

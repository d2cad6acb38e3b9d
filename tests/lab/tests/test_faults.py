# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults are written as the native parts read them, and nonsense is refused before a test starts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from adcs_lab import faults
from adcs_lab.faults import Fault, literal, render

PARSER = Path(faults.__file__).parents[1] / "native" / "common" / "fault.c"
FORMS = PARSER.parents[1] / "certadm" / "answers.c"
DEFINITIONS = PARSER.parents[1] / "certadm" / "certadm.def"


def test_render() -> None:
    text = render(
        "a full disk, then a crash",
        [
            Fault(r"NtWriteFile@DataBase\Prüf #1.edb", 2, "hresult", "0xC000007F"),
            Fault("CertSrvBackupRead", "*", "long", 4096),
            Fault("CertSrvBackupGetBackupLogsW", 1, "append", r"!\\ca01\C$\trailing "),
            Fault("GetProcAddress:CertSrvBackupEnd", 1, "crash"),
            Fault("CertSrvBackupOpenFileW", 1, "set_clock", -3600),
            Fault("NtWriteFile@edb", 3, "corrupt"),
        ],
    )
    assert text.split("\n") == [
        "case a full disk, then a crash",
        r"NtWriteFile@DataBase\Prüf #1.edb 2 hresult 0xC000007F",
        "CertSrvBackupRead * long 4096",
        r"CertSrvBackupGetBackupLogsW 1 append !\\ca01\C$\trailing ",
        "GetProcAddress:CertSrvBackupEnd 1 crash",
        "CertSrvBackupOpenFileW 1 set_clock -3600",
        "NtWriteFile@edb 3 corrupt",
        "",
    ]


def test_render_without_faults() -> None:
    assert render("nothing", []) == "case nothing\n"


@pytest.mark.parametrize("case", ["", " ", "two\nlines", "two\rlines"])
def test_render_refuses_a_case_that_is_no_line(case: str) -> None:
    with pytest.raises(ValueError, match="case"):
        render(case, [])


def test_render_refuses_more_lines_than_fit() -> None:
    many = [Fault("CertSrvBackupRead", "*", "eof")] * faults.MAX_LINES
    assert render("many", many).count("\n") == faults.MAX_LINES + 1
    with pytest.raises(ValueError, match="at most 128"):
        render("many", [*many, many[0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("CertSrvBackupRaed", 1, "eof"), "no such function"),
        (("GetProcAddress", 1, "crash"), "no such function"),
        (("NtWriteFile", 1, "crash"), "path part"),
        (("NtWriteFile@", 1, "crash"), "path part"),
        (("CertSrvBackupRead@x", 1, "crash"), "path part"),
        (("NtWriteFile@x 1 y", 1, "crash"), "reads like"),
        (("NtWriteFile@x 5", 1, "crash"), "reads like"),
        (("NtWriteFile@x *", 1, "crash"), "reads like"),
        (("NtWriteFile@" + "x" * 128, 1, "crash"), "too long"),
        (("CertSrvBackupRead", 0, "eof"), "call is"),
        (("CertSrvBackupRead", "1", "eof"), "call is"),
        (("CertSrvBackupRead", True, "eof"), "call is"),
        (("CertSrvBackupRead", 1, "explode"), "no such action"),
        (("CertSrvBackupClose", 1, "eof"), "has no action"),
        (("CertSrvBackupFree", 1, "hresult", "0x80004005"), "has no action"),
        (("CertSrvBackupFree", 1, "answer", "0x00000001"), "has no action"),
        (("CertSrvBackupRead", 1, "answer", "0x80004005"), "is no argument"),
        (("CertSrvBackupGetBackupLogsW", 1, "form", "zero4"), "is no argument"),
        (("CertSrvBackupOpenFileW", 1, "no_session"), "has no action"),
        (("LoadLibrary", 1, "add_log"), "has no action"),
        (("NtWriteFile@x", 1, "free", 1), "has no action"),
        (("CertSrvBackupRead", 1, "eof", 3), "is no argument"),
        (("CertSrvBackupRead", 1, "eof", ""), "is no argument"),
        (("CertSrvBackupRead", 1, "hresult"), "is no argument"),
        (("CertSrvBackupRead", 1, "hresult", "0x1"), "is no argument"),
        (("CertSrvBackupRead", 1, "slow", "1s"), "is no argument"),
        (("CertSrvBackupGetBackupLogsW", 1, "append"), "is no argument"),
        (("CertSrvBackupGetBackupLogsW", 1, "append", "two\nlines"), "is no argument"),
        (("CertSrvBackupGetBackupLogsW", 1, "append", "x" * 512), "at most 511"),
    ],
)
def test_nonsense_is_refused(arguments: tuple[str, int, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Fault(*arguments)


def test_an_escape_counts_as_one_unit() -> None:
    assert Fault("CertSrvBackupGetBackupLogsW", 1, "append", r"\x0041" * 511)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("plain.edb", "plain.edb"),
        (r"\\ca01\C$", r"\x005C\x005Cca01\x005CC$"),
        ("D\x07ü\u2028", r"D\x0007\x00FC\x2028"),
        ("\U0001f4be\ud800", r"\xD83D\xDCBE\xD800"),
        (r"\x0041", r"\x005Cx0041"),
    ],
)
def test_literal(text: str, entry: str) -> None:
    assert literal(text) == entry


def _rows(table: str) -> dict[str, str]:
    """Return the rows of a table of the parser: the name, and the source of the rest."""
    source = PARSER.read_text(encoding="utf-8")
    body = source[source.index(table) :].split("};\n")[0]
    return dict(re.findall(r'^    \{"(\w+)", (.*)\},$', body, re.MULTILINE))


def _kinds(expression: str) -> set[str]:
    """Return the kinds that an expression of the parser names, by themselves or by a macro."""
    macros = dict(re.findall(r"^#define (\w+_CALL) \((.*)\)$", PARSER.read_text(encoding="utf-8"), re.MULTILINE))
    names = set(re.findall(r"\w+_CALL\b|KIND_\w+", expression))
    return {kind for name in names for kind in (_kinds(macros[name]) if name in macros else {name})}


def test_functions_and_actions_are_those_of_the_parser() -> None:
    plain = {name for name in faults.EVERY_CALL if not name.startswith("GetProcAddress:")}
    assert sorted(_rows("} functions[]")) == sorted(plain)
    assert sorted(_rows("} actions[]")) == sorted(faults.ACTIONS)


def test_each_function_takes_the_actions_that_the_parser_lets_it_take() -> None:
    functions = {name: _kinds(kinds) for name, kinds in _rows("} functions[]").items()}
    functions |= {f"GetProcAddress:{export}": _kinds("SHIM_CALL") for export in faults.EXPORTS}
    assert {action: names for action, (names, _argument) in faults.ACTIONS.items()} == {
        action: {name for name, kinds in functions.items() if kinds & _kinds(row)}
        for action, row in _rows("} actions[]").items()
    }


def test_forms_are_those_of_the_library() -> None:
    forms = re.findall(r'\{L"(\w+)", FORM_', FORMS.read_text(encoding="utf-8"))
    written = re.sub(r"(\w+)\[(\d+)\]", lambda found: "|".join(found[1] + each for each in found[2]), faults.FORM)
    assert sorted(written.split("|")) == sorted(forms)


def test_exports_are_those_of_the_library() -> None:
    names = DEFINITIONS.read_text(encoding="utf-8").split("EXPORTS")[1].split()
    exports = [name for name in names if not name.startswith("Lab")]
    assert sorted(exports) == sorted(faults.EXPORTS)

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import (
    counted,
    human_size,
    human_span,
    narrowed,
    plain_text,
    printable,
    seconds_of,
    shortened,
    stable_text,
    text_table,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (24 * 1024**2, "24.0 MiB"),
        (5 * 1024**3, "5.0 GiB"),
        (2 * 1024**5, "2.0 PiB"),
        (3000 * 1024**5, "3000.0 PiB"),
    ],
)
def test_human_size(size: int, text: str) -> None:
    assert human_size(size) == text


def test_human_size_refuses_negative() -> None:
    with pytest.raises(ValueError, match="cannot be negative: -1"):
        human_size(-1)


def test_a_number_with_its_noun() -> None:
    assert [counted(number, "set") for number in (0, 1, 2)] == ["0 sets", "1 set", "2 sets"]
    assert [counted(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]


def test_a_text_that_a_terminal_does_not_obey() -> None:
    assert printable(" a\x1b[31mb\r\n\tc\u202ed\u2028e \x00\ud800") == "a [31mb c d e ?"
    assert printable("Pr\u00fcf #1 \u6f22") == "Pr\u00fcf #1 \u6f22"


def test_text_table_aligns_columns() -> None:
    table = text_table(["name", "size"], [["Prüf #1.edb", "24.0 MiB"], ["a", "1 B"]], right=["size"])
    assert table.split("\n") == [
        "name             size",
        "-----------  --------",
        "Prüf #1.edb  24.0 MiB",
        "a                 1 B",
    ]


def test_text_table_counts_columns_of_a_terminal() -> None:
    """A Chinese letter takes two columns, a combining sign none."""
    rows = [["\u767c\u884c CA", "1"], ["Pru\u0308f CA", "2"], ["ASCII CA", "3"]]
    assert text_table(["CA", "n"], rows).splitlines() == [
        "CA        n",
        "--------  -",
        "\u767c\u884c CA   1",
        "Pru\u0308f CA   2",
        "ASCII CA  3",
    ]


def test_narrowed() -> None:
    assert narrowed("Issuing CA", 10) == "Issuing CA" and narrowed("Issuing CA 1", 10) == "Issuing C\u2026"
    assert narrowed("\u767c\u884c\u767c\u884c", 8) == "\u767c\u884c\u767c\u884c"
    assert narrowed("\u767c\u884c\u767c\u884c", 7) == "\u767c\u884c\u767c\u2026"
    assert narrowed("\u767c\u884c\u767c\u884c", 6) == "\u767c\u884c\u2026"


def test_text_table_leaves_no_trailing_blanks() -> None:
    assert text_table(["a", "long"], [["x", ""]]) == "a  long\n-  ----\nx"


def test_text_table_without_rows() -> None:
    assert text_table(["a", "b"], []) == "a  b\n-  -"


def test_text_table_refuses_a_ragged_row() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        text_table(["a", "b"], [["x"]])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (90, "1 min 30 s"),
        (3600, "1 h"),
        (93600, "1 d 2 h"),
        (86400, "1 d"),
        (86401, "1 d"),
        (-90, "-1 min 30 s"),
        (1 << 62, "53375995583650 d 7 h"),
    ],
)
def test_human_span(seconds: int, text: str) -> None:
    assert human_span(seconds) == text


@pytest.mark.parametrize(
    ("text", "stable"),
    [
        (
            "<urllib3.connection.HTTPSConnection object at 0x7f8e5c2b1d90>: refused",
            "<urllib3.connection.HTTPSConnection object>: refused",
        ),
        ("<bound method A.b of <C object at 0x7F8E5C2B>>", "<bound method A.b of <C object>>"),
        ("error 0x800706BA", "error 0x800706BA"),
        ("it failed at 0x800706BA.", "it failed at 0x800706BA."),
        ("(HRESULT at 0x80070005)", "(HRESULT at 0x80070005)"),
        ("~/.ansible/tmp/ansible-tmp-1700000000.12-345-678/x.py", "~/.ansible/tmp/ansible-tmp/x.py"),
        ("/tmp/ansible-local-4711a_b3/tmpfile", "/tmp/ansible-local/tmpfile"),
        ("20261122T210000Z-full at 0x", "20261122T210000Z-full at 0x"),
        ("", ""),
    ],
)
def test_stable_text(text: str, stable: str) -> None:
    assert stable_text(text) == stable


class Odd(str):
    """A text of another type, as Ansible's are."""

    __slots__ = ()

    def __str__(self) -> str:
        return "wrong"


@pytest.mark.parametrize("text", ["", "ca01", "\u00e4\U0001f4a3", "{{ 7 * 7 }}"])
def test_plain_text(text: str) -> None:
    plain = plain_text(Odd(text))
    assert plain == text and type(plain) is str


def test_plain_text_can_be_encoded() -> None:
    assert plain_text("a\udc80b").encode() == b"a?b"


@pytest.mark.parametrize(
    ("text", "limit", "short"), [("abc", 3, "abc"), ("abcd", 3, "ab\u2026"), ("", 3, ""), ("ab", 1, "\u2026")]
)
def test_shortened(text: str, limit: int, short: str) -> None:
    assert shortened(text, limit) == short


def test_seconds_of() -> None:
    assert seconds_of("1970-01-02T00:00:01Z") == 86401.0
    with pytest.raises(ValueError, match="yesterda"):
        seconds_of("yesterday")

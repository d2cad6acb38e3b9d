# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.adcs.ca.plugins.plugin_utils._formatting import human_size, text_table


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


def test_text_table_aligns_columns() -> None:
    table = text_table(["name", "size"], [["Prüf #1.edb", "24.0 MiB"], ["a", "1 B"]], right=["size"])
    assert table.split("\n") == [
        "name             size",
        "-----------  --------",
        "Prüf #1.edb  24.0 MiB",
        "a                 1 B",
    ]


def test_text_table_leaves_no_trailing_blanks() -> None:
    assert text_table(["a", "long"], [["x", ""]]) == "a  long\n-  ----\nx"


def test_text_table_without_rows() -> None:
    assert text_table(["a", "b"], []) == "a  b\n-  -"


def test_text_table_refuses_a_ragged_row() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        text_table(["a", "b"], [["x"]])

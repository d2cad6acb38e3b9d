# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of result codes is what the table says."""

from __future__ import annotations

import codes_page
import pytest

SOURCE = codes_page.SOURCE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    assert codes_page.PAGE.read_text(encoding="utf-8") == codes_page.page(SOURCE), "run `make docs`"


def test_every_row_is_on_the_page() -> None:
    page = codes_page.page(SOURCE)
    assert page.count("   * - ``0x") == SOURCE.count(codes_page.ROW_START) > 40
    assert "   * - ``0x800706BA``\n     - ``RPC_S_SERVER_UNAVAILABLE``\n" in page


def test_a_row_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 rows are there, 1 could be read"):
        codes_page.rows('new ResultCode(0x00000001, "A", "B", "C"),\nnew ResultCode(0x00000002, "A", "B" + "b", "C"),')

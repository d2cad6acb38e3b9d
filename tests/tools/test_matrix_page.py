# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of the fault matrix is what the data says, and the data covers every call that a run makes."""

from __future__ import annotations

import re

import matrix_page
from helpers.component import matrix
from project import ROOT

CERTADM = (ROOT / "plugins" / "module_utils" / "certadm" / "_Certadm.cs").read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    assert matrix_page.PAGE.read_text(encoding="utf-8") == matrix_page.page(), "run `make docs`"


def test_every_function_that_is_resolved_has_its_rows() -> None:
    resolved = re.findall(r'Resolve<[^>]+>\("(CertSrv\w+)"\)', CERTADM)
    assert sorted(resolved) == sorted(matrix.RESOLVED) and len(resolved) == 12
    targets = {row.target for row in matrix.ROWS}
    assert {f"GetProcAddress:{name}" for name in resolved} | set(resolved) | {"LoadLibrary", "FreeLibrary"} <= targets


def test_rows_and_cells_have_names_of_their_own() -> None:
    assert len({row.key for row in matrix.ROWS}) == len(matrix.ROWS)
    cells = list(matrix.cells())
    assert len({cell.id for cell in cells}) == len(cells) > 150


def test_every_column_is_used_and_every_empty_cell_has_a_reason() -> None:
    for column in matrix.COLUMNS:
        made = [matrix.cell(row, column) for row in matrix.ROWS]
        assert any(isinstance(entry, matrix.Cell) for entry in made), column
        assert all(entry for entry in made if isinstance(entry, str)), column


def test_every_row_crashes_and_all_but_the_release_of_the_lock_hang() -> None:
    for column, without in ((matrix.CRASH, set()), (matrix.HANG, {"unlock"})):
        assert {row.key for row in matrix.ROWS if isinstance(matrix.cell(row, column), str)} == without

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sizes and tables as people read them. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def human_size(size: int) -> str:
    """Return a number of bytes in the largest binary unit that fits: 512 -> ``512 B``, 1572864 -> ``1.5 MiB``.

    Raises ValueError for a negative number.
    """
    if size < 0:
        raise ValueError(f"A size cannot be negative: {size}")
    value = float(size)
    for unit in _UNITS[:-1]:
        # 1023.95 and more would be printed as 1024.0 of this unit.
        if value < 1023.95:
            return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} {_UNITS[-1]}"


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()) -> str:
    """Return an aligned table as text, without a final line end.

    Args:
        headings: one heading for each column.
        rows: the cells, as many in each row as there are headings; a cell is one line of text.
        right: the headings whose columns are aligned to the right.

    Raises ValueError for a row of another length.
    """
    for row in rows:
        if len(row) != len(headings):
            raise ValueError(f"A row has {len(row)} cells for {len(headings)} columns: {list(row)}")
    widths = [max(map(len, column)) for column in zip(headings, *rows)]
    rule = ["-" * width for width in widths]

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.rjust(width) if heading in right else cell.ljust(width)
            for heading, cell, width in zip(headings, cells, widths)
        ]
        return "  ".join(aligned).rstrip()

    return "\n".join(line(cells) for cells in (headings, rule, *rows))

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts, sizes, spans and tables as people read them. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime, timezone

# What differs in each run of a library: addresses of objects, names of temporary files and folders, numbers of sessions.
_RUN_FACTS = re.compile(
    r" at 0x[0-9a-fA-F]{6,16}(?=>)|(?<=ansible-tmp)-[\d.-]+|(?<=ansible-local)-\w+"
    r"|(?<=/tmp/tmp)\w+|\b[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\b"
)
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def plain_text(text: str) -> str:
    """Return a text of Ansible's as a text of Python's own type that can be encoded."""
    return str.__str__(text) if text.isascii() else str.encode(text, "utf-8", "replace").decode("utf-8")


def printable(text: str) -> str:
    """Return a text in one line, without characters that a terminal obeys or that turn the direction of a line."""
    shown = plain_text(text)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in shown).split())


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 set``, ``3 sets``; ``many`` is for nouns that do not end in s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes: none for a combining sign, two for a wide letter."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def shortened(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` characters; one that was cut ends in an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


def narrowed(text: str, columns: int) -> str:
    """Return a text that takes at most so many columns of a terminal; one that was cut ends in an ellipsis."""
    if text_width(text) <= columns:
        return text
    kept = shortened(text, columns)[:-1]
    while text_width(kept) > columns - 1:
        kept = kept[:-1]
    return kept + "\u2026"


def stable_text(text: str) -> str:
    """Return a text without what differs in each run, such as ``<Socket object at 0x7f8e>`` -> ``<Socket object>``."""
    return _RUN_FACTS.sub("", text)


def seconds_of(time: str) -> float:
    """Return a time such as ``2026-11-22T21:39:00Z`` in seconds since 1970; ValueError for another text."""
    return datetime.fromisoformat(time[:-1]).replace(tzinfo=timezone.utc).timestamp()


def time_text(seconds: float) -> str:
    """Return seconds since 1970 as a time such as ``2026-11-22T21:39:00Z``; the last one that can be written for a later one."""
    try:
        # not every strftime writes a year with four digits
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")[:19] + "Z"
    except (OverflowError, OSError, ValueError):
        return "9999-12-31T23:59:59Z"


def human_time(time: str) -> str:
    """Return a time such as ``2026-11-22T21:39:00Z`` as ``2026-11-22 21:39 UTC``."""
    return f"{time[:10]} {time[11:16]} UTC"


def human_span(seconds: int) -> str:
    """Return a span in its two largest units: 93600 -> ``1 d 2 h``, 45 -> ``45 s``."""
    rest = abs(seconds)
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, size)
        if number or parts or unit == "s":
            parts.append(f"{number} {unit}")
    shown = parts[:1] if parts[1:2] and parts[1].startswith("0 ") else parts[:2]
    return ("-" if seconds < 0 else "") + " ".join(shown)


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
    widths = [max(map(text_width, column)) for column in zip(headings, *rows)]
    rule = ["-" * width for width in widths]

    def line(cells: Sequence[str]) -> str:
        padded = zip(headings, cells, (" " * (width - text_width(cell)) for cell, width in zip(cells, widths)))
        return "  ".join(blank + cell if heading in right else cell + blank for heading, cell, blank in padded).rstrip()

    return "\n".join(line(cells) for cells in (headings, rule, *rows))

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words of the page of a fleet: what came from a host, times, sizes and statuses as HTML. Pure functions.

``text`` is the only way in for what came from a host. A server may strip the style: so there is a real blank between any two words.
"""

from __future__ import annotations

import hashlib
import html
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import human_size, human_span, human_time
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import GOOD

SIGNS = {
    "failed": "\u2715",
    "unreachable": "\u2298",
    "never": "\u2205",
    "late": "\u25f7",
    "warning": "!",
    "offline": "\u25cb",
    "ok": "\u2713",
}
# Control characters, and those that turn the direction of what follows them, in other lines too.
UNFIT = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)
# The tables of a page: their columns, the one that names a row, and those of numbers.
COLUMNS: Mapping[str, Sequence[str]] = {
    "overview": (
        "Status",
        "Certification authority",
        "Since",
        "Newest complete full set",
        "Size",
        "What it means, what to do",
    ),
    "problems": ("Kind", "Where", "Problem"),
    "sets": ("Set", "Started", "Size", "Files", "Duration", "State", "Checked by hash", "Why it stays"),
    "files": ("File", "Kind", "Size"),
}
HEADS = ("Certification authority", "Set", "File")
NUMBERS = ("Size", "Files", "Duration")
DOT = " \u00b7 "
NOTHING = '<span class="quiet">\u2013</span>'


def text(value: Any) -> str:
    """Return what came from a host as text of HTML, in an element or an attribute."""
    return html.escape(UNFIT.sub("\ufffd", str(value)))


def badge_of(status: str, attributes: str = "") -> str:
    """Return a status as a badge."""
    return f'<span class="badge {status}"{attributes}><span aria-hidden="true">{SIGNS[status]}</span> {status}</span>'


def badge(document: Mapping[str, Any], attributes: str = "") -> str:
    """Return the status; a good one with what the script needs to see that it has become late."""
    newest, late_after_s = document["newest"], document["late_after_s"]
    if document["status"] in GOOD and newest and late_after_s is not None:
        attributes += f' data-status="{document["status"]}" data-started="{text(newest["started"])}" data-late-after="{late_after_s}"'
    return badge_of(document["status"], attributes)


def table(
    name: str, rows: Iterable[Sequence[str]], *, caption: str = "", row_attributes: Iterable[str] = itertools.repeat("")
) -> str:
    """Return a table that becomes a list of cards where it has no room.

    Args:
        name: a key of ``COLUMNS``.
        rows: cells of HTML, as many in each row as there are columns.
        caption: its caption, or nothing.
        row_attributes: attributes of each row, with a blank before them.
    """
    columns = COLUMNS[name]
    heads = "".join(f'<th scope="col"{_class(column)}>{column}</th>' for column in columns)
    body = "\n".join(
        f"<tr{attributes}>{''.join(map(_cell, columns, row))}</tr>" for row, attributes in zip(rows, row_attributes)
    )
    title = f"<caption>{caption}</caption>" if caption else ""
    head = f"{title}<thead><tr>{heads}</tr></thead>"
    return f'<div class="scroll"><table class="{name}">{head}<tbody>\n{body}\n</tbody></table></div>'


def _cell(column: str, cell: str) -> str:
    kind, scope = ("th", ' scope="row"') if column in HEADS else ("td", "")
    return f"<{kind}{scope}{_class(column)}>{cell}</{kind}>"


def _class(column: str) -> str:
    return ' class="number"' if column in NUMBERS else ""


def facts_of(facts: Iterable[tuple[str, str]]) -> str:
    """Return a list of names and values."""
    return f'<dl>{"".join(f"<div><dt>{name}</dt> <dd>{value}</dd></div> " for name, value in facts)}</dl>'


def instant(time: str, age: str | None = None) -> str:
    """Return a time, with an empty place that the script fills with the age if ``age`` is an id for it."""
    if age is None:
        return f'<time datetime="{text(time)}">{text(human_time(time))}</time>'
    place = f' <span class="sub" id="{age}"></span>'
    return f'<time datetime="{text(time)}" data-age="{age}">{text(human_time(time))}</time>{place}'


def size(value: int | None) -> str:
    """Return a number of bytes for people."""
    return NOTHING if value is None or value < 0 else human_size(value)


def span(seconds: int | None) -> str:
    """Return a number of seconds for people."""
    return NOTHING if seconds is None else human_span(seconds)


def number(value: int | None) -> str:
    """Return a number."""
    return NOTHING if value is None else str(value)


def name_of(document: Mapping[str, Any]) -> str:
    """Return the name of a CA, or of its host where nobody knows the CA's."""
    return str(document["ca"]["name"] or document["host"])


def key_of(document: Mapping[str, Any]) -> str:
    """Return what links to a CA: the same word as long as its host has the same name."""
    return f"ca-{word_of(document['host'])}"


def word_of(name: str) -> str:
    """Return a word that is fit for an id and the same for the same name."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]

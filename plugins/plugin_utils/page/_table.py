# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fleet as a short table for the terminal. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import (
    human_span,
    narrowed,
    printable,
    seconds_of,
    text_table,
    text_width,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._advice import FAILED, VARIABLE, advice

HEADINGS = ("CA", "state", "set", "age", "why", "next step")
ROW_LIMIT = 40
LINE_LIMIT = 160
CA_LIMIT = 30
HOST_LIMIT = 20
SET_LIMIT = 24
# What is left of a line is shared by these two; neither gets less than it has to where the other needs less.
WHY_LIMIT = 60
WHY_LEAST = 36
# What text_table puts between two columns.
GAP = 2


def fleet_table(fleet: Mapping[str, Any], now_s: float) -> list[str]:
    """Return the CAs of a fleet as lines of a table, the worst first, and how many more there are; no line for no CA.

    Args:
        fleet: ``cas`` as ``_fleet.fleet`` orders them.
        now_s: the time of the controller, from which ages are counted.
    """
    cas = fleet["cas"]
    if not cas:
        return []
    rows = [_row(ca, now_s) for ca in cas[:ROW_LIMIT]]
    widths = [max(map(text_width, column)) for column in zip(HEADINGS, *rows)]
    room = LINE_LIMIT - sum(widths[:4]) - GAP * (len(HEADINGS) - 1)
    whys = min(widths[4], WHY_LIMIT, max(WHY_LEAST, room - widths[5]))
    rows = [[*row[:4], _fitted(row[4], whys), _fitted(row[5], room - whys)] for row in rows]
    return [*text_table(HEADINGS, rows).splitlines(), *_rest(cas[ROW_LIMIT:])]


def _row(ca: Mapping[str, Any], now_s: float) -> list[str]:
    newest = ca.get("newest") or {}
    started = newest.get("started")
    return [
        _name(ca),
        ca["status"],
        narrowed(printable(newest.get("label") or "none"), SET_LIMIT),
        human_span(max(0, round(now_s - seconds_of(started)))) if started else "",
        *map(_sentence, _words(ca)),
    ]


def _words(ca: Mapping[str, Any]) -> tuple[str, str]:
    """Return why a CA is in its state, and its next step; both are empty for one that is well."""
    words = advice(ca)
    why, step = words["meaning"], words["next_step"]
    if ca["status"] == "ok" and not step:
        return "", ""
    # the state says already that it was backed up in time
    if ca["status"] == "ok":
        why = why.partition(". ")[2] or why
    # a cause that no table knows, or that names a variable, is best told by its own text
    if why in (FAILED[1], VARIABLE):
        why = ca.get("message") or why
    if ca["status"] == "warning":
        why = next(iter(ca.get("warnings") or []), why)
    return why, step


def _name(ca: Mapping[str, Any]) -> str:
    """Return the name of a CA, with its host in brackets where that is another one; the host is what a job is limited to."""
    host = narrowed(printable(ca["host"]), HOST_LIMIT)
    name = printable((ca.get("ca") or {}).get("name") or "")
    if not name or name.casefold() == ca["host"].casefold():
        return host
    return f"{narrowed(name, CA_LIMIT - text_width(host) - len(' ()'))} ({host})"


def _sentence(text: str) -> str:
    """Return the first sentence of a text, without its full stop."""
    return printable(text).split(". ")[0].rstrip(".")


def _fitted(sentence: str, limit: int) -> str:
    """Return a sentence without the clauses at its end that do not fit, or else cut."""
    if text_width(sentence) <= limit:
        return sentence
    clause = narrowed(sentence, limit + 1).rpartition(", ")[0]
    return clause if text_width(clause) > limit // 3 else narrowed(sentence, limit)


def _rest(cas: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line that counts the CAs that have no row."""
    if not cas:
        return []
    counts = Counter(ca["status"] for ca in cas)
    if len(counts) == 1:
        return [f"and {len(cas)} more, {'all ' if len(cas) > 1 else ''}{cas[0]['status']}"]
    return [f"and {len(cas)} more: {', '.join(f'{count} {status}' for status, count in counts.items())}"]

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fleet as one page of HTML that needs nothing beside it. Pure functions.

The page is made of the fleet's documents and of nothing else, so it is the same page as long as they are the same. Every text in it
came from some host: ``_html_text.text`` is the only way in.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._advice import advice
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import STATUSES, Document
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html_assets import SCRIPT, STYLE
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html_facts import (
    charts,
    facts,
    files,
    problems,
    retention,
    sets,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html_text import (
    DOT,
    NOTHING,
    SIGNS,
    badge,
    badge_of,
    instant,
    key_of,
    name_of,
    size,
    table,
    text,
    word_of,
)

# A page of more CAs than these begins with the tables of sets folded.
OPEN_LIMIT = 10

MEANINGS = {
    "failed": "the last run failed",
    "unreachable": "not reached",
    "never": "no complete full set",
    "late": "newest set too old",
    "warning": "backed up, but look soon",
    "offline": "switched off, backed up",
    "ok": "backed up in time",
}


def page(fleet: Mapping[str, Any], left_out: Sequence[str] = ()) -> str:
    """Return the page of a fleet as ``_fleet.fleet`` returns it; ``left_out`` says why a document is not on it, a sentence for each."""
    cas = fleet["cas"]
    return "\n".join(
        [
            *_head(fleet["counts"]),
            "<body>",
            f'<header id="top"><h1>Backups of certification authorities</h1>\n{_as_of(cas)}{_counts(fleet["counts"])}'
            f"{_left_out(left_out)}</header>",
            "<main>",
            _overview(cas),
            *(_section(document, is_open=len(cas) <= OPEN_LIMIT) for document in cas),
            "</main>",
            "<footer><p>Times are UTC. Ages are counted by the clock of this browser.</p></footer>",
            f'<template id="late-badge">{badge_of("late")}</template>',
            f"<script>{SCRIPT}</script>",
            "</body>",
            "</html>\n",
        ]
    )


def _head(counts: Mapping[str, int]) -> list[str]:
    found = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status]) or "none"
    # Whatever a host might smuggle in: no script, style or address but the page's own is ever used.
    allowed = f"default-src 'none'; style-src {_digest(STYLE)}; script-src {_digest(SCRIPT)}; base-uri 'none'; form-action 'none'"
    return [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>CA backups: {found}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
    ]


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _as_of(cas: Sequence[Document]) -> str:
    """Return when the newest fact on the page became known, as far as the facts say; the time of a job is no fact."""
    times = [time for ca in cas for entry in ca["destinations"] for time in _times(entry)]
    return f'<p class="quiet">As of {instant(max(times))}, the newest fact on this page.</p>\n' if times else ""


def _times(entry: Mapping[str, Any]) -> Iterator[str]:
    for item in entry["sets"]:
        if item["complete"] and "future" not in item["problems"]:
            yield from filter(None, (item["finished"], (item["checked"] or {}).get("at")))
    if entry["since"]:
        yield entry["since"]


def _left_out(sentences: Sequence[str]) -> str:
    """Return a box that says why documents are left out; nothing where there is none."""
    if not sentences:
        return ""
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return (
        f'<div class="message late"><p>Left out of this page, so nobody sees these CAs here:</p><ul>{items}</ul></div>'
    )


def _counts(counts: Mapping[str, int]) -> str:
    cards = [
        f'<li class="{status} {"some" if counts[status] else "none"}" data-status="{status}"><b>{counts[status]}</b> '
        f'<span aria-hidden="true">{SIGNS[status]}</span> {status} <span class="sub">{MEANINGS[status]}</span></li>'
        for status in STATUSES
    ]
    return f'<ul class="counts">{" ".join(cards)}</ul>'


def _overview(cas: Sequence[Document]) -> str:
    rows = table(
        "overview",
        map(_overview_row, cas),
        caption="All certification authorities, the worst first",
        row_attributes=(f' data-host="{text(ca["host"])}"' for ca in cas),
    )
    return f'<div class="sheet">{rows}</div>'


def _overview_row(ca: Document) -> list[str]:
    newest, key = ca["newest"], key_of(ca)
    # the facts of a row are those of the worst destination
    where = f"{DOT}<bdi>{text(ca['path'] or 'no destination')}</bdi>" if len(ca["destinations"]) > 1 else ""
    return [
        badge(ca, " data-counted=1"),
        f'<a href="#{key}"><bdi>{text(name_of(ca))}</bdi></a> <span class="sub"><bdi>{text(ca["host"])}</bdi>{where}</span>',
        instant(ca["since"]) if ca["since"] else NOTHING,
        instant(newest["started"], f"age-{key}") if newest else NOTHING,
        size(newest["bytes"]) if newest else NOTHING,
        _advice(ca),
    ]


def _advice(entry: Mapping[str, Any]) -> str:
    """Return what a state means and what to do; the words are the collection's own."""
    words = advice(entry)
    return " ".join(
        filter(None, [text(words["meaning"]), f'<b>{text(words["next_step"])}</b>' if words["next_step"] else ""])
    )


def _section(ca: Document, is_open: bool) -> str:
    """Return the section of a host: a heading, then each of its destinations."""
    heading = f'<div class="head"><h2><bdi>{text(name_of(ca))}</bdi></h2> {badge(ca)} <a class="up" href="#top">All CAs</a></div>'
    several = len(ca["destinations"]) > 1
    parts = [_destination({"host": ca["host"], **found}, is_open, several) for found in ca["destinations"]]
    return f'<section class="sheet ca" id="{key_of(ca)}">\n' + "\n".join([heading, *parts]) + "\n</section>"


def _destination(document: Document, is_open: bool, several: bool) -> str:
    """Return what is known of one destination of a host; ``several`` gives it a heading and a key of its own."""
    named = (
        f'<h3 class="destination"><bdi>{text(document["path"] or "No destination")}</bdi> {badge(document)}</h3>'
        if several
        else ""
    )
    key = f"{key_of(document)}-{word_of(document['path'] or '')}" if several else key_of(document)
    parts = [
        named,
        f'<p class="quiet">{DOT.join(_where(document))}</p>',
        f'<p class="message {document["status"]}">{_advice(document)}</p>' if document["status"] != "ok" else "",
        f'<p class="cause" dir="auto">{text(document["message"])}</p>' if document["message"] else "",
        _warnings(document),
        _detail(document),
        facts(document, key),
        charts(document, key),
        problems(document),
        retention(document),
        sets(document, is_open),
        files(document),
    ]
    return "\n".join(filter(None, parts))


def _warnings(document: Document) -> str:
    """Return the warnings of a CA whose message is another one."""
    found = [warning for warning in document["warnings"] if warning not in document["message"]]
    return f'<ul class="plain">{"".join(f"<li>{text(warning)}</li>" for warning in found)}</ul>' if found else ""


def _detail(document: Document) -> str:
    """Return the raw text of a library, folded away."""
    detail = document["detail"]
    return (
        f'<details class="detail"><summary>What the connection said</summary><p>{text(detail)}</p></details>'
        if detail
        else ""
    )


def _where(document: Document) -> list[str]:
    """Return where a CA is: its inventory host, its DNS name, its repository."""
    where = [f'host <bdi>{text(document["host"])}</bdi>']
    if document["ca"]["host"] and document["ca"]["host"] != document["host"]:
        where.append(f'<bdi>{text(document["ca"]["host"])}</bdi>')
    repository = document["repository"] or document["path"]
    if repository:
        where.append(f"<code><bdi>{text(repository)}</bdi></code>")
    return where

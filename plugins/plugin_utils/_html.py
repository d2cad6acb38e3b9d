# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fleet as one page of HTML that needs nothing beside it. Pure functions.

The page is made of the fleet's documents and of nothing else, so it is the same page as long as they are the same. Every text in it
came from some host: ``text`` is the only way in.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils._chart import Point, byte_step, chart, second_step
from ansible_collections.adcs.ca.plugins.plugin_utils._document import GOOD, STATUSES, Document
from ansible_collections.adcs.ca.plugins.plugin_utils._formatting import human_size, human_span
from ansible_collections.adcs.ca.plugins.plugin_utils._html_assets import SCRIPT, STYLE

SET_LIMIT = 60
PROBLEM_LIMIT = 20
LABEL_LIMIT = 4
WARNING_LIMIT = 10
# A page of more CAs than these begins with the tables of sets folded.
OPEN_LIMIT = 10

SIGNS = {
    "failed": "\u2715",
    "unreachable": "\u2298",
    "never": "\u2205",
    "late": "\u25f7",
    "warning": "!",
    "offline": "\u23fb",
    "ok": "\u2713",
}
MEANINGS = {
    "failed": "the last run failed",
    "unreachable": "not reached",
    "never": "no complete full set",
    "late": "newest set too old",
    "warning": "backed up, but look soon",
    "offline": "switched off, backed up",
    "ok": "backed up in time",
}
# Control characters, and those that turn the direction of what follows them, in other lines too.
UNFIT = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)
DOT = " \u00b7 "
NOTHING = '<span class="quiet">\u2013</span>'


def page(fleet: Mapping[str, Any]) -> str:
    """Return the page of a fleet as ``_fleet.fleet`` returns it."""
    cas = fleet["cas"]
    return "\n".join(
        [
            *_head(fleet["counts"]),
            "<body>",
            f'<header id="top"><h1>Backups of certification authorities</h1>\n{_counts(fleet["counts"])}</header>',
            "<main>",
            _overview(cas),
            *(_section(document, is_open=len(cas) <= OPEN_LIMIT) for document in cas),
            "</main>",
            "<footer><p>Times are UTC. Ages are counted by the clock of this browser.</p></footer>",
            f'<template id="late-badge">{_badge_of("late")}</template>',
            f"<script>{SCRIPT}</script>",
            "</body>",
            "</html>\n",
        ]
    )


def text(value: Any) -> str:
    """Return what came from a host as text of HTML, in an element or an attribute."""
    return html.escape(UNFIT.sub("\ufffd", str(value)))


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


def _counts(counts: Mapping[str, int]) -> str:
    cards = [
        f'<li class="{status} {"some" if counts[status] else "none"}" data-status="{status}"><b>{counts[status]}</b>'
        f'<span aria-hidden="true">{SIGNS[status]}</span> {status}<span class="sub">{MEANINGS[status]}</span></li>'
        for status in STATUSES
    ]
    return f'<ul class="counts">{"".join(cards)}</ul>'


def _badge_of(status: str, attributes: str = "") -> str:
    return f'<span class="badge {status}"{attributes}><span aria-hidden="true">{SIGNS[status]}</span> {status}</span>'


def _badge(document: Document, attributes: str = "") -> str:
    """Return the status; a good one with what the script needs to see that it has become late."""
    newest, late_after_s = document["newest"], document["late_after_s"]
    if document["status"] in GOOD and newest and late_after_s is not None:
        attributes += f' data-status="{document["status"]}" data-started="{text(newest["started"])}" data-late-after="{late_after_s}"'
    return _badge_of(document["status"], attributes)


def _overview(cas: Sequence[Document]) -> str:
    rows = "\n".join(map(_overview_row, cas))
    names = ("Status", "Certification authority", "Newest complete full set", "Size", "Files", "Message")
    return (
        '<div class="sheet"><div class="scroll"><table id="overview"><caption>All certification authorities, the worst first</caption>'
        f"{_headings(names, ('Size', 'Files'))}<tbody>\n{rows}\n</tbody></table></div></div>"
    )


def _headings(names: Iterable[str], numbers: Sequence[str] = ()) -> str:
    cells = [f'<th scope="col"{_number_class(name in numbers)}>{name}</th>' for name in names]
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _number_class(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _overview_row(document: Document) -> str:
    newest = document["newest"]
    key = _key(document)
    several = len(document["destinations"]) > 1
    # the facts of a row are those of the worst destination
    where = f"{DOT}<bdi>{text(document['path'] or 'no destination')}</bdi>" if several else ""
    when = _time(newest["started"], f"age-{key}") if newest else NOTHING
    return (
        f'<tr data-host="{text(document["host"])}"><td>{_badge(document, " data-counted=1")}</td>'
        f'<th scope="row"><a href="#{key}"><bdi>{text(_name(document))}</bdi></a><span class="sub"><bdi>{text(document["host"])}</bdi>{where}</span></th>'
        f"<td>{when}</td>"
        f'<td class="number">{_size(newest["bytes"]) if newest else NOTHING}</td>'
        f'<td class="number">{_value(newest["file_count"]) if newest else NOTHING}</td>'
        f'<td class="wide" dir="auto">{text(document["message"])}</td></tr>'
    )


def _section(ca: Document, is_open: bool) -> str:
    """Return the section of a host: a heading, then each of its destinations."""
    heading = f'<div class="head"><h2><bdi>{text(_name(ca))}</bdi></h2>{_badge(ca)}<a class="up" href="#top">All CAs</a></div>'
    several = len(ca["destinations"]) > 1
    parts = [_destination({"host": ca["host"], **found}, is_open, several) for found in ca["destinations"]]
    return f'<section class="sheet ca" id="{_key(ca)}">\n' + "\n".join([heading, *parts]) + "\n</section>"


def _destination(document: Document, is_open: bool, several: bool) -> str:
    """Return what is known of one destination of a host; ``several`` gives it a heading and a key of its own."""
    status = document["status"]
    named = (
        f'<h3 class="destination"><bdi>{text(document["path"] or "No destination")}</bdi> {_badge(document)}</h3>'
        if several
        else ""
    )
    where = f'<p class="quiet">{DOT.join(_where(document))}</p>'
    message = f'<p class="message {status}" dir="auto">{text(document["message"])}</p>' if document["message"] else ""
    key = f"{_key(document)}-{_word_of(document['path'] or '')}" if several else _key(document)
    parts = [
        named,
        where,
        message,
        _detail(document),
        _facts(document, key),
        _charts(document, key),
        _problems(document),
    ]
    parts += [_retention(document), _sets(document, is_open)]
    return "\n".join(filter(None, parts))


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


def _facts(document: Document, key: str) -> str:
    newest = document["newest"]
    sizes = [entry["bytes"] for entry in document["sets"] if entry["bytes"]]
    facts = []
    if newest:
        facts += [
            ("Newest complete full set", f'<code>{text(newest["label"])}</code>'),
            ("Started", _time(newest["started"], f"since-{key}")),
            ("Duration", _span(newest["duration_s"])),
            ("Size", _size(newest["bytes"])),
            ("Files", _value(newest["file_count"])),
            (
                "Read again and compared",
                {True: "yes", False: '<span class="bad">no</span>'}.get(newest["verified"], NOTHING),
            ),
        ]
    if newest and document["replicated"]:
        copied = document["replicated"] == newest["label"]
        facts.append(
            (
                "Copied by the hook",
                "yes" if copied else f'<span class="bad">no</span>, last <code>{text(document["replicated"])}</code>',
            )
        )
    if document["truncation"]:
        facts.append(("Logs of the CA", _truncation(document["truncation"])))
    facts.append(
        (
            "Sets in the repository",
            f"{len(document['sets'])}, {_size(sum(sizes))} together" if sizes else f"{len(document['sets'])}",
        )
    )
    if document["late_after_s"] is not None:
        facts.append(("Late after", human_span(document["late_after_s"])))
    return _list_of_facts(facts)


def _list_of_facts(facts: Iterable[tuple[str, str]]) -> str:
    return f'<dl>{"".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)}</dl>'


def _truncation(truncation: Mapping[str, Any]) -> str:
    before, after = truncation["logs_before"], truncation["logs_after"]
    numbers = f"{before} before, {after} after" if before is not None and after is not None else "not counted"
    if truncation["done"]:
        deleted = before is None or after is None or after < before
        return f"truncated: {numbers}" if deleted else f"truncated, but the CA kept them all: {numbers}"
    if truncation["done"] is None:
        return "not known: an interrupted run had made the set"
    return (
        f"truncation was asked for, but not done: {numbers}" if truncation["requested"] else f"not truncated: {numbers}"
    )


def _charts(document: Document, key: str) -> str:
    drawn = [
        entry
        for entry in reversed(document["sets"])
        if entry["type"] == "full" and entry["complete"] and entry["started"]
    ]
    drawn.sort(key=lambda entry: entry["started"])
    sizes = [_point(entry, entry["bytes"], human_size) for entry in drawn if _can_draw(entry["bytes"])]
    spans = [_point(entry, entry["duration_s"], human_span) for entry in drawn if _can_draw(entry["duration_s"])]
    figures = [
        (
            "Size of full sets over time",
            chart(f"size-{key}", "Size of full sets over time", sizes, byte_step, _size_of_grid),
        ),
        (
            "Duration of full backups over time",
            chart(f"span-{key}", "Duration of full backups over time", spans, second_step, human_span),
        ),
    ]
    drawings = [f"<figure><figcaption>{title}</figcaption>{drawing}</figure>" for title, drawing in figures if drawing]
    return f'<div class="charts">{"".join(drawings)}</div>' if drawings else ""


def _size_of_grid(size: int) -> str:
    return human_size(size).replace(".0 ", " ")


def _can_draw(value: int | None) -> bool:
    return value is not None and 0 <= value < 1 << 60


def _point(entry: Mapping[str, Any], value: int, words_of: Any) -> Point:
    return Point(entry["started"], value, f"{_instant(entry['started'])}: {words_of(value)}")


def _problems(document: Document) -> str:
    problems = document["problems"][:PROBLEM_LIMIT]
    if not problems:
        return ""
    rows = "".join(
        f'<tr><td>{text(problem["kind"])}</td><td><code>{text(problem["set"] or "repository")}</code></td>'
        f'<td class="wide" dir="auto">{text(problem["message"])}</td></tr>'
        for problem in problems
    )
    more = max(document["problem_count"], len(document["problems"])) - len(problems)
    rest = f'<p class="quiet">And {more} more problems.</p>' if more else ""
    return f'<h3>Problems</h3><div class="scroll"><table>{_headings(("Kind", "Where", "Problem"))}<tbody>{rows}</tbody></table></div>{rest}'


def _retention(document: Document) -> str:
    retention = document["retention"]
    if not retention:
        return ""
    facts = [("Rules", _rules(retention["policy"]))]
    facts.append(("Goes next", _next_to_go(retention, document["status"])))
    facts += [
        (name, _labels(retention[key]))
        for name, key in (("Deleted last", "removed"), ("Due, held back", "held_back"))
        if retention[key]
    ]
    warnings = "".join(f"<li>{text(warning)}</li>" for warning in retention["warnings"][:WARNING_LIMIT])
    listed = f'<ul class="plain">{warnings}</ul>' if warnings else ""
    more = len(retention["warnings"]) - WARNING_LIMIT
    rest = f'<p class="quiet">And {more} more sets of this kind.</p>' if more > 0 else ""
    return f"<h3>Retention</h3>{_list_of_facts(facts)}{listed}{rest}"


def _next_to_go(retention: Mapping[str, Any], status: str) -> str:
    """Return the set that goes next and when. Only a CA that is backed up at its pace has a date: that of others is over, or may be."""
    if not retention["next_to_go"]:
        return "none for a while"
    label = f'<code>{text(retention["next_to_go"])}</code>'
    backups, due = retention["next_after_backups"], retention["next_due"]
    if backups is None:
        return label
    if backups < 1:
        return f"{label} with the next run"
    words = "after the next backup" if backups == 1 else f"after the next {backups} backups"
    return f"{label} {words}" + (f", about {_time(due)}" if due and status == "ok" else "")


def _rules(policy: Mapping[str, Any]) -> str:
    """Return the rules in words, such as ``daily 14, monthly 12``."""
    rules = []
    for name, value in policy.items():
        words = ", ".join(map(str, value[:LABEL_LIMIT])) if isinstance(value, list) else str(value)
        rules.append(f"{text(name.removeprefix('keep_'))} {text(words)}")
    return ", ".join(rules) or "none: every set stays"


def _labels(labels: Sequence[str]) -> str:
    shown = ", ".join(f"<code>{text(label)}</code>" for label in labels[:LABEL_LIMIT])
    more = len(labels) - LABEL_LIMIT
    return shown + (f" and {more} more" if more > 0 else "")


def _sets(document: Document, is_open: bool) -> str:
    sets = document["sets"]
    if not sets:
        return ""
    retention = document["retention"] or {"keep": [], "held_back": [], "next_to_go": None}
    why = {kept["label"]: text(", ".join(kept["reasons"])) for kept in retention["keep"]}
    why |= {label: "due, held back by the limit of a run" for label in retention["held_back"]}
    if retention["next_to_go"] in why:
        why[retention["next_to_go"]] += ' <span class="next">goes next</span>'
    rows = "\n".join(_set_row(entry, why.get(entry["label"], NOTHING)) for entry in sets[:SET_LIMIT])
    more = len(sets) - SET_LIMIT
    rest = f'<p class="quiet">And {more} older sets.</p>' if more > 0 else ""
    names = ("Set", "Started", "Size", "Files", "Duration", "State", "Stays because of")
    return (
        f'<details{" open" if is_open else ""}><summary>{len(sets)} {"set" if len(sets) == 1 else "sets"}, newest first</summary>'
        f'<div class="scroll"><table class="sets">{_headings(names, ("Size", "Files", "Duration"))}'
        f"<tbody>\n{rows}\n</tbody></table></div>{rest}</details>"
    )


def _set_row(entry: Mapping[str, Any], why: str) -> str:
    return (
        f'<tr><th scope="row"><code>{text(entry["label"])}</code></th><td>{_time(entry["started"]) if entry["started"] else NOTHING}</td>'
        f'<td class="number">{_size(entry["bytes"])}</td><td class="number">{_value(entry["file_count"])}</td>'
        f'<td class="number">{_span(entry["duration_s"])}</td><td>{_state(entry)}</td><td>{why}</td></tr>'
    )


def _state(entry: Mapping[str, Any]) -> str:
    """Return whether a set is complete and verified, and the kinds of its problems."""
    kinds = f": {text(', '.join(entry['problems']))}" if entry["problems"] else ""
    if entry["complete"] is False:
        return f'<span class="bad">not complete{kinds}</span>'
    words = {True: "complete", None: "not looked at"}[entry["complete"]]
    words += ", verified" if entry["verified"] else ", not verified" if entry["verified"] is False else ""
    return f'{words}<span class="bad">{kinds}</span>' if kinds else words


def _name(document: Document) -> str:
    return document["ca"]["name"] or document["host"]


def _key(document: Document) -> str:
    """Return what links to a CA: the same word as long as its host has the same name."""
    return f"ca-{_word_of(document['host'])}"


def _word_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _instant(time: str) -> str:
    return f"{time[:10]} {time[11:16]}"


def _time(time: str, age: str | None = None) -> str:
    """Return a time, with an empty place that the script fills with the age if ``age`` is an id for it."""
    if age is None:
        return f'<time datetime="{text(time)}">{text(_instant(time))}</time>'
    return f'<time datetime="{text(time)}" data-age="{age}">{text(_instant(time))}</time><span class="sub" id="{age}"></span>'


def _size(size: int | None) -> str:
    return NOTHING if size is None or size < 0 else human_size(size)


def _span(seconds: int | None) -> str:
    return NOTHING if seconds is None else human_span(seconds)


def _value(value: int | None) -> str:
    return NOTHING if value is None else str(value)

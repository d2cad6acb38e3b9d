# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of a fleet as text: nothing of a host gets out of its place, and nothing in it depends on when it is made."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import STATUSES, kept_document
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import fleet
from ansible_collections.adcs.ca.plugins.plugin_utils.page._chart import (
    POINT_LIMIT,
    Point,
    byte_step,
    chart,
    second_step,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html import OPEN_LIMIT, page
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html_assets import DARK, LIGHT, SCRIPT, STYLE
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html_facts import SET_LIMIT
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html_text import text
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import Policy, plan
from helpers.unit.histories import full
from helpers.unit.outcomes import after, expired, fleet_of, listing, made, outcome

NIGHTS = [full(f"2026-11-{day:02d} 21:00", duration_s=12, file_count=17) for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"
SHARE = r"\\server\share\ca"
GOOD = outcome(listing=expired(NIGHTS, {"keep_last": 2}), backup=made(NEWEST))
VOID = {"meta", "line", "circle", "polygon", "polyline"}
HOSTILE = [
    "</script><script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' onmouseover='alert(1)",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "javascript:alert(1)",
    "a\0b\x1b[31m\x7f\x85",
    "\u202eevil\u2066",
    "{{ 7 * 7 }}",
]


class Elements(HTMLParser):
    """Every element of a page, with a check that each is closed where it should be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        assert self.open == [], "elements that are not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def shape(self) -> list[tuple[str, list[str]]]:
        """The names of all elements and of their attributes."""
        return [(tag, sorted(attributes)) for tag, attributes in self.found]


def told(value: Any, words: str) -> Any:
    """The value with words put behind every text in it that is not a key, a time, a label, or one of a few known words."""
    if isinstance(value, dict):
        return {key: told(item, words) for key, item in value.items()}
    if isinstance(value, list):
        return [told(item, words) for item in value]
    known = isinstance(value, str) and (
        value in (*STATUSES, "full", "logs", "") or re.match(r"\d{4}-?\d\d-?\d\dT", value)
    )
    return value + words if isinstance(value, str) and not known else value


def all_states() -> dict[str, Any]:
    """A fleet with every status and every kind of fact."""
    damaged = full("2026-11-18 21:00", complete=False, problems=[{"kind": "missing", "path": "p", "message": "m"}])
    leftover = {"kind": "leftover", "path": "p", "message": "m"}
    limited = expired([*NIGHTS, damaged], {"keep_last": 1, "keep_labels": ["x"]}, problems=[leftover])
    limited["plan"]["held_back"] = ["20261119T210000Z-full"]
    raw = outcome("unreachable", "no route", path=SHARE, detail="HTTPSConnectionPool")
    known = {
        "ca05": after(outcome(listing=limited, backup=made(NEWEST), replicated=True), host="ca05"),
        "ca06": after(raw, after(GOOD, host="ca06"), host="ca06"),
    }
    outcomes = {
        "ca01": GOOD,
        "ca02": outcome(listing=listing(NIGHTS, now="2027-01-01 00:00")),
        "ca03": outcome(listing=listing([])),
        "ca04": outcome("unreachable", "no route"),
        "ca05": outcome("failed", "no space"),
        "ca06": GOOD,
    }
    return fleet_of(outcomes, known)


def test_every_ca_is_in_the_overview_and_has_a_section() -> None:
    elements = Elements(page(all_states())).found
    rows = [attributes["data-host"] for tag, attributes in elements if tag == "tr" and "data-host" in attributes]
    assert rows == ["ca05", "ca04", "ca06", "ca03", "ca02", "ca01"]
    sections = [attributes["id"] for tag, attributes in elements if tag == "section"]
    links = [attributes["href"] for tag, attributes in elements if tag == "a" and attributes["href"] != "#top"]
    assert links == [f"#{section}" for section in sections] and len(set(sections)) == 6


def test_ids_are_unique() -> None:
    ids = [attributes["id"] for _, attributes in Elements(page(all_states())).found if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("words", HOSTILE)
def test_what_hosts_say_stays_text(words: str) -> None:
    """Words put into every text a host sends make no element and no attribute."""
    harmless, hostile = page(all_states()), page(told(all_states(), words))
    assert Elements(hostile).shape() == Elements(harmless).shape()
    assert hostile.count("<script") == 1 and hostile.count("<style") == 1
    assert hostile.count(text(words)) > 50
    assert not re.search(r"[\0\x1b\x7f\x85\u202e\u2066]", hostile)


def test_nothing_is_loaded() -> None:
    html = page(all_states())
    assert not re.search(r"https?:|//[a-z]|url\(|@import|\bsrc=|<link|<iframe", html.replace("'none'", ""))
    policies = [attributes["content"] for tag, attributes in Elements(html).found if "http-equiv" in attributes]
    assert len(policies) == 1 and policies[0] and policies[0].startswith("default-src 'none'; style-src 'sha256-")
    assert not [
        attributes for _, attributes in Elements(html).found if "style" in attributes or "onclick" in attributes
    ]


def test_nothing_depends_on_when_it_is_made() -> None:
    assert page(all_states()) == page(all_states())
    later = outcome(listing={**expired(NIGHTS, {"keep_last": 2}), "now": "2026-11-23T07:00:00Z"}, backup=made(NEWEST))
    assert page(fleet_of({"ca01": GOOD})) == page(fleet_of({"ca01": later}))


def test_why_each_set_stays_is_told() -> None:
    rows = re.findall(
        r'<tr><th scope="row"><code class="label">([^<]+)</code>.*<td>(.*)</td></tr>', page(fleet_of({"ca01": GOOD}))
    )
    assert rows == [
        ("20261122T210000Z-full", "last, newest full"),
        ("20261121T210000Z-full", 'last <span class="next">goes next</span>'),
    ]


@pytest.mark.parametrize(
    ("logs", "words"),
    [
        ({}, "truncated: 12 before, 1 after"),
        ({"after": 12}, "truncated, but the CA kept them all: 12 before, 12 after"),
        ({"truncated": False}, "truncation was asked for, but not done for 1 night: 12 before, 1 after"),
        ({"truncated": False, "truncation_requested": False, "after": 12}, "not truncated: 12 before, 12 after"),
        ({"truncated": None}, "not known: an interrupted run had made the set"),
    ],
)
def test_truncation_is_told_as_it_was(logs: dict[str, Any], words: str) -> None:
    backup = made(NEWEST)
    backup["logs"] |= logs
    found = outcome(listing=expired(NIGHTS, {"keep_last": 2}), backup=backup)
    assert f"<dt>Logs of the CA</dt> <dd>{words}</dd>" in page(fleet_of({"ca01": found}))


def test_sets_are_bounded() -> None:
    nights = [full(f"2026-{month:02d}-{day:02d} 21:00") for month in (11, 10, 9) for day in range(28, 0, -1)]
    html = page(fleet_of({"ca01": outcome(listing=listing(nights, now="2026-11-29 00:00"))}))
    assert html.count('<tr><th scope="row"><code class="label">') == SET_LIMIT
    assert f"And {84 - SET_LIMIT} older sets." in html and "84 sets, newest first" in html


def test_tables_of_sets_are_folded_in_a_large_fleet() -> None:
    def sections(count: int) -> str:
        return page(fleet_of({f"ca{number}": GOOD for number in range(count)}))

    assert sections(OPEN_LIMIT).count("<details open>") == OPEN_LIMIT
    assert "<details open>" not in sections(OPEN_LIMIT + 1)


def test_an_empty_fleet() -> None:
    assert "<title>CA backups: none</title>" in page(fleet([]))


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2 works it out."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_contrast(colours: dict[str, str]) -> None:
    pairs = [(front, ground) for front in ("text", "quiet", "link", *STATUSES) for ground in ("sheet", "ground")]
    pairs += [(status, f"{status}-ground") for status in STATUSES]
    for front, ground in pairs:
        low, high = sorted((luminance(colours[front]), luminance(colours[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (front, ground)


def test_every_colour_is_known_in_both_themes() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert set(re.findall(r"var\(--([a-z-]+)\)", STYLE)) <= LIGHT.keys()
    assert "</" not in SCRIPT and "</" not in STYLE


def test_text() -> None:
    assert text("<a&\"'\0\u202e") == "&lt;a&amp;&quot;&#x27;\ufffd\ufffd"


@pytest.mark.parametrize(("least", "step"), [(0, 1), (1, 1), (3, 4), (1 << 20, 1 << 20), ((1 << 20) + 1, 1 << 21)])
def test_byte_step(least: int, step: int) -> None:
    assert byte_step(least) == step


@pytest.mark.parametrize(("least", "step"), [(0, 1), (3, 5), (61, 120), (43201, 86400), (86401, 172800)])
def test_second_step(least: int, step: int) -> None:
    assert second_step(least) == step


@pytest.mark.parametrize("count", [0, 1, 2, 3, POINT_LIMIT, POINT_LIMIT + 7])
@pytest.mark.parametrize("value", [0, 1, 7, 1 << 40])
def test_a_chart_holds_its_points(count: int, value: int) -> None:
    """All points and lines are inside the drawing, a dot for each of the newest points. One point is no line."""
    points = [Point(f"{2000 + number}-11-22T21:00:00Z", value + number, f"set {number}") for number in range(count)]
    svg = chart("name", "Size", points, byte_step, str)
    assert (svg == "") == (count < 2)
    count = count if svg else 0
    dots = [(float(x), float(y)) for x, y in re.findall(r'class="dot" cx="([^"]+)" cy="([^"]+)"', svg)]
    assert len(dots) == min(count, POINT_LIMIT)
    assert all(0 <= x <= 520 and 0 <= y <= 190 for x, y in dots) and dots == sorted(dots, key=lambda dot: dot[0])
    assert len({y for _, y in re.findall(r'class="grid" x1="([^"]+)" y1="([^"]+)"', svg)}) in range(
        0 if not count else 2, 7
    )
    if count:
        assert f"set {count - 1}</title>" in svg and svg.count("<title") == 1 + len(dots)


def test_a_chart_escapes_its_words() -> None:
    points = [Point(f"2026-11-2{day}T21:00:00Z", 5, "<i>") for day in (1, 2)]
    svg = chart("name", "<b>", points, byte_step, lambda value: f"<u>{value}")
    assert not re.search("<[biu]>", svg) and all(svg.count(f"&lt;{letter}&gt;") for letter in "biu")


def test_points_of_one_moment() -> None:
    points = [Point("2026-11-22T21:00:00Z", 5, "one"), Point("2026-11-22T21:00:00Z", 6, "two")]
    assert chart("name", "Size", points, byte_step, str).count('class="dot"') == 2


def test_a_large_fleet_is_fast() -> None:
    nights = [
        f"20{year}-{month:02d}-{day:02d} 21:00"
        for year in (25, 24)
        for month in range(12, 0, -1)
        for day in range(17, 0, -1)
    ]
    found = expired([full(night, duration_s=5) for night in nights[:400]], {"keep_daily": 400}, now="2025-12-18 06:00")
    documents = fleet_of({f"ca{number}": outcome(listing=found) for number in range(300)})
    start = time.process_time()
    assert len(page(documents)) < 20_000_000
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("policy", "limit", "status", "words"),
    [
        ({"keep_last": 4}, None, "ok", 'after the next backup, about <time datetime="2026-11-23T21:00:00Z">2026-11-23 21:00 UTC</time>'),
        ({"keep_last": 6}, None, "ok", 'after the next 3 backups, about <time datetime="2026-11-25T21:00:00Z">2026-11-25 21:00 UTC</time>'),
        ({"keep_last": 6}, None, "failed", "after the next 3 backups"),
        ({"keep_last": 1}, 1, "ok", "with the next run"),
    ],
)  # fmt: skip
def test_when_the_next_set_goes(policy: dict[str, Any], limit: int | None, status: str, words: str) -> None:
    planned = plan(NIGHTS, Policy.parse(policy), "2026-11-23T06:00:00Z", limit=limit)
    found = listing(NIGHTS, policy=policy, plan=planned.as_dict(), removed=[])
    written = page(fleet_of({"ca01": outcome(status, listing=found)}))
    assert f"<dt>Goes next</dt> <dd><code>{planned.next_to_go}</code> {words}</dd>" in written


def test_when_the_next_set_goes_is_not_known_to_an_earlier_document() -> None:
    known = after(GOOD)
    retention = known["destinations"][0]["retention"]
    del retention["next_after_backups"], retention["next_due"]
    later = after(outcome("failed", "no"), kept_document(known))
    assert "<dt>Goes next</dt> <dd><code>20261121T210000Z-full</code></dd>" in page(fleet([later]))


def section(html: str) -> str:
    """The section of the only host of a page."""
    (found,) = re.findall(r'<section class="sheet ca".*?</section>', html, re.DOTALL)
    return str(found)


def test_each_destination_of_a_host_is_shown_with_its_state() -> None:
    document = after(outcome("failed", "no <space>", path=SHARE), after(GOOD))
    html = page(fleet([after(None, document)]))
    assert 'data-host="ca01"><td><span class="badge failed"' in html and html.count("<tr data-host=") == 1
    headings = re.findall(r'<h3 class="destination"><bdi>([^<]*)</bdi> <span class="badge (\w+)"', section(html))
    assert headings == [("No destination", "failed"), ("D:\\Backup", "ok"), (SHARE, "failed")]
    assert "no &lt;space&gt;" in section(html) and section(html).count("<svg") == 2 and 'class="counts"' in html
    single = section(page(fleet_of({"ca01": GOOD})))
    assert '<h3 class="destination">' not in single and "<code><bdi>D:\\Backup\\Example CA</bdi></code>" in single


def test_the_words_of_a_library_are_folded_away() -> None:
    html = section(page(fleet_of({"ca01": outcome("unreachable", "no answer", detail="<HTTPSConnection>")})))
    folded = (
        '<details class="detail"><summary>What the connection said</summary><p>&lt;HTTPSConnection&gt;</p></details>'
    )
    assert html.count("&lt;HTTPSConnection&gt;") == 1 and folded in html
    assert "What the connection said" not in page(fleet_of({"ca01": GOOD}))


def test_a_copy_is_told() -> None:
    results = {"listing": listing(NIGHTS), "backup": made(NEWEST)}
    copied = section(page(fleet_of({"ca01": outcome(**results, replicated=True)})))
    assert "<dt>Copied by the hook</dt> <dd>yes</dd>" in copied
    older = after(outcome(listing=listing(NIGHTS[1:]), replicated=True))
    missed = section(page(fleet([after(outcome("failed", "no", **results), older)])))
    assert (
        '<dt>Copied by the hook</dt> <dd><span class="bad">no</span>, last <code>20261121T210000Z-full</code></dd>'
        in missed
    )
    assert "Copied by the hook" not in page(fleet_of({"ca01": outcome(**results)}))

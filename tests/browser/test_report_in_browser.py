# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of a fleet as a browser shows it: ages and lateness by the reader's clock, both themes, on paper, whatever hosts say."""

from __future__ import annotations

import re
import struct
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import STATUSES
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html import page
from helpers.unit.histories import full
from helpers.unit.outcomes import LATE_AFTER_S, expired, fleet_of, listing, outcome
from report_picture import WIDTHS, browse, browser, sample_fleet, take_picture, wide_elements, without_script

DARK = "--blink-settings=preferredColorScheme=0"
SIZE = (1100, 900)


@pytest.fixture(autouse=True)
def browser_is_there() -> None:
    """`make setup` installs the browser, so that it is missing is an error and no reason to skip."""
    assert browser() is not None, "chromium is not installed: run `make setup`"


def shown(folder: Path, html: str, *options: str) -> str:
    """The page as it is once its script has run."""
    path = folder / "fleet.html"
    path.write_text(html, encoding="utf-8")
    return browse(path.as_uri(), "--dump-dom", *options)


def taken(folder: Path, html: str, *options: str) -> bytes:
    """The picture of the upper part of the page."""
    path = folder / "fleet.html"
    path.write_text(html, encoding="utf-8")
    take_picture(path, folder / "fleet.png", SIZE, *options)
    return (folder / "fleet.png").read_bytes()


def first_pixel(png: bytes) -> tuple[int, ...]:
    """The colour of the upper left corner: red, green, blue."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (width, height) == SIZE and depth == 8 and kind in (2, 6)
    chunks, place = b"", 8
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        chunks += png[place + 8 : place + 8 + length] if name == b"IDAT" else b""
        place += length + 12
    # Whatever the filter of the first line is, it leaves the first pixel as it is.
    return tuple(zlib.decompress(chunks)[1:4])


def row(dom: str, host: str) -> str:
    """The line of a host in the overview."""
    found = re.search(rf'<tr data-host="{host}">.*?</tr>', dom, re.DOTALL)
    assert found, f"{host} is not in the overview"
    return found[0]


def status(dom: str, host: str) -> str:
    found = re.search(r'class="badge (\w+)"', row(dom, host))
    assert found
    return found[1]


def counts(dom: str) -> dict[str, int]:
    return {name: int(number) for name, number in re.findall(r'data-status="(\w+)"><b>(\d+)</b>', dom)}


def clock() -> str:
    return f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"


def ago(**span: int) -> dict[str, Any]:
    """A CA that was well when its newest set was an hour old; that set was made this long ago."""
    started = datetime.now(timezone.utc) - timedelta(**span)
    found = listing([full(f"{started:%Y-%m-%d %H:%M:%S}")], now=f"{started + timedelta(hours=1):%Y-%m-%d %H:%M:%S}")
    return outcome(listing=found)


def test_ages_are_those_at_reading(tmp_path: Path) -> None:
    html = page(
        fleet_of(
            {
                "ca01": ago(hours=3, minutes=30, seconds=5),
                "ca02": ago(days=400),
                "ca03": ago(minutes=-30),
                "ca04": None,
            },
            now=clock(),
        )
    )
    assert " ago" not in html.replace("is older than", "").split("<script>")[0]
    dom = shown(tmp_path, html)
    assert re.search(r">3 h (29|30|31) min ago<", row(dom, "ca01"))
    assert ">400 d ago<" in row(dom, "ca02") and re.search(r">in (29 min|30 min)", row(dom, "ca03"))
    assert "ago" not in row(dom, "ca04")


def test_a_page_that_is_read_late_says_so(tmp_path: Path) -> None:
    hours = LATE_AFTER_S // 3600
    html = page(
        fleet_of(
            {"ca01": ago(hours=hours - 1), "ca02": ago(hours=hours + 1), "ca03": outcome("failed", "no")}, now=clock()
        )
    )
    before = {**dict.fromkeys(STATUSES, 0), "failed": 1, "ok": 2}
    assert counts(html) == before and status(html, "ca02") == "ok"
    dom = shown(tmp_path, html)
    assert [status(dom, host) for host in ("ca01", "ca02", "ca03")] == ["ok", "late", "failed"]
    assert counts(dom) == {**before, "late": 1, "ok": 1}
    assert dom.count('class="badge late"') - dom.count("<template") == 2, "overview and section"


def test_what_hosts_say_runs_nothing(tmp_path: Path) -> None:
    """Were one character not told as text, or the page's own policy wrong, its script would change the title or not run at all."""
    attack = (
        "</p></script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">\u202e\0"
    )
    sets = [full("2026-11-22 21:00", problems=[{"kind": attack, "path": attack, "message": attack}])]
    found = expired(sets, {"keep_labels": [attack]}, name=attack, path=attack, ca={"name": attack, "host": attack})
    found["plan"]["warnings"] = [attack]
    dom = shown(tmp_path, page(fleet_of({attack: outcome("failed", attack, listing=found)})))
    assert "<title>CA backups: 1 failed</title>" in dom
    assert dom.count("<script") == 1 and "<img" not in dom and "\u202e" not in dom
    assert "&lt;script&gt;" in dom and re.search(r'id="age-[^"]+">[^<]+ ago<', dom), "the page's own script did not run"


def test_the_sample(tmp_path: Path) -> None:
    documents = sample_fleet(datetime.now(timezone.utc))
    dom = shown(tmp_path, page(documents))
    assert (
        counts(dom)
        == documents["counts"]
        == {
            **dict.fromkeys(STATUSES, 0),
            **{"failed": 1, "unreachable": 1, "never": 1, "late": 1, "warning": 1, "offline": 1, "ok": 2},
        }
    )
    assert [status(dom, document["host"]) for document in documents["cas"]] == [
        document["status"] for document in documents["cas"]
    ]
    assert dom.count("<svg") == 12 and dom.count("goes next</span>") == 6


def test_both_themes(tmp_path: Path) -> None:
    html = page(sample_fleet(datetime.now(timezone.utc)))
    assert first_pixel(taken(tmp_path, html)) == (0xF6, 0xF7, 0xF9)
    assert first_pixel(taken(tmp_path, html, DARK)) == (0x12, 0x15, 0x1A)


def test_on_paper(tmp_path: Path) -> None:
    path = tmp_path / "fleet.html"
    path.write_text(page(sample_fleet(datetime.now(timezone.utc))), encoding="utf-8")
    browse(path.as_uri(), f"--print-to-pdf={tmp_path / 'fleet.pdf'}", DARK)
    assert (tmp_path / "fleet.pdf").read_bytes().startswith(b"%PDF-")


def long_words() -> dict[str, Any]:
    """A fleet in which every text of a host is one word of 2000 letters."""
    word = "W" * 2000
    sets = [full("2026-11-22 21:00", problems=[{"kind": word, "path": word, "message": word}])]
    found = expired(sets, {"keep_labels": [word]}, name=word, path=word, ca={"name": word, "host": word})
    found["plan"]["warnings"] = [word]
    files = {"label": sets[0]["label"], "names": [{"path": word, "kind": word, "size": 1 << 60}], "omitted": 5}
    run = outcome("failed", word, listing=found, files=files, detail=word)
    return fleet_of({word: run, "ca02": outcome("unreachable", word, path=rf"\\{word}\{word}")})


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("words", ["usual", "long"])
def test_no_element_reaches_beyond_the_width(tmp_path: Path, words: str, width: int) -> None:
    html = page(sample_fleet(datetime.now(timezone.utc)) if words == "usual" else long_words())
    for form in (html, without_script(html)):
        height, wide = wide_elements(form, tmp_path, width)
        assert height > 300 and wide == []


def test_what_is_too_wide_is_found(tmp_path: Path) -> None:
    html = page(long_words()).replace("overflow-wrap:anywhere", "")
    assert wide_elements(html, tmp_path, 390)[1]

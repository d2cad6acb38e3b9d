#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the picture of a fleet's page in the documentation: a made-up fleet, shown by a headless Chromium.

Without arguments it writes ``docs/fleet.png``. With ``--all`` it writes a picture of the page for each width, theme and lack of script or
style, and fails when an element reaches beyond the width. Tests use its fleet and its browser.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from project import BUILD, COLLECTIONS, ROOT

sys.path[:0] = [str(COLLECTIONS), str(ROOT / "tests")]

# pylint: disable=wrong-import-position
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._unreachable import lost_host
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html import page
from helpers.unit.histories import full
from helpers.unit.outcomes import after, expired, fleet_of, listing, made, outcome

PICTURE = ROOT / "docs" / "fleet.png"
SIZE = (1280, 1740)
BROWSER_TIMEOUT_S = 60
THEMES: dict[str, list[str]] = {"light": [], "dark": ["--blink-settings=preferredColorScheme=0"]}
# What the script of a page may take before the page is looked at, in virtual time.
SCRIPT_TIME_MS = 2000
WIDTHS = (390, 1024, 1600)
PICTURES = BUILD / "pictures"
POLICY_OF_PAGE = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
# A window has a least width that is larger than a telephone: so the page is shown in a frame of its own width.
FRAME = """<!doctype html><meta charset="utf-8"><style>body{{margin:0}}iframe{{border:0;width:{width}px;height:{height}px}}</style>
<iframe src="{address}"></iframe><pre id="wide"></pre>
<script>addEventListener("message", event => {{ document.getElementById("wide").textContent = event.data; }});</script>
"""
MEASURE = """<script>
const wide = [...document.querySelectorAll("body *")].filter(element => element.getBoundingClientRect().right > innerWidth + 0.5);
const names = wide.map(element => `${element.localName}.${element.className} ${element.textContent.slice(0, 40)}`);
parent.postMessage(document.body.scrollHeight + "\\n" + names.slice(0, 5).join("\\n"), "*");
</script></body>"""
POLICY = {"keep_daily": 14, "keep_weekly": 8, "keep_monthly": 12}


def browser() -> str | None:
    """Return the Chromium of this machine, None when there is none."""
    return shutil.which("chromium")


def browse(address: str, *options: str) -> str:
    """Show a page in a headless Chromium of its own and return what it printed."""
    with tempfile.TemporaryDirectory(prefix="adcs-ca-browser-") as profile:
        command = [browser() or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        command += ["--no-first-run", "--hide-scrollbars", f"--user-data-dir={profile}"]
        command += [f"--virtual-time-budget={SCRIPT_TIME_MS}", *options, address]
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=BROWSER_TIMEOUT_S)
        return run.stdout


def take_picture(html: Path, picture: Path, size: tuple[int, int] = SIZE, *options: str) -> None:
    """Write a picture of a page as PNG."""
    browse(html.as_uri(), f"--screenshot={picture}", f"--window-size={size[0]},{size[1]}", *options)


def sample_fleet(now: datetime) -> dict[str, Any]:
    """Return a made-up fleet in which every status occurs, and a host that has two destinations."""
    clock = f"{now:%Y-%m-%d %H:%M:%S}"
    issuing = _nights(now, 420, 1.9e9, seed=1)
    root = _nights(now, 14, 3.1e7, seed=2)
    damaged = _nights(now, 20, 6.4e8, seed=3)
    damaged[4] |= {
        **{"complete": False, "verified": False, "verified_at": None},
        "problems": [{"kind": "resized", "path": "edb0001A.log", "message": RESIZED}],
        "checked": {"at": f"{now - timedelta(days=2):%Y-%m-%dT07:00:00Z}", "result": "damaged", "problem_count": 1},
    }
    names = {"name": "Example Issuing CA 1", "host": "ca01.example.com"}
    kept = expired(issuing[1:], POLICY, now=clock)["sets"]
    good = expired([issuing[0], *kept], POLICY, now=clock) | _where(names, r"D:\Backup")
    shared = {**expired(issuing[:3], {"keep_last": 3}, now=clock), **_where(names, SHARE)}
    policies = {"name": "Example Policy CA", "host": "ca02.example.com"}
    late = expired(_nights(now - timedelta(days=3), 14, 9e7, seed=4), POLICY, now=clock, ca=policies)
    lost = lost_host("ca04", {"ansible_connection": "psrp", "ansible_host": "ca04.example.com"}, REFUSED)
    known = {
        "ca01": after(outcome(path=SHARE, listing=shared), host="ca01", now=clock),
        "ca05": after(
            outcome(listing=expired(damaged, POLICY, now=clock, name="Example Users CA")), host="ca05", now=clock
        ),
    }
    away = [
        {
            **root[0],
            **full(f"{now - timedelta(days=82):%Y-%m-%d} 09:12:41", bytes=31_000_000, file_count=9, duration_s=6),
        }
    ]
    offline = expired(away, POLICY, now=f"{now - timedelta(days=82):%Y-%m-%d} 09:20:00", name="Example Root CA 1")
    known["ca08"] = after(
        outcome(listing=offline, is_offline=True, late_after_s=200 * 86400),
        host="ca08",
        now=f"{now - timedelta(days=80):%Y-%m-%d %H:%M:%S}",
    )
    scarce = expired(_nights(now, 20, 4.1e8, seed=5), POLICY, now=clock, name="Example Servers CA", space=SPACE)
    outcomes = {
        "ca07": outcome(
            backup=made(scarce["sets"][0]["label"]), listing=scarce, files=FILES | {"label": scarce["sets"][0]["label"]}
        ),
        "ca08": outcome("unreachable", "", silent=True, is_offline=True, late_after_s=200 * 86400),
        "ca01": outcome(backup=made(issuing[0]["label"]), listing=good, replicated=True),
        "ca02": outcome(listing=late),
        "ca03": outcome(listing=listing([], now=clock, name="Example Machines CA")),
        "ca04": outcome("unreachable", lost.message, detail=lost.detail),
        "ca05": outcome("failed", FAILED),
        "ca06": outcome(listing=expired(root, POLICY, now=clock, name="Example Root CA 2")),
    }
    return fleet_of(outcomes, known, now=clock)


def wide_elements(html: str, folder: Path, width: int) -> tuple[int, list[str]]:
    """Return the height of a page at a width in pixels, and the elements that reach beyond that width, as Chromium lays it out."""
    page_file, frame = folder / "page.html", folder / "frame.html"
    page_file.write_text(POLICY_OF_PAGE.sub("", html).replace("</body>", MEASURE), encoding="utf-8")
    frame.write_text(FRAME.format(width=width, height=4000, address=page_file.as_uri()), encoding="utf-8")
    said = re.search(
        r'<pre id="wide">(.*?)</pre>', browse(frame.as_uri(), "--dump-dom", "--window-size=1700,4000"), re.DOTALL
    )
    height, *names = said[1].split("\n") if said else ["0"]
    return int(height or 0), [name for name in names if name]


def without_style(html: str) -> str:
    """Return a page as a server leaves it that takes inline style away."""
    return re.sub(r"<style>.*?</style>", "", POLICY_OF_PAGE.sub("", html), flags=re.DOTALL)


def without_script(html: str) -> str:
    """Return a page as a server leaves it that takes inline script away."""
    return re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)


def take_all(html: str, folder: Path) -> list[str]:
    """Write the pictures into a folder, and return what reaches beyond the width of which."""
    found = []
    forms = {"whole": html, "no-script": without_script(html), "no-style": without_style(html)}
    forms["bare"] = without_style(without_script(html))
    with tempfile.TemporaryDirectory(prefix="adcs-ca-page-") as work:
        for (form, content), width in itertools.product(forms.items(), WIDTHS):
            height, wide = wide_elements(content, Path(work), width)
            styled = form in ("whole", "no-script")
            found += [f"{form}, {width} px: {name}" for name in wide if styled]
            shown = Path(work) / "shown.html"
            shown.write_text(content, encoding="utf-8")
            frame = Path(work) / "frame.html"
            frame.write_text(FRAME.format(width=width, height=height, address=shown.as_uri()), encoding="utf-8")
            for theme, options in THEMES.items():
                if styled or theme == "light":
                    take_picture(frame, folder / f"{form}-{width}-{theme}.png", (max(width, 500), height), *options)
    return found


def _where(names: dict[str, str], destination: str) -> dict[str, Any]:
    """Return the keys of a result that say which CA it is of and where its repository lies."""
    return {"ca": names, "folder_name": names["name"], "path": rf"{destination}\{names['name']}"}


GIB = 1 << 30
SPACE = {
    "destination": {"path": r"D:\Backup", "free_bytes": 8 * GIB, "total_bytes": 100 * GIB},
    "log_volume": {"path": r"C:\Windows\System32\CertLog", "free_bytes": 41 * GIB, "total_bytes": 80 * GIB},
    "logs": {"count": 14, "bytes": 14 << 20},
}
FILES = {
    "names": [
        {"path": r"DataBase\Example Servers CA.edb", "kind": "database", "size": 410_000_000},
        {"path": r"DataBase\edb0001A.log", "kind": "log", "size": 1 << 20},
        {"path": r"DataBase\certbkxp.dat", "kind": "restore_map", "size": 312},
        {"path": r"Dynamic\Example Servers CA.crl", "kind": "dynamic", "size": 48_213},
    ],
    "omitted": 0,
}
SHARE = r"\\files.example.com\backup\ca"
REFUSED = (
    "HTTPSConnectionPool(host='ca04.example.com', port=5986): Max retries exceeded with url: /wsman (Caused by NewConnectionError("
    "'<urllib3.connection.HTTPSConnection object at 0x7f8e5c2b1d90>: Failed to establish a new connection: [Errno 111] Connection refused'))"
)
FAILED = (
    "Back up the CA: Too little free space at 'D:\\Backup': the database and its logs need 2147483648 bytes and the reserve is 268435456, "
    "1879048192 are free. Nothing was changed."
)
RESIZED = "'DataBase\\edb0001A.log' has 12 bytes, not 1048576"


def _nights(now: datetime, count: int, size: float, seed: int) -> list[dict[str, Any]]:
    """Return a full set for each of the last nights, newest first; the database grows."""
    choice = random.Random(seed)
    sets = []
    for night in range(count):
        started = (now - timedelta(days=night)).replace(
            hour=1, minute=choice.randint(0, 4), second=choice.randint(0, 59)
        )
        grown = size * (1 - night / count / 2) * choice.uniform(0.99, 1.01)
        duration_s = round(5 + grown / 3.2e7 * choice.uniform(0.9, 1.15))
        facts = {"bytes": round(grown), "file_count": choice.randint(8, 24), "duration_s": duration_s}
        facts["verified_at"] = f"{started + timedelta(seconds=duration_s):%Y-%m-%dT%H:%M:%SZ}"
        if night in (6, 13):
            looked = f"{started + timedelta(days=1):%Y-%m-%dT07:00:00Z}"
            facts["checked"] = {"at": looked, "result": "good", "problem_count": 0}
        sets.append(full(f"{started:%Y-%m-%d %H:%M:%S}", **facts))
    return sets


def main(arguments: Sequence[str]) -> int:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", nargs="?", type=Path, default=PICTURE, help="the PNG file to write")
    parser.add_argument(
        "--all", action="store_true", help="write a picture for each width, theme and lack, and measure them"
    )
    parser.add_argument("--dark", action="store_true", help="show the page as in a dark theme")
    options = parser.parse_args(arguments)
    if not browser():
        print("There is no chromium on this machine: install Debian's package of that name.", file=sys.stderr)
        return 1
    content = page(sample_fleet(datetime.now(timezone.utc)))
    if options.all:
        PICTURES.mkdir(parents=True, exist_ok=True)
        wide = take_all(content, PICTURES)
        print("\n".join(wide) or f"No element is beyond the width. The pictures are in {PICTURES.relative_to(ROOT)}.")
        return 1 if wide else 0
    with tempfile.TemporaryDirectory(prefix="adcs-ca-picture-") as folder:
        html = Path(folder) / "fleet.html"
        html.write_text(content, encoding="utf-8")
        take_picture(html, options.picture.resolve(), SIZE, *THEMES["dark" if options.dark else "light"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

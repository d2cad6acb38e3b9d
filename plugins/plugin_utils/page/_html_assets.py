# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The style and the script of the page of a fleet. Nothing of a host gets in here."""

from __future__ import annotations

from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import STATUSES
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html_text import COLUMNS

# The colours of a theme. Each text is readable on each ground it is used on: 4.5 to 1, as WCAG 2 asks.
LIGHT = {
    "ground": "#f6f7f9",
    "sheet": "#ffffff",
    "text": "#1a1f26",
    "quiet": "#535d69",
    "rule": "#dde1e7",
    "link": "#0b57a4",
    "failed": "#a3161b",
    "failed-ground": "#fcebea",
    "unreachable": "#7a2e8c",
    "unreachable-ground": "#f6ecf9",
    "never": "#8f3d00",
    "never-ground": "#fdeee0",
    "late": "#735300",
    "late-ground": "#fcf3d4",
    "warning": "#6b5600",
    "warning-ground": "#faf6dc",
    "offline": "#3f5566",
    "offline-ground": "#e9eff4",
    "ok": "#1a6334",
    "ok-ground": "#e6f4ea",
}
DARK = {
    "ground": "#12151a",
    "sheet": "#1b2027",
    "text": "#e7eaee",
    "quiet": "#a2acb8",
    "rule": "#323943",
    "link": "#7db8f5",
    "failed": "#ff9a94",
    "failed-ground": "#431a1c",
    "unreachable": "#dfa6ee",
    "unreachable-ground": "#37203e",
    "never": "#ffb27a",
    "never-ground": "#40260f",
    "late": "#eecb62",
    "late-ground": "#392f0d",
    "warning": "#dccb6a",
    "warning-ground": "#343012",
    "offline": "#a9c0d2",
    "offline-ground": "#22303b",
    "ok": "#84d29b",
    "ok-ground": "#16331f",
}


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


_RULES = """
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0;background:var(--ground);color:var(--text);
 font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
 font-variant-numeric:tabular-nums lining-nums}
main,header,footer{max-width:76rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.5rem}
footer{padding-bottom:3rem;color:var(--quiet)}
h1{font-size:1.65rem;line-height:1.25;margin:0 0 1.25rem;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.2rem;line-height:1.3;margin:0;font-weight:650;overflow-wrap:anywhere}
h3{font-size:.95rem;margin:1.75rem 0 .5rem;font-weight:650}
a{color:var(--link);text-underline-offset:.15em}
a:focus-visible,summary:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:3px}
p{margin:.5rem 0}
code{font:.88em/1.5 ui-monospace,"Cascadia Mono",Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.quiet{color:var(--quiet)}
p,li,dd,h3,summary,bdi{overflow-wrap:anywhere}
.counts{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.75rem;list-style:none;margin:0 0 1.5rem;padding:0}
.counts li{background:var(--sheet);border:1px solid var(--rule);border-radius:10px;padding:.8rem 1rem}
.counts b{display:block;font-size:1.75rem;line-height:1.2;font-weight:600}
.counts .none b{color:var(--quiet);font-weight:400}
.counts .some{border-left-width:4px}
.sheet{background:var(--sheet);border:1px solid var(--rule);border-radius:10px;padding:1.25rem 1.5rem;margin:0 0 1.5rem}
section.ca{content-visibility:auto;contain-intrinsic-size:auto 900px;scroll-margin-top:1rem}
.scroll{overflow-x:auto;margin:0 -.25rem;padding:0 .25rem}
table{border-collapse:collapse;width:100%}
caption{text-align:left;font-size:1.05rem;font-weight:650;padding:0 0 .6rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .9rem .5rem 0;border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:0}
tbody tr:last-child>*{border-bottom:0}
thead th{font-size:.82rem;font-weight:600;color:var(--quiet);white-space:nowrap}
tbody th{font-weight:400}
tbody td,tbody th{overflow-wrap:anywhere}
.number{text-align:right;white-space:nowrap}
tbody .label{white-space:nowrap}
.sub{display:block;font-size:.86rem;color:var(--quiet);overflow-wrap:anywhere}
tbody td:not(.number),tbody th{min-width:6.5rem}
.badge{display:inline-block;border-radius:99px;padding:.08rem .65rem .1rem;font-size:.84rem;font-weight:600;white-space:nowrap;
 border:1px solid currentColor}
.head{display:flex;flex-wrap:wrap;gap:.4rem .9rem;align-items:center}
.head .up{margin-left:auto;font-size:.86rem}
.message{white-space:pre-line;overflow-wrap:anywhere;border-left:4px solid;border-radius:4px;padding:.6rem .9rem;margin:1rem 0}
.cause{white-space:pre-line;overflow-wrap:anywhere;color:var(--quiet);font-size:.93rem;margin:.5rem 0 1rem}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(13.5rem,1fr));gap:.9rem 1.5rem;margin:1.1rem 0 0}
dt{font-size:.82rem;color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(19rem,1fr));gap:1rem 2rem;margin-top:1.4rem}
figure{margin:0;break-inside:avoid}
figcaption{font-size:.86rem;font-weight:600;margin-bottom:.3rem}
svg{display:block;width:100%;height:auto;max-width:34rem}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--quiet)}
.grid{stroke:var(--rule)}
.line{fill:none;stroke:var(--link);stroke-width:1.75;stroke-linejoin:round}
.area{fill:var(--link);opacity:.1}
.dot{fill:var(--sheet);stroke:var(--link);stroke-width:1.75}
.dot:hover{fill:var(--link)}
ul.plain{margin:.4rem 0;padding-left:1.1rem}
summary{cursor:pointer;font-weight:650;font-size:.95rem;margin-top:1.6rem;width:fit-content}
details[open]>summary{margin-bottom:.5rem}
.bad{color:var(--failed);font-weight:600}
.next{color:var(--late);font-weight:600}
@media screen and (max-width:40rem){
 main,header,footer{padding-left:1rem;padding-right:1rem}
 .sheet{padding:1rem}
 .counts{grid-template-columns:repeat(auto-fit,minmax(7rem,1fr))}
 .charts{grid-template-columns:minmax(0,1fr)}
 .scroll{overflow:visible;margin:0;padding:0}
 tbody .label{white-space:normal}
 table,tbody,tr,td,tbody th,caption{display:block;width:auto}
 thead{display:none}
 tbody tr{border:1px solid var(--rule);border-radius:8px;padding:.5rem .75rem;margin:0 0 .75rem}
 tbody td,tbody th,tbody td.number,tbody td:not(.number){border:0;padding:.2rem 0;min-width:0;text-align:left;white-space:normal}
 tbody td::before,tbody th::before{color:var(--quiet);font-size:.82rem}
}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{
 @page{margin:14mm}
 body{background:#fff;font-size:10pt}
 main,header,footer{max-width:none;padding:0}
 .sheet{border:0;border-top:1px solid var(--rule);border-radius:0;padding:1rem 0}
 section.ca{content-visibility:visible}
 tr,.message,dl>div{break-inside:avoid}
 h2,h3,summary,.head{break-after:avoid}
 .scroll{overflow:visible}
 .up{display:none}
}
"""

STATUS_RULES = "".join(
    f".badge.{name},.message.{name}{{color:var(--{name});background:var(--{name}-ground)}}"
    f".counts .{name}.some{{border-left-color:var(--{name})}}.counts .{name}.some b{{color:var(--{name})}}"
    for name in STATUSES
)

# A card puts the name of each column before its cell.
CARD_RULES = "".join(
    f'.{name} tr>:nth-child({place})::before{{content:"{column}: "}}'
    for name, columns in COLUMNS.items()
    for place, column in enumerate(columns, start=1)
)

STYLE = (
    f":root{{color-scheme:light dark;{_variables(LIGHT)}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
    f"{_RULES}{STATUS_RULES}"
    f"@media screen and (max-width:40rem){{{CARD_RULES}}}"
)

# An age is worked out where it is read: a page that held ages would be another page every day.
SCRIPT = """
"use strict";
(() => {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const words = seconds => {
    let rest = Math.floor(Math.abs(seconds));
    const first = Math.max(0, units.findIndex(([, size]) => rest >= size));
    const parts = units.slice(rest ? first : 3, (rest ? first : 3) + 2).map(([unit, size]) => {
      const number = Math.floor(rest / size);
      rest -= number * size;
      return [number, unit];
    });
    const text = parts.filter(([number], place) => number || !place).map(part => part.join(" ")).join(" ");
    return seconds < 0 ? "in " + text : text + " ago";
  };
  const count = (status, change) => {
    const card = document.querySelector(".counts [data-status=" + status + "]");
    const number = card.querySelector("b");
    number.textContent = Number(number.textContent) + change;
    card.classList.toggle("some", number.textContent !== "0");
    card.classList.toggle("none", number.textContent === "0");
  };
  const refresh = () => {
    const now = Date.now() / 1000;
    document.querySelectorAll("time[data-age]").forEach(time => {
      const age = words(now - Date.parse(time.dateTime) / 1000);
      const place = document.getElementById(time.dataset.age);
      if (place.textContent !== age) place.textContent = age;
    });
    document.querySelectorAll(".badge[data-started]").forEach(badge => {
      const status = badge.dataset.status;
      if (badge.classList.contains("late")) return;
      if (now - Date.parse(badge.dataset.started) / 1000 <= Number(badge.dataset.lateAfter)) return;
      const late = document.getElementById("late-badge").content.firstElementChild;
      badge.classList.replace(status, "late");
      badge.textContent = late.textContent;
      badge.title = "It was " + status + " when this page was made.";
      if (badge.dataset.counted) {
        count(status, -1);
        count("late", 1);
      }
    });
  };
  const opened = [];
  addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach(details => {
    details.open = true;
    opened.push(details);
  }));
  addEventListener("afterprint", () => opened.splice(0).forEach(details => { details.open = false; }));
  refresh();
  setInterval(refresh, 60000);
})();
"""

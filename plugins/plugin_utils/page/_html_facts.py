# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of one destination of a CA, as HTML: facts, charts, problems, retention, sets and files. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import (
    counted,
    human_size,
    human_span,
    human_time,
    seconds_of,
    time_text,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._space import untruncated_nights
from ansible_collections.adcs.ca.plugins.plugin_utils.page._chart import Point, byte_step, chart, second_step
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html_text import (
    NOTHING,
    facts_of,
    instant,
    number,
    size,
    span,
    table,
    text,
)

SET_LIMIT = 60
PROBLEM_LIMIT = 20
LABEL_LIMIT = 4
WARNING_LIMIT = 10
Entry = Mapping[str, Any]


def facts(entry: Entry, key: str) -> str:
    """Return the facts of a destination; ``key`` is unique to it on the page."""
    newest = entry["newest"]
    found = [*_since(entry), *(_of_newest(newest, key) if newest else ())]
    if newest and entry["late_after_s"] is not None:
        due = time_text(seconds_of(newest["started"]) + entry["late_after_s"])
        found.append(("Next backup due", f"{instant(due)}, {human_span(entry['late_after_s'])} after the newest set"))
    if newest and entry["replicated"]:
        copied = entry["replicated"] == newest["label"]
        other = f'<span class="bad">no</span>, last <code>{text(entry["replicated"])}</code>'
        found.append(("Copied by the hook", "yes" if copied else other))
    if entry["truncation"]:
        found.append(("Logs of the CA", _truncation(entry)))
    sizes = [item["bytes"] for item in entry["sets"] if item["bytes"]]
    together = f" with {size(sum(sizes))}" if sizes else ""
    found.append(("In the repository", f"{counted(len(entry['sets']), 'set')}{together}"))
    return facts_of([*found, *_space(entry["space"])])


def _since(entry: Entry) -> list[tuple[str, str]]:
    """Return since when the status holds, and when the last good backup was."""
    found = [(f"{entry['status'].capitalize()} since", instant(entry["since"]))] if entry["since"] else []
    newest = entry["newest"]
    last = instant(newest["finished"] or newest["started"]) if newest else '<span class="bad">never</span>'
    found.append(("Last good", last))
    failure = entry["failure"]
    if failure and entry["status"] not in ("failed", "unreachable"):
        found.append(
            (
                "No backup succeeded since",
                f'<span class="bad">{instant(failure["at"])}</span>: {text(failure["message"])}',
            )
        )
    return found


def _of_newest(newest: Entry, key: str) -> list[tuple[str, str]]:
    return [
        ("Newest complete full set", f'<code>{text(newest["label"])}</code>'),
        ("Started", instant(newest["started"], f"since-{key}")),
        ("Duration", span(newest["duration_s"])),
        ("Size", size(newest["bytes"])),
        ("Files", number(newest["file_count"])),
        ("Verified", _verified(newest)),
        ("Last checked by hash", checked(newest["checked"])),
    ]


def _verified(newest: Entry) -> str:
    if newest["verified"] is None:
        return NOTHING
    if not newest["verified"]:
        return '<span class="bad">no</span>'
    when = newest["verified_at"] or newest["finished"]
    return instant(when) if when else "yes, nobody knows when"


def checked(look: Mapping[str, Any] | None) -> str:
    """Return when somebody last looked at a set by hash, and what was found."""
    if look is None:
        return '<span class="quiet">not since it was made</span>'
    if look["result"] == "good":
        return f"{instant(look['at'])}: good"
    return f'{instant(look["at"])}: <span class="bad">damaged, {counted(look["problem_count"], "problem")}</span>'


def _space(space: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return what is known of the space at the destination and at the logs."""
    if not space:
        return []
    names = {"destination": "Free at the destination", "log_volume": "Free on the volume of the logs"}
    found = [(name, _free(space[part])) for part, name in names.items() if space[part]]
    if space["logs"]:
        count, logs_size = space["logs"]["count"], space["logs"]["bytes"]
        words = NOTHING if count is None else counted(count, "log")
        found.append(("Logs on the CA", words if logs_size is None else f"{words} with {size(logs_size)}"))
    if space["days_until_full"] is not None:
        found.append(("Destination full in", f"about {counted(space['days_until_full'], 'day')}"))
    return found


def _free(part: Mapping[str, Any]) -> str:
    free, total = part["free_bytes"], part["total_bytes"]
    return f"{size(free)} of {size(total)}" if total else size(free)


def _truncation(entry: Entry) -> str:
    truncation, nights = entry["truncation"], untruncated_nights(entry)
    before, after = truncation["logs_before"], truncation["logs_after"]
    numbers = f"{before} before, {after} after" if before is not None and after is not None else "not counted"
    if truncation["done"]:
        deleted = before is None or after is None or after < before
        return f"truncated: {numbers}" if deleted else f"truncated, but the CA kept them all: {numbers}"
    if truncation["done"] is None:
        return "not known: an interrupted run had made the set"
    if not truncation["requested"]:
        return f"not truncated: {numbers}"
    return f"truncation was asked for, but not done for {counted(nights, 'night')}: {numbers}"


def charts(document: Entry, key: str) -> str:
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


def _size_of_grid(value: int) -> str:
    return human_size(value).replace(".0 ", " ")


def _can_draw(value: int | None) -> bool:
    return value is not None and 0 <= value < 1 << 60


def _point(entry: Mapping[str, Any], value: int, words_of: Any) -> Point:
    return Point(entry["started"], value, f"{human_time(entry['started'])}: {words_of(value)}")


def problems(document: Entry) -> str:
    """Return the problems of the sets and of the repository."""
    found = document["problems"][:PROBLEM_LIMIT]
    if not found:
        return ""
    rows = [
        [
            text(item["kind"]),
            f'<code class="label">{text(item["set"] or "repository")}</code>',
            f'<span dir="auto">{text(item["message"])}</span>',
        ]
        for item in found
    ]
    more = max(document["problem_count"], len(document["problems"])) - len(found)
    rest = f'<p class="quiet">And {counted(more, "more problem")}.</p>' if more else ""
    return f'<h3>Problems</h3>{table("problems", rows)}{rest}'


def retention(document: Entry) -> str:
    """Return the rules, what goes next, and what the plan warns of."""
    plan = document["retention"]
    if not plan:
        return ""
    found = [("Rules", _rules(plan["policy"])), ("Goes next", _next_to_go(plan, document["status"]))]
    found += [
        (name, _labels(plan[key]))
        for name, key in (("Deleted last", "removed"), ("Due, held back", "held_back"))
        if plan[key]
    ]
    warnings = "".join(f"<li>{text(warning)}</li>" for warning in plan["warnings"][:WARNING_LIMIT])
    listed = f'<ul class="plain">{warnings}</ul>' if warnings else ""
    more = len(plan["warnings"]) - WARNING_LIMIT
    rest = f'<p class="quiet">And {counted(more, "more warning")}.</p>' if more > 0 else ""
    return f"<h3>Retention</h3>{facts_of(found)}{listed}{rest}"


def _next_to_go(plan: Mapping[str, Any], status: str) -> str:
    """Return the set that goes next and when. Only a CA that is backed up at its pace has a date: that of others is over, or may be."""
    if not plan["next_to_go"]:
        return "none for a while"
    label = f'<code>{text(plan["next_to_go"])}</code>'
    backups, due = plan["next_after_backups"], plan["next_due"]
    if backups is None:
        return label
    if backups < 1:
        return f"{label} with the next run"
    words = "after the next backup" if backups == 1 else f"after the next {backups} backups"
    return f"{label} {words}" + (f", about {instant(due)}" if due and status == "ok" else "")


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


def sets(document: Entry, is_open: bool) -> str:
    """Return the sets of a repository, the newest first, and why each stays."""
    found = document["sets"]
    if not found:
        return ""
    plan = document["retention"] or {"keep": [], "held_back": [], "next_to_go": None}
    why = {kept["label"]: text(", ".join(kept["reasons"])) for kept in plan["keep"]}
    why |= {label: "due, held back" for label in plan["held_back"]}
    if plan["next_to_go"] in why:
        why[plan["next_to_go"]] += ' <span class="next">goes next</span>'
    rows = [_set_row(item, why.get(item["label"], NOTHING)) for item in found[:SET_LIMIT]]
    more = len(found) - SET_LIMIT
    rest = f'<p class="quiet">And {counted(more, "older set")}.</p>' if more > 0 else ""
    return (
        f'<details{" open" if is_open else ""}><summary>{counted(len(found), "set")}, newest first</summary>'
        f'{table("sets", rows)}{rest}</details>'
    )


def _set_row(item: Entry, why: str) -> list[str]:
    return [
        f'<code class="label">{text(item["label"])}</code>',
        instant(item["started"]) if item["started"] else NOTHING,
        size(item["bytes"]),
        number(item["file_count"]),
        span(item["duration_s"]),
        _state(item),
        checked(item["checked"]) if item["checked"] else NOTHING,
        why,
    ]


def _state(item: Entry) -> str:
    """Return whether a set is complete and verified, and the kinds of its problems."""
    kinds = f": {text(', '.join(item['problems']))}" if item["problems"] else ""
    if item["complete"] is False:
        return f'<span class="bad">not complete{kinds}</span>'
    if not item["judged"]:
        return f'<span class="bad">not judged{kinds}</span>'
    words = {True: "complete", None: "not looked at"}[item["complete"]]
    words += ", verified" if item["verified"] else ", not verified" if item["verified"] is False else ""
    return f'{words}<span class="bad">{kinds}</span>' if kinds else words


def files(document: Entry) -> str:
    """Return the files of the newest set, folded away."""
    found = document["files"]
    if not found:
        return ""
    rows = [[f'<code>{text(item["path"])}</code>', text(item["kind"]), size(item["size"])] for item in found["names"]]
    rest = (
        f'<p class="quiet">And {counted(found["omitted"], "more file")}, which the manifest names.</p>'
        if found["omitted"]
        else ""
    )
    total = len(found["names"]) + found["omitted"]
    return (
        f"<details><summary>{counted(total, 'file')} of the newest set</summary>"
        f'{table("files", rows)}{rest}</details>'
    )

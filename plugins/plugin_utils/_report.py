# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a play found out about its CAs, as documents. Pure functions.

An **outcome** is what the role recorded for a host: ``{status: ok|failed|unreachable, message, backup, expire, late_after_s}``,
where ``backup`` is a result of ``adcs.ca.backup`` and ``expire`` one of ``adcs.ca.expire`` or ``adcs.ca.backup_info``.

A **document** is what is kept of one CA (``guide_report.rst`` documents it). It holds facts of the CA and nothing of the run that
learned them, so that a run that changed nothing leaves the document as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils._retention import OPTIONS

SCHEMA = 1
# The worst first.
STATUSES = ("failed", "unreachable", "never", "late", "ok")

MESSAGE_LIMIT = 2000
LINE_LIMIT = 500
PROBLEM_LIMIT = 100
FILE_NAME_BYTES = 200
# All numbers are of 64 bits, as those of a file system are: what is drawn or written in words from them always fits a float.
NUMBER_LIMIT = 1 << 63

LOST = (
    "Nothing was recorded for this host: it was unreachable before the role began or in your hook, a variable makes no sense or is of a "
    "wrong type, a task ran out of time, or the play was interrupted."
)
NEVER = "The repository holds no complete full set."

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UNFIT_FOR_FILE_NAME = re.compile(r"[\\/\x00-\x1f\x7f]")

Document = dict[str, Any]


def plain_text(text: str) -> str:
    """Return a text of Ansible's as a text of Python's own type that can be encoded."""
    return str.__str__(text) if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def fleet(outcomes: Mapping[str, Any], earlier: Iterable[Any] = ()) -> dict[str, Any]:
    """Return ``{schema, counts: {status: number}, cas: [document]}``, the worst CA first and within a status the newest first.

    Args:
        outcomes: the outcome of every host; None for a host that has none. Every host is in the answer.
        earlier: documents of earlier runs, in any order, of any hosts; what is no such document is left out.
    """
    known: dict[str, list[Document]] = {}
    for document in filter(None, map(read_document, earlier)):
        known.setdefault(document["host"], []).append(document)
    return _ordered([_document(host, outcome, known.get(host, [])) for host, outcome in _by_name(outcomes).items()])


def with_refusals(fleet: Mapping[str, Any], refusals: Mapping[str, str]) -> dict[str, Any]:
    """Return a fleet in which the hosts that have no file name, ``{host: why}`` of ``file_names``, have failed because of that."""
    return _ordered([_refused(document, refusals.get(document["host"])) for document in fleet["cas"]])


def _refused(document: Document, why: str | None) -> Document:
    if why is None:
        return document
    return {**document, "status": "failed", "message": _bounded(f"{why} {document['message']}")}


def _ordered(cas: list[Document]) -> dict[str, Any]:
    """Return the fleet of these documents, the worst first."""
    cas.sort(key=lambda document: document["host"])
    cas.sort(key=_newest_start, reverse=True)
    cas.sort(key=lambda document: STATUSES.index(document["status"]))
    counts = {status: sum(document["status"] == status for document in cas) for status in STATUSES}
    return {"schema": SCHEMA, "counts": counts, "cas": cas}


def _by_name(outcomes: Mapping[str, Any]) -> dict[str, Any]:
    return {plain_text(str(host)): outcome for host, outcome in outcomes.items()}


def read_document(document: Any) -> Document | None:
    """Return a document of an earlier run with every key in its place and of its type; None for anything else."""
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA or not _text(document.get("host")):
        return None
    return _in_place(document)


def _in_place(document: Mapping[str, Any]) -> Document:
    """Return a document with every key in its place and of its type; only ``host`` has to be there."""
    sets = _sets(document.get("sets"))
    return {
        "schema": SCHEMA,
        "host": _text(document["host"]),
        "ca": _ca(document.get("ca")),
        "folder_name": _text(document.get("folder_name")),
        "path": _text(document.get("path")),
        "status": next((status for status in STATUSES if status == document.get("status")), "failed"),
        "message": _bounded(document.get("message")),
        "late_after_s": _number(document.get("late_after_s")),
        "newest": _newest_kept(sets, document.get("newest")),
        "truncation": _truncation_kept(document.get("truncation")),
        "problems": _problems(document.get("problems"))[:PROBLEM_LIMIT],
        "problem_count": _number(document.get("problem_count")) or 0,
        "sets": sets,
        "retention": _retention(document.get("retention")),
    }


def file_names(documents: Iterable[Document]) -> tuple[dict[str, str], dict[str, str]]:
    """Return ``{host: file name}`` of every CA whose repository's name is known, and ``{host: why}`` of those that get none.

    Refused are a name that is none for a file, and all hosts that have one name: a folder name comes from the CA host and is not
    trusted, so that one host must cost no other its report. Names that differ in case alone are one name, as they are on some
    controllers.
    """
    refusals: dict[str, str] = {}
    owners: dict[str, dict[str, str]] = {}
    for document in sorted(documents, key=lambda document: document["host"]):
        host, folder = document["host"], document["folder_name"]
        if folder is None:
            continue
        if UNFIT_FOR_FILE_NAME.search(folder) or folder.startswith(".") or len(folder.encode()) > FILE_NAME_BYTES:
            refusals[host] = f"The host {host} names its CA {folder[:80]!r}, which cannot be the name of a report."
        else:
            owners.setdefault(folder.casefold(), {})[host] = folder
    names: dict[str, str] = {}
    for named in owners.values():
        if len(named) == 1:
            names |= {host: f"{folder}.json" for host, folder in named.items()}
        else:
            refusals |= dict.fromkeys(named, _clash(named))
    return names, refusals


def _clash(named: Mapping[str, str]) -> str:
    """Return why hosts with one name, ``{host: folder name}``, get no report."""
    *others, last = named
    folders = " or ".join(map(repr, sorted(set(named.values()))))
    return (
        f"The hosts {', '.join(others)} and {last} have a CA with the same sanitised name {folders}, and one report cannot hold both. "
        "Report on them in different folders."
    )


def document_text(document: Document) -> str:
    """Return a document as JSON: keys sorted, a line for each set, one line feed at the end."""
    return _json(document, "", 3) + "\n"


def _json(value: Any, indent: str, depth: int) -> str:
    """Return JSON with ``depth`` levels laid open; what is in a list has a line of its own, whatever it holds."""
    if not value or depth == 0 or not isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    inner = indent + "  "
    if isinstance(value, list):
        lines = [inner + _json(item, inner, 0) for item in value]
    else:
        lines = [f"{inner}{json.dumps(key)}: {_json(value[key], inner, depth - 1)}" for key in sorted(value)]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return "\n".join([opening, ",\n".join(lines), indent + closing])


def _document(host: str, outcome: Any, earlier: Sequence[Document]) -> Document:
    """Return the document of one host; ``earlier`` are those that it had before."""
    outcome = outcome if isinstance(outcome, dict) and outcome else {"status": "unreachable", "message": LOST}
    listing = _listing(outcome.get("expire"))
    before = _before(host, listing, earlier)
    late_after_s = _number(outcome.get("late_after_s"))
    document = {
        **before,
        **_identity(before, outcome),
        "late_after_s": before["late_after_s"] if late_after_s is None else late_after_s,
    }
    if listing:
        document |= _facts_of_listing(listing, before)
        document["truncation"] = _truncation(outcome.get("backup"), document["newest"], before["truncation"])
    return document | _status(outcome, document, listing)


def _before(host: str, listing: dict[str, Any] | None, earlier: Sequence[Document]) -> Document:
    """Return what was known: of the CA that this run found on the host, or of the one that had the newest set there."""
    folder = _text(listing.get("folder_name")) if listing else None
    fitting = [document for document in earlier if folder in (None, document["folder_name"])]
    nothing = _in_place({"host": host})
    return max(fitting, key=lambda document: (_newest_start(document), document["folder_name"] or ""), default=nothing)


def _listing(result: Any) -> dict[str, Any] | None:
    """Return a result that lists the sets; None for one of a task that failed before it had listed them."""
    if not isinstance(result, dict) or not isinstance(result.get("sets"), list) or not _time(result.get("now")):
        return None
    lost = result.get("failed") or result.get("unreachable")
    return None if lost and not result["sets"] else result


def _identity(before: Document, outcome: dict[str, Any]) -> dict[str, Any]:
    """Return ``ca``, ``folder_name`` and ``path`` as the results of this run say, or else as was known before."""
    results = [outcome[name] for name in ("expire", "backup") if isinstance(outcome.get(name), dict)]
    cas = [_ca(result.get("ca")) for result in results] + [before["ca"]]
    folders = [_text(result.get("folder_name")) for result in results] + [before["folder_name"]]
    listed = _text(results[0].get("path")) if results and "sets" in results[0] else None
    return {
        "ca": {key: next((ca[key] for ca in cas if ca[key]), None) for key in ("name", "host")},
        "folder_name": next(filter(None, folders), None),
        "path": listed or before["path"],
    }


def _facts_of_listing(listing: dict[str, Any], before: Document) -> dict[str, Any]:
    """Return ``sets``, ``newest``, ``problems`` and ``retention`` of a fresh listing."""
    sets = _sets(listing["sets"])
    found = _problems(listing.get("problems"))
    for entry in listing["sets"]:
        if isinstance(entry, dict):
            found += _problems(entry.get("problems"), _text(entry.get("label")))
    return {
        "sets": sets,
        "newest": _newest(sets, listing["now"]),
        "problems": found[:PROBLEM_LIMIT],
        "problem_count": len(found),
        "retention": _retention_of_listing(listing, sets, before),
    }


def _status(outcome: dict[str, Any], document: Document, listing: dict[str, Any] | None) -> dict[str, str]:
    """Return ``status`` and ``message``."""
    status = outcome.get("status")
    message = _bounded(outcome.get("message"))
    if status != "ok":
        words = message or ("It failed." if status == "failed" else "It was unreachable.")
        return {"status": "unreachable" if status == "unreachable" else "failed", "message": words}
    newest = document["newest"]
    if newest is None:
        made = not listing and isinstance(outcome.get("backup"), dict) and outcome["backup"].get("path")
        return {"status": "ok", "message": message} if made else {"status": "never", "message": message or NEVER}
    if listing and _is_late(newest["started"], listing["now"], document["late_after_s"]):
        words = (
            f"The newest complete full set, {newest['label']}, is older than {human_span(document['late_after_s'])}."
        )
        return {"status": "late", "message": message or words}
    return {"status": "ok", "message": message}


def _is_late(started: str, now: str, late_after_s: int | None) -> bool:
    return late_after_s is not None and _seconds(now) - _seconds(started) > late_after_s


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time[:-1]).replace(tzinfo=timezone.utc).timestamp()


def human_span(seconds: int) -> str:
    """Return a span in its two largest units: 93600 -> ``1 d 2 h``, 45 -> ``45 s``."""
    rest = abs(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, size)
        if number or parts or unit == "s":
            parts.append(f"{number} {unit}")
    shown = parts[:1] if parts[1:2] and parts[1].startswith("0 ") else parts[:2]
    return ("-" if seconds < 0 else "") + " ".join(shown)


def _newest_start(document: Document) -> str:
    return document["newest"]["started"] if document["newest"] else ""


def _newest(sets: Iterable[dict[str, Any]], now: str) -> dict[str, Any] | None:
    """Return the newest complete full set; one that is dated in the future is none."""
    good = [entry for entry in sets if entry["type"] == "full" and entry["complete"] is True and entry["started"]]
    dated = [entry for entry in good if entry["started"] <= now and "future" not in entry["problems"]]
    return _newest_kept(dated, max(dated, key=lambda entry: entry["started"], default=None))


def _newest_kept(sets: Iterable[dict[str, Any]], newest: Any) -> dict[str, Any] | None:
    """Return what a document says of its newest set: the set of these that has that label, or None."""
    label = newest.get("label") if isinstance(newest, Mapping) else None
    keys = ("label", "started", "finished", "duration_s", "bytes", "file_count", "verified")
    found = (entry for entry in sets if entry["label"] == label and entry["started"])
    return next(({key: entry[key] for key in keys} for entry in found), None)


def _sets(entries: Any) -> list[dict[str, Any]]:
    """Return the sets, newest first. Problems are listed by kind; entries without a label are left out."""
    sets = [
        {
            "label": label,
            "type": _text(entry.get("type")),
            "started": _time(entry.get("started")),
            "finished": _time(entry.get("finished")),
            "duration_s": _number(entry.get("duration_s")),
            "bytes": _number(entry.get("bytes")),
            "file_count": _number(entry.get("file_count")),
            "complete": _flag(entry.get("complete")),
            "verified": _flag(entry.get("verified")),
            "problems": sorted({_kind(problem) for problem in _list(entry.get("problems"))}),
        }
        for entry in _list(entries)
        if isinstance(entry, Mapping) and (label := _text(entry.get("label")))
    ]
    return sorted(sets, key=lambda entry: entry["label"], reverse=True)


def _kind(problem: Any) -> str:
    """Return the kind of a problem; a document has only that."""
    return _line(problem.get("kind") if isinstance(problem, Mapping) else problem)


def _problems(problems: Any, label: str | None = None) -> list[dict[str, Any]]:
    """Return ``[{set, kind, path, message}]``; ``set`` is None for a problem of the repository itself."""
    return [
        {
            "set": label or _text(problem.get("set")),
            "kind": _line(problem.get("kind")),
            "path": _line(problem.get("path")),
            "message": _line(problem.get("message")),
        }
        for problem in _list(problems)
        if isinstance(problem, Mapping)
    ]


def _retention_of_listing(
    listing: dict[str, Any], sets: list[dict[str, Any]], before: Document
) -> dict[str, Any] | None:
    """Return the retention of this run, or what is left of the one before where this run made no plan."""
    labels = [entry["label"] for entry in sets]
    known = before["retention"]
    unchanged = labels == [entry["label"] for entry in before["sets"]]
    if not isinstance(listing.get("plan"), dict) or not listing["plan"]:
        return _retention_of(known, labels, unchanged) if known else None
    retention = _retention({**listing["plan"], "policy": listing.get("policy"), "removed": listing.get("removed")})
    if known and retention and unchanged and not retention["removed"]:
        retention["removed"] = known["removed"]
    return retention


def _retention(retention: Any) -> dict[str, Any] | None:
    """Return the part ``retention`` of a document; rules that are not set are left out of ``policy``."""
    if not isinstance(retention, Mapping):
        return None
    policy = retention.get("policy") if isinstance(retention.get("policy"), Mapping) else {}
    return {
        "policy": {name: rule for name in OPTIONS if (rule := _rule(policy.get(name)))},
        "keep": [
            {"label": _line(kept.get("label")), "reasons": _lines(kept.get("reasons"))}
            for kept in _list(retention.get("keep"))
            if isinstance(kept, Mapping)
        ],
        "removed": _lines(retention.get("removed")),
        "held_back": _lines(retention.get("held_back")),
        "warnings": _lines(retention.get("warnings"))[:PROBLEM_LIMIT],
        "next_to_go": _text(retention.get("next_to_go")),
        "next_after_backups": _number(retention.get("next_after_backups")),
        "next_due": _time(retention.get("next_due")),
    }


def _rule(value: Any) -> int | str | list[str] | None:
    """Return the value of a rule; None or an empty one for a rule that is not set."""
    return _lines(value) if isinstance(value, list) else _number(value) or _text(value)


def _retention_of(retention: dict[str, Any], labels: Collection[str], unchanged: bool) -> dict[str, Any]:
    """Return a retention without the sets that are no longer there, and if others came without how many backups it was to the next one."""
    foreseen = unchanged and retention["next_to_go"] in labels
    return {
        **retention,
        "keep": [kept for kept in retention["keep"] if kept["label"] in labels],
        "held_back": [label for label in retention["held_back"] if label in labels],
        "next_to_go": retention["next_to_go"] if retention["next_to_go"] in labels else None,
        "next_after_backups": retention["next_after_backups"] if foreseen else None,
        "next_due": retention["next_due"] if foreseen else None,
    }


def _truncation(backup: Any, newest: Any, before: Any) -> dict[str, Any] | None:
    """Return what became of the logs when the newest set was made; what an earlier run knew of the same set stays."""
    label = newest["label"] if newest else None
    if isinstance(backup, dict) and label and backup.get("label") == label and not backup.get("failed"):
        logs = backup.get("logs")
        if isinstance(logs, dict):
            return {
                "label": label,
                "requested": _flag(logs.get("truncation_requested")),
                "truncated": _flag(logs.get("truncated")),
                "logs_before": _number(logs.get("before")),
                "logs_after": _number(logs.get("after")),
                "logs_listed": _number(logs.get("listed")),
            }
    return before if before and before["label"] == label else None


def _truncation_kept(truncation: Any) -> dict[str, Any] | None:
    if not isinstance(truncation, Mapping) or not _text(truncation.get("label")):
        return None
    flags = {key: _flag(truncation.get(key)) for key in ("requested", "truncated")}
    numbers = {key: _number(truncation.get(key)) for key in ("logs_before", "logs_after", "logs_listed")}
    return {"label": _text(truncation["label"]), **flags, **numbers}


def _ca(ca: Any) -> dict[str, str | None]:
    names = ca if isinstance(ca, Mapping) else {}
    return {key: _text(names.get(key)) for key in ("name", "host")}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return plain_text(value) if isinstance(value, str) and value else None


def _bounded(value: Any) -> str:
    return shortened(plain_text(value).strip() if isinstance(value, str) else "", MESSAGE_LIMIT)


def _line(value: Any) -> str:
    return shortened(" ".join(plain_text(value).split()) if isinstance(value, str) else "", LINE_LIMIT)


def _lines(values: Any) -> list[str]:
    return [_line(value) for value in _list(values)]


def _number(value: Any) -> int | None:
    """Return a number, rounded; None for anything else, such as one that is not finite or that no host could count to."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -NUMBER_LIMIT <= value < NUMBER_LIMIT:
        return None
    return round(value)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _time(value: Any) -> str | None:
    """Return a time such as ``2026-11-22T21:39:00Z``, None for anything else."""
    if not isinstance(value, str) or not TIME.fullmatch(value):
        return None
    try:
        datetime.fromisoformat(value[:-1])
    except ValueError:
        return None
    return plain_text(value)


def shortened(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` characters; one that was cut ends in an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The document that is kept of a host: one entry for each destination that it backs up to. Pure functions.

``guide_report.rst`` describes the document. It holds facts of the CA and nothing of the run that learned them, so that a run
without news leaves it as it is. Whatever a document or a host says, every key is in its place and of its type here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import plain_text, shortened
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import OPTIONS

SCHEMA = 3
# Documents of these are read; what an earlier one lacks is not known.
SCHEMAS = (2, SCHEMA)
# The worst first. A host that is offline is expected to be, and has a good set that is young enough.
STATUSES = ("failed", "unreachable", "never", "late", "warning", "offline", "ok")
# Those that time alone makes late.
GOOD = ("warning", "offline", "ok")
EXPECTED = ("online", "offline")

MESSAGE_LIMIT = 2000
LINE_LIMIT = 500
PROBLEM_LIMIT = 100
WARNING_LIMIT = 10
FILE_LIMIT = 2000
FITTED_LIMIT = 120
FILE_NAME_BYTES = 200
# All numbers are of 64 bits, as those of a file system are: what is drawn or written in words from them always fits a float.
NUMBER_LIMIT = 1 << 63

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(?<!\.)")
RESERVED_NAME = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
SEPARATORS = re.compile(r"[\\/]+")

Document = dict[str, Any]
Entry = dict[str, Any]


class ForeignFileError(ValueError):
    """A file that has the name of a document and is none; the text says what it is."""


class DamagedFileError(ForeignFileError):
    """A file that is perhaps a document, and cannot be used."""


def file_name(host: str) -> str:
    """Return the name of a host's document: ``ca01`` -> ``ca01.json``, ``CA 01`` -> ``CA_01~29e2c98b.json``.

    Names that differ in case alone, and names that are no file names, get distinct files on every file system.
    """
    if PLAIN_NAME.fullmatch(host) and not RESERVED_NAME.fullmatch(host) and len(host) <= FILE_NAME_BYTES:
        return f"{host}.json"
    fitted = re.sub(r"[^A-Za-z0-9._-]+", "_", host).strip("._")[:FITTED_LIMIT] or "host"
    return f"{fitted}~{hashlib.sha256(host.encode()).hexdigest()[:8]}.json"


def destination_key(path: str | None) -> str:
    """Return what is the same for two paths that Windows takes for one: case, kind and number of separators do not count."""
    if path is None:
        return ""
    path = path.strip()
    share = path[:2].replace("/", "\\") == "\\\\"
    parts = [part.rstrip(" .") or part for part in SEPARATORS.split(path) if part]
    upper = "\\".join("".join(map(_capital, part)) for part in parts)
    return ("\\\\" if share else "") + upper


def _capital(letter: str) -> str:
    """Return the one capital letter that Windows takes for the same letter; the letter itself where there is none."""
    return letter.upper() if letter.upper().lower() == letter and len(letter.upper()) == 1 else letter


def read_document(text: str, host: str) -> Document | None:
    """Return the document of a host from the text of its file; None for one of an earlier form.

    ForeignFileError for any other text, which is not to be overwritten.
    """
    document = parse_document(text)
    if document is None:
        return None
    if document["host"] != host:
        raise ForeignFileError(f"it is the document of the host {document['host']}")
    return document


def parse_document(text: str) -> Document | None:
    """Return the document that a text holds; None for one of an earlier form, ForeignFileError for any other text."""
    try:
        value = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise DamagedFileError("it is damaged, or no document of this collection") from error
    if not isinstance(value, Mapping) or not text_of(value.get("host")) or type(value.get("schema")) is not int:
        raise ForeignFileError("it is no document of this collection")
    if value["schema"] > SCHEMA:
        raise DamagedFileError(f"a newer version of this collection wrote it (schema {value['schema']})")
    return kept_document(value)


def kept_document(value: Any) -> Document | None:
    """Return a document with every key in its place and of its type; None for anything else."""
    if not isinstance(value, Mapping) or not text_of(value.get("host")):
        return None
    schema = value.get("schema")
    if type(schema) is not int or schema not in SCHEMAS:
        return None
    entries = [entry(item) for item in _list(value.get("destinations")) if isinstance(item, Mapping)]
    return {"schema": SCHEMA, "host": text_of(value["host"]), "destinations": entries}


def entry_for(document: Document | None, path: str | None) -> Entry:
    """Return what a document knows of a destination; an entry that knows nothing when there is none."""
    known = document["destinations"] if document else []
    key = destination_key(path)
    return next((item for item in known if destination_key(item["path"]) == key), entry({"path": path}))


def with_entry(document: Document | None, host: str, new: Entry, *, keep_pathless: bool = False) -> Document:
    """Return a document in which this entry stands for its destination.

    The entry without a path, of a job that got to no destination, stays only until a job gets to one, or with ``keep_pathless``.
    """
    key = destination_key(new["path"])
    known = document["destinations"] if document else []
    others = [item for item in known if destination_key(item["path"]) != key and (item["path"] or keep_pathless)]
    entries = sorted([*others, new], key=lambda item: destination_key(item["path"]))
    return {"schema": SCHEMA, "host": host, "destinations": entries}


def document_text(document: Document) -> str:
    """Return a document as JSON: keys sorted, a line for each set, one line feed at the end."""
    return _json(document, "", 5) + "\n"


def _json(value: Any, indent: str, depth: int) -> str:
    """Return JSON with ``depth`` levels laid open."""
    if not value or depth == 0 or not isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    inner = indent + "  "
    if isinstance(value, list):
        # what is in a list of an entry has a line of its own; the entries themselves are laid open
        lines = [inner + _json(item, inner, depth - 1 if depth == 4 else 0) for item in value]
    else:
        lines = [f"{inner}{json.dumps(key)}: {_json(value[key], inner, depth - 1)}" for key in sorted(value)]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return "\n".join([opening, ",\n".join(lines), indent + closing])


def entry(value: Mapping[str, Any]) -> Entry:
    """Return an entry with every key in its place and of its type; nothing has to be there."""
    sets = sets_of(value.get("sets"))
    return {
        "path": text_of(value.get("path")),
        "status": next((status for status in STATUSES if status == value.get("status")), "failed"),
        "message": bounded(value.get("message")),
        "detail": bounded(value.get("detail")),
        "ca": ca_of(value.get("ca")),
        "folder_name": text_of(value.get("folder_name")),
        "repository": text_of(value.get("repository")),
        "late_after_s": number(value.get("late_after_s")),
        "expected": "offline" if value.get("expected") == "offline" else "online",
        "since": time_of(value.get("since")),
        "warnings": _lines(value.get("warnings"))[:WARNING_LIMIT],
        "space": space_of(value.get("space")),
        "untruncated_since": time_of(value.get("untruncated_since")),
        "failure": failure_of(value.get("failure")),
        "files": files_of(value.get("files")),
        "newest": newest_kept(sets, value.get("newest")),
        "truncation": _truncation(value.get("truncation")),
        "replicated": text_of(value.get("replicated")),
        "problems": problems_of(value.get("problems"))[:PROBLEM_LIMIT],
        "problem_count": number(value.get("problem_count")) or 0,
        "sets": sets,
        "retention": retention_of(value.get("retention")),
    }


def newest_kept(sets: Sequence[Mapping[str, Any]], newest: Any) -> dict[str, Any] | None:
    """Return what an entry says of its newest set: the set of these that has that label, or None."""
    label = newest.get("label") if isinstance(newest, Mapping) else None
    keys = ("label", "started", "finished", "duration_s", "bytes", "file_count", "verified", "verified_at", "checked")
    found = (item for item in sets if item["label"] == label and item["started"])
    return next(({key: item[key] for key in keys} for item in found), None)


def sets_of(values: Any) -> list[dict[str, Any]]:
    """Return the sets, newest first. Problems are listed by kind; sets without a label are left out."""
    sets = [
        {
            "label": label,
            "type": text_of(value.get("type")),
            "started": time_of(value.get("started")),
            "finished": time_of(value.get("finished")),
            "duration_s": number(value.get("duration_s")),
            "bytes": number(value.get("bytes")),
            "file_count": number(value.get("file_count")),
            "complete": flag(value.get("complete")),
            "judged": value.get("judged") is not False,
            "verified": flag(value.get("verified")),
            "verified_at": time_of(value.get("verified_at")),
            "checked": checked_of(value.get("checked")),
            "problems": sorted({_kind(problem) for problem in _list(value.get("problems"))}),
        }
        for value in _list(values)
        if isinstance(value, Mapping) and (label := text_of(value.get("label")))
    ]
    return sorted(sets, key=lambda item: item["label"], reverse=True)


def checked_of(value: Any) -> dict[str, Any] | None:
    """Return what the last look at a set by hash found: ``{at, result, problem_count}``; None where nobody looked."""
    if not isinstance(value, Mapping) or not time_of(value.get("at")):
        return None
    result = "good" if value.get("result") == "good" else "damaged"
    return {"at": time_of(value["at"]), "result": result, "problem_count": number(value.get("problem_count")) or 0}


def failure_of(value: Any) -> dict[str, str] | None:
    """Return since when no backup succeeded that was tried, and why: ``{at, message}``; None where the last one did."""
    at = time_of(value.get("at")) if isinstance(value, Mapping) else None
    return None if at is None else {"at": at, "message": _line(value.get("message"))}


def files_of(value: Any) -> dict[str, Any] | None:
    """Return the files of a set: ``{label, names: [{path, kind, size}], omitted}``; None where they are not known."""
    if not isinstance(value, Mapping) or not text_of(value.get("label")):
        return None
    names = [
        {"path": _line(file.get("path")), "kind": _line(file.get("kind")), "size": number(file.get("size"))}
        for file in _list(value.get("names"))
        if isinstance(file, Mapping)
    ]
    omitted = max(0, number(value.get("omitted")) or 0) + len(names[FILE_LIMIT:])
    return {"label": text_of(value["label"]), "names": names[:FILE_LIMIT], "omitted": omitted}


def space_of(value: Any) -> dict[str, Any] | None:
    """Return the part ``space`` of an entry; None where nothing was measured."""
    if not isinstance(value, Mapping):
        return None
    parts: dict[str, Any] = {
        name: _numbers(value.get(name), ("free_bytes", "total_bytes")) for name in ("destination", "log_volume")
    }
    parts["logs"] = _numbers(value.get("logs"), ("count", "bytes"))
    return {**parts, "days_until_full": number(value.get("days_until_full"))} if any(parts.values()) else None


def problems_of(problems: Any, label: str | None = None) -> list[dict[str, Any]]:
    """Return ``[{set, kind, path, message}]``; ``set`` is None for a problem of the repository itself."""
    return [
        {
            "set": label or text_of(problem.get("set")),
            "kind": _line(problem.get("kind")),
            "path": _line(problem.get("path")),
            "message": _line(problem.get("message")),
        }
        for problem in _list(problems)
        if isinstance(problem, Mapping)
    ]


def retention_of(value: Any) -> dict[str, Any] | None:
    """Return the part ``retention`` of an entry; rules that are not set are left out of ``policy``."""
    if not isinstance(value, Mapping):
        return None
    given = value.get("policy")
    policy: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    return {
        "policy": {name: rule for name in OPTIONS if (rule := _rule(policy.get(name)))},
        "keep": [
            {"label": _line(kept.get("label")), "reasons": _lines(kept.get("reasons"))}
            for kept in _list(value.get("keep"))
            if isinstance(kept, Mapping)
        ],
        "removed": _lines(value.get("removed")),
        "held_back": _lines(value.get("held_back")),
        "warnings": _lines(value.get("warnings"))[:PROBLEM_LIMIT],
        "next_to_go": text_of(value.get("next_to_go")),
        "next_after_backups": number(value.get("next_after_backups")),
        "next_due": time_of(value.get("next_due")),
    }


def ca_of(value: Any) -> dict[str, str | None]:
    """Return ``{name, host}`` of a CA."""
    names = value if isinstance(value, Mapping) else {}
    return {key: text_of(names.get(key)) for key in ("name", "host")}


def bounded(value: Any) -> str:
    """Return a message of at most ``MESSAGE_LIMIT`` characters; empty for what is no text."""
    return shortened(plain_text(value).strip() if isinstance(value, str) else "", MESSAGE_LIMIT)


def number(value: Any) -> int | None:
    """Return a number, rounded; None for anything else, such as one that is not finite or that no host could count to."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -NUMBER_LIMIT <= value < NUMBER_LIMIT:
        return None
    return round(value)


def flag(value: Any) -> bool | None:
    """Return a yes or no; None for anything else."""
    return value if isinstance(value, bool) else None


def time_of(value: Any) -> str | None:
    """Return a time such as ``2026-11-22T21:39:00Z``, None for anything else."""
    if not isinstance(value, str) or not TIME.fullmatch(value):
        return None
    try:
        datetime.fromisoformat(value[:-1])
    except ValueError:
        return None
    return plain_text(value)


def _truncation(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, Mapping) or not text_of(value.get("label")):
        return None
    flags = {key: flag(value.get(key)) for key in ("requested", "done")}
    numbers = {key: number(value.get(key)) for key in ("logs_before", "logs_after")}
    return {"label": text_of(value["label"]), **flags, **numbers}


def _numbers(value: Any, keys: Sequence[str]) -> dict[str, int | None] | None:
    """Return these numbers of a mapping; None where it is none, or has none of them."""
    given = {key: number(value.get(key)) for key in keys} if isinstance(value, Mapping) else {}
    # nothing that is counted or measured is below zero
    found = {key: None if item is not None and item < 0 else item for key, item in given.items()}
    return found if any(item is not None for item in found.values()) else None


def _rule(value: Any) -> int | str | list[str] | None:
    """Return the value of a rule; None or an empty one for a rule that is not set."""
    return _lines(value) if isinstance(value, list) else number(value) or text_of(value)


def _kind(problem: Any) -> str:
    return _line(problem.get("kind") if isinstance(problem, Mapping) else problem)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def text_of(value: Any) -> str | None:
    """Return a text of Python's own type; None for an empty one and for anything else."""
    return plain_text(value) if isinstance(value, str) and value else None


def _line(value: Any) -> str:
    return shortened(" ".join(plain_text(value).split()) if isinstance(value, str) else "", LINE_LIMIT)


def _lines(values: Any) -> list[str]:
    return [_line(value) for value in _list(values)]

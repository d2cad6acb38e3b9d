# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a backup with ``trace`` tells of a real CA, without any name: a document, and the same as Markdown.

Nothing is copied from the result but numbers, codes, names of functions and what ``Pseudonyms`` lets through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.field._assumptions import ASSUMPTIONS, NOBODY
from ansible_collections.adcs.ca.plugins.plugin_utils.field._pseudonyms import LOG, Pseudonyms

SCHEMA = 1
MAP = "CertSrvRestoreGetDatabaseLocationsW"
DATABASES = "CertSrvBackupGetDatabaseNamesW"
LOGS = "CertSrvBackupGetBackupLogsW"
DYNAMIC = "CertSrvBackupGetDynamicFileListW"
OPEN = "CertSrvBackupOpenFileW"
READ = "CertSrvBackupRead"
ONLINE = "CertSrvIsServerOnlineW"
FUNCTIONS = (
    "LoadLibraryExW",
    "FreeLibrary",
    ONLINE,
    "CertSrvBackupPrepareW",
    MAP,
    DATABASES,
    LOGS,
    DYNAMIC,
    OPEN,
    READ,
    "CertSrvBackupClose",
    "CertSrvBackupTruncateLogs",
    "CertSrvBackupEnd",
    "CertSrvBackupFree",
)
CODE = re.compile(r"0x[0-9A-F]{8}")
CODE_NAME = re.compile(r"(?:E_|ERROR_|RPC_|EPT_|CO_|REGDB_|CERTSRV_|JET_err|hr)[A-Za-z0-9_]{1,79}")
SUCCESS = "0x00000000"
CHUNK_BYTES = 512 * 1024
FORMS = {1: "without the last zero", 2: "as documented", 3: "one zero more", 4: "two zeros more"}

_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:[-.]?(?:a|b|rc|dev|post|preview|beta)\.?[0-9]*)?")
VERSIONS = {
    "ansible_core": _NUMBERS,
    "collection": re.compile(r"adcs\.ca [0-9]+(?:\.[0-9]+)*"),
    "connection": re.compile(r"(?:ansible\.builtin\.)?(?:winrm|psrp|ssh|local)"),
    "dotnet": _NUMBERS,
    "os": re.compile(r"Microsoft Windows NT [0-9]+(?:\.[0-9]+)*(?: Service Pack [0-9]+)?"),
    "powershell": _NUMBERS,
}

Record = Mapping[str, Any]


def field_report(result: Mapping[str, Any], versions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report of a registered result of ``adcs.ca.backup`` as a document of plain data."""
    names = Pseudonyms()
    trace = [record for record in _items(result.get("trace")) if record.get("function") in FUNCTIONS]
    lists = [_list(record, names) for record in trace if record["function"] in (MAP, DATABASES, LOGS, DYNAMIC)]
    files = list(_files(trace, names))
    met = {**versions, **_mapping(result.get("versions"))}
    return {
        "schema": SCHEMA,
        "versions": {name: _text(pattern, met.get(name)) for name, pattern in VERSIONS.items()},
        "outcome": _outcome(result),
        "functions": [_function(name, trace) for name in FUNCTIONS if any(r["function"] == name for r in trace)],
        "lists": lists,
        "files": files,
        "answers": _answers(result, trace, lists, files),
        "trace_omitted": _number(result.get("trace_omitted")),
    }


# --- what came ---


def _outcome(result: Mapping[str, Any]) -> dict[str, Any]:
    function = result.get("function")
    return {
        "failed": bool(result.get("failed")),
        "step": _number(result.get("step")),
        "function": function if function in FUNCTIONS else None,
        "hresult": _text(CODE, result.get("hresult")),
        "hresult_name": _text(CODE_NAME, result.get("hresult_name")),
        "duration_s": _number(result.get("duration_s")),
        "files": _number(result.get("file_count")),
        "bytes": _number(result.get("bytes")),
        "skipped_items": len(_items(result.get("skipped_items"))),
        "session_wait_s": _number(result.get("session_wait_s")),
        "verified": result.get("verified") is True,
    }


def _function(name: str, trace: Sequence[Record]) -> dict[str, Any]:
    """Return what all calls of a function gave together."""
    records = [record for record in trace if record["function"] == name]
    calls = sum(_number(record.get("calls")) or 0 for record in records)
    codes: dict[str, int] = {}
    for entry in (entry for record in records for entry in _items(record.get("other_hresults"))):
        code = _text(CODE, entry.get("hresult"))
        if code:
            codes[code] = codes.get(code, 0) + int(_number(entry.get("count")) or 0)
    if any(record.get("hresult") is not None for record in records):
        codes[SUCCESS] = int(calls - sum(codes.values()))
    return {
        "function": name,
        "calls": calls,
        "codes": {code: count for code, count in sorted(codes.items()) if count},
        "elapsed_ms": round(sum(_number(record.get("elapsed_ms")) or 0 for record in records), 3),
        "slowest_ms": max(_number(record.get("slowest_ms")) or 0 for record in records),
        "bytes": sum(_number(record.get("bytes")) or 0 for record in records),
    }


def _list(record: Record, names: Pseudonyms) -> dict[str, Any]:
    """Return the shape of a list, and its entries without names."""
    shape: dict[str, Any] = {"function": record["function"], "bytes": _number(record.get("bytes"))}
    try:
        raw = bytes.fromhex(record["list_hex"])
    except (KeyError, TypeError, ValueError):
        return {**shape, "form": "not in the trace", "entries": []}
    text = raw[: len(raw) // 2 * 2].decode("utf-16-le", "surrogatepass")
    body = text.rstrip("\0")
    zeros = len(text) - len(body)
    if len(raw) % 2:
        form = "odd"
    elif not body:
        form = "empty"
    else:
        form = FORMS.get(zeros, "without its closing zero" if not zeros else "more zeros")
    entries = [_entry(entry, names) for entry in body.split("\0")] if body else []
    return {**shape, "form": form, "zeros": zeros, "entries": entries}


def _entry(entry: str, names: Pseudonyms) -> dict[str, Any]:
    has_tag = not entry.startswith("\\") and entry[1:3] == "\\\\"
    return {
        "tag": f"0x{ord(entry[0]):02X}" if has_tag else None,
        "name": names.path(entry[1:] if has_tag else entry),
    }


def _files(trace: Sequence[Record], names: Pseudonyms) -> Iterable[dict[str, Any]]:
    """Yield what the reads of each file were like."""
    sizes = {_attachment(record): _number(record.get("bytes")) for record in trace if record["function"] == OPEN}
    for record in trace:
        if record["function"] != READ:
            continue
        name = _attachment(record)
        size = sizes.get(name)
        yield {
            "name": names.path(name),
            "size": size,
            "is_whole_buffers": size is not None and size % CHUNK_BYTES == 0,
            "read": _number(record.get("bytes")),
            "reads": _number(record.get("calls")),
            "last_hresult": _text(CODE, record.get("hresult")),
            "elapsed_ms": _number(record.get("elapsed_ms")),
            "slowest_ms": _number(record.get("slowest_ms")),
        }


def _attachment(record: Record) -> str:
    return str(_mapping(record.get("arguments")).get("pwszAttachmentName", ""))


# --- which open questions that answers ---


def _answers(
    result: Mapping[str, Any], trace: Sequence[Record], lists: Sequence[Record], files: Sequence[Record]
) -> list[dict[str, str]]:
    """Return ``{id, question, answer}`` of each open question that this run says something of."""
    by_function = {entry["function"]: entry for entry in lists}
    online = next((record for record in trace if record["function"] == ONLINE), None)
    answers = {
        "dynamic-list": _shape(by_function.get(DYNAMIC)),
        "list-form": "; ".join(filter(None, (_named_shape(by_function.get(name)) for name in (MAP, DATABASES, LOGS)))),
        "database-list": _tags(by_function.get(DATABASES)),
        "log-names": _log_names(by_function.get(LOGS)),
        "read-end": _read_ends(files),
        "success-codes": _success_codes(trace),
        "online": _online(online),
        "read-size": _read_sizes(files),
        "privileges": "" if result.get("failed") or not trace else "The account of this run was let in at every step.",
    }
    return [
        {"id": entry.id, "question": entry.statement, "answer": answers[entry.id]}
        for entry in ASSUMPTIONS
        if entry.proof == NOBODY and answers.get(entry.id)
    ]


def _shape(found: Record | None) -> str:
    if found is None:
        return ""
    tags = sorted({str(entry["tag"]) for entry in found["entries"]})
    shown = f", tags {', '.join(tags)}" if tags else ""
    return f"{found['bytes']} bytes, {found['form']}, {len(found['entries'])} entries{shown}"


def _named_shape(found: Record | None) -> str:
    return f"{found['function']}: {_shape(found)}" if found else ""


def _tags(found: Record | None) -> str:
    return f"Tags: {', '.join(sorted({str(entry['tag']) for entry in found['entries']})) or 'none'}." if found else ""


def _log_names(found: Record | None) -> str:
    if found is None:
        return ""
    last = [str(entry["name"]).rsplit("\\", 1)[-1] for entry in found["entries"]]
    numbered = [name for name in last if LOG.fullmatch(name) and name.casefold() != "edb.log"]
    return f"{len(numbered)} of {len(last)} listed names are edb and a generation."


def _read_ends(files: Sequence[Record]) -> str:
    counts: dict[tuple[str, bool], int] = {}
    for file in files:
        if file["last_hresult"] and file["read"] == file["size"]:
            key = (file["last_hresult"], file["is_whole_buffers"])
            counts[key] = counts.get(key, 0) + 1
    return "; ".join(
        f"{code} for {count} files whose size is {'a' if whole else 'no'} multiple of 512 KiB"
        for (code, whole), count in sorted(counts.items())
    )


def _success_codes(trace: Sequence[Record]) -> str:
    if not trace:
        return ""
    met = sorted(
        f"{record['function']} {code}"
        for record in trace
        for code in (_text(CODE, entry.get("hresult")) for entry in _items(record.get("other_hresults")))
        if code and int(code, 16) < 1 << 31
    )
    return "; ".join(dict.fromkeys(met)) or "No call answered with a success code other than 0."


def _online(record: Record | None) -> str:
    if record is None:
        return ""
    answer = {True: "TRUE", False: "FALSE"}.get(record.get("online"), "no answer")  # type: ignore[arg-type]
    return f"{answer}, code {_text(CODE, record.get('hresult'))}."


def _read_sizes(files: Sequence[Record]) -> str:
    whole = [file for file in files if file["size"] is not None and file["read"] == file["size"]]
    if not whole:
        return ""
    more = [file for file in whole if file["reads"] > -(-file["size"] // CHUNK_BYTES) + 1]
    return f"{len(whole) - len(more)} of {len(whole)} files came in full buffers of 512 KiB."


# --- Markdown ---


def markdown(document: Mapping[str, Any]) -> str:
    """Return the report as Markdown. It holds nothing that the document does not hold."""
    outcome = document["outcome"]
    if outcome["failed"]:
        end = f"It failed at step {outcome['step']} in {outcome['function']} with {outcome['hresult']} {outcome['hresult_name']}."
    else:
        end = f"It succeeded: {outcome['files']} files, {outcome['bytes']} bytes, in {outcome['duration_s']} s."
    parts = [
        "# adcs.ca field report\n\nOne full backup of a certification authority, without truncation. Names are pseudonyms.\n",
        f"{end} Not stored beside the database: {outcome['skipped_items']}.\n",
        _table(("Version of", "is"), document["versions"].items()),
        "## Answers to open questions\n",
        _table(("Question", "Assumed", "Answer"), ([e["id"], e["question"], e["answer"]] for e in document["answers"])),
        "## Calls\n",
        _table(
            ("Function", "Calls", "Codes", "ms", "Slowest, ms", "Bytes"),
            (
                [e["function"], e["calls"], _codes(e["codes"]), e["elapsed_ms"], e["slowest_ms"], e["bytes"]]
                for e in document["functions"]
            ),
        ),
        "## Lists\n",
        *(_list_text(entry) for entry in document["lists"]),
    ]
    return "\n".join(parts)


def to_json(document: Mapping[str, Any]) -> str:
    """Return the report as JSON text."""
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _codes(codes: Mapping[str, int]) -> str:
    return ", ".join(f"{code} x {count}" for code, count in codes.items())


def _list_text(entry: Record) -> str:
    rows = ([item["tag"], f"`{item['name']}`"] for item in entry["entries"])
    table = _table(("Tag", "Name"), rows) if entry["entries"] else ""
    return f"### {entry['function']}\n\n{_shape(entry)}\n\n{table}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


# --- what a host says is not trusted ---


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> float | int | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _text(pattern: re.Pattern[str], value: Any) -> str | None:
    return str(value) if isinstance(value, str) and pattern.fullmatch(value) else None

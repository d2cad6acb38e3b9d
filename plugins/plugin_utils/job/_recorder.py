# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the results of a run to the outcome of a host: its entry, its document, and the public fact."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import plain_text, stable_text
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import destination_key
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import needs_attention, worst_rows
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import Run, dated, new_entry
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._unreachable import lost_host
from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import process_mark
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import Written, known_entry, record

OWN_ACTION = "adcs.ca.backup_job"
SECRET = "it failed, and no_log hides the cause"
NO = ("", "0", "false", "n", "no", "off")


def outcome(
    host: str,
    run: Run,
    *,
    entry: str,
    folder: Path | None,
    fail_on: Collection[str],
    before: Mapping[str, Any] | None,
    written: Written,
) -> dict[str, Any]:
    """Write the document of a host and return its outcome, as ``adcs.ca.outcome`` documents it.

    Args:
        host: the inventory host.
        run: what the run came to.
        entry: the entry point of the role that ran. Only the same one can make a destination better within a job.
        folder: where the documents are; None for a job without files.
        fail_on: statuses that fail the job besides failed and unreachable.
        before: the outcome of this host so far in this job.
        written: takes what became of the document.
    """
    host = plain_text(host)
    key = destination_key(run.path)
    earlier = [row for row in (before["destinations"] if before else []) if (_key(row), row["entry"]) != (key, entry)]
    now_s = time.time()
    known = known_entry(folder, host, run.path)
    # since when a status holds is counted from before this job, however often this job looks
    began = {key: {"status": known["status"], "since": known["since"]}, **((before or {}).get("began") or {})}
    made = new_entry(run, known, now_s)
    own = {"status": made["status"], "message": made["message"]}
    judged = worst_rows([*(row for row in earlier if _key(row) == key), {**own, "path": run.path}])[0]
    is_as_it_began = judged["status"] == began[key]["status"] and began[key]["since"]
    before_it = {**known, **began[key]} if is_as_it_began else known
    made = dated({**made, "status": judged["status"], "message": judged["message"]}, before_it, now_s)
    pathless = any(row["path"] is None for row in earlier)
    document = record(folder, host, made, written, keep_pathless=pathless)
    if written.not_written:
        why = f"The document of this host was not written. {written.not_written[0]['why']}"
        own = {"status": "failed", "message": " ".join(filter(None, [own["message"], why]))}
    newest = made["newest"] or {"label": None, "started": None, "bytes": None}
    row = {
        "path": made["path"],
        "entry": entry,
        **own,
        "ca": made["ca"]["name"],
        "late_after_s": made["late_after_s"],
        "attention": needs_attention(own["status"], fail_on),
        **{name: newest[name] for name in ("label", "started", "bytes")},
    }
    found = {
        "mark": process_mark(),
        "host": host,
        "report_dir": str(folder) if folder else None,
        "destinations": [*earlier, row],
        "began": began,
        "changed": bool(written.files),
        "files": written.files,
        "not_written": written.not_written,
    }
    # the page is made of documents: one that is not in its file has to be carried to it
    is_missing = folder and (written.check_mode or written.not_written)
    return {**found, "record": document} if is_missing else found


def _key(row: Mapping[str, Any]) -> str:
    return destination_key(row["path"])


def unreachable_result(results: Collection[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first result of a task that did not reach its host; None when each did."""
    return next((result for result in results if result.get("unreachable")), None)


def failed_task(variables: Mapping[str, Any]) -> str:
    """Return the failed task and its cause, from what ansible-core keeps of it for a rescue."""
    task, result = variables.get("ansible_failed_task"), variables.get("ansible_failed_result")
    task = task if isinstance(task, Mapping) else {}
    result = result if isinstance(result, Mapping) else {}
    if not task:
        return (
            "Ansible stopped this host and did not say why. Possible causes: a file that your hook includes cannot be loaded, or a "
            "failure of another host ended this one."
        )
    # A rescue sees what no_log hides. The task tells it of a loop, the result of everything else.
    secret = result.get("_ansible_no_log") or str(task.get("no_log") or "").strip().lower() not in NO
    # what a step of the role says of itself needs no name of a task before it
    if not secret and task.get("action") == OWN_ACTION:
        return _cause(result)
    return f"{task.get('name') or 'A task'}: {SECRET if secret else _cause(result)}"


def _cause(result: Mapping[str, Any]) -> str:
    """Return what a failed result says; of a loop what the first failed item says."""
    results = result.get("results")
    items = results if isinstance(results, list) else []
    failed = [item for item in items if isinstance(item, Mapping) and item.get("failed")]
    for found in (*failed[:1], result):
        message = found.get("msg") or found.get("reason")
        if isinstance(message, str) and message.strip():
            return stable_text(plain_text(message).strip())
    return "it failed without a message"


def lost_run(host: str, variables: Mapping[str, Any], results: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a ``Run`` says of a host that these results, in their order, did not reach; empty when each did.

    A host that refuses is no host that is away: it failed. One that answered before is not switched off.
    """
    asked = [result for result in results if result]
    result = unreachable_result(asked)
    if result is None:
        return {}
    lost = lost_host(host, dict(variables), result.get("msg"))
    return {
        "status": "failed" if lost.is_refusing else "unreachable",
        "message": lost.message,
        "detail": lost.detail,
        "silent": lost.is_silent and result is asked[0],
    }

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run found out about the CA of a host, as the entry of a document. Pure functions.

The results of a run are those of ``adcs.ca.backup`` and of ``adcs.ca.expire`` or ``adcs.ca.backup_info``, as the modules return them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import (
    human_span,
    human_time,
    seconds_of,
    time_text,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import (
    PROBLEM_LIMIT,
    Entry,
    bounded,
    ca_of,
    entry,
    flag,
    newest_kept,
    number,
    problems_of,
    retention_of,
    sets_of,
    text_of,
    time_of,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._space import (
    Limits,
    space_facts,
    untruncated_since,
    warnings_of,
)

# Two clocks that are right differ by less.
CLOCK_SKEW_S = 3600
# How old the newest set of an offline CA may be where nobody says so: the default of the role.
OFFLINE_LATE_AFTER_S = 17_280_000
NEVER = "The repository holds no complete full set."
NOTHING_REMEMBERED = (
    "The CA is switched off, as is expected of it, but no document names a good set of it. Switch it on, back it up, and keep the folder "
    "of documents."
)


@dataclass(frozen=True)
class Run:
    """What a run on one destination of a host came to.

    ``status`` is ``failed`` or ``unreachable`` with a ``message``, or ``ok``: then the sets decide. ``detail`` is the raw text of a
    library. ``expected`` is the label of a set that must be there, complete, for the run to be good; ``predicted`` says that check mode
    would have made one. ``replicated`` says that a hook showed that it copied the newest set. ``silent`` says that the host did not answer
    at all, as a host does that is switched off; with ``is_offline`` that is expected of it. ``files`` are those of the newest set, as an
    entry keeps them. ``tried`` says that the run was to make a backup.
    """

    path: str | None
    status: str = "ok"
    message: str = ""
    detail: str = ""
    backup: Mapping[str, Any] | None = None
    listing: Mapping[str, Any] | None = None
    late_after_s: int | None = None
    expected: str | None = None
    predicted: bool = False
    replicated: bool = False
    silent: bool = False
    is_offline: bool = False
    limits: Limits = field(default_factory=Limits)
    files: Mapping[str, Any] | None = None
    tried: bool = False


def new_entry(run: Run, known: Entry, now_s: float) -> Entry:
    """Return the entry of a destination after a run; ``known`` is the one before it, ``now_s`` the time of the controller."""
    listing = _dated_listing(_listing(run.listing), now_s)
    before = _before(listing, known)
    made = {
        **before,
        **_identity(run, before),
        "path": run.path,
        "detail": bounded(run.detail),
        "late_after_s": _late_after_s(run, before),
        "expected": "offline" if run.is_offline else "online",
    }
    if listing:
        made |= _facts_of_listing(listing, before)
        made["truncation"] = _truncation(run.backup, made["newest"], before["truncation"])
        made["untruncated_since"] = untruncated_since(made["newest"], made["truncation"], before)
    if run.files:
        made["files"] = run.files
    if run.replicated:
        made["replicated"] = _label_of(run, made)
    # whatever the results hold, an entry is of plain types
    made = entry({**made, "status": "ok", "message": ""})
    if made["files"] and made["files"]["label"] != (made["newest"] or {}).get("label"):
        made["files"] = None
    made["warnings"] = warnings_of(made, run.limits, listing.get("space") if listing else None)
    judged = _status(run, made, listing, now_s)
    made["failure"] = _failure(run, made["newest"], judged, before["failure"], now_s)
    return dated({**made, "status": judged["status"], "message": bounded(judged["message"])}, known, now_s)


def _late_after_s(run: Run, before: Entry) -> int | None:
    """Return what this run says, or else the one before; an offline CA is never good for ever."""
    known = before["late_after_s"] if run.late_after_s is None else run.late_after_s
    return OFFLINE_LATE_AFTER_S if known is None and run.is_offline else known


def set_without_files(run: Run, known: Entry, now_s: float) -> str | None:
    """Return the label of the newest set where an entry would not know the files of that set; None where it would."""
    made = new_entry(run, known, now_s)
    return None if made["newest"] is None or made["files"] else str(made["newest"]["label"])


def dated(made: Entry, known: Entry, now_s: float) -> Entry:
    """Return an entry with the time at which its status began: that of the one before it where the status is the same."""
    is_old = made["newest"] and not is_future(made["newest"], now_s)
    if made["status"] == "late" and is_old and made["late_after_s"] is not None:
        since = time_text(seconds_of(made["newest"]["started"]) + made["late_after_s"])
    elif made["status"] == known["status"] and known["since"]:
        since = known["since"]
    else:
        since = time_text(now_s)
    return {**made, "since": since}


def is_late(newest: Mapping[str, Any] | None, late_after_s: int | None, now_s: float) -> bool:
    """Say whether the newest complete full set is older than it may be, or from the future; False where either is not known."""
    if newest is None or late_after_s is None:
        return False
    return now_s - seconds_of(newest["started"]) > late_after_s or is_future(newest, now_s)


def is_future(item: Mapping[str, Any], now_s: float) -> bool:
    """Say whether a set is dated later than two clocks may differ."""
    return seconds_of(item["started"]) > now_s + CLOCK_SKEW_S


def late_message(newest: Mapping[str, Any], late_after_s: int, now_s: float) -> str:
    """Return the words for a CA that is late."""
    if is_future(newest, now_s):
        return (
            f"The newest complete full set, {newest['label']}, is dated in the future, so nobody knows how old it is."
        )
    return f"The newest complete full set, {newest['label']}, is older than {human_span(late_after_s)}."


def _listing(result: Any) -> Mapping[str, Any] | None:
    """Return a result that lists the sets; None for one of a task that failed before it had listed them."""
    if not isinstance(result, Mapping) or not isinstance(result.get("sets"), list) or not time_of(result.get("now")):
        return None
    # a task whose failure was overruled (failed_when) still has its message
    lost = result.get("failed") or result.get("unreachable") or result.get("msg")
    return None if lost and not result["sets"] else result


def _dated_listing(listing: Mapping[str, Any] | None, now_s: float) -> Mapping[str, Any] | None:
    """Return a listing in which each set that is dated in the future of the controller says so, as the host says it by its own clock."""
    if listing is None:
        return None
    sets = [_dated_set(item, now_s) if isinstance(item, Mapping) else item for item in listing["sets"]]
    return {**listing, "sets": sets}


def _dated_set(item: Mapping[str, Any], now_s: float) -> Mapping[str, Any]:
    started, problems = time_of(item.get("started")), item.get("problems")
    problems = problems if isinstance(problems, list) else []
    known = any(isinstance(problem, Mapping) and problem.get("kind") == "future" for problem in problems)
    if not started or known or not is_future({"started": started}, now_s):
        return item
    words = "by the clock of the controller the set is dated in the future: the clock of the CA or of the controller is wrong"
    return {**item, "problems": [*problems, {"kind": "future", "path": item.get("path"), "message": words}]}


def _before(listing: Mapping[str, Any] | None, known: Entry) -> Entry:
    """Return what was known of the CA that this run found; nothing when the destination held another one."""
    folder = listing.get("folder_name") if listing else None
    if folder and known["folder_name"] and known["folder_name"] != folder:
        return entry({"path": known["path"]})
    return known


def _identity(run: Run, before: Entry) -> dict[str, Any]:
    """Return ``ca``, ``folder_name`` and ``repository`` as the results of this run say, or else as was known before."""
    results = [result for result in (run.listing, run.backup) if isinstance(result, Mapping)]
    cas = [ca_of(result.get("ca")) for result in results] + [before["ca"]]
    folders = [text_of(result.get("folder_name")) for result in results] + [before["folder_name"]]
    repositories = [text_of(result.get("path")) for result in results if "sets" in result] + [before["repository"]]
    return {
        "ca": {key: next((ca[key] for ca in cas if ca[key]), None) for key in ("name", "host")},
        "folder_name": next(filter(None, folders), None),
        "repository": next(filter(None, repositories), None),
    }


def _facts_of_listing(listing: Mapping[str, Any], before: Entry) -> dict[str, Any]:
    """Return what a fresh listing says: the sets, the newest, the problems, the retention and the space."""
    sets = sets_of(listing["sets"])
    found = problems_of(listing.get("problems"))
    for item in listing["sets"]:
        if isinstance(item, Mapping) and isinstance(item.get("label"), str):
            found += problems_of(item.get("problems"), item["label"])
    retention = _retention(listing, sets, before)
    return {
        "sets": sets,
        "newest": _newest(sets, listing["now"]),
        "problems": found[:PROBLEM_LIMIT],
        "problem_count": len(found),
        "retention": retention,
        "space": space_facts(listing.get("space"), sets, retention, before["space"]),
    }


def _newest(sets: Iterable[Mapping[str, Any]], now: str) -> dict[str, Any] | None:
    """Return the newest complete full set; one that is dated in the future is none."""
    good = [item for item in sets if item["type"] == "full" and item["complete"] is True and item["started"]]
    dated = [item for item in good if item["started"] <= now and "future" not in item["problems"]]
    return newest_kept(dated, max(dated, key=lambda item: item["started"], default=None))


def _retention(listing: Mapping[str, Any], sets: Sequence[Mapping[str, Any]], before: Entry) -> dict[str, Any] | None:
    """Return the retention of this run, or what is left of the one before where this run made no plan."""
    labels = [item["label"] for item in sets]
    known = before["retention"]
    unchanged = labels == [item["label"] for item in before["sets"]]
    if not isinstance(listing.get("plan"), Mapping) or not listing["plan"]:
        return _retention_left(known, labels, unchanged) if known else None
    retention = retention_of({**listing["plan"], "policy": listing.get("policy"), "removed": listing.get("removed")})
    if known and retention and unchanged and not retention["removed"]:
        retention["removed"] = known["removed"]
    return retention


def _retention_left(retention: dict[str, Any], labels: Collection[str], unchanged: bool) -> dict[str, Any]:
    """Return a retention without the sets that have gone, and without dates if the sets are others now."""
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
    # a run that failed after it had published its set says it too
    if isinstance(backup, Mapping) and label and backup.get("label") == label:
        logs = backup.get("logs")
        if isinstance(logs, Mapping):
            return {
                "label": label,
                "requested": flag(logs.get("truncation_requested")),
                "done": flag(logs.get("truncated")),
                "logs_before": number(logs.get("before")),
                "logs_after": number(logs.get("after")),
            }
    return before if before and before["label"] == label else None


def _failure(
    run: Run,
    newest: Mapping[str, Any] | None,
    judged: Mapping[str, str],
    before: Mapping[str, str] | None,
    now_s: float,
) -> dict[str, str] | None:
    """Return since when no backup succeeded that was tried. A check or a young set says nothing of that; a set made since does."""
    backup = run.backup if isinstance(run.backup, Mapping) else {}
    succeeded = backup.get("label") and not backup.get("failed") and not backup.get("unreachable")
    if run.tried and not succeeded and judged["status"] in ("failed", "unreachable"):
        return {"at": before["at"] if before else time_text(now_s), "message": judged["message"]}
    if before is None or (succeeded and backup.get("changed")) or (newest and newest["started"] > before["at"]):
        return None
    return dict(before)


def _label_of(run: Run, made: Entry) -> str | None:
    """Return the label of the set that a hook of this run copied."""
    label = run.backup.get("label") if isinstance(run.backup, Mapping) else None
    return text_of(label) or (made["newest"] or {}).get("label")


def _status(run: Run, made: Entry, listing: Mapping[str, Any] | None, now_s: float) -> dict[str, str]:
    """Return ``status`` and ``message``."""
    message = bounded(run.message)
    if run.status == "unreachable" and run.silent and run.is_offline:
        return _offline(made, now_s)
    if run.status != "ok":
        words = message or ("It failed." if run.status == "failed" else "It was unreachable.")
        return {"status": "unreachable" if run.status == "unreachable" else "failed", "message": words}
    if run.predicted:
        return {"status": "ok", "message": message}
    missing = _missing(run.expected, made) if listing and run.expected else ""
    if missing:
        return {"status": "failed", "message": missing}
    newest = made["newest"] if listing else None
    if newest is None or not listing:
        return {"status": "never", "message": message or NEVER} if listing else _unlisted(run, message)
    if is_late(newest, made["late_after_s"], seconds_of(listing["now"])):
        return {
            "status": "late",
            "message": message or late_message(newest, made["late_after_s"], seconds_of(listing["now"])),
        }
    if made["warnings"]:
        return {"status": "warning", "message": message or " ".join(made["warnings"])}
    return {"status": "ok", "message": message}


def _offline(made: Entry, now_s: float) -> dict[str, str]:
    """Return the status of a CA that does not answer and need not: good only while the set that is remembered of it is young enough."""
    newest, late_after_s = made["newest"], made["late_after_s"]
    if newest is None:
        return {"status": "never", "message": NOTHING_REMEMBERED}
    if is_late(newest, late_after_s, now_s):
        return {
            "status": "late",
            "message": f"{late_message(newest, late_after_s, now_s)} Switch the CA on and back it up.",
        }
    due = "" if late_after_s is None else f" The next backup is due by {due_time(newest, late_after_s)}."
    return {"status": "offline", "message": f"The CA is switched off, as is expected of it.{due}"}


def due_time(newest: Mapping[str, Any], late_after_s: int) -> str:
    """Return until when the next set must be there for a CA not to be late, as people read it."""
    return human_time(time_text(seconds_of(newest["started"]) + late_after_s))


def _missing(label: str, made: Entry) -> str:
    """Return why a set that must be there is no good set; empty when it is one."""
    found = next((item for item in made["sets"] if item["label"] == label), None)
    if found is None:
        return f"The backup ended without an error, but the repository does not hold the set {label}."
    if found["complete"] is not True:
        return f"The backup ended without an error, but the set {label} is not complete: {', '.join(found['problems']) or 'not looked at'}."
    return ""


def _unlisted(run: Run, message: str) -> dict[str, str]:
    """Return the status of a run that listed no sets: good only if it made one."""
    made = isinstance(run.backup, Mapping) and run.backup.get("path") and not run.backup.get("failed")
    if made:
        return {"status": "ok", "message": message}
    return {
        "status": "failed",
        "message": message or "The sets were not listed, so nobody can say whether one is good.",
    }

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the state of a CA means, and what its owner does next. Pure functions and their tables.

Page and table lead with these words. Function, code and path stand behind them, in the entry's message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import (
    human_span,
    human_time,
    seconds_of,
    time_text,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._unreachable import CAUSES, OTHER

Row = tuple[str, str, str]

OWNER = (
    "The path holds the backups of another CA or host.",
    "Give each CA a path of its own. If the CA moved, set adcs_ca_backup_previous_host.",
)

VARIABLE = "A variable makes no sense. The CA was not asked."

# What the message of a failure holds, what that means, and what to do. The first row that fits counts.
FAILURES: Sequence[Row] = (
    (
        r"^This job recorded no result",
        "The last job recorded nothing. Nobody knows what became of this CA.",
        "Run the job again for this host.",
    ),
    (
        r"^adcs_ca_backup_\w+: |was not asked for anything|was stopped before any host was asked",
        VARIABLE,
        "Correct what the message names, then run the job again.",
    ),
    (
        r"0xC8000211|hrLogDiskFull",
        "The volume of the CA's log files is full. The CA stops working.",
        "Free space there, then back up with truncate_logs.",
    ),
    (
        r"0x80070070|0x80070027|0x8007050F|Too little free space|\bdisk is full|not enough space on the disk",
        "The destination is full. No further backup fits.",
        "Free space there, or run the role's entry point expire.",
    ),
    (
        r"0xC80003FA|hrReadVerifyFailure",
        "The CA's database is damaged.",
        "Repair or restore it before anything else. Keep the last good set.",
    ),
    (
        r"0x80070017|0x8007045D|0xC80003FE|ERROR_CRC|ERROR_IO_DEVICE|JET_errDiskIO",
        "A disk failed: a file cannot be read or written.",
        "Find the disk in the host's event log and replace it. Keep the last good set.",
    ),
    (
        r"0xC8000226|hrDatabaseInconsistent",
        "The CA's database needs a recovery.",
        "Start CertSvc and let it recover. If it does not, restore from a backup.",
    ),
    (
        r"0xC8000210|0xC7FF000A|hrMissingLogFile|hrLogFileNotFound",
        "A log file of the CA's database is missing.",
        "Find out what removed it, then take a full backup.",
    ),
    (
        r"0xC80001FA|0xC7FF0004|0xC7FF0008|RestoreInProgress|hrRestoreMapExists",
        "A restore of this CA is in progress.",
        "Finish the restore and start CertSvc, then run the job again.",
    ),
    (
        r"0xC80001F9|hrBackupInProgress",
        "Another program is backing up this CA.",
        "Let the other backup end, then run the job again.",
    ),
    (
        r"Another run of this collection holds",
        "Another job was at work on this CA.",
        "Wait until it ends, then run the job again.",
    ),
    (
        r"0x80094006|CERTSRV_E_SERVER_SUSPENDED",
        "The CA is paused.",
        "Resume it with 'Resume-Service CertSvc', then run the job again.",
    ),
    (
        r"0x80070422|ERROR_SERVICE_DISABLED",
        "The CA's service is disabled.",
        "Enable and start the service CertSvc, then run the job again.",
    ),
    (
        r"0x800706B[AEF]|0xC7FF000D|0xC80003E8|RPC_S_|hrCommunicationError|hrTermInProgress",
        "The CA's service does not answer. While it is stopped, it issues no certificates.",
        "Find out why CertSvc stopped, then start it. Run the job again.",
    ),
    (
        r"0x8007045B|ERROR_SHUTDOWN_IN_PROGRESS",
        "The host was shutting down.",
        "Run the job again when the host is up.",
    ),
    (
        r"0x80094008|CERTSRV_E_ROLECONFLICT",
        "The account has more than one role of the CA.",
        "Use an account that is only a backup operator.",
    ),
    (
        r"0x80070005|0x80070522|E_ACCESSDENIED|ERROR_PRIVILEGE_NOT_HELD",
        "The account of the job lacks a right.",
        "Give it the right that the message names, then run the job again.",
    ),
    (
        r"0x8007007E|ERROR_MOD_NOT_FOUND",
        "The host has no CA, or its tools are missing.",
        "Run the job on the CA host, or install the role service.",
    ),
    (
        r"set previous_host",
        *OWNER,
    ),
    (
        r"0x80070035|0x80070043|0x80070040|ERROR_BAD_NET|does not exist or cannot be reached",
        "The destination cannot be reached.",
        "Check the drive or share, and that the CA reaches it.",
    ),
    (
        r"The path '.*' (cannot be used|is not absolute|is too long)",
        "The destination cannot be used.",
        "Correct the path as the message says, then run the job again.",
    ),
    (
        r"0x80070020|0xC8000408|ERROR_SHARING_VIOLATION|hrFileAccessDenied",
        "Another program holds a file open.",
        "Exclude the folders of CA and backups from virus scanning and other backups.",
    ),
    (
        r"belongs to .*, who could",
        "Somebody else owns a folder of the backups. They could block every backup.",
        "Find out who made it, then give it to Administrators or remove it.",
    ),
    (
        r"The access list of",
        "The access list of the repository is too tight.",
        "Change it as the message says, then run the job again.",
    ),
    (
        r"The hook .* did not show",
        "The newest set was not copied. Nothing expired.",
        "Find out why the hook copied nothing, then run the job again.",
    ),
    (
        r"could not be deleted",
        "An old set could not be deleted.",
        "Remove what the message names as its cause. The next run tries again.",
    ),
    (
        r"backup ended without an error, but",
        "The backup ended, but its set is not good.",
        "Look at that set and the destination, then back up again.",
    ),
    (
        r"document of this host was not written|^Cannot (write|make|read) ",
        "The report of this CA was not written. What you see may be old.",
        "Make the folder of reports writable, then run the job again.",
    ),
)
FAILED: Row = ("", "The last job failed.", "Do what the message says, then run the job again.")

# The kinds of problems, the worst first: what they mean, and what to do.
PROBLEMS: Mapping[str, tuple[str, str]] = {
    "owner": OWNER,
    "altered": (
        "A set was altered. Do not restore from it.",
        "Take a new full backup, and find out what changed the files.",
    ),
    "resized": (
        "A file of a set has another size. Do not restore from that set.",
        "Take a new full backup, and find out what changed the file.",
    ),
    "missing": (
        "A file of a set is missing. Do not restore from that set.",
        "Take a new full backup, and find out what removed the file.",
    ),
    "found_earlier": (
        "An earlier look by hash found a set damaged.",
        "Take a new full backup. Look again with verify: hashes to clear it.",
    ),
    "unjudged": (
        "Nobody knows whether a set is good. What earlier looks found cannot be read.",
        "Look at it with verify: hashes. If it stays so, do what the problem says.",
    ),
    "manifest": (
        "The manifest of a set cannot be read. Nobody can judge the set.",
        "Take a new full backup, then look at that set by hand.",
    ),
    "chain": (
        "A set continues one that is not there or not good.",
        "Take a new full backup.",
    ),
    "unreadable": (
        "A file of a set cannot be read. Nobody can judge the set.",
        "Find out what keeps the account from reading it.",
    ),
    "future": (
        "A set is dated in the future.",
        "Correct the clock of the CA, then take a new full backup.",
    ),
    "extra": (
        "A set holds a file that the backup did not put there.",
        "Find out who put it there, and move it away.",
    ),
    "leftover": (
        "Something is left of a run that was stopped.",
        "Back up again, which clears it. If it stays, look at it by hand.",
    ),
    "unknown": (
        "The repository holds something that is no set.",
        "Move it away, or name it in adcs_ca_backup_ignored_names.",
    ),
}
DAMAGED = ("A set has a problem.", "Look at the problems of the set.")

TRIED = ("But the last backup that was tried failed.", "Look at why it failed, then back up again.")
NOT_REACHED = ("the host was not reached", "Check the host and the network.")

WARNINGS: Sequence[tuple[str, str]] = (
    (
        r"volume of the CA's logs",
        "Free space on the volume of the CA's logs, or let backups truncate them.",
    ),
    (r"^The destination", "Give the destination more room, or keep fewer sets."),
    (r"logs were not truncated", "Find out why the backups do not truncate the logs."),
)
SWITCH_ON = "Switch the CA on and back it up."


def advice(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return ``{meaning, next_step}``: what the state of a CA means, and what to do. ``next_step`` is empty where there is nothing.

    Args:
        entry: the entry of a destination, or a ``ca`` of a fleet. Keys may be missing. Its texts are only looked at, never repeated.
    """
    meaning, step = (_BY_STATUS.get(str(entry.get("status"))) or _failed)(entry)
    return {"meaning": meaning, "next_step": step}


def next_step(entry: Mapping[str, Any]) -> str:
    """Return what the owner of a CA does next; empty where there is nothing to do."""
    return advice(entry)["next_step"]


def _failed(entry: Mapping[str, Any]) -> tuple[str, str]:
    message = str(entry.get("message") or "")
    connection = _connection(message)
    if connection:
        return f"{_sentence(connection[0])} Nobody can log on to the host.", connection[1]
    if re.search(r"^.{0,200}The repository '.*' has \d+ problem", message):
        return _problem(entry.get("problems")) or DAMAGED
    return next((row for row in FAILURES if re.search(row[0], message, re.IGNORECASE)), FAILED)[1:]


def _unreachable(entry: Mapping[str, Any]) -> tuple[str, str]:
    words, step = _connection(str(entry.get("message") or "")) or NOT_REACHED
    return f"{_sentence(words)} Nobody knows the state of this CA.", step


def _connection(message: str) -> tuple[str, str] | None:
    """Return how a connection failed and what to do, by the words that ``lost_host`` puts in brackets; None for another message."""
    if f"({OTHER})" in message:
        return OTHER, "Look at what the connection said, then check the host."
    return next(((words, step) for _, _, words, step in CAUSES if f"({words})" in message), None)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _never(entry: Mapping[str, Any]) -> tuple[str, str]:
    step = SWITCH_ON if entry.get("expected") == "offline" else "Take a full backup now."
    problem = _problem(entry.get("problems"))
    meaning = "There is no good backup."
    return (f"{meaning} {problem[0]}", problem[1]) if problem else (meaning, step)


def _late(entry: Mapping[str, Any]) -> tuple[str, str]:
    limit = entry.get("late_after_s")
    meaning = f"No good backup within {human_span(limit)}." if isinstance(limit, int) else "The backup is too old."
    newest = (entry.get("newest") or {}).get("label") or ""
    later = [problem for problem in entry.get("problems") or [] if (problem.get("set") or "") > newest]
    problem = _problem(later) if newest else None
    if problem:
        return f"{meaning} {problem[0]}", problem[1]
    if entry.get("expected") == "offline":
        return meaning, SWITCH_ON
    return meaning, "Back it up, and find out why no job did. If the CA is gone, retire it with adcs.ca.retire."


def _warned(entry: Mapping[str, Any]) -> tuple[str, str]:
    warnings = [str(warning) for warning in entry.get("warnings") or []]
    found = (next((step for pattern, step in WARNINGS if re.search(pattern, text)), "") for text in warnings)
    steps = list(dict.fromkeys(filter(None, found)))
    return "The backup is good, but the CA needs a look soon.", " ".join(steps) or "Look at its warnings."


def _offline(entry: Mapping[str, Any]) -> tuple[str, str]:
    newest, late_after_s = entry.get("newest") or {}, entry.get("late_after_s")
    meaning = "The CA is switched off, as is expected of it. Its backup is young enough."
    if not newest.get("started") or not isinstance(late_after_s, int):
        return meaning, ""
    due = human_time(time_text(seconds_of(newest["started"]) + late_after_s))
    return meaning, f"Back it up before {due}."


def _ok(entry: Mapping[str, Any]) -> tuple[str, str]:
    problem = _problem(entry.get("problems")) or (TRIED if entry.get("failure") else None)
    return (f"Backed up in time. {problem[0]}", problem[1]) if problem else ("Backed up in time.", "")


def _problem(problems: Iterable[Mapping[str, Any]] | None) -> tuple[str, str] | None:
    """Return the words for the worst of these problems; None where there is none."""
    kinds = {problem.get("kind") for problem in problems or []}
    if not kinds:
        return None
    return next((words for kind, words in PROBLEMS.items() if kind in kinds), DAMAGED)


_BY_STATUS = {
    "failed": _failed,
    "unreachable": _unreachable,
    "never": _never,
    "late": _late,
    "warning": _warned,
    "offline": _offline,
    "ok": _ok,
}

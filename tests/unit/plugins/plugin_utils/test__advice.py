# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a state means and what to do next: every state has words, whatever is missing, and a cause that is known has its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet import _advice
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._advice import FAILED, FAILURES, PROBLEMS, advice, next_step
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import STATUSES, entry
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._unreachable import CAUSES, lost_host
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import LOST
from helpers.unit.histories import full
from helpers.unit.outcomes import listing, only, outcome

COLLECTION = Path(_advice.__file__).parents[3]
SOURCES = COLLECTION / "plugins" / "module_utils"
GOOD_SET = {"label": "20261122T210000Z-full", "started": "2026-11-22T21:00:00Z"}


def failed(message: str, **changes: Any) -> str:
    return advice({"status": "failed", "message": message, **changes})["meaning"]


def problem(kind: str, label: str | None = None) -> dict[str, Any]:
    return {"set": label, "kind": kind, "path": "x", "message": "y"}


@pytest.mark.parametrize("status", [*STATUSES, None, "of a later version"])
@pytest.mark.parametrize("facts", [{}, entry({}), dict.fromkeys(entry({}))])
def test_every_state_has_words(status: Any, facts: dict[str, Any]) -> None:
    words = advice({**facts, "status": status})
    assert set(words) == {"meaning", "next_step"} and words["meaning"].endswith(".")
    assert words["next_step"].endswith(".") or (status in ("ok", "offline") and not words["next_step"])
    assert next_step({**facts, "status": status}) == words["next_step"]


def test_all_words_are_sentences() -> None:
    texts = [text for row in (*FAILURES, FAILED) for text in row[1:]]
    texts += [text for words in PROBLEMS.values() for text in words] + [step for _, step in _advice.WARNINGS]
    for text in texts:
        assert re.fullmatch(r"[A-Z][^\n]*\.", text) and len(text) <= 110, text
        assert all(len(sentence.split()) <= 25 for sentence in text.split(". "))


def test_every_code_is_one_of_the_table_of_codes() -> None:
    codes = set(re.findall(r"0x[0-9A-F]{8}", (SOURCES / "common" / "_ResultCodes.cs").read_text(encoding="utf-8")))
    asked = set(re.findall(r"0x[0-9A-F]{8}", " ".join(row[0] for row in FAILURES)))
    assert asked - codes <= {"0x80070027", "0x8007050F", "0x80070040", "0x80070043"}


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ("Back up the CA: x: 0x80070070 ERROR_DISK_FULL: The disk is full. Free", "The destination is full."),
        ("CertSrvBackupRead failed on 'x' after 1 of 2 bytes: 0x80070017", "A disk failed: a file cannot be read or written."),
        ("Failed to write 'D:\\x': 0x8007045D", "A disk failed: a file cannot be read or written."),
        ("Too little free space at 'D:\\': the database needs 5 bytes", "The destination is full."),
        ("0xC8000211 hrLogDiskFull: The volume of the CA's log files is full.", "The volume of the CA's log files is full."),
        ("x: 0x800706BA RPC_S_SERVER_UNAVAILABLE: The CertSvc service does", "The CA's service does not answer."),
        ("x: 0x80070005 E_ACCESSDENIED: Access was denied.", "The account of the job lacks a right."),
        ("x: 0xC80001F9 hrBackupInProgress: Another backup session", "Another program is backing up this CA."),
        ("Another run of this collection holds the repository: 4711", "Another job was at work on this CA."),
        ("'A' on 'b'. Give each CA a path of its own; if this CA moved here, set previous_host.", "The path holds the backups of"),
        ("The path '\\\\nas\\x' cannot be used: the drive or share 'x' does not exist or cannot be reached. 0x80070035", "The destination cannot be reached."),
        ("The path 'D:\\a' cannot be used: it is a set.", "The destination cannot be used."),
        ("adcs_ca_backup_path: it is blank. This host was not asked for anything.", "A variable makes no sense."),
        (LOST, "The last job recorded nothing."),
        ("The hook /h.yml did not show that it copied the set: x. Nothing expires.", "The newest set was not copied."),
        ("The document of this host was not written. Cannot write /r/ca01.json: x.", "The report of this CA was not written."),
        ("The backup ended without an error, but the repository does not hold the set x.", "The backup ended, but"),
        ("The set 'x' could not be deleted in full. What is left", "An old set could not be deleted."),
        ("Something nobody knows", FAILED[1]),
        ("", FAILED[1]),
    ],
)  # fmt: skip
def test_a_known_cause_has_its_own_words(message: str, meaning: str) -> None:
    assert failed(message).startswith(meaning)


def test_patterns_of_texts_of_modules_are_in_them() -> None:
    """A text that a module no longer says would make its row dead."""
    said = " ".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.psm1"))
    for text in (
        "Another run of this collection holds",
        "set previous_host",
        "Too little free space",
        "The access list of",
    ):
        assert text in said and any(text.lower() in row[0].lower() for row in FAILURES)


@pytest.mark.parametrize("cause", CAUSES, ids=[cause[2] for cause in CAUSES])
def test_a_host_that_is_not_reached(cause: tuple[str, str, str, str]) -> None:
    _, _, words, step = cause
    for status in ("unreachable", "failed"):
        told = advice({"status": status, "message": f"ca01 does not answer on ca01:5986 ({words}). {step}"})
        assert told["meaning"].lower().startswith(words.lower()) and told["next_step"] == step


def test_a_host_that_is_not_reached_for_a_cause_nobody_knows() -> None:
    told = advice({"status": "unreachable", "message": lost_host("ca01", {}, "odd").message})
    assert told["meaning"].startswith("The connection failed. Nobody knows")


@pytest.mark.parametrize("kind", [*PROBLEMS, "of a later version"])
def test_each_kind_of_problem_has_words(kind: str) -> None:
    told = failed("The repository 'D:\\x' has 2 problems: a; b.", problems=[problem("unknown"), problem(kind)])
    assert told == (PROBLEMS[kind] if kind in PROBLEMS else PROBLEMS["unknown"])[0]
    assert failed("Something else.", problems=[problem(kind)]) == FAILED[1]


def test_a_late_ca_whose_newer_set_is_damaged_says_so() -> None:
    facts = {"status": "late", "late_after_s": 93600, "newest": GOOD_SET}
    old = advice({**facts, "problems": [problem("altered", "20260101T000000Z-full")]})
    assert old["meaning"] == "No good backup within 1 d 2 h." and old["next_step"].startswith("Back it up")
    new = advice({**facts, "problems": [problem("altered", "20261123T210000Z-full")]})
    assert new["meaning"] == f"No good backup within 1 d 2 h. {PROBLEMS['altered'][0]}"


def test_an_offline_ca() -> None:
    facts = {"expected": "offline", "late_after_s": 86400, "newest": GOOD_SET}
    assert next_step({**facts, "status": "offline"}) == "Back it up before 2026-11-23 21:00 UTC."
    assert (
        next_step({**facts, "status": "late"})
        == next_step({**facts, "status": "never"})
        == "Switch the CA on and back it up."
    )


def test_warnings_have_their_steps_once() -> None:
    space = {"destination": {"free_bytes": 5, "total_bytes": 100}, "log_volume": {"free_bytes": 5, "total_bytes": 100}}
    item = only(outcome(listing=listing([full("2026-11-22 21:00")], space=space)))
    assert item["status"] == "warning" and len(item["warnings"]) == 2
    told = advice(item)
    assert "Give the destination more room" in told["next_step"] and "volume of the CA's logs" in told["next_step"]
    assert advice({**item, "warnings": item["warnings"] * 2}) == told


def test_a_good_ca_with_a_problem() -> None:
    told = advice({"status": "ok", "problems": [problem("unknown")]})
    assert told["meaning"].startswith("Backed up in time. The repository holds something") and told["next_step"]
    told = advice({"status": "ok", "problems": [], "failure": {"at": "2026-11-22T21:00:00Z", "message": "no"}})
    assert told["meaning"] == "Backed up in time. But the last backup that was tried failed." and told["next_step"]
    assert advice({"status": "ok", "problems": []}) == {"meaning": "Backed up in time.", "next_step": ""}


def test_the_text_of_a_host_is_never_repeated() -> None:
    for status in STATUSES:
        facts = {
            "status": status,
            "message": "<b>evil</b>",
            "problems": [problem("<b>evil</b>", "z")],
            "newest": GOOD_SET,
        }
        assert "evil" not in str(advice({**facts, "warnings": ["<b>evil</b>"]}))

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of adcs.ca.expire: how many modules it runs, with what, and what it makes of their answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible_collections.adcs.ca.plugins.action.expire import ARGUMENT_SPEC, ActionModule
from helpers.unit.histories import full, logs

SIDECAR = Path(__file__).resolve().parents[4] / "plugins" / "modules" / "expire.yml"
NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
LISTING = {
    "changed": False,
    "bytes": 4 << 20,
    "ca": {"name": "Example", "host": "ca01.lab.example"},
    "folder_name": "Example",
    "now": "2026-11-23T06:00:00Z",
    "path": r"D:\Backup\Example",
    "problems": [],
    "sets": NIGHTS,
}
KEYS = {
    *(
        "bytes_freed",
        "ca",
        "changed",
        "folder_name",
        "free_bytes_after",
        "free_bytes_before",
        "leftovers",
        "now",
        "path",
        "plan",
        "policy",
    ),
    *("problems", "removed", "sets", "space"),
}


class Host:
    """Answers module runs from a list and notes what was run."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.runs: list[tuple[str | None, dict[str, Any]]] = []

    def execute(self, module_name: str | None = None, module_args: Any = None, **_: Any) -> dict[str, Any]:
        self.runs.append((module_name, module_args))
        return self.answers.pop(0)


def run(host: Host, *, diff: bool = False, **options: Any) -> dict[str, Any]:
    """Run the action with these options against the host."""
    task = MagicMock(args={"path": r"D:\Backup", **options}, diff=diff, check_mode=False, async_val=0)
    action = ActionModule(task, MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock())
    action._load_name = "adcs.ca.expire"
    action._execute_module = host.execute
    return action.run(task_vars={})


def test_options_are_as_documented() -> None:
    documented = yaml.safe_load(SIDECAR.read_text(encoding="utf-8"))["DOCUMENTATION"]["options"]
    assert "_labels" not in documented
    for option in documented.values():
        del option["description"]
    assert documented == ARGUMENT_SPEC


def test_one_module_runs_when_nothing_goes() -> None:
    host = Host(LISTING)
    result = run(host, keep_last=4)
    assert host.runs == [("adcs.ca.backup_info", {"path": r"D:\Backup"})]
    assert result.keys() >= KEYS
    assert result["changed"] is False and result["removed"] == [] and result["sets"] == NIGHTS
    assert len(result["plan"]["keep"]) == 4 and result["policy"]["keep_last"] == 4


def test_two_modules_run_when_something_goes() -> None:
    host = Host(LISTING, {"changed": True, "removed": ["20261119T210000Z-full"], "bytes_freed": 1 << 20})
    result = run(host, keep_last=1, keep_minimum=2, limit=1)
    going = {"path": r"D:\Backup", "_labels": ["20261119T210000Z-full"], "keep_minimum": 2}
    assert host.runs[1:] == [(None, going)]
    assert result.keys() >= KEYS
    assert result["changed"] is True and result["bytes_freed"] == 1 << 20
    assert result["removed"] == ["20261119T210000Z-full"] and result["sets"] == NIGHTS[:3]
    assert result["plan"]["held_back"] == ["20261120T210000Z-full"]


def test_what_was_deleted_before_a_failure_is_told() -> None:
    failure = {"failed": True, "msg": "it is locked", "changed": True, "removed": ["20261119T210000Z-full"]}
    result = run(Host(LISTING, {**failure, "bytes_freed": 5}), keep_last=1)
    assert result.keys() >= KEYS
    assert result["failed"] is True and result["msg"] == "it is locked"
    assert result["changed"] is True and result["sets"] == NIGHTS[:3]


def leftover(path: str) -> dict[str, str]:
    return {"kind": "leftover", "path": path, "message": "it is left"}


EXPIRED = r"D:\Backup\Example\.staging\20261101T210000Z-full.expired"
UNFINISHED = r"D:\Backup\Example\.staging\20261102T210000Z-full"


@pytest.mark.parametrize("action", ["discarded", "kept"])
def test_what_an_earlier_run_left_is_deleted_when_nothing_is_due(action: str) -> None:
    problems = [leftover(EXPIRED), leftover(UNFINISHED)]
    told = {"label": EXPIRED.rpartition("\\")[2], "action": action, "why": "it was open"}
    answer = {"changed": action == "discarded", "removed": [], "bytes_freed": 5, "leftovers": [told]}
    host = Host({**LISTING, "problems": problems}, answer)
    result = run(host, keep_last=4)
    assert host.runs[1:] == [(None, {"path": r"D:\Backup", "_labels": [], "keep_minimum": 1})]
    assert result.keys() >= KEYS and result["sets"] == NIGHTS and result["leftovers"] == [told]
    assert result["problems"] == (problems[1:] if action == "discarded" else problems)


def test_what_a_backup_left_is_no_matter_of_retention() -> None:
    host = Host({**LISTING, "problems": [leftover(UNFINISHED)]})
    assert run(host, keep_last=4)["changed"] is False and len(host.runs) == 1


def test_nothing_is_deleted_while_the_clock_is_in_doubt() -> None:
    host = Host({**LISTING, "problems": [leftover(EXPIRED)], "now": "2026-11-01T06:00:00Z"})
    assert run(host, keep_last=4)["changed"] is False and len(host.runs) == 1


@pytest.mark.parametrize("state", ["failed", "unreachable"])
def test_a_failed_listing_deletes_nothing(state: str) -> None:
    host = Host({state: True, "msg": "no answer"})
    result = run(host, keep_last=1)
    assert len(host.runs) == 1 and result.keys() >= KEYS
    assert result[state] is True and result["msg"] == "no answer"
    assert result["plan"] == {} and result["sets"] == []


def test_the_repository_of_another_ca_is_refused() -> None:
    problem = {"kind": "owner", "path": LISTING["path"], "message": "It belongs to the CA 'B' on 'ca02.lab.example'."}
    host = Host({**LISTING, "problems": [problem]})
    result = run(host, keep_last=1)
    assert len(host.runs) == 1 and result.keys() >= KEYS
    assert result["failed"] is True and result["msg"] == problem["message"] and result["changed"] is False
    assert result["sets"] == NIGHTS and result["plan"] == {}


def test_both_modules_learn_of_the_previous_host() -> None:
    host = Host(LISTING, {"changed": True, "removed": ["20261119T210000Z-full"], "bytes_freed": 1})
    run(host, keep_last=1, previous_host="old.lab.example")
    assert [arguments["previous_host"] for _, arguments in host.runs] == ["old.lab.example"] * 2


@pytest.mark.parametrize("said", [[], ["a leftover"]])
def test_a_label_that_no_set_has_is_warned_of(said: list[str]) -> None:
    labels = ["20261119T210000Z-ful", "20261121T210000Z-full"]
    words = "keep_labels: there is no set 20261119T210000Z-ful"
    assert run(Host(LISTING), keep_last=4, keep_labels=labels)["warnings"] == [words]
    answer = {"changed": True, "removed": ["20261119T210000Z-full"], "bytes_freed": 1, "warnings": said}
    result = run(Host(LISTING, answer), keep_last=1, keep_labels=labels)
    assert result["warnings"] == [words, *said] and words in result["plan"]["warnings"]
    failure = {"failed": True, "msg": "it is locked", "changed": False, "removed": []}
    assert run(Host(LISTING, failure), keep_last=1, keep_labels=labels)["warnings"] == [words]
    assert "warnings" not in run(Host(LISTING), keep_last=4, keep_labels=labels[1:])
    lost = "The findings of 1 set were not kept: Access was denied."
    assert run(Host({**LISTING, "warnings": [lost]}), keep_last=4)["warnings"] == [lost]


def test_what_stays_and_counts_for_nothing_is_no_warning_of_the_task() -> None:
    """The report has it, night after night; the plan names it."""
    damaged = {**LISTING, "sets": [*NIGHTS, full("2026-11-18 21:00", complete=False)]}
    result = run(Host(damaged), keep_last=4)
    assert len(result["plan"]["warnings"]) == 1 and "warnings" not in result


def test_no_rule_deletes_nothing() -> None:
    host = Host(LISTING)
    assert run(host)["changed"] is False and len(host.runs) == 1


def test_the_diff_says_why_each_set_stays() -> None:
    answer = {"changed": True, "removed": ["20261119T210000Z-full"], "bytes_freed": 1}
    diff = run(Host(LISTING, answer), diff=True, keep_last=2, limit=1)["diff"]
    assert diff["before"].splitlines() == [
        "20261122T210000Z-full  stays: last, newest full",
        "20261121T210000Z-full  stays: last",
        "20261120T210000Z-full  stays: held back by limit",
        "20261119T210000Z-full  goes",
    ]
    assert diff["after"] == "".join(diff["before"].splitlines(keepends=True)[:3])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"keep_daily": -1}, "keep_daily: "),
        ({"keep_daily": 0, "keep_last": 0}, "keep_last, keep_daily: every rule is 0"),
        ({"keep_within": "3x"}, "keep_within: "),
        ({"keep_fortnightly": 1}, "keep_fortnightly"),
        ({"limit": 0}, "limit: "),
        ({"keep_minimum": 0}, "keep_minimum: "),
        ({"_labels": ["20261119T210000Z-full"]}, "_labels"),
        ({"path": None}, "path"),
        ({"path": "  "}, "path"),
        ({"path": "D:\\a\nb"}, "path: .*line break or a control character"),
        ({"path": "D:\\{{ where }}"}, "path: .*template"),
        ({"keep_daily": "many"}, "keep_daily"),
        ({"keep_last": True}, "keep_last"),
        ({"limit": "none"}, "limit"),
        ({"path": "Backup"}, "path: "),
        ({"path": r"D:\Backup\Example\20261122T210000Z-full"}, "path: "),
    ],
)
def test_options_that_make_no_sense_reach_no_host(options: dict[str, Any], words: str) -> None:
    host = Host()
    with pytest.raises(AnsibleError, match=words):
        run(host, **options)
    assert host.runs == []


@pytest.mark.parametrize("blank", [None, "", "  \n"])
def test_null_and_blank_are_left_out(blank: Any) -> None:
    """A rule that a survey left blank is no rule, and a limit is the documented one."""
    host = Host(LISTING)
    given = {name: blank for name in ARGUMENT_SPEC if name not in ("path", "keep_last")}
    assert run(Host(LISTING), keep_last=4, keep_labels=[blank, None])["policy"]["keep_labels"] == []
    result = run(host, keep_last=4, **given)
    assert host.runs == [("adcs.ca.backup_info", {"path": r"D:\Backup"})]
    assert result["plan"] == run(Host(LISTING), keep_last=4)["plan"] and result["policy"]["keep_labels"] == []
    assert {name for name, value in result["policy"].items() if value} == {"keep_last"}


def test_text_of_a_survey_counts_as_what_it_says() -> None:
    host = Host(LISTING, {"changed": True, "removed": ["20261119T210000Z-full"], "bytes_freed": 1 << 20})
    result = run(
        host, path="  D:\\Backup ", keep_last="1", keep_minimum="2", limit="1", keep_labels="20261121T210000Z-full"
    )
    going = {"path": r"D:\Backup", "_labels": ["20261119T210000Z-full"], "keep_minimum": 2}
    assert host.runs == [("adcs.ca.backup_info", {"path": r"D:\Backup"}), (None, going)]
    assert result["plan"]["held_back"] == ["20261120T210000Z-full"]


SPACE = {"destination": {"path": r"D:\Backup", "free_bytes": 1, "total_bytes": 2}, "log_volume": None, "logs": None}


def test_space_of_the_listing_is_passed_on() -> None:
    result = run(Host({**LISTING, "space": SPACE}), keep_last=4)
    assert result["space"] == SPACE and result["free_bytes_before"] is None


def test_both_modules_learn_of_ignored_names() -> None:
    host = Host(LISTING, {"changed": True, "removed": ["20261119T210000Z-full"], "bytes_freed": 1})
    run(host, keep_last=1, ignored_names=["lost.dir"])
    assert [arguments["ignored_names"] for _, arguments in host.runs] == [["lost.dir"]] * 2


# --- a clock that was wrong ---


def at(*times: str, **changes: Any) -> list[dict[str, Any]]:
    """Full sets of these times, newest first; ``changes`` are of the first."""
    return [full(time, **(changes if number == 0 else {})) for number, time in enumerate(times)]


def expire(sets: list[dict[str, Any]], now: str, **options: Any) -> tuple[Host, dict[str, Any]]:
    """Run the action on these sets at a time; the host deletes what it is told."""
    listing = {**LISTING, "sets": sets, "now": now}
    host = Host(listing)

    def execute(module_name: str | None = None, module_args: Any = None, **_: Any) -> dict[str, Any]:
        host.runs.append((module_name, module_args))
        return {"changed": True, "removed": module_args["_labels"], "bytes_freed": 1} if len(host.runs) > 1 else listing

    host.execute = execute  # type: ignore[method-assign]
    return host, run(host, **options)


WEEK = ["2026-11-22 21:00", "2026-11-21 21:00", "2026-11-20 21:00", "2026-11-19 21:00"]


@pytest.mark.parametrize(
    ("sets", "now", "goes"),
    [
        pytest.param(at("2027-11-22 21:00", *WEEK), "2027-11-22T22:00:00Z", False, id="a year ahead for one night"),
        pytest.param(at("2027-11-22 21:00", *WEEK), "2026-11-23T06:00:00Z", False, id="the clock is right again"),
        pytest.param(at("2026-11-23 06:00", *WEEK), "2026-11-23T06:00:00Z", True, id="of this very second"),
        pytest.param(at("2026-11-23 06:01", *WEEK), "2026-11-23T06:00:00Z", False, id="a minute ahead"),
        pytest.param(at("2027-11-22 21:00", *WEEK[:2]), "2027-11-22T22:00:00Z", True, id="three sets have no pace"),
        pytest.param(at("2027-11-22 21:00", *WEEK[:3]), "2027-11-22T22:00:00Z", False, id="the fourth set"),
        pytest.param(at("2026-11-29 21:00", *WEEK), "2026-11-29T22:00:00Z", True, id="seven days"),
        pytest.param(at("2026-11-29 21:01", *WEEK), "2026-11-29T22:00:00Z", False, id="a minute more than seven days"),
        pytest.param(
            at("2026-12-01 00:00", "2026-11-22 00:00", "2026-11-19 00:00", "2026-11-18 00:00"),
            "2026-12-01T01:00:00Z", True, id="three times the longest gap",
        ),
        pytest.param(
            at("2026-12-01 00:01", "2026-11-22 00:00", "2026-11-19 00:00", "2026-11-18 00:00"),
            "2026-12-01T01:00:00Z", False, id="more than three times the longest gap",
        ),
        pytest.param(
            at("2027-11-22 21:00", *WEEK, complete=False), "2026-11-23T06:00:00Z", False, id="an incomplete newest set"
        ),
    ],
)  # fmt: skip
def test_nothing_goes_by_a_clock_that_cannot_be_trusted(sets: list[dict[str, Any]], now: str, goes: bool) -> None:
    host, result = expire(sets, now, keep_within="1d")
    if goes:
        assert result["removed"] and result["removed"] == host.runs[1][1]["_labels"] and "warnings" not in result
        return
    assert len(host.runs) == 1 and result["removed"] == [] and result["changed"] is False
    assert result["plan"]["remove"] == [] and result["plan"]["held_back"]
    assert result["warnings"] == result["plan"]["warnings"][:1]
    assert result["warnings"][0].startswith(f"Nothing was deleted. The newest set, {sets[0]['label']}, is ")
    assert (
        result["plan"]["next_to_go"] == result["plan"]["held_back"][0] and result["plan"]["next_after_backups"] is None
    )


def test_a_wrong_clock_is_no_news_where_nothing_is_due() -> None:
    host, result = expire(at("2027-11-22 21:00", *WEEK), "2027-11-22T22:00:00Z", keep_last=9)
    assert "warnings" not in result and result["plan"]["held_back"] == [] and len(host.runs) == 1


def test_nothing_goes_by_a_clock_that_is_a_year_behind() -> None:
    host, result = expire(at(*WEEK), "2025-11-22T22:00:00Z", keep_last=1)
    assert len(host.runs) == 1 and result["removed"] == []


def test_the_night_after_a_long_pause_expires_again() -> None:
    sets = at("2027-02-02 21:00", "2027-02-01 21:00", *WEEK)
    assert expire(sets[1:], "2027-02-01T22:00:00Z", keep_last=2)[1]["removed"] == []
    assert len(expire(sets, "2027-02-02T22:00:00Z", keep_last=2)[1]["removed"]) == 4


def test_sets_of_logs_count_for_the_pace() -> None:
    days = (4, 3, 2)
    daily = [logs(f"2026-11-0{day} 21:00", f"2026-11-0{day - 1} 21:00", base="2026-11-01 21:00") for day in days]
    sets = [*daily, full("2026-11-01 21:00"), full("2026-10-01 21:00")]
    # the longest gap is of 31 days, and the newest set before is one of logs
    assert expire([full("2027-02-05 21:00"), *sets], "2027-02-05T22:00:00Z", keep_last=1)[1]["removed"]
    assert not expire([full("2027-02-05 21:01"), *sets], "2027-02-05T22:00:00Z", keep_last=1)[1]["removed"]
    wrong = logs("2027-11-05 21:00", "2026-11-04 21:00", base="2026-11-01 21:00")
    host, result = expire([wrong, *sets], "2027-11-05T22:00:00Z", keep_within="1d")
    assert len(host.runs) == 1 and result["plan"]["held_back"] == ["20261001T210000Z-full"]
    assert "20271105T210000Z-logs" in result["warnings"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {"complete": None, "judged": False, "problems": [{"kind": "unjudged", "path": "x", "message": "y"}]},
        {"complete": False, "problems": [{"kind": "altered", "path": "x", "message": "y"}]},
        {"verified": None},
    ],
)
def test_the_date_of_a_set_counts_whatever_its_state(changes: dict[str, Any]) -> None:
    host, result = expire(at("2027-11-22 21:00", *WEEK, **changes), "2027-11-22T22:00:00Z", keep_last=1)
    assert len(host.runs) == 1 and result["plan"]["held_back"] and result["plan"]["remove"] == []


def test_a_set_without_a_date_is_no_newest_set() -> None:
    sets = [full("2027-11-22 21:00", started=None, finished=None, complete=False), *at(*WEEK)]
    assert expire(sets, "2026-11-22T22:00:00Z", keep_last=1)[1]["removed"]


def test_what_was_due_has_a_reason_in_each_place() -> None:
    options = {"keep_within": "1d", "keep_labels": ["20261120T210000Z-full", "nowhere"], "limit": 1}
    _, result = expire(at("2027-11-22 21:00", *WEEK), "2027-11-22T22:00:00Z", diff=True, **options)
    due = ["20261119T210000Z-full", "20261121T210000Z-full", "20261122T210000Z-full"]
    assert result["plan"]["held_back"] == due and [kept["label"] for kept in result["plan"]["keep"]] == [
        "20271122T210000Z-full", "20261120T210000Z-full",
    ]  # fmt: skip
    assert result["diff"]["before"] == result["diff"]["after"]
    assert result["diff"]["after"].count("stays: a date cannot be trusted") == 3
    assert [words.split(".")[0] for words in result["warnings"]] == [
        "Nothing was deleted", "keep_labels: there is no set nowhere",
    ]  # fmt: skip

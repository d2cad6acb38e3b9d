# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a job knows: outcomes count for one process and one host, paths are the user's, and variables are worked out once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.adcs.ca.plugins.plugin_utils.job import _job
from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import (
    GUARD,
    OUTCOME,
    START,
    RoleVariables,
    extra_names,
    given_args,
    of_this_job,
    outcome_of,
    outcomes_in,
    process_mark,
    user_path,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.job._role_variables import PREFIX, VARIABLES, VariableError

TESTS = Path(__file__).resolve().parents[3]
ASK = (
    f"import sys; sys.path.insert(0, {str(TESTS)!r}); import conftest\n"
    "from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import process_mark; print(process_mark())"
)
ROW = {"path": "D:\\", "status": "ok", "attention": False}


def found_for(host: str, **changes: Any) -> dict[str, Any]:
    return {"mark": process_mark(), "host": host, "destinations": [ROW], "report_dir": None, **changes}


# --- the mark ---------------------------------------------------------------------------------------------------------------------------


def ask(program: str) -> str:
    """Return what a process of its own prints."""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60, env=os.environ.copy()
    )
    return run.stdout.strip()


def test_the_mark_is_that_of_a_worker_too() -> None:
    """ansible-core runs each task in a forked process."""
    forked = f"{ASK}; sys.stdout.flush()\nimport os\nos.fork() or print(process_mark(), flush=True) or os._exit(0)\nos.wait()"
    own, workers = ask(forked).split()
    assert own == workers and len(own) == 32


def test_the_mark_of_another_process_is_another() -> None:
    marks = {process_mark(), ask(ASK), ask(ASK)}
    assert len(marks) == 3 and all(len(mark) == 32 for mark in marks)


@pytest.mark.parametrize("found", [None, {}, {"mark": None}, {"mark": ""}, {"mark": "0" * 32}, "text", [], 5])
def test_what_is_of_no_job(found: Any) -> None:
    assert (
        not of_this_job(found)
        and of_this_job({"mark": process_mark()})
        and of_this_job({"mark": wrap_var(process_mark())})
    )


# --- outcomes ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"mark": "x"},
        {"mark": None},
        {"host": "ca02"},
        {"host": None},
        {"host": "CA01"},
        {"destinations": []},
        {"destinations": None},
    ],
)
def test_an_outcome_of_another_job_or_host_is_none(changes: dict[str, Any]) -> None:
    good = found_for("ca01")
    assert outcome_of({OUTCOME: good}, "ca01") == good
    assert outcome_of({OUTCOME: {**good, **changes}}, "ca01") is None


@pytest.mark.parametrize(
    "variables", [None, {}, "text", {OUTCOME: None}, {OUTCOME: "ok"}, {OUTCOME: [1]}, {"outcome": found_for("ca01")}]
)
def test_no_outcome(variables: Any) -> None:
    assert outcome_of(variables, "ca01") is None


def test_a_host_that_was_refused_at_its_start_has_that_outcome() -> None:
    """What a later call of the role comes to does not hide it."""
    refused = found_for("ca01", destinations=[{**ROW, "status": "failed"}])
    assert outcome_of({START: refused}, "ca01") == refused
    both = outcome_of({START: refused, OUTCOME: found_for("ca01")}, "ca01")
    assert both is not None and [row["status"] for row in both["destinations"]] == ["failed", "ok"]
    begun = {"mark": process_mark(), "entry": "main"}
    assert outcome_of({START: begun}, "ca01") is None
    assert outcome_of({START: {**refused, "host": "ca02"}, OUTCOME: found_for("ca01")}, "ca01") == found_for("ca01")


class HostVars(dict[str, Any]):
    """The variables of every host, as a task sees them."""

    def raw_get(self, host: str) -> Any:
        return self[host]


def variables_of(hosts: dict[str, dict[str, Any]], asking: str = "localhost", **more: Any) -> dict[str, Any]:
    return {
        "hostvars": HostVars({"localhost": {}, **hosts}),
        "groups": {"all": list(hosts)},
        "inventory_hostname": asking,
        **more,
    }


def test_who_was_meant() -> None:
    """A host on which the role began is meant; one of the play that it never reached is nowhere."""
    hosts = {
        "ca01": {OUTCOME: found_for("ca01")},
        "ca02": {START: {"mark": process_mark()}},
        "ca03": {OUTCOME: found_for("ca03", mark="x")},
        "ca04": {START: {"mark": "x"}},
        "web01": {},
        "ca05": {OUTCOME: found_for("ca01")},
    }
    assert outcomes_in(variables_of(hosts)) == {"ca01": found_for("ca01"), "ca02": None}
    named = outcomes_in(variables_of(hosts), ["web01", "ca01", "ca01", "nowhere"])
    assert named == {"ca01": found_for("ca01"), "ca02": None, "web01": None, "nowhere": None}


@pytest.mark.parametrize("mark", [process_mark(), "x", None], ids=["of this job", "of another", "none"])
def test_whom_the_guard_meant(mark: str | None) -> None:
    hosts = {"ca01": {OUTCOME: found_for("ca01")}, "ca02": {}, "ca03": {}}
    guard = {GUARD: {"mark": mark, "meant": ["ca01", "ca02"]}}
    expected = {"ca01": found_for("ca01"), **({"ca02": None} if mark == process_mark() else {})}
    assert outcomes_in(variables_of(hosts, "ca01", **guard)) == expected
    assert outcomes_in(variables_of({"ca01": {}}, **{GUARD: {"mark": process_mark(), "meant": None}})) == {}


def test_the_host_that_asks_is_looked_at_though_it_is_implicit() -> None:
    variables = variables_of({"ca01": {}})
    variables["hostvars"]["localhost"] = {OUTCOME: found_for("localhost")}
    assert list(outcomes_in(variables)) == ["localhost"]


# --- options and paths ------------------------------------------------------------------------------------------------------------------


def test_arguments_that_were_given() -> None:
    args = {"a": None, "b": "", "c": " \n", "d": 0, "e": False, "f": [], "g": "x", "h": [None, " ", "y", 0]}
    assert given_args(args) == {"d": 0, "e": False, "f": [], "g": "x", "h": ["y", 0]}


class Extra:
    """Stands for ansible-core's loader: it knows the extra variables."""


@pytest.mark.parametrize(
    ("extra", "names"),
    [
        ({}, []),
        ({"adcs_ca_backup_path": "D:\\", "adcs_ca_hosts": "cas", "adcs_ca_fleet": {"rows": []}}, []),
        ({"adcs_ca_outcome": {"status": "ok"}, "a": 1}, ["adcs_ca_outcome"]),
        ({"_adcs_ca_backup_job": 1, "adcs_ca_backup_result": 2}, ["_adcs_ca_backup_job", "adcs_ca_backup_result"]),
        ({"_adcs_ca_backup_guard": {"meant": []}}, ["_adcs_ca_backup_guard"]),
    ],
)
def test_extra_variables_that_would_win(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any], names: list[str]
) -> None:
    monkeypatch.setattr(_job, "load_extra_vars", lambda loader: extra)
    assert extra_names(Extra()) == names


def test_paths_on_the_controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("REPORTS", str(tmp_path / "env"))
    monkeypatch.chdir(tmp_path)
    variables = {"playbook_dir": str(tmp_path / "play")}
    for text, path in {
        "/srv/reports": "/srv/reports",
        "~/reports": str(tmp_path / "home/reports"),
        "$REPORTS/ca": str(tmp_path / "env/ca"),
        "reports": str(tmp_path / "play/reports"),
        "../reports": str(tmp_path / "play/../reports"),
    }.items():
        assert user_path(text, variables) == Path(path)
    assert user_path("x", {}) == Path.cwd() / "x"
    assert user_path("x", {"playbook_dir": "play"}) == Path.cwd() / "play" / "x"


@pytest.mark.parametrize(
    "playbook", ["/x/ansible_collections/adcs/ca/playbooks", "/x/ansible_collections/my/own/playbooks/sub"]
)
def test_a_relative_path_beside_the_playbook_of_a_collection_is_refused(playbook: str) -> None:
    variables = {"playbook_dir": playbook}
    for text in ("reports", "./hook.yml", "../x"):
        with pytest.raises(VariableError, match=f"'{text}' is relative, and the playbook is one of a collection"):
            user_path(text, variables)
    assert user_path("/srv/x", variables) == Path("/srv/x")


# --- the variables of the role ----------------------------------------------------------------------------------------------------------

DEFAULTS = {
    PREFIX + "max_age": "20h",
    PREFIX + "fail_on": [],
    PREFIX + "truncate_logs": False,
    PREFIX + "report_dir": "",
    PREFIX + "verify": True,
}


def read(entry: str = "main", only: tuple[str, ...] = (), **values: Any) -> RoleVariables:
    """The variables of a host, with the templates of ansible-core itself."""
    variables = {PREFIX + name: value for name, value in values.items()}
    templar = Templar(
        DataLoader(), variables={**variables, "where": "D:\\Backup", "nothing": None, "blank": "  ", "states": ["late"]}
    )
    return RoleVariables(entry, variables, DEFAULTS, templar.template, only)


def trusted(text: str) -> Any:
    """A text that a playbook holds; since ansible-core 2.19 only such a text is a template."""
    try:
        from ansible.template import trust_as_template
    except ImportError:
        return text
    return trust_as_template(text)


def test_templates_are_worked_out() -> None:
    found = read(
        path=trusted("{{ where }}"),
        fail_on=trusted("{{ states }}"),
        truncate_logs=trusted("{{ 1 == 1 }}"),
        max_age=trusted("{{ blank }}"),
    )
    assert found.problems == []
    assert [found.values[name] for name in ("path", "fail_on", "truncate_logs", "max_age", "verify")] == [
        "D:\\Backup", ["late"], True, "20h", True
    ]  # fmt: skip


@pytest.mark.parametrize("entry", ["main", "verify", "expire", "report"])
def test_each_entry_point_reads_its_own(entry: str) -> None:
    found = read(entry, path="D:\\")
    assert set(found.values) == {name for name, variable in VARIABLES.items() if entry in variable.entries.split()}
    assert found.problems == []


@pytest.mark.parametrize(
    "template",
    [
        "{{ not_there }}", "{{ 1 / 0 }}", "{{ where.not_there.at_all }}", "{{ 'x' | no_such_filter }}", "{{ where", "{% if %}",
        "{{ lookup('no_such_lookup') }}", "{{ omit_the_logs }}", "{{ logs.omitted }}", "{{ 'omit' | no_such_filter }}",
    ],
)  # fmt: skip
def test_a_template_that_fails_is_told_and_is_no_default(template: str) -> None:
    for name in ("fail_on", "truncate_logs", "report_dir", "path"):
        found = read(**{"path": "D:\\", name: trusted(template)})
        (problem,) = found.problems
        assert problem.startswith(f"{PREFIX}{name}: its template cannot be worked out: ")


@pytest.mark.parametrize(
    "value", [None, "", "  ", trusted("{{ omit }}"), trusted("{{ blank }}"), trusted("{{ nothing }}")]
)
def test_what_was_left_out_is_the_default(value: Any) -> None:
    variables = {
        PREFIX + "path": "D:\\",
        PREFIX + "max_age": value,
        PREFIX + "fail_on": value,
        "omit": "__omit__",
        "blank": " ",
        "nothing": None,
    }
    templar = Templar(DataLoader(), variables=dict(variables))
    found = RoleVariables("main", variables, DEFAULTS, templar.template)
    assert found.problems == [] and (found.values["max_age"], found.values["fail_on"]) == ("20h", [])


def test_a_path_is_needed() -> None:
    for values in (
        {},
        {"path": None},
        {"path": " "},
        {"path": trusted("{{ blank }}")},
        {"path": trusted("{{ nothing }}")},
    ):
        found = read(**values)
        assert found.values["path"] is None
        (problem,) = found.problems
        assert problem.startswith(f"{PREFIX}path: it is missing or blank.")


def test_text_of_a_survey_is_no_template() -> None:
    found = read(
        path=wrap_var("D:\\{{ where }}"), previous_host=wrap_var("  old.lab "), report_dir=wrap_var("{% raw %}")
    )
    assert [problem.split(":")[0] for problem in found.problems] == [PREFIX + "path", PREFIX + "report_dir"]
    assert all("holds a template that nobody worked out" in problem for problem in found.problems)
    assert found.values["previous_host"] == "old.lab" and found.values["report_dir"] == ""


def test_every_problem_is_told_by_name() -> None:
    found = read(path="Backup", keep_daily="many", verify="perhaps", keep_dayly=3, report_dir="a\nb", depth="deep")
    names = [problem.split(":")[0].removeprefix(PREFIX) for problem in found.problems]
    assert names == ["path", "verify", "keep_daily", "report_dir", "keep_dayly"]
    found.refuse("path", "no.")
    assert found.problems[-1] == f"{PREFIX}path: no."


def test_only_some_are_read() -> None:
    found = read(only=("replicate_tasks",), path="Backup", replicate_tasks=" hook.yml ")
    assert found.values == {"replicate_tasks": "hook.yml"} and found.problems == []

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role's variables stand in five places: its defaults, its spec, its README, the table that converts them, and its tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.adcs.ca.plugins.plugin_utils.job._role_variables import PREFIX, VARIABLES, converted

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "backup"
ENTRY_POINTS = {"main", "verify", "expire", "report"}
ROLE_NAME = re.compile(r"adcs_ca_outcome|_?adcs_ca_backup_\w+")
# How a kind of variable is called in the README, and how its description in the spec begins.
TEXT_KINDS = ("destination", "size", "span", "str")
TYPES = {"bool": "yes or no", "int": "whole number", "list": "list", **dict.fromkeys(TEXT_KINDS, "text")}
BEGINNINGS = {"bool": "Yes or no.", "int": "A whole number", "list": "A list, or a text with commas."}
NULL_IS_DEFAULT = "Null or blank means the default."
README_ROW = re.compile(
    r"^\| `(adcs_ca_backup_\w+)` \| ([a-z ]+) \| (?:none|`(.+?)`) \| ([a-z, ]+) \| .+ \|$", re.MULTILINE
)
# The steps of the action that fail a host.
FAILING_STEPS = {"start", "page", "verdict"}
DEFAULTS: dict[str, Any] = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
SPECS: dict[str, Any] = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))[
    "argument_specs"
]
README = (ROLE / "README.md").read_text(encoding="utf-8")
TASK_FILES = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROLE / "tasks").glob("*.yml"))
}
PATH = f"{PREFIX}path"


def tasks(nodes: Any) -> Iterator[dict[str, Any]]:
    """Yield every task below a list of tasks and blocks."""
    for node in nodes or []:
        yield node
        for part in ("block", "rescue", "always"):
            yield from tasks(node.get(part))


def all_tasks() -> list[dict[str, Any]]:
    return [task for content in TASK_FILES.values() for task in tasks(content)]


def step_of(task: dict[str, Any]) -> str | None:
    step: str | None = task.get("adcs.ca.backup_job", {}).get("step")
    return step


def parts_of(name: str) -> set[str]:
    """Return the names of a task file and of each file that it imports or includes by a fixed name."""
    text = (ROLE / "tasks" / f"{name}.yml").read_text(encoding="utf-8")
    found = re.findall(r"(?:import|include)_tasks: (\w+)\.yml", text)
    return {name}.union(*map(parts_of, found))


def read_by(entry_point: str) -> set[str]:
    """Return the variables that an entry point reads, with their prefix."""
    return {PREFIX + name for name, variable in VARIABLES.items() if entry_point in variable.entries.split()}


def test_task_files() -> None:
    """A task file is an entry point with a spec, or begins with an underscore and is a part of one."""
    public = {name for name in TASK_FILES if not name.startswith("_")}
    assert public == ENTRY_POINTS == SPECS.keys()
    assert set().union(*map(parts_of, ENTRY_POINTS)) == TASK_FILES.keys()
    assert all(spec["short_description"] and spec["description"] for spec in SPECS.values())


def test_entry_points_start_and_judge() -> None:
    """An entry point refuses first what it cannot judge, under its own name, and judges last."""
    for name in ENTRY_POINTS:
        first = TASK_FILES[name][0]
        assert first["adcs.ca.backup_job"] == {"step": "start", "entry": name}
        last = TASK_FILES[name][-1]
        assert step_of(last) == "verdict" or last["ansible.builtin.import_tasks"] == "_judge.yml", name
    assert step_of(TASK_FILES["_judge"][-1]) == "verdict"


def test_no_keyword_of_a_play_reaches_the_verdict() -> None:
    """Blocks and failing tasks say themselves that no error is fatal for others and that none is ignored."""
    assert {step_of(task) for task in all_tasks()} & FAILING_STEPS == FAILING_STEPS
    bearers = [task for task in all_tasks() if "block" in task or step_of(task) in FAILING_STEPS]
    assert len(bearers) > len(ENTRY_POINTS)
    for task in bearers:
        assert (task.get("any_errors_fatal"), task.get("ignore_errors")) == (False, False), task["name"]
        assert "when" not in task, task["name"]
    assert all(task["ignore_unreachable"] is True for task in bearers if "block" in task)


def test_entry_points_document_what_they_read() -> None:
    for entry_point, spec in SPECS.items():
        assert spec["options"].keys() == read_by(entry_point), entry_point


def test_every_variable_has_its_default() -> None:
    """Every variable but the path has a default, which is of its kind already."""
    assert DEFAULTS.keys() == {PREFIX + name for name, variable in VARIABLES.items() if not variable.required}
    assert {PREFIX + name for name, variable in VARIABLES.items() if variable.required} == {PATH}
    for name, default in DEFAULTS.items():
        assert default == "" or converted(name.removeprefix(PREFIX), default, None) == default, name


@pytest.mark.parametrize("entry_point", sorted(ENTRY_POINTS))
def test_spec_says_what_the_role_does(entry_point: str) -> None:
    """ansible-core's own check of the spec, before the role's first task, passes every value: the role judges it."""
    for name, option in SPECS[entry_point]["options"].items():
        kind = VARIABLES[name.removeprefix(PREFIX)].kind
        assert option.keys() == {"description", "type"} | ({"default"} if name in DEFAULTS else set()), name
        # ansible-core 2.16 passes null as no other type
        assert option["type"] == "raw", name
        assert option["description"][0].startswith(BEGINNINGS.get(kind, "")), name
        assert option.get("default") == DEFAULTS.get(name), name
        says = any(sentence.startswith(NULL_IS_DEFAULT) for sentence in option["description"])
        assert says == (name in DEFAULTS), name


def test_readme_has_the_same_table() -> None:
    rows = {name: (type_, default, entries) for name, type_, default, entries in README_ROW.findall(README)}
    assert rows.keys() == DEFAULTS.keys() | {PATH}
    for name, (type_, default, entries) in rows.items():
        variable = VARIABLES[name.removeprefix(PREFIX)]
        assert type_ == TYPES[variable.kind], name
        assert (yaml.safe_load(default) if default else None) == DEFAULTS.get(name), name
        assert entries.split(", ") == variable.entries.split(), name


def test_readme_names_what_the_role_sets() -> None:
    names = {name for task in all_tasks() for name in _set_by(task) if not name.startswith("_")}
    assert {name for name in names if f"`{name}`" not in README} == set()
    assert {name for name in ENTRY_POINTS if f"| `{name}` |" not in README} == set()


def test_variables_have_one_prefix() -> None:
    """What the role sets or registers has its prefix, internal ones with an underscore before; the outcome alone has its own name."""
    names = {name for task in all_tasks() for name in _set_by(task)}
    assert names
    assert [name for name in sorted(names) if not ROLE_NAME.fullmatch(name)] == []


def test_tasks_take_converted_values() -> None:
    """Tasks read no variable of the role itself, only what the step ``options`` made of it, and each reads what its entry point has."""
    texts = {name: (ROLE / "tasks" / f"{name}.yml").read_text(encoding="utf-8") for name in TASK_FILES}
    read = {name for text in texts.values() for name in ROLE_NAME.findall(text)}
    assert read & (DEFAULTS.keys() | {PATH}) == set()
    for entry_point in ENTRY_POINTS:
        text = "\n".join(texts[name] for name in parts_of(entry_point))
        taken = {PREFIX + name for name in re.findall(r"_adcs_ca_backup_job\.(?:options|policy)\.(\w+)", text)}
        assert taken <= read_by(entry_point), entry_point


def _set_by(task: dict[str, Any]) -> set[str]:
    names = set(task.get("ansible.builtin.set_fact", {})) | set(task.get("vars", {}))
    return names | ({task["register"]} if "register" in task else set())

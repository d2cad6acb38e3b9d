# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role's variables: one prefix, one list of defaults, and every one of them documented and used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "backup"
ENTRY_POINTS = {"main", "verify", "expire", "report"}
PREFIX = re.compile(r"_?adcs_ca_backup_\w+")
DEFAULTS: dict[str, Any] = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
SPECS: dict[str, Any] = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))[
    "argument_specs"
]
TASK_FILES = sorted((ROLE / "tasks").glob("*.yml"))


def tasks(nodes: Any) -> Iterator[dict[str, Any]]:
    """Yield every task below a list of tasks and blocks."""
    for node in nodes or []:
        yield node
        for part in ("block", "rescue", "always"):
            yield from tasks(node.get(part))


def all_tasks() -> list[dict[str, Any]]:
    return [task for path in TASK_FILES for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8")))]


def test_entry_points() -> None:
    """Every entry point has a file and a description, and the other files are parts of one."""
    assert SPECS.keys() == ENTRY_POINTS
    assert ENTRY_POINTS <= {path.stem for path in TASK_FILES}
    assert all(spec["short_description"] and spec["description"] for spec in SPECS.values())


def test_defaults_are_as_documented() -> None:
    """Every option has the default of defaults/main.yml in each entry point that takes it; only the path has none."""
    documented: dict[str, Any] = {}
    for entry_point, spec in SPECS.items():
        for name, option in spec["options"].items():
            assert option["description"] and option["type"], (entry_point, name)
            assert ("default" in option) != bool(option.get("required")), (entry_point, name)
            assert documented.setdefault(name, option) == option, (entry_point, name)
    required = {name for name, option in documented.items() if option.get("required")}
    assert required == {"adcs_ca_backup_path"}
    assert {name: option["default"] for name, option in documented.items() if name not in required} == DEFAULTS


def test_variables_have_one_prefix() -> None:
    """What the role sets or registers, and its variables, begin with adcs_ca_backup_, internal ones with an underscore before."""
    names = set(DEFAULTS)
    for task in all_tasks():
        names |= set(task.get("ansible.builtin.set_fact", {})) | set(task.get("vars", {}))
        names |= {task["register"]} if "register" in task else set()
    assert [name for name in sorted(names) if not PREFIX.fullmatch(name)] == []


def test_every_variable_is_used_and_known() -> None:
    """Tasks use every default, and no variable that is neither a default, the path, nor set by the role."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in TASK_FILES)
    # what ends in an underscore is a pattern for names
    used = {name for name in PREFIX.findall(text) if not name.endswith("_")}
    made = {name for task in all_tasks() for name in [*task.get("ansible.builtin.set_fact", {}), *task.get("vars", {})]}
    made |= {task["register"] for task in all_tasks() if "register" in task}
    assert DEFAULTS.keys() - used == set()
    assert used - made - DEFAULTS.keys() == {"adcs_ca_backup_path"}


def test_entry_points_document_what_they_read() -> None:
    """An entry point documents each default that its files use, and nothing else."""
    for entry_point, spec in SPECS.items():
        used = set(PREFIX.findall(text_of(entry_point))) & (DEFAULTS.keys() | {"adcs_ca_backup_path"})
        assert spec["options"].keys() == used, entry_point


def text_of(name: str) -> str:
    """Return the text of a task file and of each one that it imports."""
    text = (ROLE / "tasks" / f"{name}.yml").read_text(encoding="utf-8")
    parts = re.findall(r"import_tasks: (\w+)\.yml", text)
    return "\n".join([text, *map(text_of, parts)])

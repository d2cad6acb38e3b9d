# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file with tasks of the user's that is included later: ansible-core loads it here first, as it will be loaded then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.module_utils.compat.version import LooseVersion
from ansible.playbook.block import Block
from ansible.playbook.helpers import load_list_of_blocks
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task_include import TaskInclude
from ansible.release import __version__ as core_version
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._conditions import ROLE_NAMES, ROLE_PRIVATE
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._replication import PROOF

META = ("meta", "ansible.builtin.meta", "ansible.legacy.meta")
SET_FACT = ("set_fact", "ansible.builtin.set_fact", "ansible.legacy.set_fact")
# The others end something for hosts that nobody asked, make a failure unseen, or are none.
HARMLESS = ("clear_facts", "flush_handlers", "noop", "refresh_inventory", "reset_connection")
# Before, a file that a variable of the host names could not import another one: the job ended there.
CAN_IMPORT = LooseVersion(core_version) >= LooseVersion("2.19.0b1")


class HookError(ValueError):
    """A hook that cannot be used; the text names the file and says why."""


def load_hook(path: Path, task: Any, loader: Any, variable_manager: Any) -> list[Any]:
    """Return the tasks of a hook, those of its blocks and of the files that it imports or includes by name among them.

    HookError when one of these files cannot be used. A file whose name is a template, and a role that is included, are not looked at.

    Args:
        path: the file, absolute.
        task: the task of the role that asks; its play and role are those of the hook's tasks.
        loader: ansible-core's loader of files.
        variable_manager: ansible-core's, for static imports.
    """
    found: list[Any] = []
    waiting, seen = [path], set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        tasks = _load_file(file, task, loader, variable_manager)
        found += tasks
        waiting += [_beside(file, name, task) for name in _included(tasks)]
    return found


def _load_file(path: Path, task: Any, loader: Any, variable_manager: Any) -> list[Any]:
    """Return the tasks of one file; HookError when it cannot be used."""
    if not path.is_file():
        raise HookError(f"the hook {path} does not exist, or is no file.")
    try:
        data = loader.load_from_file(str(path))
    except Exception as error:  # the parser of YAML and the loader raise errors of many kinds
        raise HookError(f"the hook {path} cannot be read: {_first_line(error)}") from error
    if not isinstance(data, list) or not data:
        raise HookError(f"the hook {path} holds no list of tasks.")
    block = task._parent
    include = TaskInclude.load(
        {"name": "hook", "include_tasks": str(path)}, block=block, role=task._role, loader=loader
    )
    include.statically_loaded = False
    try:
        blocks = load_list_of_blocks(
            data,
            play=block._play,
            role=task._role,
            task_include=include,
            variable_manager=variable_manager,
            loader=loader,
        )
    except Exception as error:
        raise HookError(f"the hook {path} cannot be loaded: {_first_line(error)}") from error
    tasks = list(_tasks(blocks, path))
    for found in tasks:
        _check(path, found)
    return tasks


def _beside(file: Path, name: str, task: Any) -> Path:
    """Return a file that another one includes; HookError for a name that ansible-core would find in the role first."""
    tasks = os.path.join(task._role._role_path, "tasks") if task._role else ""
    if tasks and not os.path.isabs(name) and os.path.exists(os.path.normpath(os.path.join(tasks, name))):
        raise HookError(
            f"the hook {file} includes '{name}', which is the name of a file of the role too. Use another name."
        )
    return file.parent / name


def _included(tasks: list[Any]) -> list[str]:
    """Return the files that tasks include by name."""
    names = [
        task.args.get("_raw_params")
        for task in tasks
        if isinstance(task, TaskInclude) and not isinstance(task, IncludeRole)
    ]
    return [name for name in names if isinstance(name, str) and "{{" not in name and "{%" not in name]


def names_set_by(tasks: list[Any]) -> set[str]:
    """Return the names of the variables that tasks register or set."""
    names: set[str] = set()
    for task in tasks:
        # a name or, from ansible-core 2.21 on, a mapping of names to expressions
        names |= {task.register} if isinstance(task.register, str) else set(task.register or ())
        if task.action in SET_FACT and isinstance(task.args, dict):
            names |= set(task.args)
    return names


def _tasks(blocks: list[Any], path: Path) -> Iterator[Any]:
    for item in blocks:
        if not isinstance(item, Block):
            yield item
            continue
        if isinstance(item._parent, TaskInclude) and item._parent.statically_loaded and not CAN_IMPORT:
            raise HookError(
                f"the hook {path} imports a file, which ansible-core {core_version} cannot do there. Use include_tasks."
            )
        yield from _tasks([*item.block, *item.rescue, *item.always], path)


def _check(path: Path, task: Any) -> None:
    role = Path(task._role._role_path).resolve() if task._role else None
    if role and role in Path(str(task.get_path()).rpartition(":")[0]).resolve().parents:
        raise HookError(f"the hook {path} imports a file of the role. Give the full path of a file of yours.")
    word = str(task.args.get("_raw_params", "")).strip()
    if task.action in META and word not in HARMLESS:
        raise HookError(
            f"the hook {path} contains 'meta: {word}', which would end the job for this host or others. Remove it."
        )
    taken = {name for name in names_set_by([task]) if name in ROLE_NAMES - {PROOF} or ROLE_PRIVATE.fullmatch(str(name))}
    if taken:
        raise HookError(
            f"the hook {path} sets {', '.join(sorted(taken))}, which the role sets itself. Use another name."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".") + "."

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Conditions that a role inherits, and whether one may change while the role runs. Jinja2's own parser reads them; pure functions.

Ansible asks an inherited condition again before each task. One that turns false in the middle of the role would skip the verdict.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, TemplateError, nodes

# What the role sets or registers.
ROLE_NAMES = frozenset(
    {
        "adcs_ca_outcome",
        "adcs_ca_backup_expire_result",
        "adcs_ca_backup_listing",
        "adcs_ca_backup_replicated",
        "adcs_ca_backup_report_result",
        "adcs_ca_backup_result",
    }
)
ROLE_PRIVATE = re.compile(r"_adcs_ca_\w+")
# What ansible-core changes while a play runs.
CHANGING_NAMES = frozenset(
    {"ansible_failed_result", "ansible_failed_task", "ansible_play_batch", "ansible_play_hosts", "play_hosts"}
)
CHANGING_CALLS = frozenset({"lookup", "now", "q", "query"})
CHANGING_FILTERS = frozenset({"fileglob", "password_hash", "random", "random_mac", "shuffle", "strftime"})
CHANGING_TESTS = frozenset({"directory", "exists", "file", "link", "link_exists", "mount", "same_file"})

# Filters that take the name of a filter or a test.
NAMING_FILTERS = frozenset({"map", "reject", "rejectattr", "select", "selectattr"})
# Variables that hold all others.
WHOLE = frozenset({"groups", "hostvars", "vars"})

_JINJA = Environment(autoescape=False)  # nothing is rendered


def changing_part(conditions: Iterable[Any], variables: Mapping[str, Any], also: Iterable[str] = ()) -> str:
    """Return what in the conditions may change while the role runs, such as ``adcs_ca_backup_result``; empty when nothing may.

    Args:
        conditions: the conditions of a task, its own and inherited ones.
        variables: the untemplated variables of the host: a condition may name one whose template names another.
        also: further names that change, such as those that a hook sets.
    """
    changing = ROLE_NAMES | CHANGING_NAMES | frozenset(also)
    waiting = [condition for condition in conditions if isinstance(condition, str)]
    seen: set[str] = set()
    while waiting:
        for tree in _trees(waiting.pop()):
            found = _changing(tree, changing)
            if found:
                return found
            for name in set(_names(tree)) - seen - WHOLE:
                seen.add(name)
                waiting += _texts(variables.get(name))
    return ""


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value: each may be a template, or be asked as a condition of its own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _is_template(text: str) -> bool:
    return "{{" in text or "{%" in text


def _trees(text: str) -> Iterator[nodes.Template]:
    """Yield a condition as trees; none for one that cannot be read, which ansible-core refuses itself.

    One that holds a template is a template and, with its result in place of the braces, an expression.
    """
    expression = f"{{{{ {text.replace('{{', '(').replace('}}', ')')} }}}}"
    for template in (text, expression) if _is_template(text) else (expression,):
        with contextlib.suppress(TemplateError):
            yield _JINJA.parse(template)


def _changing(tree: nodes.Template, changing: frozenset[str]) -> str:
    """Return the first thing in a tree that changes; empty when nothing does."""
    found = [name for name in _names(tree) if name in changing or ROLE_PRIVATE.fullmatch(name)]
    called = [node.node.name for node in tree.find_all(nodes.Call) if isinstance(node.node, nodes.Name)]
    found += [f"{name}()" for name in called if name in CHANGING_CALLS]
    filters = [_last(node.name) for node in tree.find_all(nodes.Filter)]
    tests = [_last(node.name) for node in tree.find_all(nodes.Test)]
    for node in tree.find_all(nodes.Filter):
        if _last(node.name) in NAMING_FILTERS:
            named = [
                _last(item.value) for item in node.args if isinstance(item, nodes.Const) and isinstance(item.value, str)
            ]
            filters, tests = filters + named, tests + named
    found += [name for name in filters if name in CHANGING_FILTERS] + [name for name in tests if name in CHANGING_TESTS]
    return sorted(found)[0] if found else ""


def _names(tree: nodes.Template) -> Iterator[str]:
    """Yield all that may be the name of a variable: names, attributes and constants, as in ``hostvars[host]['name']``."""
    yield from (node.name for node in tree.find_all(nodes.Name))
    yield from (node.attr for node in tree.find_all(nodes.Getattr))
    for node in tree.find_all(nodes.Const):
        # a path of attributes, such as 'adcs_ca_outcome.status', is several names
        yield from re.findall(r"\w+", node.value) if isinstance(node.value, str) else ()


def _last(name: str | None) -> str:
    return (name or "").rpartition(".")[2]

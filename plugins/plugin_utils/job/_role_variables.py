# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of the role ``adcs.ca.backup``: what they take, and what null, blank and text mean. Pure functions.

This is the one place that decides it. A value may come from a playbook, from an inventory, or as text from a survey. Null and blank
mean that the variable was left out.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import plain_text

PREFIX = "adcs_ca_backup_"
# The host knows more of paths; what is wrong with every host is said before one is asked.
ABSOLUTE = re.compile(r"[A-Za-z]:[\\/]|[\\/]{2}[^\\/?.]")
LABEL_AT_END = re.compile(r"[\\/]\d{8}T\d{6}Z-(full|logs)[\\/]?\Z")
# A line break around a text is none of them: it is refused.
BLANKS = " \t\u00a0"
UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
TEMPLATE = re.compile(r"\{\{|\{%|\{#")
SPAN = re.compile(r"(?=.)([0-9]{1,5}w)?([0-9]{1,5}d)?([0-9]{1,5}h)?([0-9]{1,5}min)?([0-9]{1,5}s)?")
SIZE = re.compile(r"[0-9]{1,12}[KMGT]?")
YES = ("yes", "y", "on", "true", "t", "1")
# Nine digits, as in a text.
NUMBER_LIMIT = 10**9
NO = ("no", "n", "off", "false", "f", "0")
CLOSE = 0.84
# Names that a variable had, for the message.
RENAMED = {
    "access": "readers",
    "defer": "report_follows",
    "limit": "delete_limit",
    "verify_depth": "depth",
}


class VariableError(ValueError):
    """A value that makes no sense; the text goes behind the name of the variable."""


@dataclass(frozen=True)
class Variable:
    """What a variable takes: ``kind`` is a key of ``KINDS``; ``entries`` are the entry points that read it."""

    kind: str
    entries: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    required: bool = False


VARIABLES: dict[str, Variable] = {
    "path": Variable("destination", "main verify expire", required=True),
    "readers": Variable("list", "main"),
    "dynamic_files": Variable("bool", "main"),
    "max_age": Variable("span", "main"),
    "previous_host": Variable("str", "main verify expire"),
    "ignored_names": Variable("list", "main verify expire"),
    "replicate_tasks": Variable("str", "main"),
    "reserve": Variable("size", "main"),
    "timeout_s": Variable("int", "main", least=0),
    "trace": Variable("bool", "main"),
    "truncate_logs": Variable("bool", "main"),
    "type": Variable("str", "main", choices=("full",)),
    "verify": Variable("bool", "main"),
    "depth": Variable("str", "verify", choices=("hashes", "sizes")),
    "expire": Variable("bool", "main expire"),
    "keep_daily": Variable("int", "main expire", least=0),
    "keep_hourly": Variable("int", "main expire", least=0),
    "keep_labels": Variable("list", "main expire"),
    "keep_last": Variable("int", "main expire", least=0),
    "keep_minimum": Variable("int", "main expire", least=1),
    "keep_monthly": Variable("int", "main expire", least=0),
    "keep_weekly": Variable("int", "main expire", least=0),
    "keep_within": Variable("str", "main expire"),
    "keep_yearly": Variable("int", "main expire", least=0),
    "delete_limit": Variable("int", "main expire", least=1),
    "fail_on": Variable(
        "list", "main verify expire report", choices=("failed", "unreachable", "late", "never", "warning")
    ),
    "late_after_s": Variable("int", "main verify expire", least=0),
    "expected": Variable("str", "main verify expire", choices=("online", "offline")),
    "offline_late_after_s": Variable("int", "main verify expire", least=0),
    "warn_free_percent": Variable("int", "main verify expire", least=0, most=100),
    "warn_full_days": Variable("int", "main verify expire", least=0),
    "warn_untruncated_nights": Variable("int", "main verify expire", least=0),
    "report_dir": Variable("str", "main verify expire report"),
    "report_follows": Variable("bool", "main verify expire"),
}


def is_left_out(value: Any) -> bool:
    """Say whether a value means that the variable was left out: null, or a text of nothing but white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def converted(name: str, value: Any, default: Any) -> Any:
    """Return the value of a variable in its own type, ``default`` for one that was left out.

    ``name`` is without the prefix. VariableError for a value that makes no sense.
    """
    variable = VARIABLES[name]
    if is_left_out(value):
        if variable.required:
            raise VariableError(
                "it is missing or blank. Give the folder that holds the repositories, such as D:\\Backup."
            )
        return default
    found = KINDS[variable.kind](value)
    if variable.choices:
        for item in found if isinstance(found, list) else [found]:
            if item not in variable.choices:
                raise VariableError(f"{item!r} is not one of {', '.join(variable.choices)}.")
    check_range(found, variable.least, variable.most)
    return found


def check_range(number: Any, least: int | None, most: int | None = None) -> None:
    """VariableError for a number below ``least`` or above ``most``, where these are given."""
    if least is not None and number < least:
        raise VariableError(f"it is {number}, but must be at least {least}.")
    if most is not None and number > most:
        raise VariableError(f"it is {number}, but must be at most {most}.")


def unknown_names(names: Collection[str]) -> dict[str, str]:
    """Return ``{variable: what it should be}`` of those that have the role's prefix and look like a misspelt or renamed variable."""
    found = {}
    for name in sorted(names):
        rest = name.removeprefix(PREFIX)
        if rest == name or rest in VARIABLES:
            continue
        close = difflib.get_close_matches(rest, VARIABLES, n=1, cutoff=CLOSE)
        meant = RENAMED.get(rest) or (close[0] if close else None)
        if meant or rest.startswith("keep_"):
            found[name] = PREFIX + meant if meant else "one of the rules keep_*"
    return found


def plain_line(value: Any) -> str:
    """Return a text of one line, without blanks around it; VariableError for any other value."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise VariableError(f"{_shown(value)} is no text.")
    text = plain_text(str(value)).strip(BLANKS)
    if UNFIT.search(text):
        raise VariableError(f"{_shown(text)} has a line break or a control character in it.")
    if TEMPLATE.search(text):
        raise VariableError(f"{_shown(text)} holds a template that nobody worked out.")
    return text


def destination(value: Any) -> str:
    """Return the path of a folder for repositories; VariableError for any other value."""
    if not isinstance(value, str):
        raise VariableError(f"{_shown(value)} is no text.")
    text = plain_line(value)
    if not ABSOLUTE.match(text):
        raise VariableError(
            f"'{text}' is not the absolute path of a folder, such as D:\\Backup or \\\\server\\share\\folder."
        )
    if LABEL_AT_END.search(text):
        raise VariableError(f"'{text}' is a set in a repository. Give the folder that holds the repositories.")
    return text


def _span(value: Any) -> str:
    text = plain_line(value)
    if not SPAN.fullmatch(text):
        raise VariableError(
            f"'{text}' is not a time span. Use whole numbers with w, d, h, min and s, such as 20h or 1d12h."
        )
    return text


def _size(value: Any) -> str:
    text = plain_line(value)
    if not SIZE.fullmatch(text):
        raise VariableError(f"'{text}' is not a size. Use a whole number with K, M, G or T, such as 500M.")
    return text


def _int(value: Any) -> int:
    if isinstance(value, float) and value.is_integer() and abs(value) < NUMBER_LIMIT:
        return int(value)
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,9}", str(value).strip()):
        raise VariableError(f"{_shown(value)} is not a whole number.")
    return int(str(value).strip())


def _bool(value: Any) -> bool:
    word = str(value).strip().lower()
    if not isinstance(value, (bool, int, float, str)) or word not in YES + NO:
        raise VariableError(f"{_shown(value)} is neither yes nor no.")
    return word in YES


def _list(value: Any) -> list[str]:
    """A survey has no lists: it gives a text with commas or lines."""
    if isinstance(value, str):
        value = re.split(r"[,\n]", value)
    if not isinstance(value, (list, tuple)):
        raise VariableError(f"{_shown(value)} is no list.")
    return [plain_line(item.strip() if isinstance(item, str) else item) for item in value if not is_left_out(item)]


KINDS: Mapping[str, Callable[[Any], Any]] = {
    "bool": _bool,
    "destination": destination,
    "int": _int,
    "list": _list,
    "size": _size,
    "span": _span,
    "str": plain_line,
}


def _shown(value: Any) -> str:
    """Return a value as a message shows it."""
    return repr(plain_text(value) if isinstance(value, str) else value)[:200]

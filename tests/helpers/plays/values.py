# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of the role's variables as users and surveys give them, and what each must come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from helpers.plays.runner import Unsafe


@dataclass(frozen=True)
class Default:
    """The value counts as left out: the CA is asked for the same as one without the variable."""


@dataclass(frozen=True)
class Refused:
    """The host is not asked for anything; it is red, and the message and the document name the variable."""


@dataclass(frozen=True)
class Option:
    """A module receives this, in this type."""

    module: str
    name: str
    value: Any


@dataclass(frozen=True)
class Rule:
    """The plan of expiry has this rule, and so has the document."""

    name: str
    value: Any


@dataclass(frozen=True)
class Entry:
    """The document of the host says this, in this type."""

    name: str
    value: Any


@dataclass(frozen=True)
class Holds:
    """The CA holds this many sets afterwards: of six, the default rules keep three."""

    sets: int


@dataclass(frozen=True)
class NewSet:
    """A backup is made, although there is a fresh set."""


Expectation = Default | Refused | Option | Rule | Entry | Holds | NewSet
Case = tuple[Any, Expectation]

DEFAULT, REFUSED = Default(), Refused()
# The same for every variable that is not required. The last one is what `default(omit)` of a user's comes to.
LEFT_OUT = (
    None,
    "",
    "   ",
    "\t \n",
    "{{ omit }}",
    "{{ nowhere | default(omit) }}",
    "{{ nowhere | default('') }}",
    "{{ none }}",
)
TEMPLATE = Unsafe("{{ 7 * 7 }}")
NO_NUMBER = ("many", "1.5", 1.5, -1, "-1", True, [], [3], {}, {"a": 1}, TEMPLATE, "3\n4", "\x07")
NO_FLAG = ("perhaps", 2, [], [True], {}, {"a": 1}, TEMPLATE, "yes\nno")
NO_TEXT = ([], ["a"], {}, {"a": 1}, TEMPLATE, "a\nb", "a\x07b", "a\x85b", Unsafe("a{% raw %}"))
NO_LIST = (5, True, {}, {"a": 1}, TEMPLATE, [["a"]], [{"a": 1}], ["a\x07"], [TEMPLATE])


def _flag(module: str, option: str) -> tuple[Case, ...]:
    yes = tuple(
        (value, Option(module, option, True)) for value in (True, "true", "yes", "on", "1", " True ", "{{ true }}")
    )
    no = tuple((value, Option(module, option, False)) for value in (False, "false", "no", "off", "0", "{{ 1 > 2 }}"))
    return yes + no


def _rule(name: str) -> tuple[Case, ...]:
    return tuple((value, Rule(name, 3)) for value in (3, "3", " 3 ", "{{ 1 + 2 }}"))


def _number_of_default(number: int) -> tuple[Case, ...]:
    """A number that changes nothing of a CA that is well."""
    return tuple((value, DEFAULT) for value in (number, str(number), f" {number} ", f"{{{{ {number} }}}}", 0))


def _refused(values: tuple[Any, ...]) -> tuple[Case, ...]:
    return tuple((value, REFUSED) for value in values)


READERS = Option("backup", "access", ["CONTOSO\\one", "CONTOSO\\two"])
IGNORED = Option("backup_info", "ignored_names", ["one", "two"])
LABELS = Rule("keep_labels", ["20260101T000000Z-full", "20260102T000000Z-full"])

VALUES: dict[str, tuple[Case, ...]] = {
    "path": (
        (" D:\\Other ", Option("backup", "path", "D:\\Other")),
        (Unsafe("D:\\Other"), Option("backup", "path", "D:\\Other")),
        ("{{ 'D:\\Other' }}", Option("backup", "path", "D:\\Other")),
        *_refused(
            (*LEFT_OUT, "Backup", "D:Backup", 5, True, ["D:\\Backup"], {"a": 1}, "D:\\Back\nup", "D:\\Back\x07up")
        ),
        *_refused(
            (Unsafe("D:\\{{ 7 * 7 }}"), Unsafe("D:\\{% raw %}"), "D:\\Backup\\20260101T000000Z-full", "{{ nowhere }}")
        ),
    ),
    "readers": (
        (["CONTOSO\\one", "CONTOSO\\two"], READERS),
        ("CONTOSO\\one, CONTOSO\\two", READERS),
        ("CONTOSO\\one\nCONTOSO\\two\n", READERS),
        (["CONTOSO\\one", None, "", " CONTOSO\\two "], READERS),
        ("{{ ['CONTOSO\\one', 'CONTOSO\\two'] }}", READERS),
        ([], DEFAULT),
        ([None], DEFAULT),
        (",", DEFAULT),
        *_refused(NO_LIST),
    ),
    "dynamic_files": (*_flag("backup", "dynamic_files"), *_refused(NO_FLAG)),
    "trace": (*_flag("backup", "trace"), *_refused(NO_FLAG)),
    "max_age": (
        ("1d12h", Option("backup", "max_age", "1d12h")),
        (" 30min ", Option("backup", "max_age", "30min")),
        ("{{ 10 * 2 }}h", Option("backup", "max_age", "20h")),
        ("0s", NewSet()),
        *_refused((*NO_TEXT, 20, "20", "1h1d", "-1h", True)),
    ),
    "previous_host": (
        ("old.example.com", Option("backup", "previous_host", "old.example.com")),
        (" old.example.com ", Option("backup", "previous_host", "old.example.com")),
        *_refused(NO_TEXT),
    ),
    "replicate_tasks": _refused((*NO_TEXT, "/nowhere/replicate.yml", 5)),
    "reserve": (
        ("1G", Option("backup", "reserve", "1G")),
        (500, Option("backup", "reserve", "500")),
        ("0", Option("backup", "reserve", "0")),
        *_refused((*NO_TEXT, "much", "1.5G", "-1", True)),
    ),
    "timeout_s": (
        (30, DEFAULT),
        ("30", DEFAULT),
        (" 30 ", DEFAULT),
        ("{{ 30 }}", DEFAULT),
        (0, DEFAULT),
        *_refused(NO_NUMBER),
    ),
    "truncate_logs": (*_flag("backup", "truncate_logs"), *_refused(NO_FLAG)),
    "type": (("full", DEFAULT), (" full ", DEFAULT), *_refused((*NO_TEXT, "logs", "FULL", 5, True))),
    "verify": (*_flag("backup", "verify"), *_refused(NO_FLAG)),
    "expire": (
        (False, Holds(6)),
        ("no", Holds(6)),
        ("{{ false }}", Holds(6)),
        (True, DEFAULT),
        ("yes", DEFAULT),
        *_refused(NO_FLAG),
    ),
    # with all rules at 0 the role refuses them together, so 0 has only one of them
    "keep_daily": (
        *_rule("keep_daily"),
        (0, Rule("keep_daily", None)),
        ("0", Rule("keep_daily", None)),
        *_refused(NO_NUMBER),
    ),
    "keep_hourly": (*_rule("keep_hourly"), *_refused(NO_NUMBER[:5])),
    "keep_labels": (
        (["20260101T000000Z-full", "20260102T000000Z-full"], LABELS),
        ("20260101T000000Z-full,20260102T000000Z-full", LABELS),
        ("20260101T000000Z-full\n20260102T000000Z-full", LABELS),
        ([], Rule("keep_labels", None)),
        *_refused(NO_LIST),
    ),
    "keep_last": (*_rule("keep_last"), *_refused(NO_NUMBER[:5])),
    "keep_minimum": ((4, Holds(5)), ("4", Holds(5)), (1, Holds(3)), *_refused((*NO_NUMBER, 0, "0"))),
    "keep_monthly": (*_rule("keep_monthly"), *_refused(NO_NUMBER[:5])),
    "keep_weekly": (*_rule("keep_weekly"), *_refused(NO_NUMBER[:5])),
    "keep_within": (
        ("1m", Rule("keep_within", "1m")),
        (" 1m ", Rule("keep_within", "1m")),
        *_refused((*NO_TEXT, "much", 5, "1x", True)),
    ),
    "keep_yearly": (*_rule("keep_yearly"), *_refused(NO_NUMBER[:5])),
    "ignored_names": (
        (["one", "two"], IGNORED),
        ("one, two", IGNORED),
        ("one\ntwo\n", IGNORED),
        ("{{ ['one', 'two'] }}", IGNORED),
        ([], DEFAULT),
        *_refused(NO_LIST),
    ),
    # what it means to be offline is in test_states.py: it changes what other values come to
    "expected": (
        ("online", Entry("expected", "online")),
        (" online ", Entry("expected", "online")),
        ("{{ 'online' }}", Entry("expected", "online")),
        *_refused((*NO_TEXT, "away", "Offline", 5, True)),
    ),
    # only an offline CA is judged by it
    "offline_late_after_s": (*_number_of_default(60), *_refused(NO_NUMBER)),
    "warn_free_percent": (*_number_of_default(90), *_refused((*NO_NUMBER, 101))),
    "warn_full_days": (*_number_of_default(1), *_refused(NO_NUMBER)),
    "warn_untruncated_nights": (*_number_of_default(3), *_refused(NO_NUMBER)),
    "delete_limit": (
        (1, Holds(5)),
        ("1", Holds(5)),
        ("{{ 1 }}", Holds(5)),
        ("20", Holds(3)),
        *_refused((*NO_NUMBER, 0, "0")),
    ),
    "fail_on": (
        ([], DEFAULT),
        (["late"], DEFAULT),
        ("late, never", DEFAULT),
        ("late\nnever", DEFAULT),
        (["failed", "unreachable"], DEFAULT),
        ("{{ ['late'] }}", DEFAULT),
        ([None], DEFAULT),
        *_refused((*NO_LIST, "lte", ["late", "lte"], "late never")),
    ),
    "late_after_s": (
        (7200, Entry("late_after_s", 7200)),
        ("7200", Entry("late_after_s", 7200)),
        (" 7200 ", Entry("late_after_s", 7200)),
        ("{{ 3600 * 2 }}", Entry("late_after_s", 7200)),
        (7200.0, Entry("late_after_s", 7200)),
        *_refused(NO_NUMBER),
    ),
    "report_dir": _refused(("a\nb", "a\x07b", [], ["/tmp"], {"a": 1}, TEMPLATE, Unsafe("/tmp/{{ 7 * 7 }}"), True)),
    "report_follows": (("no", DEFAULT), (False, DEFAULT), ("0", DEFAULT), *_refused(NO_FLAG)),
}
# Without a default a variable cannot be left out; the reports of a host without a folder are nowhere.
NOT_LEFT_OUT = ("path", "report_dir")


# So many wrong variables fit into one message.
NAMED_TOGETHER = 6

Cases = dict[str, Case]


def hosts_of_cases(without: tuple[str, ...] = ()) -> dict[str, Cases]:
    """Return hosts that together have every variable with every value, and what each value must come to.

    Values share a host where they do not disturb each other: those that count as left out, those that a module or a
    document shows, and some that are refused, since the message names each of them.
    """
    hosts: dict[str, Cases] = {}
    for place, (name, cases) in enumerate(VALUES.items()):
        blank = () if name in NOT_LEFT_OUT else tuple((value, DEFAULT) for value in LEFT_OUT)
        for number, (value, wanted) in enumerate((*blank, *cases)):
            if name in without and wanted == REFUSED:
                continue
            host = _host_of(name, place, number, wanted)
            hosts.setdefault(host, {})[name] = (value, wanted)
    return hosts


def _host_of(name: str, place: int, number: int, wanted: Expectation) -> str:
    if name == "report_dir" or isinstance(wanted, Holds | NewSet):
        return f"alone-{name}-{number}".replace("_", "-")
    if isinstance(wanted, Refused):
        return f"refused-{place // NAMED_TOGETHER}-{number}"
    return f"{'default' if isinstance(wanted, Default) else 'given'}-{number}"


DEPTHS: tuple[Case, ...] = (
    ("hashes", Option("backup_info", "verify", "hashes")),
    (" sizes ", Option("backup_info", "verify", "sizes")),
    *_refused(("none", "deep", 5, True, [], {}, TEMPLATE)),
)
SERIALS_REFUSED = (0, "many", "1.5", True, {}, TEMPLATE)
SERIALS = (None, "  ", "{{ omit }}", 1, " 2 ", "50%", [1, 2])

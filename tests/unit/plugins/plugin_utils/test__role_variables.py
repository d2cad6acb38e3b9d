# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of the role: null and blank are the default, text of a survey is converted, everything else is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._conditions import ROLE_NAMES
from ansible_collections.adcs.ca.plugins.plugin_utils.job._role_variables import (
    PREFIX,
    RENAMED,
    VARIABLES,
    VariableError,
    converted,
    destination,
    is_left_out,
    unknown_names,
)

ROLE = Path(__file__).resolve().parents[4] / "roles" / "backup"
DEFAULT = object()
BLANK: list[Any] = [None, "", " ", " \t\r\n ", "\u00a0", "\u2028"]
# What no variable takes, whatever it is.
NEVER: list[Any] = [{}, {"a": 1}, b"yes", object(), float("nan"), float("inf"), 10**400, [[]], [["a"]], [{"a": 1}], "{{ 7 * 7 }}", "{% raw %}",
                    "a\0b", "a\x1b[31mb", "a\x85b"]  # fmt: skip
REFUSED: dict[str, list[Any]] = {
    "bool": [*NEVER, "maybe", "2", 2, -1, 0.5, "1.0", [], [True], "yes no", "tru", "ja", "None", "null", "yes\nno"],
    "int": [*NEVER, "ten", "1.5", 1.5, "1e3", "0x10", "1_000", "1,000", "1 000", True, False, [], [1], "9" * 10, "9" * 5000, "1\n2", "--1",
            "\u0665", "\u00b2", 1e300, 1e15, 10**9, "null"],  # fmt: skip
    "span": [*NEVER, 5, 0, 1.5, True, [], "20", "h", "20x", "20 h", "h20", "20h20h", "1s1h", "-1h", "1.5h", "20H", "123456h", "\u0665h",
             "a day", "20h\nrm"],  # fmt: skip
    "size": [*NEVER, -1, 1.5, True, [], "M", "500MB", "500 M", "500m", "-5M", "5P", "1.5G", "9" * 13, "\u0665M", "5M\n6M", "500\u00a0M"],
    "list": [*NEVER, 5, 1.5, True, False, [True], [["a"], "b"], ["a\nb"], ["a", "{{ b }}"], {"late"}],
    "str": [*(value for value in NEVER if not isinstance(value, (int, float))), True, False, [], ["a"], (), "a\nb", "a\r\nb", "a\n", "\na", "a\u2028b", "a {# b #}"],
    "destination": [*NEVER, 5, True, [], ["D:\\"], "Backup", "D:", "D:Backup", r"\Backup", "/srv/backup", "C", r"\\?\D:\Backup", r"\\.\D:",
                    "\\\\", "//", r"\\\server\share", "D:\\a\nb", "D:\\{{ x }}", r"D:\x\20261122T210000Z-full",
                    "D:/x/20261122T210000Z-logs/", "https://x/y", "1:\\Backup", "~\\Backup", "$HOME"],  # fmt: skip
}
TAKEN: dict[str, list[tuple[Any, Any]]] = {
    "bool": [
        (True, True), (False, False), (1, True), (0, False),
        *[(word, True) for word in ("yes", "Yes", "TRUE", " true ", "on", "y", "t", "1", "true\n")],
        *[(word, False) for word in ("no", "No", "FALSE", " false ", "off", "n", "f", "0", "false\n")],
    ],
    "int": [(7, 7), ("7", 7), (" 7 ", 7), ("7\n", 7), ("+7", 7), ("007", 7), (7.0, 7), ("999999999", 999999999)],
    "span": [("20h", "20h"), (" 20h ", "20h"), ("0s", "0s"), ("1w2d3h4min5s", "1w2d3h4min5s"), ("99999d", "99999d")],
    "size": [("256M", "256M"), ("0", "0"), (5, "5"), (" 1G ", "1G"), ("999999999999T", "999999999999T")],
    "str": [(" x y ", "x y"), ("Gr\u00fc\u00dfe", "Gr\u00fc\u00dfe"), ("}} {", "}} {")],
    "list": [
        ([], []), ("a", ["a"]), ("a,b", ["a", "b"]), (" a , b ,", ["a", "b"]), ("a\nb\r\nc", ["a", "b", "c"]), (",", []), ("\n,\n", []),
        (["a", " b ", "", None], ["a", "b"]), (("a",), ["a"]), ([5], ["5"]), ([None], []),
    ],
    "destination": [
        (r"D:\Backup", r"D:\Backup"), ("  D:\\Backup ", r"D:\Backup"), ("d:/", "d:/"), ("D:\\", "D:\\"),
        (r"\\server\share\ca", r"\\server\share\ca"), ("//server/share", "//server/share"),
        ("D:\\Gr\u00fc\u00dfe #1 %x%", "D:\\Gr\u00fc\u00dfe #1 %x%"), (r"D:\20261122T210000Z-full-old", r"D:\20261122T210000Z-full-old"),
    ],
}  # fmt: skip
# Variables with a choice take these alone.
CHOICES = {"type": ["full"], "depth": ["hashes", "sizes"], "expected": ["online", "offline"]}
STATES = ["failed", "unreachable", "late", "never", "warning"]


def defaults() -> dict[str, Any]:
    loaded = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize("value", BLANK, ids=ascii)
@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_null_and_blank_are_the_default(name: str, value: Any) -> None:
    assert is_left_out(value)
    if name == "path":
        with pytest.raises(VariableError, match="it is missing or blank"):
            converted(name, value, DEFAULT)
    else:
        assert converted(name, value, DEFAULT) is DEFAULT


@pytest.mark.parametrize("value", [False, 0, 0.0, [], {}, "0", "no", "x", b""])
def test_what_is_not_left_out(value: Any) -> None:
    assert not is_left_out(value)


@pytest.mark.parametrize("name", sorted(VARIABLES.keys() - CHOICES.keys() - {"fail_on"}))
def test_what_a_variable_takes(name: str) -> None:
    """Text of a survey is of a type of Ansible's own; what comes out is not."""
    most = VARIABLES[name].most
    for value, taken in TAKEN[VARIABLES[name].kind]:
        if most is not None and taken > most:
            continue
        for given in (value, wrap_var(value)):
            made = converted(name, given, DEFAULT)
            assert made == taken and type(made) is type(taken), (value, type(given))
            assert not isinstance(made, list) or all(type(item) is str for item in made), (value, type(given))


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_what_no_variable_takes(name: str) -> None:
    """The sentence names what is wrong on one short line; the name of the variable stands before it."""
    for value in REFUSED[VARIABLES[name].kind]:
        for given in (value, wrap_var(value)):
            if not is_left_out(given):
                with pytest.raises(VariableError) as caught:
                    print(f"{name}={given!r:.60} gives", converted(name, given, DEFAULT))
                said = str(caught.value)
                assert said.endswith(".") and len(said) < 700 and not any(ord(letter) < 32 for letter in said), said


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_choices(name: str) -> None:
    for value in CHOICES[name]:
        assert converted(name, f" {value} ", DEFAULT) == value
    for value in ("Full", "HASHES", "hash", "logs", "full,full", "*"):
        with pytest.raises(VariableError, match=f"is not one of {', '.join(CHOICES[name])}"):
            converted(name, value, DEFAULT)


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ([], []),
        (["late"], ["late"]),
        ("late, never", ["late", "never"]),
        ("late\nfailed", ["late", "failed"]),
        (STATES, STATES),
        ([" late "], ["late"]),
    ],
)
def test_states_that_fail(value: Any, taken: list[str]) -> None:
    assert converted("fail_on", value, DEFAULT) == taken


@pytest.mark.parametrize("value", ["ok", "Late", ["late", "ok"], "[late]", "late;never", "late never", [5], "none"])
def test_states_that_there_are_not(value: Any) -> None:
    with pytest.raises(VariableError, match="is not one of failed, unreachable, late, never"):
        converted("fail_on", value, DEFAULT)


@pytest.mark.parametrize("name", [name for name, variable in VARIABLES.items() if variable.most is not None])
def test_the_greatest_number(name: str) -> None:
    most = VARIABLES[name].most
    assert most is not None and converted(name, str(most), DEFAULT) == most
    with pytest.raises(VariableError, match=f"it is {most + 1}, but must be at most {most}"):
        converted(name, most + 1, DEFAULT)


@pytest.mark.parametrize("name", [name for name, variable in VARIABLES.items() if variable.least is not None])
def test_the_least_number(name: str) -> None:
    least = VARIABLES[name].least
    assert least is not None and converted(name, least, DEFAULT) == converted(name, str(least), DEFAULT) == least
    for value in (least - 1, str(least - 1), float(least - 1)):
        with pytest.raises(VariableError, match=f"it is {least - 1}, but must be at least {least}"):
            converted(name, value, DEFAULT)


def test_every_default_of_the_role_is_a_value_of_its_variable() -> None:
    known = {name.removeprefix(PREFIX): value for name, value in defaults().items()}
    assert set(known) == set(VARIABLES) - {"path"}
    for name, value in known.items():
        made = converted(name, value, value)
        assert made == value and type(made) is type(value), name


def test_every_variable_is_in_the_argument_specs_of_its_entry_points() -> None:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    for entry in ("main", "verify", "expire", "report"):
        named = {name.removeprefix(PREFIX) for name in specs[entry]["options"]}
        assert named == {name for name, variable in VARIABLES.items() if entry in variable.entries.split()}, entry


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("acces", None), ("keep_dayly", "keep_daily"), ("keep_fortnightly", "one of the rules"), ("keep_", "one of the rules"),
        ("pathh", "path"), ("report_folder", None), ("truncate_log", "truncate_logs"), ("max_ages", "max_age"), ("fail_om", "fail_on"),
        ("late_after", "late_after_s"), ("replicate_task", "replicate_tasks"), ("verfy", "verify"), *RENAMED.items(),
    ],
)  # fmt: skip
def test_names_that_were_meant_otherwise(name: str, meant: str | None) -> None:
    found = unknown_names([PREFIX + name, "ansible_host", "adcs_ca_hosts", PREFIX + "path"])
    assert list(found) == ([PREFIX + name] if meant else [])
    assert not meant or meant in found[PREFIX + name]


def test_names_that_are_somebody_elses() -> None:
    """What the role sets, what a user calls otherwise, and every variable that there is."""
    others = [
        *ROLE_NAMES,
        "_adcs_ca_backup_job",
        "adcs_ca_serial",
        PREFIX,
        PREFIX + "window",
        PREFIX + "owner_mail",
        "path",
        "keep_dayly",
    ]
    assert unknown_names([*others, *(PREFIX + name for name in VARIABLES)]) == {}


@pytest.mark.parametrize("value", [r"D:\Backup", " D:\\Backup "])
def test_a_destination_is_a_text_of_pythons_own(value: str) -> None:
    assert destination(wrap_var(value)) == r"D:\Backup" and type(destination(wrap_var(value))) is str

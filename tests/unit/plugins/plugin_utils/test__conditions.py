# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Conditions that a role inherits: one that may change while the role runs is found, whatever it is hidden in; others pass."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._conditions import CHANGING_NAMES, ROLE_NAMES, changing_part

RESULT = "adcs_ca_backup_result"
OUTCOME = "adcs_ca_outcome"


@pytest.mark.parametrize(
    "form",
    [
        "{}", "not {}", "{} is defined", "{} is not failed", "{}.status == 'ok'", "{}['changed']", "x or ({} | default(false))",
        "vars['{}'] is defined", "vars.{} is defined", "hostvars[inventory_hostname].{}.x", "hostvars['ca01']['{}']", "x[{}]", "f({})",
        "f(a={})", "[{}, 1]", "{{'a': {}}}", "x if {} else y", "x ~ {}", "x in {}", "x | combine({})", "x is subset({})", "{}[0:1]",
        "groups.cas | map('extract', hostvars, '{}') | list", "query_me | selectattr('{}')", "{{{{ {} }}}}", "{{% if {} %}}true{{% endif %}}",
        "hostvars | dict2items | map(attribute='value.{}.status') | list", "groups.cas | map(attribute='{}.status') | list",
    ],
)  # fmt: skip
def test_a_name_that_changes(form: str) -> None:
    for name in sorted(ROLE_NAMES | CHANGING_NAMES | {"_adcs_ca_backup_job", "_adcs_ca_anything"}):
        assert changing_part([form.format(name)], {}) == name


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("lookup('file', '/tmp/x') == 'y'", "lookup()"),
        ("query('env', 'X')", "query()"),
        ("q('pipe', 'date')", "q()"),
        ("lookup('ansible.builtin.pipe', 'date +%H') | int < 6", "lookup()"),
        ("now().hour < 6", "now()"),
        ("now(utc=true, fmt='%H') | int < 6", "now()"),
        ("100 | random > 50", "random"),
        ("[1, 2] | shuffle | first == 1", "shuffle"),
        ("[1, 2] | ansible.builtin.shuffle | first == 1", "shuffle"),
        ("'x' | password_hash", "password_hash"),
        ("'52:54' | community.general.random_mac != ''", "random_mac"),
        ("'%H' | strftime | int < 6", "strftime"),
        ("'%H' | ansible.builtin.strftime | int < 6", "strftime"),
        ("'/tmp/*' | fileglob | length > 0", "fileglob"),
        ("'/tmp/x' is exists", "exists"),
        ("'/tmp/x' is not file", "file"),
        ("'/tmp/x' is ansible.builtin.directory", "directory"),
        ("'/tmp/x' is link", "link"),
        ("'/tmp/x' is mount", "mount"),
        ("'/tmp/x' is link_exists", "link_exists"),
        ("'/tmp/x' is same_file('/tmp/y')", "same_file"),
        ("paths | select('exists') | list", "exists"),
        ("paths | reject('ansible.builtin.file') | list", "file"),
        ("names | map('random') | list", "random"),
    ],
)
def test_what_is_another_thing_each_time(condition: str, found: str) -> None:
    assert changing_part([condition], {}) == found


@pytest.mark.parametrize(
    ("condition", "variables", "found"),
    [
        ("ready", {"ready": "{{ adcs_ca_backup_result is defined }}"}, RESULT),
        ("a", {"a": "{{ b }}", "b": "{{ c }}", "c": "{{ adcs_ca_outcome.status }}"}, OUTCOME),
        ("a", {"a": "{% if adcs_ca_outcome is defined %}true{% endif %}"}, OUTCOME),
        ("{{ x }}", {"x": "{{ adcs_ca_backup_result.changed }}"}, RESULT),
        ("{{ x }}", {"x": "adcs_ca_backup_result.changed"}, RESULT),
        ("{{ x }} and y", {"x": "a", "a": "{{ now() }}"}, "now()"),
        ("plan.ready", {"plan": {"ready": "{{ adcs_ca_backup_result.changed }}"}}, RESULT),
        ("all_of[0]", {"all_of": [True, "{{ adcs_ca_outcome.status }}"]}, OUTCOME),
        ("plan.a.b", {"plan": {"a": [{"b": "{{ 5 | random }}"}]}}, "random"),
        ("vars['ready']", {"ready": "{{ adcs_ca_outcome is defined }}"}, OUTCOME),
        ("vars.ready", {"ready": "{{ adcs_ca_outcome is defined }}"}, OUTCOME),
        ("hostvars[inventory_hostname]['ready']", {"ready": "{{ adcs_ca_outcome is defined }}"}, OUTCOME),
        ("hostvars[inventory_hostname].ready", {"ready": "{{ adcs_ca_outcome is defined }}"}, OUTCOME),
        ("nightly", {"nightly": "{{ lookup('pipe', 'date +%H') | int < 6 }}"}, "lookup()"),
    ],
)
def test_a_variable_whose_template_changes(condition: str, variables: dict[str, Any], found: str) -> None:
    assert changing_part([condition], variables) == found
    assert changing_part(["true", condition], variables) == found


@pytest.mark.parametrize(
    "condition",
    [
        "true", "inventory_hostname in groups.cas", "inventory_hostname == 'ca01'", "ansible_os_family == 'Windows'", "do_backup | bool",
        "do_backup | default(true)", "ansible_play_hosts_all | length > 1", "'cas' in group_names", "not ansible_check_mode",
        "adcs_ca_backup_path is defined", "adcs_ca_backup_verify", "x is defined", "x is match('a')", "x in ['adcs', 'result']",
        "(x | string) is search('file')", "now is defined", "lookup is defined", "random > 5", "ansible_facts.date_time.hour | int < 6",
        "x | regex_replace('a', 'b') == 'c'", "{{ x }}", "x == 'file'", "'random' in x", "exists", "some.file", "adcs_ca_backup_results",
        "my_adcs_ca_backup_result", "adcs_ca_hosts != ''", "x | map('upper') | list", "x | select('match', 'a') | list",
    ],
)  # fmt: skip
def test_conditions_that_stay_as_they_are(condition: str) -> None:
    variables = {"x": "a text", "do_backup": "{{ inventory_hostname != 'ca09' }}", "y": "{{ x }}"}
    assert changing_part([condition], variables) == ""


@pytest.mark.parametrize("condition", ["{{", "a ==", "x is", "{% if %}", "'", "{{ x | }}", "a b c", "", " "])
def test_what_cannot_be_read_is_left_to_ansible(condition: str) -> None:
    assert changing_part([condition], {}) == ""
    assert changing_part([condition, OUTCOME], {}) == OUTCOME


@pytest.mark.parametrize("condition", [True, False, None, 5, 1.5, [], {}, b"adcs_ca_outcome"])
def test_conditions_that_are_no_text(condition: Any) -> None:
    assert changing_part([condition], {}) == "" and changing_part([condition, RESULT], {}) == RESULT


def test_a_variable_that_names_itself_ends() -> None:
    variables = {"a": "{{ b }}", "b": "{{ a }}", "c": "{{ c }}"}
    assert changing_part(["a and c"], variables) == ""


def test_names_that_a_hook_sets() -> None:
    assert changing_part(["copy_result is defined"], {}) == ""
    assert changing_part(["copy_result is defined"], {}, {"copy_result"}) == "copy_result"
    assert changing_part(["ready"], {"ready": "{{ copy_result }}"}, ["copy_result"]) == "copy_result"


def test_the_same_is_told_each_time() -> None:
    condition = f"{RESULT} and {OUTCOME} and now()"
    assert {changing_part([condition], {}) for _ in range(20)} == {RESULT}

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A hook is loaded by ansible-core itself before a host is asked: what it could not load later, or what ends a job, is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.vars.manager import VariableManager
from ansible_collections.adcs.ca.plugins.plugin_utils.job._hooks import CAN_IMPORT, HookError, load_hook, names_set_by

ENDING = ("clear_host_errors", "end_batch", "end_host", "end_play", "end_role")
PROOF = "- ansible.builtin.debug:\n  register: adcs_ca_backup_replicated\n"
ROLE_NAMES = [
    "adcs_ca_outcome",
    "adcs_ca_backup_result",
    "adcs_ca_backup_listing",
    "_adcs_ca_backup_job",
    "_adcs_ca_backup_start",
]
Load = Callable[..., list[Any]]


@pytest.fixture(name="load")
def _load(tmp_path: Path) -> Load:
    """A function that writes files and loads the first one as the hook of a task in a play of ansible-core."""
    loader = DataLoader()
    inventory = InventoryManager(loader, sources=["localhost,"])
    manager = VariableManager(loader, inventory)
    source = {"hosts": "all", "gather_facts": False, "tasks": [{"name": "t", "ansible.builtin.debug": {"msg": "x"}}]}
    play = Play.load(source, variable_manager=manager, loader=loader)
    task = play.tasks[0].block[0] if hasattr(play.tasks[0], "block") else play.tasks[0]

    def load(hook: str, task: Any = task, **others: str) -> list[Any]:
        for name, text in {"hook": hook, **others}.items():
            (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
        return load_hook(tmp_path / "hook.yml", task, loader, manager)

    return load


@pytest.mark.parametrize(
    ("hook", "count"),
    [
        (PROOF, 1),
        (f"---\n# Copy it\n{PROOF}...\n", 1),
        ("- name: Copy\n  ansible.builtin.command: robocopy\n  delegate_to: localhost\n  register: adcs_ca_backup_replicated\n", 1),
        ("- debug: msg=x\n- meta: noop\n- meta: flush_handlers\n- ansible.builtin.meta: reset_connection\n", 4),
        ("- meta: refresh_inventory\n- meta: clear_facts\n", 2),
        ("- block:\n    - debug:\n  rescue:\n    - debug:\n  always:\n    - debug:\n", 3),
        ("- block:\n    - block:\n        - block:\n            - debug:\n", 1),
        ("- include_tasks: '{{ which }}.yml'\n- include_role:\n    name: some.where.role\n", 2),
        ("- set_fact:\n    my_own: 1\n- debug:\n  register: copied\n  loop: [1, 2]\n  when: adcs_ca_backup_result is changed\n", 2),
        ("- debug:\n    msg: 'meta: end_play'\n- name: end_host\n  debug:\n", 2),
        ("- debug:\n  when: \"{{ not_defined_anywhere }}\"\n", 1),
        ("- set_fact:\n    adcs_ca_backup_replicated: {changed: true}\n", 1),
    ],
)  # fmt: skip
def test_hooks_that_can_be_used(load: Load, hook: str, count: int) -> None:
    assert len(load(hook)) == count


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ("", "holds no list of tasks"),
        ("---\n", "holds no list of tasks"),
        ("# nothing\n", "holds no list of tasks"),
        ("[]\n", "holds no list of tasks"),
        ("{}\n", "holds no list of tasks"),
        ("debug:\n  msg: x\n", "holds no list of tasks"),
        ("text\n", "holds no list of tasks"),
        ("5\n", "holds no list of tasks"),
        ("- debug: {\n", "cannot be read"),
        ("- a: b\n  - c\n", "cannot be read"),
        ("- debug:\n\tmsg: x\n", "cannot be read"),
        ("%\n", "cannot be read"),
        ("\x00", "cannot be read"),
        ("- no_such_module_anywhere:\n", "cannot be loaded"),
        ("- some.collection.that_is_not_there:\n", "cannot be loaded"),
        ("- debug:\n  comand: x\n", "cannot be loaded"),
        ("- text\n", "cannot be loaded"),
        ("- 5\n", "cannot be loaded"),
        ("- name: nothing\n", "cannot be loaded"),
        ("- hosts: all\n  tasks: []\n", "cannot be loaded"),
        ("- block: text\n", "cannot be loaded"),
        ("- debug:\n  no_such_keyword: 1\n", "cannot be loaded"),
        ("- import_tasks: not_there.yml\n", "cannot be loaded"),
        ("- import_role:\n    name: not.there.role\n", "cannot be loaded"),
    ],
)
def test_hooks_that_cannot_be_loaded(load: Load, tmp_path: Path, hook: str, words: str) -> None:
    with pytest.raises(HookError) as caught:
        load(hook)
    said = str(caught.value)
    assert said.startswith(f"the hook {tmp_path / 'hook.yml'} {words}") and said.endswith(".") and "\n" not in said


def test_a_hook_that_is_not_there(load: Load, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    play_task = load(PROOF)[0]
    for name in ("missing.yml", "folder", "hook.yml/below"):
        with pytest.raises(HookError, match=f"the hook {tmp_path / name} does not exist, or is no file"):
            load_hook(tmp_path / name, play_task, DataLoader(), None)


def refusal(word: str) -> str:
    """The task of these tests is in no role: newer versions of ansible-core then refuse ``end_role`` themselves."""
    return f"contains 'meta: {word}', which would end the job" + (
        "|Cannot execute 'end_role'" if word == "end_role" else ""
    )


@pytest.mark.parametrize("word", ENDING)
@pytest.mark.parametrize(
    "form",
    [
        "- meta: {}\n",
        "- ansible.builtin.meta: {}\n",
        "- ansible.legacy.meta: {}\n",
        "- action: meta {}\n",
        "- action: ansible.builtin.meta {}\n",
        "- local_action: meta {}\n",
        "- name: x\n  meta: {}\n  when: false\n",
        "- debug:\n- block:\n    - meta: {}\n",
        "- block:\n    - debug:\n  rescue:\n    - meta: {}\n",
        "- block:\n    - debug:\n  always:\n    - block:\n        - meta: {}\n",
        "- meta: ' {} '\n",
    ],
)
def test_what_would_end_the_job(load: Load, form: str, word: str) -> None:
    with pytest.raises(HookError, match=refusal(word)):
        load(PROOF + form.format(word))


@pytest.mark.parametrize("word", ENDING)
@pytest.mark.parametrize(
    "keyword", ["import_tasks: other.yml", "include_tasks: other.yml", "include_tasks:\n    file: other.yml"]
)
def test_what_another_file_would_end(load: Load, word: str, keyword: str) -> None:
    """Before 2.19 ansible-core cannot import a file into a hook: it is refused whatever is in it."""
    others = {"other": "- block:\n    - include_tasks: third.yml\n", "third": f"- meta: {word}\n"}
    imports = keyword.startswith("import")
    with pytest.raises(
        HookError, match=refusal(word) if CAN_IMPORT or not imports else "cannot do there. Use include_tasks."
    ):
        load(f"{PROOF}- {keyword}\n", **others)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (None, "other.yml does not exist"),
        ("", "other.yml holds no list"),
        ("- nonsense_module:\n", "other.yml cannot be loaded"),
    ],
)
def test_a_file_that_is_included_is_loaded_first_too(load: Load, other: str | None, words: str) -> None:
    with pytest.raises(HookError, match=words):
        load("- block:\n    - include_tasks: other.yml\n", **({} if other is None else {"other": other}))


def test_files_that_include_each_other_end(load: Load) -> None:
    hook, other = "- include_tasks: other.yml\n", f"- include_tasks: hook.yml\n{PROOF}"
    assert names_set_by(load(hook, other=other)) == {"adcs_ca_backup_replicated"}


def test_a_name_of_the_role_is_not_set_in_another_file(load: Load) -> None:
    other = "- include_tasks: other.yml\n- debug:\n  register: adcs_ca_outcome\n"
    with pytest.raises(HookError, match="other.yml sets adcs_ca_outcome"):
        load("- include_tasks: other.yml\n", other=other)


@pytest.mark.parametrize("word", ["nonsense", "endplay", "END_PLAY", "'{{ what }}'", "role_complete"])
def test_words_that_ansible_refuses_in_the_middle_of_a_job(load: Load, word: str) -> None:
    """The strategy raises on a word that it does not know: the whole job ends, for every host."""
    with pytest.raises(HookError, match="the hook .* contains 'meta: "):
        load(f"- meta: {word}\n")


@pytest.mark.parametrize("name", ROLE_NAMES)
@pytest.mark.parametrize(
    "form",
    [
        "- debug:\n  register: {}\n",
        "- set_fact:\n    {}: 1\n",
        "- ansible.builtin.set_fact: {}=1\n",
        "- ansible.legacy.set_fact:\n    x: 1\n    {}: 1\n    cacheable: true\n",
        "- action: set_fact {}=1\n",
        "- block:\n    - debug:\n  always:\n    - debug:\n      register: {}\n",
    ],
)
def test_a_name_of_the_role_is_not_set(load: Load, form: str, name: str) -> None:
    with pytest.raises(HookError, match=f"sets {name}, which the role sets itself. Use another name"):
        load(form.format(name))


def test_the_names_that_a_hook_sets(load: Load) -> None:
    tasks = load(
        "- debug:\n  register: one\n- set_fact:\n    two: 1\n    three: 2\n- block:\n    - debug:\n      register: four\n"
        "- ansible.builtin.set_fact: five=1\n- include_tasks: other.yml\n- debug:\n",
        other=PROOF,
    )
    assert names_set_by(tasks) == {"one", "two", "three", "four", "five", "adcs_ca_backup_replicated"}
    assert names_set_by([]) == set()


def test_another_file_lies_beside_the_one_that_names_it(load: Load, tmp_path: Path) -> None:
    """As ansible-core looks for it when it runs."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "copy.yml").write_text("- include_tasks: proof.yml\n", encoding="utf-8")
    (tmp_path / "sub" / "proof.yml").write_text(PROOF, encoding="utf-8")
    for keyword in ("include", "import") if CAN_IMPORT else ("include",):
        assert names_set_by(load(f"- {keyword}_tasks: sub/copy.yml\n")) == {"adcs_ca_backup_replicated"}


@pytest.mark.parametrize("name", ["main.yml", "verify.yml", "./verify.yml", "sub/../main.yml", "VERIFY"])
def test_a_hook_never_finds_a_file_of_the_role(load: Load, tmp_path: Path, name: str) -> None:
    """ansible-core looks for a file that a task of a role includes in the role first, and beside the hook after that."""
    tasks = tmp_path / "roles" / "backup" / "tasks"
    tasks.mkdir(parents=True)
    for file in ("main.yml", "verify.yml"):
        (tasks / file).write_text("- debug:\n", encoding="utf-8")
        (tmp_path / file).write_text(PROOF, encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "VERIFY").write_text(PROOF, encoding="utf-8")
    loader = DataLoader()
    manager = VariableManager(loader, InventoryManager(loader, sources=["localhost,"]))
    play = Play.load({"hosts": "all", "roles": [{"role": str(tasks.parent)}]}, variable_manager=manager, loader=loader)
    (first,) = [item for block in play.roles[0].get_task_blocks() for item in block.block]
    assert first._role is play.roles[0]
    if name == "VERIFY":
        assert names_set_by(load(f"- include_tasks: {name}\n", task=first)) == {"adcs_ca_backup_replicated"}
    else:
        with pytest.raises(HookError, match=r"main\.yml|verify\.yml"):
            load(f"- include_tasks: {name}\n", task=first)

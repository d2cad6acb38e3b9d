# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who draws the page of a job, and whether it is that of all hosts. What is drawn: ``test__records.py``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.job._drawing import is_in_step, is_one_batch


def task_of(strategy: str) -> Any:
    return SimpleNamespace(_parent=SimpleNamespace(_play=SimpleNamespace(strategy=strategy)))


@pytest.mark.parametrize("strategy", ["linear", "debug", "ansible.builtin.linear", "ansible.builtin.debug"])
@pytest.mark.parametrize("is_report", [True, False])
def test_with_hosts_in_step_the_host_of_run_once_draws(strategy: str, is_report: bool) -> None:
    for host in ("ca01", "ca02"):
        assert is_in_step(task_of(strategy), {"ansible_play_hosts": ["ca01", "ca02"]}, host, is_report)


@pytest.mark.parametrize(
    "strategy", ["free", "host_pinned", "ansible.builtin.free", "mitogen_linear", "my.own.strategy"]
)
def test_with_hosts_apart_one_host_of_the_report_draws_and_none_of_the_role(strategy: str) -> None:
    play = {"ansible_play_hosts": ["ca02", "ca03"], "ansible_play_hosts_all": ["ca01", "ca02", "ca03"]}
    draws = {
        host: [is_in_step(task_of(strategy), play, host, report) for report in (True, False)]
        for host in play["ansible_play_hosts"]
    }
    assert draws == {"ca02": [True, False], "ca03": [False, False]}
    assert not is_in_step(task_of(strategy), {"ansible_play_hosts": []}, "ca01", True)


@pytest.mark.parametrize(
    ("batch", "hosts", "one"),
    [(["a"], ["a"], True), (["a", "b"], ["a", "b"], True), (["a"], ["a", "b"], False), ([], ["a"], False)],
)
def test_one_batch(batch: list[str], hosts: list[str], one: bool) -> None:
    assert is_one_batch({"ansible_play_batch": batch, "ansible_play_hosts_all": hosts}) is one

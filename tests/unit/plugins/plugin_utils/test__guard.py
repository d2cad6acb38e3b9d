# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the shipped playbooks have somebody to back up: a pattern of which a part is missing asks nobody."""

from __future__ import annotations

from typing import Any

import pytest
from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible_collections.adcs.ca.plugins.plugin_utils.job._guard import Guard

INVENTORY = """
web01
[cas]
ca[01:04]
[test_cas]
ca04
[empty]
"""


@pytest.fixture(name="guard_of")
def _guard_of(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that returns the guard of a job with these hosts in its limit, over the inventory of ansible-core itself."""
    # as where nothing is configured
    monkeypatch.setattr(constants, "HOST_PATTERN_MISMATCH", "warning", raising=False)
    path = tmp_path / "inventory"
    path.write_text(INVENTORY, encoding="utf-8")
    inventory = InventoryManager(DataLoader(), sources=[str(path)])

    def hosts_of(pattern: str) -> list[str]:
        return [host.name for host in inventory.get_hosts(pattern, ignore_limits=True)]

    def guard_of(limit: str = "all") -> Guard:
        return Guard({"ansible_play_hosts_all": hosts_of(limit)}, hosts_of)

    return guard_of


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("cas", ["ca01", "ca02", "ca03", "ca04"]),
        ("ca01", ["ca01"]),
        ("ca01,ca02", ["ca01", "ca02"]),
        ("ca01:ca02", ["ca01", "ca02"]),
        (" ca01 , ca02 ", ["ca01", "ca02"]),
        (["ca01", "ca02"], ["ca01", "ca02"]),
        (["ca01", None, " "], ["ca01"]),
        ("cas,!test_cas", ["ca01", "ca02", "ca03"]),
        ("cas:!no_such_group", ["ca01", "ca02", "ca03", "ca04"]),
        ("cas:&test_cas", ["ca04"]),
        ("~ca0(1|3)", ["ca01", "ca03"]),
        ("cas[0]", ["ca01"]),
        ("ca*", ["ca01", "ca02", "ca03", "ca04"]),
    ],
)
def test_who_is_meant(guard_of: Any, pattern: Any, meant: list[str]) -> None:
    assert sorted(guard_of().meant_hosts(pattern)) == meant


@pytest.mark.parametrize("pattern", [None, "", "  ", [], [None], ["", " "], ",", (), ":"])
def test_a_pattern_is_needed(guard_of: Any, pattern: Any) -> None:
    with pytest.raises(AnsibleActionFail, match="adcs_ca_hosts is missing or blank"):
        guard_of().meant_hosts(pattern)


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        ("caa", "caa"),
        ("cas,caa", "caa"),
        ("caa:cas", "caa"),
        (["cas", "ca99"], "ca99"),
        ("cas,empty", "empty"),
        ("empty", "empty"),
        ("cas:&tst_cas", "&tst_cas"),
        ("cas,~ca9.", "~ca9."),
        (5, "5"),
        ("CAS", "CAS"),
    ],
)
def test_each_part_must_match(guard_of: Any, pattern: Any, part: str) -> None:
    with pytest.raises(AnsibleActionFail) as caught:
        guard_of().meant_hosts(pattern)
    assert f"'{part}' matches no host of the inventory. No host was asked." in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "limit"), [("cas", "web01"), ("ca01", "ca02"), ("cas,web01", "ca09"), ("ca*", "none")]
)
def test_the_whole_must_match_within_the_limit(guard_of: Any, pattern: str, limit: str) -> None:
    with pytest.raises(AnsibleActionFail, match="matches no host within the limit"):
        guard_of(limit).meant_hosts(pattern)


@pytest.mark.parametrize("pattern", ["cas,!cas", "ca01:&test_cas", "!all"])
def test_parts_that_leave_nobody(guard_of: Any, pattern: str) -> None:
    with pytest.raises(AnsibleActionFail, match="matches no host"):
        guard_of().meant_hosts(pattern)


def test_hosts_outside_the_limit_are_not_meant(guard_of: Any) -> None:
    assert guard_of("ca02,web01").meant_hosts("cas,web01") == ["ca02", "web01"]


@pytest.mark.parametrize("serial", [None, "", "  ", 1, 10, "10", " 10 ", "25%", "100%", [1, 5, "30%"], ["1"], "9" * 20])
def test_sizes_of_batches(serial: Any) -> None:
    assert Guard.check_serial(serial) is None


@pytest.mark.parametrize(
    "serial",
    [
        0,
        "0",
        -1,
        "ten",
        "0%",
        "%",
        "5 %",
        True,
        False,
        2.5,
        [],
        {},
        [0],
        [1, "x"],
        [[1]],
        "{{ n }}",
        "1,5",
        "\u0665",
        "+5",
        "5\n6",
    ],
)
def test_sizes_of_batches_that_make_no_sense(serial: Any) -> None:
    with pytest.raises(AnsibleActionFail, match="adcs_ca_serial: .* is no number of hosts, such as 10 or 25%"):
        Guard.check_serial(serial)

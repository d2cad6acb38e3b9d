# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may read a repository. The lab stores access lists and enforces none: what is asserted is the list, not its effect."""

from __future__ import annotations

import pytest
from adcs_lab import sets
from adcs_lab.faults import Fault
from helpers.component.access import FULL, GET, PRIVATE, READ, entries, repository
from helpers.component.case import SET_ACCESS, Case

pytestmark = pytest.mark.substitute("access lists")


def set_list(case: Case, sddl: str) -> None:
    """Create the repository with this list."""
    case.repository.mkdir(parents=True)
    case.worker.script(SET_ACCESS.format(repository(case), sddl))


def test_new_folders_are_private_before_anything_is_in_them(case: Case) -> None:
    case.backup(access=["S-1-5-32-551"])
    expected = PRIVATE | {("A", READ, "BO")}
    assert entries(case, r"C:\Backup") == entries(case, repository(case)) == expected


def test_readers_by_name(case: Case) -> None:
    run = case.backup(access=["Everyone", "S-1-1-0"])
    assert not run.failed, run.message
    assert entries(case, repository(case)) == PRIVATE | {("A", READ, "WD")}


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_unknown_reader_is_named_before_anything_is_written(case: Case, check_mode: bool) -> None:
    run = case.backup(access=[r"NOWHERE\Nobody"], check_mode=check_mode)
    assert run.failed and r"'access' names 'NOWHERE\Nobody'" in run.message
    assert case.journal().calls("CertSrvBackupPrepareW") == []
    assert not case.destination.exists()


def test_an_inherited_list_is_replaced(case: Case) -> None:
    case.repository.mkdir(parents=True)
    assert not case.backup().failed
    assert entries(case, repository(case)) == PRIVATE


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("inherited", "access", "words"),
    [
        ("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BO)", [], "full control"),
        ("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", ["S-1-5-32-551"], "read, as 'access' asks"),
    ],
    ids=["without Administrators", "reader"],
)
def test_a_tighter_list_that_is_inherited_is_refused(
    case: Case, inherited: str, access: list[str], words: str, check_mode: bool
) -> None:
    case.destination.mkdir()
    case.worker.script(SET_ACCESS.format(r"C:\Backup", inherited))
    case.repository.mkdir()
    before = case.worker.script(GET.format(repository(case)))
    run = case.backup(access=access, check_mode=check_mode)
    assert run.failed and words in run.message and "never widened" in run.message
    assert case.worker.script(GET.format(repository(case))) == before
    assert case.journal().calls("CertSrvBackupPrepareW") == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FR;;;BU)", PRIVATE),
        ("D:P(A;OICI;FA;;;WD)", PRIVATE),
        ("D:P(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)", {("A", FULL, "BA")}),
        ("D:P(D;OICI;FA;;;BU)(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)", PRIVATE | {("D", FULL, "BU")}),
    ],
    ids=["others read", "everyone", "without SYSTEM", "with a denial"],
)
def test_a_protected_list_is_narrowed_and_never_widened(
    case: Case, before: str, after: set[tuple[str, str, str]]
) -> None:
    set_list(case, before)
    run = case.backup()
    assert not run.failed, run.message
    assert entries(case, repository(case)) == after


@pytest.mark.parametrize(
    "sddl", ["D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", "D:P(A;OICI;FA;;;BA)", "D:P(D;OICI;FA;;;BU)(A;OICI;FA;;;BA)"]
)
def test_a_list_that_is_tight_enough_is_not_touched(case: Case, sddl: str) -> None:
    set_list(case, sddl)
    case.faults(Fault(r"NtSetSecurityObject@Backup", "*", "hresult", "0xC0000022"))
    run = case.backup()
    assert not run.failed, run.message


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("sddl", "access", "words"),
    [
        ("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", ["S-1-5-32-551"], "read, as 'access' asks"),
        ("D:P(A;OICI;FR;;;BA)", [], "full control"),
        ("D:P(A;;FA;;;BA)", [], "full control of all below it"),
    ],
    ids=["reader", "administrators read only", "not inherited"],
)
def test_a_tighter_list_is_refused(case: Case, sddl: str, access: list[str], words: str, check_mode: bool) -> None:
    set_list(case, sddl)
    before = case.worker.script(GET.format(repository(case))), sets.snapshot(case.destination)
    run = case.backup(access=access, check_mode=check_mode)
    assert run.failed and words in run.message and "never widened" in run.message
    assert (case.worker.script(GET.format(repository(case))), sets.snapshot(case.destination)) == before
    assert case.journal().calls("CertSrvBackupPrepareW") == []


def test_a_list_that_cannot_be_set_stops_the_backup(case: Case) -> None:
    case.repository.mkdir(parents=True)
    case.faults(Fault(r"NtSetSecurityObject@Backup", "*", "hresult", "0xC0000022"))
    run = case.backup()
    assert (
        run.failed
        and run.result["function"] == "SetNamedSecurityInfoW"
        and run.result["hresult_name"] == "E_ACCESSDENIED"
    )
    assert case.journal().calls("CertSrvBackupPrepareW") == []
    case.assert_no_set()

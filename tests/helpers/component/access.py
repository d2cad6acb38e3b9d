# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The access lists that the lab keeps, as the tests compare them."""

from __future__ import annotations

import re

from helpers.component.case import Case

FULL = "0x1f01ff"
READ = "0x1200a9"
PRIVATE = {("A", FULL, "SY"), ("A", FULL, "BA")}
# names of rights and SIDs that Windows writes for these numbers
RIGHTS = {"FA": FULL, "0x1200a9": READ}
SIDS = {"S-1-5-18": "SY", "S-1-5-32-544": "BA", "S-1-5-32-545": "BU", "S-1-5-32-551": "BO", "S-1-1-0": "WD"}
GET = "[Adcs.Ca.PrivateFolder]::GetAccess('{0}')"


def repository(case: Case) -> str:
    return rf"C:\Backup\{case.ca.folder_name}"


def entries(case: Case, path: str) -> set[tuple[str, str, str]]:
    """The entries of a folder's list as (type, rights, who), after asserting that it is protected and inherited by all below."""
    (sddl,) = case.worker.script(GET.format(path))
    assert "D:P(" in sddl, sddl
    found = re.findall(r"\(([AD]);([A-Z]*);([^;]*);;;([^)]*)\)", sddl)
    assert {flags for _, flags, _, _ in found} <= {"OICI"}, sddl
    return {(kind, RIGHTS.get(rights, rights), SIDS.get(who, who)) for kind, _, rights, who in found}

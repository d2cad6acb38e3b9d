# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of what is proved is made from the assumptions, and these name code that is there."""

from __future__ import annotations

from typing import Any

import proved_page
import pytest
from project import ROOT

MODULE = proved_page.assumptions()


def test_the_page_is_up_to_date() -> None:
    assert proved_page.PAGE.read_text(encoding="utf-8") == proved_page.page(MODULE), "run `make docs`"


def test_every_assumption_is_on_the_page_once() -> None:
    text = proved_page.page(MODULE)
    assert len(MODULE.ASSUMPTIONS) > 25
    for entry in MODULE.ASSUMPTIONS:
        assert text.count(f"\n``{entry.id}``\n") == 1 and entry.statement in text


@pytest.mark.parametrize("entry", MODULE.ASSUMPTIONS, ids=lambda entry: entry.id)
def test_an_assumption_is_whole(entry: Any) -> None:
    assert entry.proof in proved_page.PARTS
    assert entry.code and all((ROOT / path).is_file() for path in entry.code)
    for text in (entry.statement, entry.disproof):
        assert text.endswith(".") and max(len(part.split()) for part in text.split(". ")) <= 25


def test_nothing_is_called_proved_by_a_report_that_nobody_sent() -> None:
    assert not [entry.id for entry in MODULE.ASSUMPTIONS if entry.proof == MODULE.FIELD]
    assert (
        f"Proved by a field report\n{'-' * 24}\n\nBy a report of somebody's CA.\n\nNothing yet.\n"
        in proved_page.page(MODULE)
    )

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every pair of play settings in a covering array: each play comes to what the oracle says."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.plays.acting import act
from helpers.plays.oracle import differences
from helpers.plays.runner import Bed
from helpers.plays.settings import Settings, covering_array

PLAYS = covering_array()


@pytest.mark.parametrize("settings", PLAYS, ids=[f"{number:02} {play.words()}" for number, play in enumerate(PLAYS)])
def test_a_play_of_the_array(bed: Bed, tmp_path: Path, settings: Settings) -> None:
    ran = act(bed, tmp_path, settings)
    found = differences(settings, ran)
    assert not found, "\n".join([settings.words(), *found, ran.said()])

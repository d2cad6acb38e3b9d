# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random plays: any settings, any state of any CA. ``make plays`` chooses seed and number."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers.plays.acting import act
from helpers.plays.oracle import differences
from helpers.plays.runner import Bed
from helpers.plays.settings import Settings, drawn_plays

# The same plays each time, so that a red one is news; ``make plays SEED=...`` draws others.
SEED = int(os.environ.get("PLAYS_SEED") or 20261126)
NUMBER = int(os.environ.get("PLAYS_NUMBER") or 30)
PLAYS = drawn_plays(SEED, NUMBER)


@pytest.mark.parametrize("settings", PLAYS, ids=[f"seed {SEED}, {number:03}" for number in range(NUMBER)])
def test_a_drawn_play(bed: Bed, tmp_path: Path, settings: Settings) -> None:
    ran = act(bed, tmp_path, settings)
    found = differences(settings, ran)
    assert not found, "\n".join([f"PLAYS_SEED={SEED} PLAYS_NUMBER={NUMBER}", settings.words(), *found, ran.said()])

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the plays: the collection with its stand-ins, made once, and an empty world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.plays.overlay import make_overlay
from helpers.plays.runner import Bed
from helpers.plays.world import World


@pytest.fixture(scope="session")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Bed:
    """Where plays run; Ansible keeps its files there for the session."""
    folder = tmp_path_factory.mktemp("bed")
    return Bed(make_overlay(folder / "collections"), folder / "home")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world without CAs."""
    yield World(tmp_path / "world")

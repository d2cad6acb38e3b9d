# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the component tests: one engine process, and a fresh CA with an empty destination for every case."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from adcs_lab.ca import SimulatedCa
from adcs_lab.engine import Engine
from helpers.component import invariants
from helpers.component.case import SET_ACCESS, VOLUME, Case
from helpers.component.worker import Worker


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures of labs, once for all folders that need them."""
    config.pluginmanager.import_plugin("helpers.lab.fixtures")


@pytest.fixture(scope="session")
def worker(engine: Engine) -> Iterator[Worker]:
    worker = Worker(engine)
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def volume_list(engine: Engine, worker: Worker) -> dict[str, bytes]:
    """What the lab keeps of the access list of a Windows volume; other tests see C: as Wine makes it."""
    before = set(os.listxattr(engine.drive_c))
    worker.script(SET_ACCESS.format("C:\\", VOLUME))
    kept = {name: os.getxattr(engine.drive_c, name) for name in set(os.listxattr(engine.drive_c)) - before}
    for name in kept:
        os.removexattr(engine.drive_c, name)
    return kept


@pytest.fixture
def other(engine: Engine) -> Iterator[Worker]:
    """A second process, on the CA's host or, as far as a share can tell, on another."""
    worker = Worker(engine)
    yield worker
    worker.close()


@pytest.fixture
def case(engine: Engine, ca: SimulatedCa, worker: Worker, volume_list: dict[str, bytes]) -> Iterator[Case]:
    case = Case(engine, ca, worker)
    for name, value in volume_list.items():
        os.setxattr(engine.drive_c, name, value)
    if case.destination.exists():
        shutil.rmtree(case.destination)
    yield case
    for name in volume_list:
        os.removexattr(engine.drive_c, name)
    for name in ("missing_privileges.txt", "reparse.txt"):
        (engine.drive_c / "LabCA" / name).unlink(missing_ok=True)


@pytest.fixture
def small(case: Case) -> Case:
    """A CA with so little to back up that it takes no time."""
    case.ca.reset(**invariants.SMALL_CA)
    return case


@pytest.fixture
def good(small: Case) -> Path:
    """A set of that CA, which the module made."""
    assert not small.backup().failed
    return small.only_set()

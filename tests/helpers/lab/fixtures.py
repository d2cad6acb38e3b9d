# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The labs that tests run in, and the rule for all of them: a breach of Certadm.dll's contract fails the test behind it.

A pytest plugin: the conftest of each folder that needs labs loads it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from adcs_lab import builds, paths
from adcs_lab.ca import MIB, CaSettings, SimulatedCa
from adcs_lab.engine import Engine
from adcs_lab.lab import Lab

LAB_FIXTURES = ("engine_lab", "lab", "second_lab")
ALLOWED = "allowed_violations"
TEST_LAB = re.compile(r"test-(\d+)-.*")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", f"{ALLOWED}(name, ...): breaches of Certadm.dll's contract this test provokes on purpose"
    )


@pytest.fixture(scope="session")
def built_lab() -> None:
    """Everything a lab is made of, up to date; what killed test runs left behind is removed."""
    builds.build()
    with paths.build_lock("leftovers"):
        for folder in paths.LABS.glob("test-*"):
            match = TEST_LAB.fullmatch(folder.name)
            if match and not Path(f"/proc/{match[1]}").exists():
                Lab(folder.name).remove()


@pytest.fixture(scope="session")
def engine_lab(built_lab: None) -> Iterator[Lab]:
    """A lab without WinRM, for tests that run programs in it directly."""
    with Lab(f"test-{os.getpid()}-engine", endpoint=False) as lab:
        yield lab


@pytest.fixture(scope="session")
def engine(engine_lab: Lab) -> Engine:
    """Windows programs, the PowerShell engine among them, run from Linux."""
    return engine_lab.engine


@pytest.fixture
def ca(engine_lab: Lab) -> SimulatedCa:
    """The CA of the engine's prefix, in its initial state."""
    return engine_lab.ca


@pytest.fixture(scope="session")
def lab(built_lab: None) -> Iterator[Lab]:
    """A lab that Ansible reaches over WinRM; its CA is in its initial state at the start of every test."""
    with Lab(f"test-{os.getpid()}-winrm") as lab:
        yield lab


@pytest.fixture(scope="session")
def second_lab(built_lab: None) -> Iterator[Lab]:
    """A second CA beside the first one, with another name, on a host and a port of its own."""
    settings = CaSettings(
        "Zweite CA", "ca02.lab.example", database_size_bytes=MIB, log_count=2, log_size_bytes=MIB // 16
    )
    with Lab(f"test-{os.getpid()}-second", settings=settings) as lab:
        yield lab


@pytest.fixture(autouse=True)
def lab_contract(request: pytest.FixtureRequest) -> Iterator[None]:
    """Reset the CA of each lab the test uses, and afterwards fail it for every breach it did not declare."""
    labs = [request.getfixturevalue(name) for name in LAB_FIXTURES if name in request.fixturenames]
    for used in labs:
        used.ca.reset()
    yield
    allowed = {name for marker in request.node.iter_markers(ALLOWED) for name in marker.args}
    broken = [str(breach) for used in labs for breach in used.ca.violations() if breach.violation not in allowed]
    if broken:
        pytest.fail("breaches of Certadm.dll's contract:\n" + "\n".join(broken), pytrace=False)

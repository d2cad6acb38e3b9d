# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rule of helpers/lab/fixtures.py, on a lab of fakes: a breach of Certadm.dll's contract fails the test behind it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from adcs_lab import paths

TESTS = """
import pytest
from adcs_lab.journal import Violation
from helpers.lab.fixtures import lab_contract


class Ca:
    reset_count = 0

    def reset(self):
        self.reset_count += 1

    def violations(self):
        return [Violation(1, 1, 1, "end_missing", "no End")]


class Lab:
    ca = Ca()


@pytest.fixture(scope="session")
def engine_lab():
    return Lab()


@pytest.fixture(scope="session")
def engine(engine_lab):
    return engine_lab


def test_without_a_lab():
    pass


def test_undeclared(engine):
    assert engine.ca.reset_count == 1


@pytest.mark.allowed_violations("end_missing", "other")
def test_declared(engine):
    assert engine.ca.reset_count == 2


@pytest.mark.allowed_violations("other")
def test_something_else_declared(engine):
    pass
"""


def test_the_rule(tmp_path: Path) -> None:
    (tmp_path / "test_rule.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = allowed_violations\n", encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib", "-rA", str(tmp_path)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(map(str, [paths.ROOT / "tests", paths.ROOT / "tests" / "lab"])),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # the summary repeats the text, cut to the terminal's width unless the variable CI is set
    report, _, summary = result.stdout.partition("short test summary info")
    lines = [line for line in summary.splitlines() if line.startswith(("PASSED", "ERROR"))]
    outcomes = {line.split("::")[1].split(" ")[0]: line.split(" ")[0] for line in sorted(lines, reverse=True)}
    assert outcomes == {
        "test_without_a_lab": "PASSED",
        "test_undeclared": "ERROR",
        "test_declared": "PASSED",
        "test_something_else_declared": "ERROR",
    }, (
        result.stdout + result.stderr
    )
    assert report.count("end_missing: no End") == 2

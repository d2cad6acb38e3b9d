# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all tests share: the package of helpers, ansible-core's way to a collection, and the mark of what rests on a substitute."""

from __future__ import annotations

import collections
import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
BUILD = TESTS.parent / ".build"
SUBSTITUTE = "substitute"

if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))
# Both are read when ansible-core is imported. ansible-test sets them itself.
os.environ.setdefault("ANSIBLE_COLLECTIONS_PATH", str(BUILD / "collections"))
os.environ.setdefault("ANSIBLE_LOCAL_TEMP", str(BUILD / "ansible"))

from ansible.plugins import loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

# ansible-core before 2.15 does this when the module is imported, and ansible-test before any test.
if AnsibleCollectionConfig.collection_finder is None and hasattr(loader, "init_plugin_loader"):
    loader.init_plugin_loader()


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, also to ansible-test, which does not read pyproject.toml."""
    config.addinivalue_line(
        "markers",
        f"{SUBSTITUTE}(what): rests on what the lab puts in the place of Windows; see tests/lab/README.md",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each report tell which substitutes its test rests on."""
    for item in items:
        item.user_properties += [(SUBSTITUTE, what) for mark in item.iter_markers(SUBSTITUTE) for what in mark.args]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many of the tests that passed rest on which substitute: they prove less than the others."""
    passed = terminalreporter.stats.get("passed", [])
    counts = collections.Counter(
        what for report in passed for name, what in report.user_properties if name == SUBSTITUTE
    )
    if counts:
        words = ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))
        terminalreporter.write_line(f"{counts.total()} passed on substitutes for Windows: {words}")

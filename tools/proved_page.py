#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the documentation page of what is proved, by whom, from the assumptions of the collection."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

from project import ROOT

SOURCE = ROOT / "plugins" / "plugin_utils" / "field" / "_assumptions.py"
PAGE = ROOT / "docs" / "docsite" / "rst" / "guide_proved.rst"
HEAD = """.. _ansible_collections.adcs.ca.docsite.guide_proved:

Proved where?
=============

**This collection has never run on Windows.** Its tests run the real modules in genuine PowerShell for Windows, but under Wine and against a
simulated Certadm.dll. So each assumption about Windows, Certadm.dll or a CA stands here, with the code that rests on it and what would disprove
it. No other page claims more.

Help to prove them: :ref:`send a report of your CA <ansible_collections.adcs.ca.docsite.guide_field_report>`.

"""
PARTS = {
    "here": (
        "Proved here",
        "By the project's own tests, with nothing of Windows replaced that the assumption rests on.",
    ),
    "field": ("Proved by a field report", "By a report of somebody's CA."),
    "nobody": ("Proved by nobody yet", "The documents say so, or nothing speaks against it."),
}
EMPTY = "Nothing yet.\n"
TAIL = """
What the lab replaces
---------------------

Wine has no access lists that keep anybody out, no links of NTFS and no file server. It has no DCOM, no Windows PowerShell 5.1 and no database engine. It
does not know the flag FILE_FLAG_NO_BUFFERING, and a flush is that of Linux. ``tests/lab/README.md`` lists what stands in for them, and each test that rests
on a substitute is marked. The summary of a test run counts these tests.

``.github/workflows/real_ca.yml`` installs a CA on Windows Server, and runs the tests and the field report there. It was **not yet run**.
"""


def assumptions() -> ModuleType:
    """Return the module that holds the assumptions. It needs no ansible-core, and this program runs without one."""
    spec = importlib.util.spec_from_file_location(SOURCE.stem, SOURCE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[SOURCE.stem] = module
    spec.loader.exec_module(module)
    return module


def page(module: ModuleType) -> str:
    """Return the page as reStructuredText."""
    text = HEAD
    for proof, (title, meaning) in PARTS.items():
        text += f"{title}\n{'-' * len(title)}\n\n{meaning}\n\n"
        entries = [entry for entry in module.ASSUMPTIONS if entry.proof == proof]
        text += "\n".join(map(entry_text, entries)) if entries else EMPTY
        text += "\n"
    return text.rstrip("\n") + "\n" + TAIL


def entry_text(entry: Any) -> str:
    """Return one assumption as an entry of a definition list."""
    code = ", ".join(f"``{path}``" for path in entry.code)
    lines = [
        f"``{entry.id}``",
        f"  {entry.statement}",
        "",
        f"  * Rests on it: {code}.",
        f"  * Would disprove it: {entry.disproof}",
    ]
    if entry.source:
        lines.append(f"  * Source: {entry.source}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(assumptions()), encoding="utf-8")

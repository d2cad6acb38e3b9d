#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the documentation page of the fault matrix from its data."""

from __future__ import annotations

import sys

from project import ROOT

sys.path[:0] = [str(ROOT / "tests" / "lab"), str(ROOT / "tests")]

# pylint: disable=wrong-import-position
from helpers.component import matrix

PAGE = ROOT / "docs" / "docsite" / "rst" / "guide_fault_matrix.rst"
HEAD = """.. _ansible_collections.adcs.ca.docsite.guide_fault_matrix:

The fault matrix
================

What happens to a backup when one of its calls goes wrong. Each row is a call of a run, each column a fault, each filled cell a test that runs the module against
the simulated Certadm.dll of ``tests/lab``, with truncation asked for. Every cell asserts that

* there is a complete, verified set or none;
* no log of the CA was deleted unless a complete, verified, flushed copy of every listed file exists;
* ``changed`` and ``failed`` tell the truth, and the message names the cause;
* the calls of Certadm.dll keep its contract (order, thread, buffers, one *free* a list, *End* after *Prepare*);
* the next run succeeds, finishes what was copied, and leaves the repository clean.

What a cell says is how the faulted run ends:

* **no set**: the task fails, staging is empty, no log is gone.
* **set, failed**: the set was copied before, so it is published, or finished by the next run; the task fails and says so.
* **set**: the task succeeds; what could not be stored beside the database is in ``skipped_items``.
* **dies**: the process ends; the next run discards what there was.
* **dies, kept**: the process ends after the set was copied; the next run finishes it.

The lab tells which files were flushed, and when: a set that is not on the disk before its logs are deleted, or before it is published, fails the cell.

``tests/component/test_recovery.py`` lets the run that finishes a copied set fail, and die, at each of its own steps. ``make matrix-winrm`` runs the rows that
work on files over WinRM, as Ansible does. ``make soak`` adds a number of backups that are killed at
random calls, and kills some of the runs that recover from it.

"""
TAIL = """
What this cannot show
---------------------

The simulation stands for Certadm.dll, and Wine for Windows. Only a real CA can prove where the codes really come from, that ESE notices damaged pages while it reads them, what power failure does to a disk, what
a file server does, and that access control lists are enforced. A fault in the data that Certadm.dll itself hands over (the column *alters data* of the reads) cannot be seen by any caller: such a set matches its
manifest, and it is the database engine's own page checksums that find the fault.
"""


def ending(cell: matrix.Cell) -> str:
    """Return how the faulted run of a cell ends, in the words of the page."""
    kept = cell.there != matrix.NOTHING
    if cell.column.ends:
        return "dies, kept" if kept else "dies"
    if cell.ok:
        return "set"
    return "set, failed" if kept else "no set"


def page() -> str:
    """Return the page as reStructuredText: a list table, and under it why cells are empty."""
    headings = ", ".join(["Call", *(column.title for column in matrix.COLUMNS)])
    lines = [HEAD, f".. csv-table::\n   :header: {headings}\n   :stub-columns: 1\n\n"]
    reasons: dict[str, list[tuple[str, str]]] = {}
    for row in matrix.ROWS:
        words = [f'"{row.title}"']
        for column in matrix.COLUMNS:
            made = matrix.cell(row, column)
            words.append('""' if isinstance(made, str) else f'"{ending(made)}"')
            if isinstance(made, str):
                reasons.setdefault(made, []).append((column.title, row.title))
        lines.append(f"   {', '.join(words)}\n")
    lines.append("\nWhy a cell is empty\n-------------------\n\n")
    for reason, empty in reasons.items():
        columns, rows = (list(dict.fromkeys(names)) for names in zip(*empty))
        lines.append(f"* {shown(columns)}: {reason} ({shown(rows)}).\n")
    return "".join([*lines, TAIL])


def shown(names: list[str]) -> str:
    """Return names as text; a long list is only counted."""
    return ", ".join(names) if len(names) <= 6 else f"{len(names)} of them"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

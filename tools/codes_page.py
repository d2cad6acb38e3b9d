#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the documentation page of result codes from the tables in ``_ResultCodes.cs``."""

from __future__ import annotations

import re

from project import ROOT

SOURCE = ROOT / "plugins" / "module_utils" / "common" / "_ResultCodes.cs"
PAGE = ROOT / "docs" / "docsite" / "rst" / "result_codes.rst"
ROW = re.compile(r'new ResultCode\(0x([0-9A-F]{8}), "([^"]*)", "([^"]*)", "([^"]*)"\)')
ROW_START = "new ResultCode(0x"
HEAD = """.. _ansible_collections.adcs.ca.docsite.result_codes:

Result codes
============

What a code in ``hresult`` of a failed :ansplugin:`adcs.ca.backup#module` means, and what to do next. The messages of the module use the same
table. An error of the database engine that is not in it is shown with its number and name. Any other code is shown with the text of Windows.
A code that stands here twice means another file: the CA's, the library's or the destination's.

Codes from ``0xC8000000`` on are errors of the database engine (ESE), codes from ``0xC7FF0000`` on those of its backup client.

.. list-table::
   :header-rows: 1

   * - Code
     - Name
     - Meaning
     - What to do
"""


def rows(source: str) -> list[tuple[str, str, str, str]]:
    """Return code, name, meaning and action of each row; ValueError when a row is written in a way this does not read."""
    found = ROW.findall(source)
    if len(found) != source.count(ROW_START):
        raise ValueError(
            f"{source.count(ROW_START)} rows are there, {len(found)} could be read: one row a line, no quotes in texts"
        )
    return found


def page(source: str) -> str:
    """Return the page as reStructuredText."""
    lines = [HEAD]
    for code, name, meaning, action in sorted(rows(source)):
        lines.append(f"   * - ``0x{code}``\n     - ``{name}``\n     - {meaning}\n     - {action}\n")
    return "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(SOURCE.read_text(encoding="utf-8")), encoding="utf-8")

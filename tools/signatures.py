#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the list of hashes that ansible-core needs to run the modules under App Control, for a user to sign.

The form is what ``exec_wrapper.ps1`` of ansible-core 2.19 to 2.21 reads. Ansible's own signing script hashes only what lies directly in
``plugins/module_utils``; the files of this collection lie in folders below it. The list is not signed, so it stays out of ``meta``: Ansible
sends what lies there with each module, and an unsigned list is an error under App Control.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from project import BUILD, ROOT

LIST = BUILD / "powershell_signatures.psd1"
VERSION = 1
SUFFIXES = (".ps1", ".psm1", ".cs")


def files() -> list[Path]:
    """Return every file that Ansible sends to a host: modules and module utils, in any folder."""
    folders = (ROOT / "plugins" / "modules", ROOT / "plugins" / "module_utils")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in SUFFIXES)


def name_of(path: Path) -> str:
    """Return the name that Ansible has for a file."""
    return ".".join(("ansible_collections.adcs.ca", *path.relative_to(ROOT).with_suffix("").parts))


def listing() -> str:
    """Return the list as a PowerShell data file."""
    lines = ["@{", f"    Version = {VERSION}", "    HashList = @("]
    for path in files():
        digest = hashlib.sha256(path.read_bytes()).hexdigest().upper()
        lines += [
            f"        # {name_of(path)}",
            "        @{",
            f"            Hash = '{digest}'",
            "            Mode = 'Trusted'",
            "        }",
        ]
    return "\r\n".join([*lines, "    )", "}", ""])


if __name__ == "__main__":
    BUILD.mkdir(exist_ok=True)
    LIST.write_text(listing(), encoding="utf-8", newline="")
    print(
        f"{LIST.relative_to(ROOT)}: {len(files())} files. docs/docsite/rst/guide_app_control.rst says how to sign it."
    )

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The list of hashes for App Control has every file that Ansible sends, as the files are now."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys

import signatures
from project import ROOT

ENTRY = re.compile(
    r"        # (\S+)\r\n        @\{\r\n            Hash = '([0-9A-F]{64})'\r\n            Mode = 'Trusted'\r\n        \}\r\n"
)


def test_the_list_is_that_of_the_tree() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "signatures.py")], capture_output=True, text=True, check=True
    )
    text = signatures.LIST.read_bytes().decode("utf-8")
    entries = dict(ENTRY.findall(text))
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "plugins"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    sent = [name for name in tracked if name.endswith((".ps1", ".psm1", ".cs")) and (ROOT / name).is_file()]
    assert len(sent) > 30 and f"{len(sent)} files" in done.stdout
    assert entries == {
        "ansible_collections.adcs.ca."
        + name.rsplit(".", 1)[0].replace("/", "."): hashlib.sha256((ROOT / name).read_bytes()).hexdigest().upper()
        for name in sent
    }


def test_an_unsigned_list_is_not_shipped() -> None:
    assert not (ROOT / "meta" / "powershell_signatures.psd1").exists()
    assert signatures.LIST.parent.name == ".build"

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Genuine PowerShell reads the list of hashes for App Control as Ansible's wrapper does. The policy itself runs nowhere here."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import signatures
from adcs_lab.engine import Engine

HERE = Path(__file__).resolve().parent


def test_powershell_reads_the_list(engine: Engine) -> None:
    folder = engine.drive_c / "hashlist"
    folder.mkdir(exist_ok=True)
    shutil.copyfile(HERE / "powershell" / "hashlist.ps1", folder / "hashlist.ps1")
    (folder / "list.psd1").write_text(signatures.listing(), encoding="utf-8", newline="")
    done = engine.run(["-NoProfile", "-File", r"C:\hashlist\hashlist.ps1", r"C:\hashlist\list.psd1"], 120)
    read = json.loads(done.stdout)
    assert read["version"] == 1 and read["bad"] == 0
    assert read["trusted"] == [hashlib.sha256(path.read_bytes()).hexdigest().upper() for path in signatures.files()]

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The integration targets, run by real Ansible over WinRM against the lab; then the lab's own view of what happened."""

from __future__ import annotations

from pathlib import Path

import pytest
from adcs_lab import sets
from adcs_lab.lab import Lab
from helpers.integration.play import run_playbook

FOLDER = Path(__file__).parent
TARGETS = sorted(path.name for path in (FOLDER / "targets").iterdir() if (path / "tasks" / "main.yml").exists())


@pytest.mark.parametrize("target", TARGETS)
def test_target(lab: Lab, target: str) -> None:
    run_playbook(lab, FOLDER / "run_target.yml", {"target": target})
    assert not (lab.drive_c / "adcs_ca_test").exists()


def test_a_backup_over_winrm(lab: Lab) -> None:
    originals = lab.ca.stored_files()
    run_playbook(lab, FOLDER / "plays" / "backup.yml", {"backup_test_path": r"C:\Winrm"})
    (folder,) = sets.published(lab.drive_c / "Winrm" / lab.ca.folder_name)
    assert sets.problems(folder) == []
    files = [file for file in sets.manifest(folder)["files"] if file["kind"] in ("database", "log")]
    assert {file["path"].split("\\")[-1]: sets.stored(folder, file["path"]).read_bytes() for file in files} == originals
    assert lab.ca.journal().steps() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 7, 8, 9, 11, 12, 14, 15, 16]
    assert lab.ca.log_files() == []

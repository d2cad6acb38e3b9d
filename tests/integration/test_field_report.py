# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook adcs.ca.field_report against a lab: one full backup, nothing truncated, and two files without a name."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

from adcs_lab import sets
from adcs_lab.faults import Fault
from adcs_lab.lab import Lab
from helpers.integration.play import play, said

PLAYBOOK = "adcs.ca.field_report"
FOLDER = "Annas Ordner"
NAME = re.compile(r"adcs-ca-field-report-[0-9]{8}T[0-9]{6}Z-1\.(json|md)")


def run(lab: Lab, tmp_path: Path, *options: str, **changes: Any) -> subprocess.CompletedProcess[str]:
    variables = {
        "adcs_ca_hosts": "ca01",
        "adcs_ca_field_report_path": rf"C:\{FOLDER}",
        "adcs_ca_field_report_dir": str(tmp_path / "report"),
    }
    return play([lab.inventory], PLAYBOOK, {**variables, **changes}, *options)


def written(tmp_path: Path) -> dict[str, Path]:
    """Return the two files by their extension; none where there is no folder."""
    files = sorted((tmp_path / "report").glob("*"))
    assert all(NAME.fullmatch(path.name) for path in files) and {path.stat().st_mode & 0o777 for path in files} <= {
        0o600
    }
    return {path.suffix[1:]: path for path in files}


def names_of(lab: Lab) -> set[str]:
    """Return every name of the lab that a report could tell."""
    computer = "".join(
        lab.engine.wine(["cmd.exe", "/c", "echo %COMPUTERNAME% %USERNAME%"], 30).stdout.decode().split("\r")
    )
    dynamic = {path.stem for path in lab.ca.dynamic_files()}
    return {lab.ca.name, lab.ca.folder_name, lab.ca.host, *lab.ca.host.split("."), FOLDER, *computer.split(), *dynamic}


def assert_no_name(text: str, names: set[str]) -> None:
    for name in names - {"example"}:
        for form in (name, quote(name), json.dumps(name)[1:-1], name.encode("utf-16-le").hex(), name.encode().hex()):
            found = re.search(rf"(?<![a-z0-9]){re.escape(form)}(?![a-z0-9])", text, re.IGNORECASE)
            assert found is None, f"{form!r} in {text[max(0, found.start() - 60) : found.end() + 60]!r}"


def test_a_report_of_a_ca(lab: Lab, tmp_path: Path) -> None:
    originals, logs = lab.ca.stored_files(), lab.ca.log_files()
    done = run(lab, tmp_path)
    assert done.returncode == 0, said(done)
    assert done.stdout.index("becomes the last full backup of this CA") < done.stdout.index("Back up the CA and record")
    (folder,) = sets.published(lab.drive_c / FOLDER / lab.ca.folder_name)
    assert sets.problems(folder) == []
    files = [file for file in sets.manifest(folder)["files"] if file["kind"] in ("database", "log")]
    assert {file["path"].split("\\")[-1]: sets.stored(folder, file["path"]).read_bytes() for file in files} == originals
    assert lab.ca.log_files() == logs and lab.ca.journal().calls("CertSrvBackupTruncateLogs") == []

    paths = written(tmp_path)
    document, text = json.loads(paths["json"].read_text()), paths["md"].read_text()
    names = names_of(lab)
    assert len(names) > 6
    assert_no_name(paths["json"].read_text(), names)
    assert_no_name(text, names)
    assert document["outcome"]["failed"] is False and document["outcome"]["files"] == len(
        sets.manifest(folder)["files"]
    )
    assert len(document["lists"]) == 4 and len(document["files"]) == len(originals)
    assert {entry["id"] for entry in document["answers"]} >= {"dynamic-list", "read-end", "online", "success-codes"}
    assert all(document["versions"].values()), document["versions"]
    assert text.startswith("# adcs.ca field report\n") and "| CertSrvBackupRead |" in text


def test_a_report_of_a_backup_that_fails(lab: Lab, tmp_path: Path) -> None:
    lab.ca.set_faults("field report", [Fault("CertSrvBackupPrepareW", 1, "hresult", "0x80094008")])
    done = run(lab, tmp_path)
    assert done.returncode != 0 and "the report tells the codes of it" in done.stdout, said(done)
    paths = written(tmp_path)
    document = json.loads(paths["json"].read_text())
    outcome = document["outcome"]
    assert (outcome["failed"], outcome["step"], outcome["hresult_name"]) == (True, 4, "CERTSRV_E_ROLECONFLICT")
    assert "0x80094008 CERTSRV_E_ROLECONFLICT" in paths["md"].read_text()
    assert_no_name(paths["md"].read_text(), names_of(lab))


def test_check_mode_makes_neither_a_backup_nor_a_report(lab: Lab, tmp_path: Path) -> None:
    done = run(lab, tmp_path, "--check", adcs_ca_field_report_path=r"C:\NeverMade")
    assert done.returncode == 0, said(done)
    assert "no backup is made, and no report is written" in done.stdout
    assert written(tmp_path) == {} and not (lab.drive_c / "NeverMade").exists()
    assert lab.ca.journal().calls("CertSrvBackupPrepareW") == []


def test_a_report_folder_that_cannot_be_made_costs_no_backup(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run(lab, tmp_path, adcs_ca_field_report_dir=str(tmp_path / "file" / "report"))
    assert done.returncode != 0, said(done)
    assert lab.ca.journal().calls("CertSrvBackupPrepareW") == []


def test_a_job_that_does_not_say_where_asks_no_ca(lab: Lab, tmp_path: Path) -> None:
    done = run(lab, tmp_path, adcs_ca_field_report_path=" ")
    assert done.returncode != 0 and "Set adcs_ca_field_report_path" in done.stdout, said(done)
    assert lab.ca.journal().calls() == [] and written(tmp_path) == {}

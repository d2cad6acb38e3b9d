# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to do with a lab that runs: lines to copy into a shell."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import paths
from .faults import Fault
from .lab import DATA_DRIVE, GROUP, Record

DESTINATION = rf"{DATA_DRIVE.upper()}:\Backup"
REPORTS = paths.BUILD / "reports"
BACKUP, CHECK = "adcs.ca.backup_fleet", "adcs.ca.check_backups"
# The third read of a database file says "data error (cyclic redundancy check)", as a disk with a bad sector does.
EXAMPLE = Fault("CertSrvBackupRead", 3, "hresult", "0x80070017")
HERE = "python3 tools/run.py -m adcs_lab"


def inventory(name: str) -> Path:
    """Return the inventory of a lab."""
    return paths.LABS / name / "inventory.yml"


def shown(path: Path) -> str:
    """Return a path as the user would type it: relative to the project when that is where we are."""
    return os.path.relpath(path) if Path.cwd().is_relative_to(paths.ROOT) else str(path)


def below_root(path: Path) -> str:
    """Return a path as it is typed in the project's folder."""
    return os.path.relpath(path, paths.ROOT)


def environment() -> str:
    """Return the line that brings a shell to the project and lets it find ansible-playbook and the collection."""
    program = shutil.which("ansible-playbook")
    folders = [str(Path(program or sys.executable).parent), "$PATH"]
    values = {"ANSIBLE_COLLECTIONS_PATH": shlex.quote(str(paths.BUILD / "collections")), "LC_ALL": "C.UTF-8"}
    words = [f"{name}={value}" for name, value in values.items()]
    return " ".join(["cd", shlex.quote(str(paths.ROOT)), "&& export", *words, f'PATH="{os.pathsep.join(folders)}"'])


def play(playbook: str, inventories: Sequence[Path], variables: Mapping[str, str]) -> str:
    """Return the line that runs a playbook of the collection on the group of CAs."""
    hosts = [word for path in inventories for word in ("-i", below_root(path))]
    command = ["ansible-playbook", *hosts, playbook, "-e", f"adcs_ca_hosts={GROUP}", "-e", json.dumps(variables)]
    return shlex.join(command)


def role_variables(reports: Path) -> dict[str, str]:
    """Return the variables of the README's nightly job, for labs."""
    return {"adcs_ca_backup_path": DESTINATION, "adcs_ca_backup_report_dir": str(reports)}


def of_lab(record: Record, running: Sequence[Record]) -> str:
    """Return what to do with a lab; ``running`` are all labs that stay, for a job on several CAs."""
    hosts = dict(sorted({other.alias: other for other in [*running, record]}.items()))
    inventories = [inventory(other.name) for other in hosts.values()]
    variables = role_variables(REPORTS)
    name = f"--name {record.name}"
    repositories = below_root(paths.LABS / record.name / "prefix" / f"drive_{DATA_DRIVE}" / DESTINATION[3:])
    sections = {
        "First, so that your shell finds all of it:": [environment()],
        f"Back up {_names(list(hosts))}, and look at all sets:": [
            play(BACKUP, inventories, variables),
            play(CHECK, inventories, variables),
        ],
        "Back up again, although there is a young set (only so a stopped service or a failing call shows):": [
            play(BACKUP, inventories, {**variables, "adcs_ca_backup_max_age": "0s"})
        ],
        f"Stop the service of {record.alias}, and start it again:": [
            f"{HERE} stop-service {name}",
            f"{HERE} start-service {name}",
        ],
        "Make the third read of the backup fail, and all calls work again (tests/lab/README.md has more faults):": [
            f"{HERE} fault {name} {EXAMPLE}",
            f"{HERE} fault {name} --clear",
        ],
        "See the journal of the calls, and stop the lab:": [
            f"tail {below_root(paths.LABS / record.name / 'prefix/drive_c/LabCA/journal.jsonl')}",
            f"make lab-down NAME={record.name}",
        ],
    }
    lines = [line for title, commands in sections.items() for line in (title, *(f"  {text}" for text in commands), "")]
    lines += [f"The sets lie in {repositories}, the page in {below_root(REPORTS / 'fleet.html')}."]
    if len(hosts) == 1:
        lines += ["A second CA: make lab-up CA=ca02"]
    return "\n".join(lines)


def _names(hosts: Sequence[str]) -> str:
    return " and ".join([", ".join(hosts[:-1]), hosts[-1]]) if len(hosts) > 1 else hosts[0]

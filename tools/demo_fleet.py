#!/usr/bin/env python3
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the shipped playbooks against a small fleet in which one CA is well and four are not, and show the page.

Four of the five CAs are simulated, the fifth is a port where nobody answers. The night's job backs them up. Then the
root is switched off, and a byte of a stored set is altered. The morning's job looks at the sets down to their hashes.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import report_picture
from adcs_lab import guide, keeper, sets
from adcs_lab.ca import MIB, CaSettings
from adcs_lab.lab import GROUP, Lab, LabError
from adcs_lab.wine import WineError
from project import BUILD, ROOT, Lane, ToolError, environment, need_lane

FOLDER = BUILD / "demo-fleet"
REPORTS = FOLDER / "reports"
PAGE = REPORTS / "fleet.html"
PICTURE = FOLDER / "fleet.png"
INVENTORY = FOLDER / "inventory.yml"
PLAYBOOK_TIMEOUT_S = 300
# Small, because SHA-256 is slow under Wine.
SIZES = {"database_size_bytes": MIB, "log_count": 2, "log_size_bytes": MIB // 4}
CONNECTION_TIMEOUT_S = 5


@dataclasses.dataclass(frozen=True)
class Ca:
    """A CA of the fleet, and what the page is to say of it in the end: its status, and words of its message or problems."""

    name: str
    status: str
    words: str
    story: str
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict)


FLEET = {
    "ca01": Ca("Example Issuing CA 1", "ok", "", "all is well"),
    "ca02": Ca("Example Issuing CA 2", "failed", "CertSvc", "its service is stopped"),
    "ca03": Ca("Example Machines CA", "unreachable", "", "nobody answers on its port"),
    "ca04": Ca("Example Users CA", "failed", "altered", "a byte of its set is altered after the night"),
    "ca05": Ca(
        "Example Root CA", "offline", "", "is switched off after the night", {"adcs_ca_backup_expected": "offline"}
    ),
}
STOPPED, UNREACHABLE, DAMAGED, ROOT_CA = "ca02", "ca03", "ca04", "ca05"


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


def check(documents: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what is not as it was meant to come out; ``documents`` are those of the hosts, by their names."""
    found = [f"{host}: there is no document of it" for host in FLEET if host not in documents]
    found += [f"{host}: nobody asked for it" for host in documents if host not in FLEET]
    for host, ca in FLEET.items():
        for entry in documents.get(host, {"destinations": []})["destinations"]:
            said = [entry["message"], *(problem["message"] for problem in entry["problems"])]
            if entry["status"] != ca.status:
                found.append(f"{host}: {entry['status']} instead of {ca.status}: {entry['message']}")
            elif not any(ca.words in text for text in said):
                found.append(f"{host}: {ca.status}, but nothing says '{ca.words}': {' '.join(said)}")
            elif ca.status in ("ok", "offline") and not entry["newest"]:
                found.append(f"{host}: {ca.status} without a good set")
        if host in documents and len(documents[host]["destinations"]) != 1:
            found.append(f"{host}: {len(documents[host]['destinations'])} destinations instead of one")
    return found


def read_documents() -> dict[str, dict[str, Any]]:
    """Return the documents of all hosts, by their names."""
    documents = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(REPORTS.glob("*.json"))]
    return {document["host"]: document for document in documents}


def labs() -> dict[str, Lab]:
    """Return a lab for every CA that answers."""
    return {
        host: Lab(f"demo-{host}", settings=CaSettings(ca.name, f"{host}.example.com", **SIZES), data_drive=True)
        for host, ca in FLEET.items()
        if host != UNREACHABLE
    }


def start(fleet: Mapping[str, Lab], stack: ExitStack) -> None:
    """Start all labs at once; the stack removes those that started. LabError when one does not."""
    with ThreadPoolExecutor(len(fleet)) as pool:
        starts = {host: pool.submit(lab.start) for host, lab in fleet.items()}
    for host, started in starts.items():
        if not started.exception():
            stack.callback(fleet[host].remove)
    for started in starts.values():
        started.result()


@contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port on which every connection is refused, as nobody else can take it."""
    with socket.socket() as taken:
        taken.bind((keeper.server.LOOPBACK, 0))
        yield taken.getsockname()[1]


def write_inventory(running: Mapping[str, Lab], port: int) -> None:
    """Write an inventory of the fleet that nobody else may read; ``port`` is where nobody answers."""
    known = {host: lab.record().variables() for host, lab in running.items()}
    known[UNREACHABLE] = {**known["ca01"], "ansible_port": port, "ansible_password": "none"}
    hosts = {
        host: {**known[host], "ansible_winrm_connection_timeout": CONNECTION_TIMEOUT_S, **ca.variables}
        for host, ca in FLEET.items()
    }
    descriptor = os.open(INVENTORY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        # JSON, which YAML includes
        json.dump({GROUP: {"hosts": hosts}}, file, indent=2)


def play(lane: Lane, playbook: str, **variables: str) -> None:
    """Run a playbook of the collection with its output shown; it has to fail, because CAs need attention."""
    given = {"adcs_ca_hosts": GROUP, **guide.role_variables(REPORTS), **variables}
    command = [lane.ansible_playbook, "-i", str(INVENTORY), playbook, "-e", json.dumps(given)]
    env = {**environment(lane), "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false"}
    code = subprocess.run(command, cwd=ROOT, env=env, timeout=PLAYBOOK_TIMEOUT_S, check=False).returncode
    print(f"{playbook} ended with exit status {code}: that is right, CAs need attention", flush=True)
    if code != 2:
        raise ToolError(f"{playbook} ended with exit status {code} instead of 2.")


def damage(lab: Lab) -> None:
    """Alter a byte in the database of the only set, and leave its size and its time as they were."""
    repository = lab.drive_d / "Backup" / lab.ca.folder_name
    (folder,) = sets.published(repository)
    (database,) = folder.glob("DataBase/*.edb")
    times = database.stat()
    with database.open("r+b") as file:
        file.seek(times.st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))
    os.utime(database, ns=(times.st_atime_ns, times.st_mtime_ns))


def take_picture() -> str:
    """Take a picture of the page and return where it is, or why there is none."""
    if not report_picture.browser():
        return "none: there is no chromium on this machine"
    try:
        report_picture.take_picture(PAGE, PICTURE)
    except (subprocess.SubprocessError, OSError) as error:
        return f"none: {error}"
    return str(PICTURE)


def run_jobs(lane: Lane, fleet: dict[str, Lab]) -> None:
    """Run the night's job and the morning's, with the accidents between them."""
    for host, ca in FLEET.items():
        print(f"{host}  {ca.name:<20}  {ca.story}")
    say("The night: adcs.ca.backup_fleet")
    play(lane, guide.BACKUP)
    say(f"After the night: {DAMAGED}'s set loses a byte, {ROOT_CA} is switched off")
    damage(fleet[DAMAGED])
    fleet[ROOT_CA].stop()
    # The failure of the night stays on the page: this job makes no backup, so it cannot say that a backup works again.
    say(f"The morning: adcs.ca.check_backups with hashes, on all but {STOPPED}")
    play(lane, guide.CHECK, adcs_ca_hosts=f"{GROUP}:!{STOPPED}", adcs_ca_backup_depth="hashes")


def copied(lane: Lane) -> list[str]:
    """Return five lines to copy."""
    inventories = [guide.inventory("default"), guide.inventory("ca02")]
    job = guide.play(guide.BACKUP, inventories, guide.role_variables(guide.REPORTS))
    return [
        guide.environment(),
        f"python3 -m webbrowser {PAGE.as_uri()}",
        f"python3 -m json.tool {guide.below_root(REPORTS / f'{DAMAGED}.json')}",
        "make lab-up && make lab-up CA=ca02",
        job,
    ]


def main() -> int:
    """Run the demo; 0 when the fleet came out as meant. Its labs go at the end, its page stays."""
    started_s = time.monotonic()
    try:
        lane = need_lane()
        fleet = labs()
        with ExitStack() as stack:
            say(f"Starting {len(fleet)} simulated CAs; for the fifth one nobody answers")
            start(fleet, stack)
            shutil.rmtree(FOLDER, ignore_errors=True)
            FOLDER.mkdir(parents=True)
            fleet[STOPPED].ca.stop_service()
            write_inventory(fleet, stack.enter_context(closed_port()))
            run_jobs(lane, fleet)
        wrong = check(read_documents())
        if not PAGE.is_file():
            wrong.append(f"there is no page {PAGE}")
    except (ToolError, LabError, WineError, OSError) as error:
        wrong = [str(error)]
    if wrong:
        print("\n".join(["", *(f"demo-fleet: {text}" for text in wrong)]), file=sys.stderr)
        return 1
    picture = take_picture()
    say(f"Done in {time.monotonic() - started_s:.0f} s; the simulated CAs are gone")
    print(f"page:    {PAGE}\npicture: {picture}")
    say("Five lines to copy: your shell, the page, a document, two CAs that stay, and the night's job on them")
    print("\n".join(copied(lane)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

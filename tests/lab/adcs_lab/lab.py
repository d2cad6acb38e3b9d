# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One lab: a prefix with a simulated CA, its wineserver, and a WinRM endpoint Ansible can talk to."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import secrets
import select
import signal
import subprocess
import sys
from http.client import HTTPException
from pathlib import Path

from . import keeper, paths, prefix, wine
from .ca import CaSettings, SimulatedCa
from .client import Client, ClientError
from .engine import Engine

USER = "labadmin"
LIFETIME_S = 8 * 3600.0
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
FIRST_PROGRAM_TIMEOUT_S = 120.0
GROUP = "cas"
DATA_DRIVE = "d"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
OPERATION_TIMEOUT_S = 30
READ_TIMEOUT_S = 90


class LabError(Exception):
    """A lab cannot be started or used; the message says why and where to look."""


@dataclasses.dataclass(frozen=True)
class Record:
    """What ``lab.json`` says of a lab that was started; ``started`` tells its process from a later one.

    ``host`` is the DNS name of its CA. ``owned`` says that it goes with the process that started it.
    """

    name: str
    pid: int
    started: int
    port: int
    user: str
    password: str
    host: str = CaSettings.host
    owned: bool = True

    @property
    def alias(self) -> str:
        """The name of the CA's host in an inventory, such as ``ca01``."""
        return self.host.partition(".")[0]

    def variables(self) -> dict[str, str | int]:
        """Return the variables of the CA's host in an inventory."""
        return {
            "ansible_connection": "winrm",
            "ansible_host": keeper.server.LOOPBACK,
            "ansible_port": self.port,
            "ansible_user": self.user,
            "ansible_password": self.password,
            "ansible_winrm_scheme": "http",
            "ansible_winrm_transport": "basic",
            "ansible_winrm_operation_timeout_sec": OPERATION_TIMEOUT_S,
            "ansible_winrm_read_timeout_sec": READ_TIMEOUT_S,
            "ansible_pwsh_interpreter": paths.POWERSHELL,
        }


class Lab:
    """A lab below ``.build/lab/<name>``; as a context manager it is stopped and removed at the end whatever happens.

    ``port`` 0 takes a free one; ``endpoint`` False leaves WinRM out. ``owned`` ties the lab to this process: it stops
    when this process ends, even by SIGKILL. A lab that is not owned stops after ``lifetime_s`` seconds at the latest.
    ``data_drive`` gives the CA an empty drive ``D:``.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: CaSettings | None = None,
        endpoint: bool = True,
        port: int = 0,
        owned: bool = True,
        lifetime_s: float = LIFETIME_S,
        data_drive: bool = False,
    ) -> None:
        if not NAME.fullmatch(name):
            raise LabError(f"{name!r} is no name for a lab: use up to 31 lower-case letters, digits, '-' and '_'.")
        self.name = name
        self.folder = paths.LABS / name
        self.prefix = self.folder / "prefix"
        self.ca = SimulatedCa(self.prefix, settings)
        self.engine = Engine(self.prefix)
        self._endpoint = endpoint
        self._wanted_port = port
        self._owned = owned
        self._lifetime_s = lifetime_s
        self._data_drive = data_drive
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.remove()

    @property
    def drive_c(self) -> Path:
        r"""The folder that is ``C:\``."""
        return self.engine.drive_c

    @property
    def inventory(self) -> Path:
        """The inventory of the CA under the first part of its DNS name; only there while the lab has an endpoint."""
        return self.folder / "inventory.yml"

    @property
    def drive_d(self) -> Path:
        r"""The folder that is ``D:\``, in a lab that has this drive."""
        return self.prefix / f"drive_{DATA_DRIVE}"

    def record(self) -> Record:
        """Return port, user and password of the running lab; LabError when it does not run."""
        record = self._read_record()
        if record is None or not _alive(record):
            raise LabError(f"The lab {self.name!r} is not running.")
        return record

    def running(self) -> bool:
        """Tell whether the lab's process is there."""
        record = self._read_record()
        return record is not None and _alive(record)

    def start(self) -> None:
        """Start the lab on a fresh copy of the template and wait until it works; LabError when it runs already.

        Whatever a lab of this name left behind is replaced.
        """
        if self.running():
            raise LabError(f"The lab {self.name!r} is running already.")
        self.remove()
        try:
            prefix.copy_prefix(self.name)
            prefix.install_native(self.prefix)
            if self._data_drive:
                prefix.add_drive(self.prefix, DATA_DRIVE)
            password = secrets.token_urlsafe(24)
            self._start_keeper(password)
            # The first program brings up Wine's services, which would keep pipes of a later one open.
            wine.run(self.prefix, ["cmd.exe", "/c", "exit"], FIRST_PROGRAM_TIMEOUT_S)
            self.ca.install()
            if self._endpoint:
                self.check_endpoint()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all processes of the lab and leave its files; nothing to stop is no error."""
        record = self._read_record()
        if record is not None:
            _end(record)
        if self._process is not None:
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None
        wine.stop_server(self.prefix)
        for file in (self._record_file, self.inventory):
            file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Stop the lab and remove its files."""
        self.stop()
        prefix.remove_tree(self.folder)

    def check_endpoint(self) -> None:
        """Ask the endpoint who it is and for one command; LabError says what is wrong."""
        record = self.record()
        client = Client(record.port, record.user, record.password)
        try:
            client.identify()
            result = client.run("cmd.exe /c echo ready", START_TIMEOUT_S)
        except (ClientError, HTTPException, OSError) as error:
            raise LabError(f"The endpoint on port {record.port} does not work: {error}. {self._log_tail()}") from error
        if (result.exit_code, result.stdout.strip()) != (0, b"ready"):
            raise LabError(f"The endpoint runs no command: {result}. {self._log_tail()}")

    @property
    def _record_file(self) -> Path:
        return self.folder / "lab.json"

    def _read_record(self) -> Record | None:
        try:
            return Record(**json.loads(self._record_file.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise LabError(f"{self._record_file} is not readable: {error}. Remove {self.folder}.") from error

    def _start_keeper(self, password: str) -> None:
        """Start the lab's process, and record it as soon as there is something to stop."""
        settings = keeper.Settings(
            prefix=str(self.prefix),
            lifetime_s=self._lifetime_s,
            owner_pid=os.getpid() if self._owned else None,
            endpoint=self._endpoint,
            port=self._wanted_port,
            user=USER,
            password=password,
        )
        with (self.folder / "keeper.log").open("wb") as log:
            self._process = process = subprocess.Popen(
                [sys.executable, "-m", keeper.__name__],
                cwd=Path(__file__).parents[1],
                env={"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", os.defpath), "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        started = _start_time(process.pid)
        record = Record(self.name, process.pid, started, 0, USER, password, self.ca.host, self._owned)
        self._write(self._record_file, json.dumps(dataclasses.asdict(record)))
        assert process.stdin and process.stdout
        with process.stdin, process.stdout:
            process.stdin.write(json.dumps(dataclasses.asdict(settings)).encode() + b"\n")
            process.stdin.flush()
            if not select.select([process.stdout], [], [], START_TIMEOUT_S)[0]:
                raise LabError(f"The lab's process said nothing for {START_TIMEOUT_S:.0f} s: {self._log_tail()}")
            answer = process.stdout.readline()
        if not answer:
            process.wait(STOP_TIMEOUT_S)
            raise LabError(f"The lab's process ended with exit code {process.returncode}: {self._log_tail()}")
        record = dataclasses.replace(record, port=keeper.Ready(**json.loads(answer)).port)
        self._write(self._record_file, json.dumps(dataclasses.asdict(record), indent=2) + "\n")
        if self._endpoint:
            self._write(self.inventory, _inventory(record))

    def _log_tail(self) -> str:
        return (self.folder / "keeper.log").read_text(encoding="utf-8", errors="replace")[-2000:].strip()

    @staticmethod
    def _write(path: Path, text: str) -> None:
        """Write a file nobody else may read, in one rename."""
        new = path.with_name(f"{path.name}.new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(path)


def _inventory(record: Record) -> str:
    """Return an inventory both supported generations of ansible-core take. The values are JSON, which YAML includes."""
    lines = [f"      {name}: {json.dumps(value)}\n" for name, value in record.variables().items()]
    return f"---\nall:\n  hosts:\n    {record.alias}:\n{''.join(lines)}{GROUP}:\n  hosts:\n    {record.alias}:\n"


def left_running() -> list[Record]:
    """Return the running labs that no process owns, as ``adcs_lab up`` starts them, by their names."""
    records = []
    for file in sorted(paths.LABS.glob("*/lab.json")):
        # A lab may go meanwhile, and one that cannot be read is told to whoever asks for it by its name.
        with contextlib.suppress(LabError):
            records.append(Lab(file.parent.name).record())
    return [record for record in records if not record.owned]


def _start_time(pid: int) -> int:
    """Return when the process started, in clock ticks since boot; ProcessLookupError when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        raise ProcessLookupError(f"no process {pid}") from None
    return int(stat.rpartition(b")")[2].split()[19])


def _alive(record: Record) -> bool:
    """Tell whether the recorded process, not another one of the same number, is running."""
    try:
        descriptor = os.pidfd_open(record.pid)
    except ProcessLookupError:
        return False
    try:
        return not select.select([descriptor], [], [], 0)[0] and _start_time(record.pid) == record.started
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)


def _end(record: Record) -> None:
    """End the recorded process: asked first, killed when it does not go in time."""
    try:
        descriptor = os.pidfd_open(record.pid)
    except ProcessLookupError:
        return
    try:
        if not _alive(record):
            return
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        if not select.select([descriptor], [], [], STOP_TIMEOUT_S)[0]:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            select.select([descriptor], [], [], STOP_TIMEOUT_S)
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)

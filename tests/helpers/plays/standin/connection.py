# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``adcs.ca.standin``: a connection to a simulated CA, which plays the modules and runs all else locally."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase
from helpers.plays.simulated_ca import put_on_record, run_module

DOCUMENTATION = """
name: standin
short_description: Connect to a simulated CA
description: It plays the modules of the collection itself and runs every other command locally.
author: adcs.ca contributors (@adcs-ca)
options:
  simulates:
    description: The host of the world that this is a connection to.
    type: str
    vars:
      - name: standin_simulates
"""

MODULE = re.compile(r"/bin/sh \S+/(?:AnsiballZ_)?(backup|backup_info|expire)\.py ([^\s']+)")
COMMAND_TIMEOUT_S = 20.0
HOUSEKEEPING = re.compile(r"\b(mkdir|chmod|rm) ")


class Connection(ConnectionBase):
    """Unreachable from the first module, or other command of a task, that the world says."""

    transport = "adcs.ca.standin"
    has_pipelining = False

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Play the module that the command is to run, or run the command."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        world, host = Path(os.environ["ADCS_CA_WORLD"]), self.get_option("simulates")
        module = MODULE.search(cmd)
        if not module and HOUSEKEEPING.search(cmd):
            return _run(cmd, in_data)
        self._fail_where_lost(world, host, module[1] if module else "raw")
        if not module:
            put_on_record(world, {"host": host, "module": "raw", "command": cmd})
            return _run(cmd, in_data)
        arguments: dict[str, Any] = json.loads(Path(module[2]).read_bytes())
        return 0, json.dumps(run_module(world, host, module[1], arguments)).encode(), b""

    def _fail_where_lost(self, world: Path, host: str, asked: str) -> None:
        """Raise what a connection raises when its host has been lost, from the module on that the world names."""
        facts = json.loads((world / "cas" / f"{host}.json").read_text(encoding="utf-8"))
        mark = world / "cas" / f"{host}.lost"
        if facts["faults"].get("lost_at") not in (asked, "any") and not mark.exists():
            return
        mark.touch()
        put_on_record(world, {"host": host, "module": asked, "lost": True})
        raise AnsibleConnectionFailure(facts["faults"].get("lost_words") or _words(facts["text"]))

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file to the host."""
        super().put_file(in_path, out_path)
        shutil.copyfile(in_path, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file from the host."""
        super().fetch_file(in_path, out_path)
        shutil.copyfile(in_path, out_path)

    def close(self) -> None:
        """Close nothing."""
        self._connected = False


def _words(text: str) -> str:
    """Return what the WinRM library says of a port where nobody listens; the address differs in every process."""
    address = f"0x7f{os.getpid():010x}"
    cause = f"<urllib3.connection.HTTPConnection object at {address}>: Failed to establish a new connection: "
    cause += "[Errno 111] Connection refused"
    pool = "basic: HTTPConnectionPool(host='127.0.0.1', port=9): Max retries exceeded with url: /wsman"
    return f"{pool} (Caused by NewConnectionError({cause!r})){text}"


def _run(cmd: str, in_data: bytes | None) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        cmd, shell=True, input=in_data or b"", capture_output=True, timeout=COMMAND_TIMEOUT_S, check=False
    )
    return done.returncode, done.stdout, done.stderr

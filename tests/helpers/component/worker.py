# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The collection's modules in one long-lived engine process: a test case costs a request, not the start of an engine."""

from __future__ import annotations

import hashlib
import json
import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible
from adcs_lab.engine import Engine

COLLECTION = Path(__file__).resolve().parents[3]
POLL_S = 0.1
START_TIMEOUT_S = 90.0
ENGINE_OPTIONS = ("-NoProfile", "-NonInteractive", "-File")


class WorkerDied(Exception):
    """The engine process ended, or did not answer in time and was killed, while it worked on a request."""


@dataclass(frozen=True)
class ModuleRun:
    """What a module printed: its result, and the exit code that Ansible would see."""

    result: dict[str, Any]
    exit_code: int

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed", False))

    @property
    def message(self) -> str:
        return str(self.result.get("msg", ""))


class Worker:
    """Starts the engine at the first request, and again after a request that killed it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._folder = engine.drive_c / "LabWorker"

    def module(
        self,
        name: str,
        params: dict[str, Any],
        *,
        check_mode: bool = False,
        diff: bool = False,
        timeout_s: float = 60.0,
        give_up: Callable[[], bool] | None = None,
    ) -> ModuleRun:
        """Run ``plugins/modules/<name>.ps1`` with these parameters, as Ansible would.

        WorkerDied when the engine ends, when there is no answer in time, and as soon as ``give_up`` says so; the engine
        is killed then, as a task is whose time is over.
        """
        internal = {
            "_ansible_check_mode": check_mode,
            "_ansible_diff": diff,
            "_ansible_module_name": f"adcs.ca.{name}",
            "_ansible_verbosity": 3,
        }
        request = {"module": rf"C:\LabWorker\{name}.ps1", "params": {**params, **internal}}
        response = self._ask(request, timeout_s, give_up)
        return ModuleRun(json.loads(response["output"]), int(response["rc"]))

    def script(self, text: str, timeout_s: float = 60.0) -> list[Any]:
        """Run PowerShell text with the module utils loaded and return its output values."""
        values = self._ask({"script": text}, timeout_s)["output"]
        return values if isinstance(values, list) else [values]

    def close(self) -> None:
        """End the engine process."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait(20)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def _ask(
        self, request: dict[str, Any], timeout_s: float, give_up: Callable[[], bool] | None = None
    ) -> dict[str, Any]:
        if self._process is None:
            self._start()
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            response: dict[str, Any] = json.loads(self._read_line(timeout_s, give_up))
        except (BrokenPipeError, EOFError, TimeoutError) as error:
            self.close()
            raise WorkerDied(f"{type(error).__name__}: {error}\n{self._errors()}") from error
        if "error" in response:
            raise AssertionError(response["error"])
        return response

    def _start(self) -> None:
        self._install()
        self._unread = b""
        with (self._folder / "stderr.log").open("wb") as errors:
            self._process = self._engine.popen(
                [*ENGINE_OPTIONS, r"C:\LabWorker\worker.ps1", r"C:\LabWorker\load.json"], stderr=errors.fileno()
            )
        try:
            first = self._read_line(START_TIMEOUT_S)
        except (EOFError, TimeoutError) as error:
            self.close()
            raise WorkerDied(f"the worker did not start: {error}\n{self._errors()}") from error
        if first.strip() != b"ready":
            self.close()
            raise WorkerDied(f"the worker did not start: {first!r}\n{self._errors()}")

    def _install(self) -> None:
        """Copy the product and what it needs of ansible-core to where the engine can read them."""
        self._folder.mkdir(exist_ok=True)
        core = Path(ansible.__file__).parent / "module_utils"
        csharp = [core / "csharp" / name for name in ("Ansible.Basic.cs", "Ansible.Privilege.cs")]
        csharp += sorted((COLLECTION / "plugins" / "module_utils").rglob("*.cs"))
        powershell = sorted((COLLECTION / "plugins" / "module_utils").rglob("*.psm1"))
        add_type = core / "powershell" / "Ansible.ModuleUtils.AddType.psm1"
        modules = sorted((COLLECTION / "plugins" / "modules").glob("*.ps1"))
        script = Path(__file__).with_name("worker.ps1")
        for source in [*csharp, *powershell, add_type, *modules, script]:
            shutil.copyfile(source, self._folder / source.name)
        inputs = b"".join(path.read_bytes() for path in (*csharp, add_type, script))
        load = {
            "add_type": rf"C:\LabWorker\{add_type.name}",
            "compiled": rf"C:\LabWorker\{hashlib.sha256(inputs).hexdigest()}.dll",
            "csharp": [rf"C:\LabWorker\{path.name}" for path in csharp],
            "powershell": [rf"C:\LabWorker\{path.name}" for path in powershell],
        }
        (self._folder / "load.json").write_text(json.dumps(load), encoding="utf-8")

    def _read_line(self, timeout_s: float, give_up: Callable[[], bool] | None = None) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no answer within {timeout_s:.0f} s")
                if not selector.select(left if give_up is None else min(left, POLL_S)):
                    if give_up is not None and give_up():
                        raise TimeoutError("given up, as the test asked")
                    continue
                chunk = os.read(descriptor, 1 << 16)
                if not chunk:
                    raise EOFError("the engine process ended")
                self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _errors(self) -> str:
        path = self._folder / "stderr.log"
        return path.read_text(encoding="utf-8", errors="replace")[-4000:] if path.exists() else ""

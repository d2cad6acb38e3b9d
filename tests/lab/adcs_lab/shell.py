# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Remote shells and their commands: processes with buffered, bounded input and output."""

from __future__ import annotations

import collections
import dataclasses
import os
import re
import select
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import IO

from . import paths, wsman

POWERSHELL_NAMES = frozenset({"powershell", "powershell.exe", "pwsh", "pwsh.exe"})
RESERVED_VARIABLES = re.compile(r"(LAB_|LD_|WINE).*", re.IGNORECASE)
OUTPUT_STREAMS = ("stdout", "stderr")
READ_SIZE = 65536
# Poll interval of threads that watch for the command's end besides their own event.
WATCH_S = 1.0


@dataclasses.dataclass(frozen=True)
class Limits:
    """Bounds of what clients can make the endpoint hold; sizes in bytes, times in seconds."""

    shells: int = 30
    commands_per_shell: int = 25
    idle_timeout_s: float = 900.0
    buffered_output: int = 8 * 1024 * 1024
    buffered_input: int = 4 * 1024 * 1024
    # Base64 makes 4/3 of it; clients announce a MaxEnvelopeSize of 153,600.
    output_per_answer: int = 110_000
    # A command's end does not end its streams while a process it left behind holds them: output waits no longer.
    stream_grace_s: float = 5.0


@dataclasses.dataclass(frozen=True)
class Start:
    """What a runner needs to start a command; ``working_directory`` is a Windows path or None."""

    command_line: str
    environment: Mapping[str, str]
    working_directory: str | None
    codepage: str


Runner = Callable[[Start], "subprocess.Popen[bytes]"]


@dataclasses.dataclass(frozen=True)
class Output:
    """Output taken from a command, (stream, bytes) each; ``exit_code`` is set once all of it has been taken."""

    parts: list[tuple[str, bytes]]
    exit_code: int | None


def windows_command_line(command: str, skip_cmd_shell: bool) -> str:
    """Return the command line for CreateProcess.

    A bare ``powershell`` or ``pwsh`` means the lab's engine, started directly; anything else runs in cmd.exe as WinRM
    does, unless the client asked to skip it. The rest of the line is never taken apart: quoting rules belong to the
    program that reads it.
    """
    match = re.match(r'\s*(?:"([^"]*)"|(\S*))(.*)', command, re.DOTALL)
    program = (match[1] or match[2] or "") if match else ""
    if match and program.lower() in POWERSHELL_NAMES:
        return paths.POWERSHELL + match[3]
    if skip_cmd_shell or program.lower().rpartition("\\")[2] in POWERSHELL_NAMES:
        return command
    return f'C:\\windows\\system32\\cmd.exe /c "{command}"'


class Command:
    """A running process, its input waiting to be written and its output waiting to be taken."""

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits) -> None:
        self.id = str(uuid.uuid4()).upper()
        self._process = process
        self._limits = limits
        self._changed = threading.Condition()
        self._input: collections.deque[bytes] = collections.deque()
        self._input_ended = False
        self._output = {name: bytearray() for name in OUTPUT_STREAMS}
        self._open_streams = len(OUTPUT_STREAMS)
        self._exited_at: float | None = None
        self._closed = False
        assert process.stdin and process.stdout and process.stderr
        for target, arguments in (
            (self._write, (process.stdin,)),
            (self._read, ("stdout", process.stdout)),
            (self._read, ("stderr", process.stderr)),
            (self._wait, ()),
        ):
            threading.Thread(target=target, args=arguments, daemon=True).start()

    @property
    def running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._exited_at is None

    def send(self, data: bytes, end: bool, timeout_s: float) -> None:
        """Queue input, all of it or none; WsmanFault (timed out) when the process does not take enough of it in time.

        Input for a process that has ended is dropped: its output tells the client why.
        """

        def room() -> bool:
            queued = sum(map(len, self._input))
            return not self.running or not queued or queued + len(data) <= self._limits.buffered_input

        with self._changed:
            if not self._changed.wait_for(room, timeout_s):
                raise _timed_out()
            if not self.running:
                return
            if self._input_ended and data:
                raise wsman.WsmanFault(wsman.INVALID_PARAMETER, "InvalidParameter", "The input has been ended already.")
            if data:
                self._input.append(data)
            self._input_ended = self._input_ended or end
            self._changed.notify_all()

    def receive(self, timeout_s: float) -> Output:
        """Take output as soon as there is any, or the end; WsmanFault (timed out) when there is neither in time."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not (self._finished() or any(self._output.values())):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise _timed_out()
                self._changed.wait(min(left, WATCH_S))
            parts = []
            room = self._limits.output_per_answer
            for name, buffer in self._output.items():
                if taken := bytes(buffer[:room]):
                    parts.append((name, taken))
                    del buffer[: len(taken)]
                    room -= len(taken)
            self._changed.notify_all()
            done = self._finished() and not any(self._output.values())
            return Output(parts, self._exit_code() if done else None)

    def close(self) -> None:
        """End the process, and with it (through the launcher's job) all it started; its output is dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._process.poll() is None:
            self._process.kill()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end of the process; False when it is still there after the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._exited_at is not None, timeout_s)

    def _finished(self) -> bool:
        if self._exited_at is None:
            return False
        return self._open_streams == 0 or time.monotonic() - self._exited_at > self._limits.stream_grace_s

    def _exit_code(self) -> int:
        code = self._process.returncode
        # Windows has no signals: a process killed from Linux ends like one that was terminated by control-C.
        return code if code >= 0 else 0xC000013A

    def _write(self, stdin: IO[bytes]) -> None:
        """Write queued input until it ends or nobody reads it any more."""
        with stdin:
            descriptor = stdin.fileno()
            os.set_blocking(descriptor, False)
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            while True:
                with self._changed:
                    while not (self._input or self._input_ended or self._closed or self._exited_at is not None):
                        self._changed.wait(WATCH_S)
                    if self._closed or self._exited_at is not None or not self._input:
                        self._input.clear()
                        self._changed.notify_all()
                        return
                    data = self._input[0]
                if not poll.poll(WATCH_S * 1000):
                    continue
                try:
                    written = os.write(descriptor, data)
                except BlockingIOError:
                    continue
                except OSError:
                    written = len(data)
                with self._changed:
                    self._input.popleft()
                    if written < len(data):
                        self._input.appendleft(data[written:])
                    self._changed.notify_all()

    def _read(self, name: str, stream: IO[bytes]) -> None:
        """Read output until its end; stop reading while the buffer is full."""
        buffer = self._output[name]
        poll = select.poll()
        with stream:
            poll.register(stream.fileno(), select.POLLIN)
            while not self._closed:
                if not poll.poll(WATCH_S * 1000):
                    continue
                data = os.read(stream.fileno(), READ_SIZE)
                with self._changed:
                    if not data:
                        break
                    while not self._closed and len(buffer) + len(data) > self._limits.buffered_output:
                        self._changed.wait(WATCH_S)
                    buffer += data
                    self._changed.notify_all()
        with self._changed:
            self._open_streams -= 1
            self._changed.notify_all()

    def _wait(self) -> None:
        self._process.wait()
        with self._changed:
            self._exited_at = time.monotonic()
            self._changed.notify_all()


class Shell:
    """A client's shell: the setting its commands run in."""

    def __init__(self, request: wsman.CreateShell, limits: Limits) -> None:
        self.id = str(uuid.uuid4()).upper()
        self.request = request
        self.commands: dict[str, Command] = {}
        self._idle_timeout_s = min(request.idle_timeout_s or limits.idle_timeout_s, limits.idle_timeout_s)
        self._lock = threading.Lock()
        self._users = 0
        self._last_used = time.monotonic()

    def __enter__(self) -> Shell:
        with self._lock:
            self._users += 1
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._lock:
            self._users -= 1
            self._last_used = time.monotonic()

    def idle(self) -> bool:
        """Whether no request has used the shell for its idle time; a pending one is a use."""
        with self._lock:
            return self._users == 0 and time.monotonic() - self._last_used > self._idle_timeout_s

    def close(self) -> None:
        """End the shell's commands."""
        for command in list(self.commands.values()):
            command.close()


class Shells:
    """All shells of an endpoint. Safe for use by several threads."""

    def __init__(self, runner: Runner, limits: Limits) -> None:
        self._runner = runner
        self._limits = limits
        self._lock = threading.Lock()
        self._shells: dict[str, Shell] = {}

    def __len__(self) -> int:
        return len(self._shells)

    def create(self, request: wsman.CreateShell) -> str:
        """Open a shell and return its id; WsmanFault when there are too many or a variable is not allowed."""
        for name in request.environment:
            if not name or "=" in name or "\0" in name or RESERVED_VARIABLES.fullmatch(name):
                raise wsman.WsmanFault(
                    wsman.INVALID_PARAMETER, "InvalidParameter", f"The variable {name!r} cannot be set."
                )
        if not request.codepage.isdecimal():
            raise wsman.WsmanFault(wsman.INVALID_PARAMETER, "InvalidParameter", "WINRS_CODEPAGE is not a number.")
        with self._lock:
            if len(self._shells) >= self._limits.shells:
                raise wsman.WsmanFault(
                    wsman.QUOTA_MAX_SHELLS, "QuotaLimit", f"There are {len(self._shells)} shells: no more are allowed."
                )
            shell = Shell(request, self._limits)
            self._shells[shell.id] = shell
        return shell.id

    def get(self, shell_id: str) -> Shell:
        """Return a shell; WsmanFault when there is none of this id."""
        shell = self._shells.get(shell_id)
        if shell is None:
            raise _not_found("shell", shell_id)
        return shell

    def delete(self, shell_id: str) -> None:
        """Close a shell; WsmanFault when there is none of this id."""
        with self._lock:
            shell = self._shells.pop(shell_id, None)
        if shell is None:
            raise _not_found("shell", shell_id)
        shell.close()

    def run(self, shell: Shell, request: wsman.RunCommand) -> str:
        """Start a command in the shell and return its id; WsmanFault when there are too many."""
        with self._lock:
            if self._shells.get(shell.id) is not shell:
                raise _not_found("shell", shell.id)
            if len(shell.commands) >= self._limits.commands_per_shell:
                raise wsman.WsmanFault(
                    wsman.QUOTA_MAX_OPERATIONS,
                    "QuotaLimit",
                    f"The shell has {len(shell.commands)} commands: no more are allowed.",
                )
            start = Start(
                command_line=windows_command_line(request.command, request.skip_cmd_shell),
                environment=shell.request.environment,
                working_directory=shell.request.working_directory,
                codepage=shell.request.codepage,
            )
            command = Command(self._runner(start), self._limits)
            shell.commands[command.id] = command
        return command.id

    @staticmethod
    def command(shell: Shell, command_id: str) -> Command:
        """Return a command of the shell; WsmanFault when there is none of this id."""
        command = shell.commands.get(command_id)
        if command is None:
            raise _not_found("command", command_id)
        return command

    def end(self, shell: Shell, command_id: str) -> None:
        """End a command and forget it; WsmanFault when there is none of this id."""
        self.command(shell, command_id).close()
        shell.commands.pop(command_id, None)

    def remove_idle(self) -> None:
        """Close the shells nobody has used for their idle time."""
        with self._lock:
            idle = [shell for shell in self._shells.values() if shell.idle()]
            for shell in idle:
                del self._shells[shell.id]
        for shell in idle:
            shell.close()

    def close(self, timeout_s: float) -> None:
        """Close all shells and wait for the end of their commands, at most the time given for all of them together."""
        with self._lock:
            shells = list(self._shells.values())
            self._shells.clear()
        for shell in shells:
            shell.close()
        deadline = time.monotonic() + timeout_s
        for shell in shells:
            for command in shell.commands.values():
                command.join(max(0.0, deadline - time.monotonic()))


def _timed_out() -> wsman.WsmanFault:
    return wsman.WsmanFault(
        wsman.TIMED_OUT, "TimedOut", "The operation did not complete within the OperationTimeout.", sender=False
    )


def _not_found(kind: str, identifier: str) -> wsman.WsmanFault:
    return wsman.WsmanFault(
        wsman.INVALID_SELECTORS, "InvalidSelectors", f"There is no {kind} {identifier!r} on this server."
    )

# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The WinRM endpoint over HTTP, with commands that run in /bin/sh instead of Wine."""

from __future__ import annotations

import base64
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest
from adcs_lab import server, shell, wsman
from adcs_lab.client import Client, ClientError
from helpers.lab.fake_lab import ShRunner

USER, PASSWORD = "ütest", "p:ass wörd"
LIMITS = shell.Limits(
    shells=3, commands_per_shell=2, buffered_output=100_000, buffered_input=100_000, stream_grace_s=0.3
)
TIMEOUT_S = 20.0
WAIT_S = 10.0


@pytest.fixture
def runner() -> ShRunner:
    return ShRunner()


@pytest.fixture
def endpoint(runner: ShRunner) -> Iterator[server.Endpoint]:
    endpoint = server.Endpoint(runner, USER, PASSWORD, limits=LIMITS)
    endpoint.start()
    yield endpoint
    endpoint.stop()
    assert all(process.poll() is not None for process in runner.processes)


@pytest.fixture
def client(endpoint: server.Endpoint) -> Client:
    return Client(endpoint.server_port, USER, PASSWORD)


@pytest.fixture
def shell_id(endpoint: server.Endpoint) -> str:
    return endpoint.shells.create(create_shell())


def create_shell(**changes: Any) -> wsman.CreateShell:
    fields = {"environment": {}, "working_directory": None, "codepage": "65001", "idle_timeout_s": None}
    return wsman.CreateShell(**{**fields, **changes})


def start(endpoint: server.Endpoint, shell_id: str, script: str) -> shell.Command:
    """Start a script in a shell and return its command."""
    opened = endpoint.shells.get(shell_id)
    return opened.commands[endpoint.shells.run(opened, wsman.RunCommand(shell_id, script, True))]


def read_all(command: shell.Command) -> tuple[bytes, bytes, int]:
    """Take a command's output until it is done."""
    output = {"stdout": b"", "stderr": b""}
    while True:
        answer = command.receive(WAIT_S)
        for name, data in answer.parts:
            output[name] += data
        if answer.exit_code is not None:
            return output["stdout"], output["stderr"], answer.exit_code


def post(endpoint: server.Endpoint, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Post a body as a well-behaved client would, but for the headers given."""
    authorization = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    defaults = {"Authorization": authorization, "Content-Type": "application/soap+xml;charset=UTF-8"}
    connection = http.client.HTTPConnection(server.LOOPBACK, endpoint.server_port, timeout=TIMEOUT_S)
    try:
        path = headers.pop("path", server.URL_PATH)
        connection.request("POST", path, body, {**defaults, **headers})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {WAIT_S:.0f} s"
        time.sleep(0.01)


# --- HTTP ---


def test_other_addresses_than_loopback_are_refused(runner: ShRunner) -> None:
    for address in ("0.0.0.0", "", "::1", "localhost"):
        with pytest.raises(ValueError, match=r"127\.0\.0\.1 only"):
            server.Endpoint(runner, USER, PASSWORD, address=address)


def test_identify(client: Client) -> None:
    assert client.identify() == "adcs.ca lab"


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param("", id="none"),
        pytest.param("Basic " + base64.b64encode(f"{USER}:wrong".encode()).decode(), id="wrong password"),
        pytest.param("Basic " + base64.b64encode(f"x:{PASSWORD}".encode()).decode(), id="wrong user"),
        pytest.param("Basic " + base64.b64encode(f"{USER}:{PASSWORD}x".encode()).decode(), id="longer"),
        pytest.param("Digest " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(), id="wrong scheme"),
        pytest.param("Basic !", id="not base64"),
        pytest.param("Basic \xfc", id="not ASCII"),
    ],
)
def test_bad_credentials(endpoint: server.Endpoint, authorization: str) -> None:
    status, headers, body = post(endpoint, b"<a/>" * 1000, Authorization=authorization)
    assert (status, headers["WWW-Authenticate"], body) == (HTTPStatus.UNAUTHORIZED, 'Basic realm="WSMAN"', b"")


def test_good_credentials_come_after_bad_ones_on_one_connection(endpoint: server.Endpoint) -> None:
    connection = http.client.HTTPConnection(server.LOOPBACK, endpoint.server_port, timeout=TIMEOUT_S)
    for password, expected in (("wrong", HTTPStatus.UNAUTHORIZED), (PASSWORD, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)):
        authorization = "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()
        connection.request("POST", server.URL_PATH, b"<a/>", {"Authorization": authorization})
        response = connection.getresponse()
        response.read()
        assert response.status == expected
    connection.close()


def test_other_paths_methods_and_types(endpoint: server.Endpoint) -> None:
    assert post(endpoint, b"<a/>", path="/")[0] == HTTPStatus.NOT_FOUND
    assert post(endpoint, b"<a/>", **{"Content-Type": "text/xml"})[0] == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    assert post(endpoint, b"", **{"Content-Length": "-1"})[0] == HTTPStatus.LENGTH_REQUIRED
    assert post(endpoint, b"", **{"Content-Length": "9" * 30})[0] == HTTPStatus.LENGTH_REQUIRED
    connection = http.client.HTTPConnection(server.LOOPBACK, endpoint.server_port, timeout=TIMEOUT_S)
    connection.request("GET", server.URL_PATH)
    assert connection.getresponse().status == HTTPStatus.NOT_IMPLEMENTED
    connection.close()


def test_the_largest_request_ansible_sends_fits(endpoint: server.Endpoint) -> None:
    # winrm's put_file encodes 250,000 bytes twice.
    body = b"<a>" + b"x" * 480_000 + b"</a>"
    assert f'Code="{wsman.SCHEMA_VALIDATION}"'.encode() in post(endpoint, body)[2]


@pytest.mark.parametrize("size", [server.MAX_ENVELOPE + 1, 6 * 1024 * 1024])
def test_a_request_that_is_too_large_is_answered_and_ends_the_connection(endpoint: server.Endpoint, size: int) -> None:
    status, headers, body = post(endpoint, b" " * size)
    assert status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert headers["Connection"] == "close"
    assert f'Code="{wsman.ENCODING_LIMIT}"'.encode() in body


def test_a_document_type_is_a_fault(endpoint: server.Endpoint) -> None:
    status, _, body = post(endpoint, b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>')
    assert status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"document type" in body and b"root:" not in body


def test_too_many_connections_are_closed(endpoint: server.Endpoint) -> None:
    def held() -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(server.LOOPBACK, endpoint.server_port, timeout=TIMEOUT_S)
        connection.request("POST", server.URL_PATH, b"<a/>")
        connection.getresponse().read()
        return connection

    connections = [held() for _ in range(server.MAX_CONNECTIONS)]
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        held()
    for connection in connections:
        connection.close()

    def free() -> bool:
        try:
            held().close()
        except (ConnectionError, http.client.RemoteDisconnected):
            return False
        return True

    wait_for(free, "a free connection")


# --- shells ---


def test_a_command_runs_and_ends(client: Client, endpoint: server.Endpoint) -> None:
    result = client.run("printf 'ä\\0b'; printf err >&2; exit 3", TIMEOUT_S)
    assert (result.stdout, result.stderr, result.exit_code) == ("ä\0b".encode(), b"err", 3)
    assert len(endpoint.shells) == 0


def test_wrong_client_credentials(endpoint: server.Endpoint) -> None:
    with pytest.raises(ClientError, match="401"):
        Client(endpoint.server_port, USER, "wrong").identify()


def test_the_shell_s_environment_reaches_its_commands(endpoint: server.Endpoint) -> None:
    shell_id = endpoint.shells.create(create_shell(environment={"COLOUR": "grün"}, working_directory="C:\\x"))
    assert read_all(start(endpoint, shell_id, "printf %s $COLOUR"))[0] == "grün".encode()


def test_codepage_and_directory_reach_the_runner(endpoint: server.Endpoint, runner: ShRunner) -> None:
    shell_id = endpoint.shells.create(create_shell(working_directory="C:\\x", codepage="437"))
    read_all(start(endpoint, shell_id, "true"))
    assert runner.starts == [shell.Start("true", {}, "C:\\x", "437")]


@pytest.mark.parametrize("name", ["WINEPREFIX", "wineDebug", "LD_PRELOAD", "LAB_CMDLINE", "", "a=b"])
def test_variables_that_would_change_the_lab_are_refused(endpoint: server.Endpoint, name: str) -> None:
    with pytest.raises(wsman.WsmanFault, match="cannot be set"):
        endpoint.shells.create(create_shell(environment={name: "x"}))


def test_unknown_shell_and_command(client: Client, endpoint: server.Endpoint, shell_id: str) -> None:
    with pytest.raises(wsman.WsmanFault, match="no shell 'x'"):
        endpoint.shells.get("x")
    with pytest.raises(wsman.WsmanFault, match="no command 'x'") as fault:
        endpoint.shells.command(endpoint.shells.get(shell_id), "x")
    assert fault.value.code == wsman.INVALID_SELECTORS
    endpoint.shells.delete(shell_id)
    with pytest.raises(wsman.WsmanFault, match="no shell"):
        endpoint.shells.delete(shell_id)


def test_the_number_of_shells_is_bounded(endpoint: server.Endpoint) -> None:
    for _ in range(LIMITS.shells):
        endpoint.shells.create(create_shell())
    with pytest.raises(wsman.WsmanFault) as fault:
        endpoint.shells.create(create_shell())
    assert fault.value.code == wsman.QUOTA_MAX_SHELLS


def test_the_number_of_commands_is_bounded(endpoint: server.Endpoint, shell_id: str) -> None:
    first = start(endpoint, shell_id, "exec sleep 60")
    start(endpoint, shell_id, "exec sleep 60")
    with pytest.raises(wsman.WsmanFault) as fault:
        start(endpoint, shell_id, "exec sleep 60")
    assert fault.value.code == wsman.QUOTA_MAX_OPERATIONS
    endpoint.shells.end(endpoint.shells.get(shell_id), first.id)
    start(endpoint, shell_id, "exec sleep 60")


def test_an_idle_shell_goes_and_takes_its_commands_along(endpoint: server.Endpoint, runner: ShRunner) -> None:
    shell_id = endpoint.shells.create(create_shell(idle_timeout_s=0.1))
    with endpoint.shells.get(shell_id):
        start(endpoint, shell_id, "exec sleep 60")
        # In use for longer than its idle time, through several rounds of the endpoint's clearing up.
        time.sleep(0.6)
        assert len(endpoint.shells) == 1
    wait_for(lambda: len(endpoint.shells) == 0, "the end of the idle shell")
    wait_for(lambda: runner.processes[0].poll() is not None, "the end of its command")


def test_deleting_a_shell_ends_a_pending_receive(endpoint: server.Endpoint, shell_id: str) -> None:
    command = start(endpoint, shell_id, "exec sleep 60")
    threading.Timer(0.2, endpoint.shells.delete, [shell_id]).start()
    before = time.monotonic()
    assert command.receive(TIMEOUT_S).exit_code == 0xC000013A
    assert time.monotonic() - before < TIMEOUT_S / 2


# --- streams ---


def test_receive_times_out_while_the_command_is_silent(endpoint: server.Endpoint, shell_id: str) -> None:
    command = start(endpoint, shell_id, "read line; echo $line")
    before = time.monotonic()
    with pytest.raises(wsman.WsmanFault) as fault:
        command.receive(0.2)
    assert fault.value.code == wsman.TIMED_OUT
    assert 0.2 <= time.monotonic() - before < 5
    command.send(b"back\n", True, 1)
    assert read_all(command) == (b"back\n", b"", 0)


def test_output_comes_as_soon_as_there_is_some(endpoint: server.Endpoint, shell_id: str) -> None:
    command = start(endpoint, shell_id, "echo one; read line")
    answer = command.receive(WAIT_S)
    assert (answer.parts, answer.exit_code) == ([("stdout", b"one\n")], None)


def test_done_is_said_again_to_those_who_ask_again(endpoint: server.Endpoint, shell_id: str) -> None:
    command = start(endpoint, shell_id, "exit 7")
    assert read_all(command) == (b"", b"", 7)
    assert read_all(command) == (b"", b"", 7)


def test_large_output_comes_in_bounded_answers_and_bounded_memory(endpoint: server.Endpoint, shell_id: str) -> None:
    command = start(endpoint, shell_id, "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero | tr '\\0' e >&2")
    sizes = {"stdout": 0, "stderr": 0}
    while True:
        answer = command.receive(WAIT_S)
        assert sum(len(data) for _, data in answer.parts) <= LIMITS.output_per_answer
        for name, data in answer.parts:
            sizes[name] += len(data)
        if answer.exit_code is not None:
            break
    assert sizes == {"stdout": 3_000_000, "stderr": 3_000_000}


def test_a_command_whose_output_nobody_takes_waits(endpoint: server.Endpoint, shell_id: str) -> None:
    command = start(endpoint, shell_id, "head -c 1000000 /dev/zero; echo written >&2")
    assert not command.join(0.5)
    stdout, stderr, exit_code = read_all(command)
    assert (len(stdout), stderr, exit_code) == (1_000_000, b"written\n", 0)


def test_large_input_arrives_unchanged(endpoint: server.Endpoint, shell_id: str) -> None:
    data = bytes(range(256)) * 4000
    command = start(endpoint, shell_id, "cat")
    command.send(data, True, WAIT_S)
    assert read_all(command) == (data, b"", 0)


def test_input_a_command_does_not_read_is_refused_in_time(endpoint: server.Endpoint, shell_id: str) -> None:
    command = start(endpoint, shell_id, "exec sleep 60")
    command.send(b"x" * 90_000, False, 1)
    with pytest.raises(wsman.WsmanFault) as fault:
        command.send(b"x" * 90_000, False, 0.2)
    assert fault.value.code == wsman.TIMED_OUT


def test_input_after_its_end_is_refused(endpoint: server.Endpoint, shell_id: str) -> None:
    command = start(endpoint, shell_id, "cat; exec sleep 60")
    command.send(b"a", True, 1)
    with pytest.raises(wsman.WsmanFault, match="ended already"):
        command.send(b"b", False, 1)


def test_input_for_a_command_that_has_ended_is_dropped(endpoint: server.Endpoint, shell_id: str) -> None:
    command = start(endpoint, shell_id, "exit 0")
    assert command.join(WAIT_S)
    for _ in range(3):
        command.send(b"x" * 90_000, False, WAIT_S)
    assert read_all(command) == (b"", b"", 0)


def test_a_process_left_behind_does_not_keep_its_command_open(endpoint: server.Endpoint, shell_id: str) -> None:
    command = start(endpoint, shell_id, "sleep 60 & echo $!; exit 4")
    before = time.monotonic()
    stdout, _, exit_code = read_all(command)
    assert exit_code == 4
    assert LIMITS.stream_grace_s <= time.monotonic() - before < 5
    read_all(start(endpoint, shell_id, f"kill {stdout.decode().strip()}"))


# --- command lines ---


@pytest.mark.parametrize(
    ("command", "skip", "line"),
    [
        ("powershell -NoProfile -c \"'a  b'\"", False, "C:\\PowerShell\\7\\powershell.exe -NoProfile -c \"'a  b'\""),
        ("PowerShell.EXE", False, "C:\\PowerShell\\7\\powershell.exe"),
        ('"pwsh" x', True, "C:\\PowerShell\\7\\powershell.exe x"),
        ("C:\\PowerShell\\7\\powershell.exe -c 1", False, "C:\\PowerShell\\7\\powershell.exe -c 1"),
        ('"C:\\a b\\pwsh.exe" -c 1', False, '"C:\\a b\\pwsh.exe" -c 1'),
        ("ipconfig /all", True, "ipconfig /all"),
        ("echo \"a\" 'b' & type x", False, 'C:\\windows\\system32\\cmd.exe /c "echo "a" \'b\' & type x"'),
        ("powershells", False, 'C:\\windows\\system32\\cmd.exe /c "powershells"'),
    ],
)
def test_command_lines(command: str, skip: bool, line: str) -> None:
    assert shell.windows_command_line(command, skip) == line


# --- a real client ---


@pytest.fixture
def protocol(endpoint: server.Endpoint) -> Any:
    protocol = pytest.importorskip("winrm.protocol")
    return protocol.Protocol(
        f"http://{server.LOOPBACK}:{endpoint.server_port}/wsman",
        transport="basic",
        username=USER.encode(),
        password=PASSWORD.encode(),
        operation_timeout_sec=1,
        read_timeout_sec=10,
    )


def test_pywinrm_runs_a_command(protocol: Any, endpoint: server.Endpoint) -> None:
    shell_id = protocol.open_shell(codepage=65001, env_vars={"COLOUR": "blue"})
    # Longer than the operation timeout: pywinrm asks again after each fault.
    script = "sleep 1.5; printf '\\0\\344'; echo $COLOUR >&2; exit"
    command_id = protocol.run_command(shell_id, script, ["5"], skip_cmd_shell=True)
    assert protocol.get_command_output(shell_id, command_id) == (b"\x00\xe4", b"blue\n", 5)
    protocol.cleanup_command(shell_id, command_id)
    protocol.close_shell(shell_id)
    assert len(endpoint.shells) == 0


def test_pywinrm_sends_input(protocol: Any) -> None:
    if not hasattr(protocol, "send_command_input"):
        pytest.skip("pywinrm sends input from 0.4 on")
    shell_id = protocol.open_shell()
    command_id = protocol.run_command(shell_id, "cat", skip_cmd_shell=True)
    protocol.send_command_input(shell_id, command_id, b"\x00\xe4")
    protocol.send_command_input(shell_id, command_id, b"in", end=True)
    assert protocol.get_command_output(shell_id, command_id) == (b"\x00\xe4in", b"", 0)


def test_pywinrm_sees_faults(protocol: Any) -> None:
    exceptions = pytest.importorskip("winrm.exceptions")
    shell_id = protocol.open_shell()
    with pytest.raises(exceptions.WinRMError, match="There is no command"):
        protocol.get_command_output(shell_id, "x")
    with pytest.raises(exceptions.WinRMError, match="There is no shell"):
        protocol.run_command("x", "true")
    command_id = protocol.run_command(shell_id, "exec sleep 60", skip_cmd_shell=True)
    with pytest.raises(exceptions.WinRMOperationTimeoutError):
        protocol._raw_get_command_output(shell_id, command_id)


def test_pywinrm_recognises_a_spent_quota(protocol: Any) -> None:
    exceptions = pytest.importorskip("winrm.exceptions")
    if not hasattr(exceptions, "WSManFaultError"):
        pytest.skip("pywinrm reads quota codes from 0.5 on")
    shell_id = protocol.open_shell()
    for _ in range(LIMITS.commands_per_shell):
        protocol.run_command(shell_id, "exec sleep 60", skip_cmd_shell=True)
    with pytest.raises(exceptions.WSManFaultError) as fault:
        protocol.run_command(shell_id, "true", skip_cmd_shell=True)
    assert fault.value.wmierror_code == wsman.QUOTA_MAX_OPERATIONS


def test_pywinrm_sees_rejected_credentials(endpoint: server.Endpoint) -> None:
    winrm = pytest.importorskip("winrm")
    session = winrm.Session(f"http://{server.LOOPBACK}:{endpoint.server_port}", auth=(USER, "x"), transport="basic")
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        session.run_cmd("true")

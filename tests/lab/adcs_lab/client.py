# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A WSMan client just big enough to ask an endpoint whether it works: Identify, and one command in a shell."""

from __future__ import annotations

import base64
import dataclasses
import http.client
import time
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from . import wsman
from .server import LOOPBACK, URL_PATH

OPERATION_TIMEOUT_S = 3
ANSWER_MARGIN_S = 10


class ClientError(Exception):
    """The endpoint answered with something other than success; ``code`` is the number of a WSMan fault or 0."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


@dataclasses.dataclass(frozen=True)
class CommandResult:
    """What a command printed and its exit code."""

    stdout: bytes
    stderr: bytes
    exit_code: int


class Client:
    """Talks to the endpoint on a port of this machine; every call is bounded."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._port = port
        self._authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def identify(self) -> str:
        """Return the product the endpoint says it is."""
        return self._post(_envelope("", f'<i:Identify xmlns:i="{wsman.IDENTITY}"/>')).findtext(
            f".//{{{wsman.IDENTITY}}}ProductVendor", ""
        )

    def run(self, command: str, timeout_s: float) -> CommandResult:
        """Run a command line without cmd.exe in a shell of its own; TimeoutError when it does not end in time."""
        deadline = time.monotonic() + timeout_s
        shell_id = self._create()
        try:
            command_id = self._command(shell_id, command)
            output = {"stdout": b"", "stderr": b""}
            while time.monotonic() < deadline:
                try:
                    answer = self._receive(shell_id, command_id)
                except ClientError as error:
                    if error.code != wsman.TIMED_OUT:
                        raise
                    continue
                for stream in answer.iter(f"{{{wsman.SHELL}}}Stream"):
                    output[stream.get("Name", "")] += base64.b64decode(stream.text or "")
                exit_code = answer.findtext(f".//{{{wsman.SHELL}}}ExitCode")
                if exit_code is not None:
                    return CommandResult(output["stdout"], output["stderr"], int(exit_code))
            raise TimeoutError(f"{command!r} was still running after {timeout_s:.0f} s")
        finally:
            self._post(_envelope(f"{wsman.TRANSFER}/Delete", "", shell_id))

    def _create(self) -> str:
        body = "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams></rsp:Shell>"
        answer = self._post(_envelope(f"{wsman.TRANSFER}/Create", body, options={"WINRS_CODEPAGE": "65001"}))
        return answer.findtext(f".//{{{wsman.SHELL}}}ShellId", "")

    def _command(self, shell_id: str, command: str) -> str:
        body = f"<rsp:CommandLine><rsp:Command>{escape(command)}</rsp:Command></rsp:CommandLine>"
        options = {"WINRS_SKIP_CMD_SHELL": "TRUE"}
        answer = self._post(_envelope(f"{wsman.SHELL}/Command", body, shell_id, options))
        return answer.findtext(f".//{{{wsman.SHELL}}}CommandId", "")

    def _receive(self, shell_id: str, command_id: str) -> ET.Element:
        stream = f'<rsp:DesiredStream CommandId="{command_id}">stdout stderr</rsp:DesiredStream>'
        return self._post(_envelope(f"{wsman.SHELL}/Receive", f"<rsp:Receive>{stream}</rsp:Receive>", shell_id))

    def _post(self, message: bytes) -> ET.Element:
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=OPERATION_TIMEOUT_S + ANSWER_MARGIN_S)
        try:
            headers = {"Authorization": self._authorization, "Content-Type": "application/soap+xml;charset=UTF-8"}
            connection.request("POST", URL_PATH, message, headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status == http.HTTPStatus.OK:
            return ET.fromstring(body)
        if not body:
            raise ClientError(f"HTTP {response.status} {response.reason}")
        fault = ET.fromstring(body).find(f".//{{{wsman.FAULT_DETAIL}}}WSManFault")
        code = int(fault.get("Code", "0")) if fault is not None else 0
        raise ClientError(
            f"HTTP {response.status}, fault {code}: {''.join(fault.itertext()) if fault is not None else ''}", code
        )


def _envelope(action: str, body: str, shell_id: str = "", options: dict[str, str] | None = None) -> bytes:
    header = ""
    if action:
        header = (
            f"<a:Action>{action}</a:Action><a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>"
            f"<w:ResourceURI>{wsman.SHELL_URI}</w:ResourceURI>"
            f"<w:OperationTimeout>PT{OPERATION_TIMEOUT_S}S</w:OperationTimeout>"
        )
    if options:
        items = (f"<w:Option Name={quoteattr(name)}>{escape(value)}</w:Option>" for name, value in options.items())
        header += f"<w:OptionSet>{''.join(items)}</w:OptionSet>"
    if shell_id:
        header += f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
    namespaces = (
        f'xmlns:s="{wsman.SOAP}" xmlns:a="{wsman.ADDRESSING}" xmlns:w="{wsman.WSMAN}" xmlns:rsp="{wsman.SHELL}"'
    )
    return f"<s:Envelope {namespaces}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>".encode()

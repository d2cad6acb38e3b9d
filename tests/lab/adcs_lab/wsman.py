# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WSMan messages (MS-WSMV): requests from XML into typed objects, answers and faults into XML.

Only what a remote shell needs is understood: Identify, and Create, Command, Send, Receive, Signal and Delete of the
resource ``shell/cmd``. Everything else is a fault.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
SHELL_URI = f"{SHELL}/cmd"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
FAULT_DETAIL = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
WMI_ERROR = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"

MAX_DEPTH = 32
DEFAULT_TIMEOUT_S = 60.0
MAX_TIMEOUT_S = 600.0

# Codes a client acts on or shows; the number is the one Windows uses for the same situation.
DIRECTORY_INVALID = 267
INTERNAL_ERROR = 1359
INVALID_ACTION = 2150858753
TIMED_OUT = 2150858793
ENCODING_LIMIT = 2150858805
INVALID_PARAMETER = 2150858810
INVALID_RESOURCE_URI = 2150858811
SCHEMA_VALIDATION = 2150858817
INVALID_SELECTORS = 2150858843
QUOTA_MAX_SHELLS = 2150859173
QUOTA_MAX_OPERATIONS = 2150859174


class WsmanFault(Exception):
    """A request that gets a fault for an answer.

    ``code`` is the number of the WSManFault, ``subcode`` the WSMan name, ``sender`` whether the client is to blame.
    """

    def __init__(self, code: int, subcode: str, text: str, *, sender: bool = True) -> None:
        super().__init__(text)
        self.code = code
        self.subcode = subcode
        self.text = text
        self.sender = sender


@dataclasses.dataclass(frozen=True)
class Identify:
    """Who are you? The one request without a SOAP header."""


@dataclasses.dataclass(frozen=True)
class CreateShell:
    """Open a shell; ``idle_timeout_s`` and ``working_directory`` (a Windows path) are None when left to us."""

    environment: dict[str, str]
    working_directory: str | None
    codepage: str
    idle_timeout_s: float | None


@dataclasses.dataclass(frozen=True)
class RunCommand:
    """Start a command in a shell; ``command`` and its arguments as one text, exactly as they came."""

    shell_id: str
    command: str
    skip_cmd_shell: bool


@dataclasses.dataclass(frozen=True)
class SendInput:
    """Bytes for a command's stdin; ``end`` closes it."""

    shell_id: str
    command_id: str
    data: bytes
    end: bool
    timeout_s: float


@dataclasses.dataclass(frozen=True)
class ReceiveOutput:
    """Wait for output of a command, at most ``timeout_s`` seconds."""

    shell_id: str
    command_id: str
    timeout_s: float


@dataclasses.dataclass(frozen=True)
class SignalCommand:
    """End a command and forget it: the client asks so with each of the codes terminate, ctrl_c and ctrl_break."""

    shell_id: str
    command_id: str


@dataclasses.dataclass(frozen=True)
class DeleteShell:
    """Close a shell and end its commands."""

    shell_id: str


Request = Identify | CreateShell | RunCommand | SendInput | ReceiveOutput | SignalCommand | DeleteShell


@dataclasses.dataclass(frozen=True)
class Envelope:
    """A parsed request and what its answer refers to."""

    message_id: str
    request: Request


def parse(data: bytes) -> Envelope:
    """Parse a request; WsmanFault when it is not well-formed, not safe or not one of those understood here."""
    root = _parse_xml(data)
    body = root.find(_tag(SOAP, "Body"))
    if root.tag != _tag(SOAP, "Envelope") or body is None:
        raise _invalid("The message is not a SOAP 1.2 envelope.")
    if body.find(_tag(IDENTITY, "Identify")) is not None:
        return Envelope("", Identify())
    header = root.find(_tag(SOAP, "Header"))
    if header is None:
        raise _invalid("The message has no SOAP header.")
    return Envelope(_text(header, ADDRESSING, "MessageID"), _request(header, body))


def _request(header: ET.Element, body: ET.Element) -> Request:
    action = _text(header, ADDRESSING, "Action")
    if _text(header, WSMAN, "ResourceURI") != SHELL_URI:
        raise WsmanFault(INVALID_RESOURCE_URI, "DestinationUnreachable", f"Only the resource {SHELL_URI} is offered.")
    options = {option.get("Name", ""): option.text or "" for option in header.iter(_tag(WSMAN, "Option"))}
    if action == f"{TRANSFER}/Create":
        return _create(body, options)
    shell_id = next((s.text or "" for s in header.iter(_tag(WSMAN, "Selector")) if s.get("Name") == "ShellId"), "")
    timeout_s = min(_duration_s(_text(header, WSMAN, "OperationTimeout")) or DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S)
    if action == f"{TRANSFER}/Delete":
        return DeleteShell(shell_id)
    if action == f"{SHELL}/Command":
        line = _child(body, SHELL, "CommandLine")
        arguments = (argument.text or "" for argument in line.findall(_tag(SHELL, "Arguments")))
        skip = options.get("WINRS_SKIP_CMD_SHELL", "").upper() in ("TRUE", "1")
        return RunCommand(shell_id, " ".join([_text(line, SHELL, "Command"), *arguments]), skip)
    if action == f"{SHELL}/Send":
        return _send(shell_id, _child(body, SHELL, "Send"), timeout_s)
    if action == f"{SHELL}/Receive":
        stream = _child(_child(body, SHELL, "Receive"), SHELL, "DesiredStream")
        return ReceiveOutput(shell_id, stream.get("CommandId", ""), timeout_s)
    if action == f"{SHELL}/Signal":
        return SignalCommand(shell_id, _child(body, SHELL, "Signal").get("CommandId", ""))
    raise WsmanFault(INVALID_ACTION, "ActionNotSupported", f"The action {action!r} is not supported.")


def _create(body: ET.Element, options: dict[str, str]) -> CreateShell:
    shell = _child(body, SHELL, "Shell")
    idle = _text(shell, SHELL, "IdleTimeOut")
    return CreateShell(
        environment={v.get("Name", ""): v.text or "" for v in shell.iter(_tag(SHELL, "Variable"))},
        working_directory=_text(shell, SHELL, "WorkingDirectory") or None,
        codepage=options.get("WINRS_CODEPAGE", "437"),
        idle_timeout_s=_duration_s(idle) if idle else None,
    )


def _send(shell_id: str, body: ET.Element, timeout_s: float) -> SendInput:
    streams = body.findall(_tag(SHELL, "Stream"))
    commands = {stream.get("CommandId", "") for stream in streams}
    if len(commands) != 1 or any(stream.get("Name") != "stdin" for stream in streams):
        raise _invalid("Send needs streams named stdin of one command.")
    try:
        data = b"".join(base64.b64decode(stream.text or "", validate=True) for stream in streams)
    except binascii.Error as error:
        raise _invalid(f"A stream is not base64: {error}") from error
    end = any(stream.get("End", "").lower() in ("true", "1") for stream in streams)
    return SendInput(shell_id, commands.pop(), data, end, timeout_s)


def _parse_xml(data: bytes) -> ET.Element:
    """Parse XML without document type, entities or deep nesting: nothing in a message can make it grow."""
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def name(text: str) -> str:
        return "{" + text if "}" in text else text

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _invalid(f"The message is nested deeper than {MAX_DEPTH} elements.")
        builder.start(name(tag), {name(key): value for key, value in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name(tag))

    def refuse(*_declaration: object) -> None:
        raise _invalid("The message contains a document type declaration.")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise _invalid(f"The message is not well-formed XML: {error}") from error
    return builder.close()


def _invalid(text: str) -> WsmanFault:
    return WsmanFault(SCHEMA_VALIDATION, "SchemaValidationError", text)


def _tag(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}"


def _text(parent: ET.Element, namespace: str, name: str) -> str:
    return (parent.findtext(_tag(namespace, name)) or "").strip()


def _child(parent: ET.Element, namespace: str, name: str) -> ET.Element:
    child = parent.find(_tag(namespace, name))
    if child is None:
        raise _invalid(f"The element {name} is missing.")
    return child


def _duration_s(text: str) -> float:
    """Return an XML duration such as ``PT1M20.5S`` in seconds, 0 for an empty text; a bare number is seconds too."""
    match = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?|(\d+(?:\.\d+)?)|", text)
    if match is None:
        raise WsmanFault(INVALID_PARAMETER, "InvalidParameter", f"{text!r} is not a duration.")
    hours, minutes, seconds, bare = (float(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds + bare


def identify_response() -> bytes:
    """Answer Identify."""
    return _envelope(
        "",
        "",
        f'<i:IdentifyResponse xmlns:i="{IDENTITY}"><i:ProtocolVersion>{WSMAN}</i:ProtocolVersion>'
        "<i:ProductVendor>adcs.ca lab</i:ProductVendor><i:ProductVersion>OS: 10.0 SP: 0.0 Stack: 3.0</i:ProductVersion>"
        "</i:IdentifyResponse>",
    )


def create_response(relates_to: str, shell_id: str) -> bytes:
    """Answer Create with the new shell's id."""
    return _envelope(
        f"{TRANSFER}/CreateResponse",
        relates_to,
        f"<x:ResourceCreated><a:Address>{ADDRESSING}/role/anonymous</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{SHELL_URI}</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
        "</a:ReferenceParameters></x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>{SHELL_URI}</rsp:ResourceUri></rsp:Shell>",
    )


def command_response(relates_to: str, command_id: str) -> bytes:
    """Answer Command with the new command's id."""
    body = f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
    return _envelope(f"{SHELL}/CommandResponse", relates_to, body)


def receive_response(
    relates_to: str, command_id: str, parts: Iterable[tuple[str, bytes]], exit_code: int | None
) -> bytes:
    """Answer Receive with output, (stream, bytes) each; ``exit_code`` is None while the command is not done.

    The last answer of a command ends both streams and carries the exit code.
    """
    body = "".join(
        f'<rsp:Stream Name="{name}" CommandId="{command_id}">{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in parts
    )
    if exit_code is None:
        body += f'<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Running"/>'
    else:
        for name in ("stdout", "stderr"):
            body += f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="true"/>'
        body += (
            f'<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{exit_code}</rsp:ExitCode></rsp:CommandState>"
        )
    return _envelope(f"{SHELL}/ReceiveResponse", relates_to, f"<rsp:ReceiveResponse>{body}</rsp:ReceiveResponse>")


def send_response(relates_to: str) -> bytes:
    """Answer Send."""
    return _envelope(f"{SHELL}/SendResponse", relates_to, "<rsp:SendResponse/>")


def signal_response(relates_to: str) -> bytes:
    """Answer Signal."""
    return _envelope(f"{SHELL}/SignalResponse", relates_to, "<rsp:SignalResponse/>")


def delete_response(relates_to: str) -> bytes:
    """Answer Delete."""
    return _envelope(f"{TRANSFER}/DeleteResponse", relates_to, "")


def fault_response(relates_to: str, fault: WsmanFault) -> bytes:
    """Answer any request with a fault; belongs in an HTTP answer of status 500."""
    text = escape(_printable(fault.text))
    detail = (
        f'<f:WSManFault xmlns:f="{FAULT_DETAIL}" Code="{fault.code}" Machine="lab"><f:Message>{text}</f:Message>'
        "</f:WSManFault>"
    )
    if fault.code in (QUOTA_MAX_SHELLS, QUOTA_MAX_OPERATIONS):
        # Windows reports a spent quota through WMI's error class, and clients look for it there.
        detail += f'<m:MSFT_WmiError xmlns:m="{WMI_ERROR}"><m:error_Code>{fault.code}</m:error_Code></m:MSFT_WmiError>'
    return _envelope(
        FAULT_ACTION,
        relates_to,
        f"<s:Fault><s:Code><s:Value>s:{'Sender' if fault.sender else 'Receiver'}</s:Value>"
        f"<s:Subcode><s:Value>w:{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>',
    )


def _printable(text: str) -> str:
    """Replace what XML 1.0 cannot carry."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    namespaces = {"s": SOAP, "a": ADDRESSING, "w": WSMAN, "rsp": SHELL, "x": TRANSFER}
    declarations = " ".join(f"xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in namespaces.items())
    return (
        f'<s:Envelope {declarations} xml:lang="en-US"><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID><a:To>{ADDRESSING}/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()

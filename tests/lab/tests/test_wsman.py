# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WSMan messages: what is understood, what is refused, and what answers look like."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET

import pytest
from adcs_lab import wsman

SHELL_ID = "11111111-1111-1111-1111-111111111111"
COMMAND_ID = "22222222-2222-2222-2222-222222222222"


def message(action: str, body: str = "", header: str = "", resource: str = wsman.SHELL_URI) -> bytes:
    """Return a request as a client writes it."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><env:Envelope xmlns:env="{wsman.SOAP}" xmlns:a="{wsman.ADDRESSING}"'
        f' xmlns:w="{wsman.WSMAN}" xmlns:rsp="{wsman.SHELL}"><env:Header><a:MessageID>uuid:0001</a:MessageID>'
        f"<w:OperationTimeout>PT20S</w:OperationTimeout><w:ResourceURI>{resource}</w:ResourceURI>"
        f"<a:Action>{action}</a:Action>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{SHELL_ID}</w:Selector></w:SelectorSet>'
        f"{header}</env:Header><env:Body>{body}</env:Body></env:Envelope>"
    ).encode()


def options(**values: str) -> str:
    items = "".join(f'<w:Option Name="{name}">{value}</w:Option>' for name, value in values.items())
    return f"<w:OptionSet>{items}</w:OptionSet>"


def send(*streams: str) -> bytes:
    return message(f"{wsman.SHELL}/Send", f"<rsp:Send>{''.join(streams)}</rsp:Send>")


def stream(data: bytes, command_id: str = COMMAND_ID, name: str = "stdin", end: str = "") -> str:
    text = base64.b64encode(data).decode()
    return f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="{end}">{text}</rsp:Stream>'


def test_identify_needs_no_header() -> None:
    text = f'<s:Envelope xmlns:s="{wsman.SOAP}"><s:Body><i:Identify xmlns:i="{wsman.IDENTITY}"/></s:Body></s:Envelope>'
    assert wsman.parse(text.encode()).request == wsman.Identify()


def test_create() -> None:
    body = (
        "<rsp:Shell><rsp:WorkingDirectory>C:\\Backup</rsp:WorkingDirectory><rsp:IdleTimeOut>PT1M30.5S</rsp:IdleTimeOut>"
        '<rsp:Environment><rsp:Variable Name="A">1 &amp; 2</rsp:Variable><rsp:Variable Name="Ü"/></rsp:Environment>'
        "</rsp:Shell>"
    )
    envelope = wsman.parse(message(f"{wsman.TRANSFER}/Create", body, options(WINRS_CODEPAGE="65001")))
    assert envelope.message_id == "uuid:0001"
    assert envelope.request == wsman.CreateShell({"A": "1 & 2", "Ü": ""}, "C:\\Backup", "65001", 90.5)


def test_create_leaves_to_us_what_it_does_not_say() -> None:
    envelope = wsman.parse(message(f"{wsman.TRANSFER}/Create", "<rsp:Shell/>"))
    assert envelope.request == wsman.CreateShell({}, None, "437", None)


@pytest.mark.parametrize(("value", "skip"), [("TRUE", True), ("true", True), ("FALSE", False), ("", False)])
def test_command_keeps_the_line_as_it_came(value: str, skip: bool) -> None:
    body = (
        '<rsp:CommandLine><rsp:Command>"C:\\a b\\x.exe"</rsp:Command><rsp:Arguments>-c  "a &lt; \'b\'"</rsp:Arguments>'
        "<rsp:Arguments>\\\\</rsp:Arguments></rsp:CommandLine>"
    )
    request = wsman.parse(message(f"{wsman.SHELL}/Command", body, options(WINRS_SKIP_CMD_SHELL=value))).request
    assert request == wsman.RunCommand(SHELL_ID, '"C:\\a b\\x.exe" -c  "a < \'b\'" \\\\', skip)


def test_send_joins_streams_and_sees_the_end() -> None:
    request = wsman.parse(send(stream(b"\x00\xffab"), stream(b"c", end="true"))).request
    assert request == wsman.SendInput(SHELL_ID, COMMAND_ID, b"\x00\xffabc", True, 20.0)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([], id="no stream"),
        pytest.param([stream(b"a", name="stdout")], id="not stdin"),
        pytest.param([stream(b"a"), stream(b"b", command_id="other")], id="two commands"),
        pytest.param([stream(b"abc").replace("YWJj", "YW.j")], id="not base64"),
    ],
)
def test_send_refuses(body: list[str]) -> None:
    with pytest.raises(wsman.WsmanFault) as fault:
        wsman.parse(send(*body))
    assert fault.value.code == wsman.SCHEMA_VALIDATION


def test_receive_signal_delete() -> None:
    desired = (
        f'<rsp:Receive><rsp:DesiredStream CommandId="{COMMAND_ID}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
    )
    signal = f'<rsp:Signal CommandId="{COMMAND_ID}"><rsp:Code>{wsman.SHELL}/signal/terminate</rsp:Code></rsp:Signal>'
    assert wsman.parse(message(f"{wsman.SHELL}/Receive", desired)).request == wsman.ReceiveOutput(
        SHELL_ID, COMMAND_ID, 20.0
    )
    assert wsman.parse(message(f"{wsman.SHELL}/Signal", signal)).request == wsman.SignalCommand(SHELL_ID, COMMAND_ID)
    assert wsman.parse(message(f"{wsman.TRANSFER}/Delete")).request == wsman.DeleteShell(SHELL_ID)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT0.5S", 0.5), ("PT2M", 120.0), ("PT1H", wsman.MAX_TIMEOUT_S), ("", wsman.DEFAULT_TIMEOUT_S), ("7", 7.0)],
)
def test_operation_timeout(text: str, seconds: float) -> None:
    desired = f'<rsp:Receive><rsp:DesiredStream CommandId="{COMMAND_ID}"/></rsp:Receive>'
    data = message(f"{wsman.SHELL}/Receive", desired).replace(b"PT20S", text.encode())
    request = wsman.parse(data).request
    assert isinstance(request, wsman.ReceiveOutput)
    assert request.timeout_s == seconds


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", wsman.SCHEMA_VALIDATION, id="empty"),
        pytest.param(b"<a>", wsman.SCHEMA_VALIDATION, id="not closed"),
        pytest.param(b"<a/>", wsman.SCHEMA_VALIDATION, id="not SOAP"),
        pytest.param(b"\xff\xfe\x00", wsman.SCHEMA_VALIDATION, id="not text"),
        pytest.param(f'<s:Envelope xmlns:s="{wsman.SOAP}"/>'.encode(), wsman.SCHEMA_VALIDATION, id="no body"),
        pytest.param(
            f'<s:Envelope xmlns:s="{wsman.SOAP}"><s:Body/></s:Envelope>'.encode(),
            wsman.SCHEMA_VALIDATION,
            id="no header",
        ),
        pytest.param(b"<a>" * 10_000, wsman.SCHEMA_VALIDATION, id="deep"),
        pytest.param(message(f"{wsman.SHELL}/Command"), wsman.SCHEMA_VALIDATION, id="no command line"),
        pytest.param(message(f"{wsman.SHELL}/Disconnect"), wsman.INVALID_ACTION, id="unknown action"),
        pytest.param(
            message(f"{wsman.TRANSFER}/Create", "<rsp:Shell/>", resource="http://schemas.microsoft.com/powershell/x"),
            wsman.INVALID_RESOURCE_URI,
            id="unknown resource",
        ),
        pytest.param(
            message(f"{wsman.TRANSFER}/Delete").replace(b"PT20S", b"P1D"), wsman.INVALID_PARAMETER, id="odd duration"
        ),
    ],
)
def test_refused(data: bytes, code: int) -> None:
    with pytest.raises(wsman.WsmanFault) as fault:
        wsman.parse(data)
    assert fault.value.code == code


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE x>",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_any_encoding(declaration: str, encoding: str) -> None:
    text = message(f"{wsman.TRANSFER}/Delete").decode().split("?>")[1]
    assert wsman.parse(text.encode(encoding)).request == wsman.DeleteShell(SHELL_ID)
    with pytest.raises(wsman.WsmanFault, match="document type"):
        wsman.parse((declaration + text).encode(encoding))


def test_receive_answer_while_running_and_at_the_end() -> None:
    running = ET.fromstring(wsman.receive_response("uuid:7", COMMAND_ID, [("stderr", b"\x00\xff")], None))
    (part,) = running.iter(f"{{{wsman.SHELL}}}Stream")
    assert (part.get("Name"), part.get("End"), base64.b64decode(part.text or "")) == ("stderr", None, b"\x00\xff")
    assert states(running) == ["Running"]
    assert running.findtext(f".//{{{wsman.ADDRESSING}}}RelatesTo") == "uuid:7"

    done = ET.fromstring(wsman.receive_response("uuid:8", COMMAND_ID, [], 3))
    assert [(s.get("Name"), s.get("End")) for s in done.iter(f"{{{wsman.SHELL}}}Stream")] == [
        ("stdout", "true"),
        ("stderr", "true"),
    ]
    assert states(done) == ["Done"]
    assert done.findtext(f".//{{{wsman.SHELL}}}ExitCode") == "3"


def states(answer: ET.Element) -> list[str]:
    return [state.get("State", "").rpartition("/")[2] for state in answer.iter(f"{{{wsman.SHELL}}}CommandState")]


def test_a_fault_carries_code_subcode_and_any_text() -> None:
    fault = wsman.WsmanFault(wsman.TIMED_OUT, "TimedOut", "a < b & \x00 ü", sender=False)
    answer = ET.fromstring(wsman.fault_response("uuid:9", fault))
    assert answer.findtext(f".//{{{wsman.SOAP}}}Code/{{{wsman.SOAP}}}Value") == "s:Receiver"
    assert answer.findtext(f".//{{{wsman.SOAP}}}Subcode/{{{wsman.SOAP}}}Value") == "w:TimedOut"
    assert answer.findtext(f".//{{{wsman.SOAP}}}Text") == "a < b & \ufffd ü"
    detail = answer.find(f".//{{{wsman.FAULT_DETAIL}}}WSManFault")
    assert detail is not None and detail.get("Code") == "2150858793"

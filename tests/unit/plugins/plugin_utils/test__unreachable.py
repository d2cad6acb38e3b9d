# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a host was not reached: texts of real libraries become one sentence that is the same in each run."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._unreachable import Lost, lost_host

POOL = "HTTPSConnectionPool(host='10.0.0.9', port=5986): Max retries exceeded with url: /wsman (Caused by "
OBJECT = "<urllib3.connection.HTTPSConnection object at 0x7f8e5c2b1d90>"
NEW_OBJECT = "<urllib3.connection.VerifiedHTTPSConnection object at 0x7F8E5C2B1D90>"
SSH = "Failed to connect to the host via ssh: "
SOCKS = "Failed to connect to the host via PSRP: SOCKSHTTPSConnectionPool: Failed to establish a new connection: "
TIMED_OUT = f"{POOL}ConnectTimeoutError({OBJECT}, 'Connection to 10.0.0.9 timed out. (connect timeout=30)'))"

TEXTS = {
    "connection refused": [
        f"ntlm: {POOL}NewConnectionError('{OBJECT}: Failed to establish a new connection: [Errno 111] Connection refused'))",
        f"kerberos: {POOL}NewConnectionError('{OBJECT}: Failed to establish a new connection: [Errno 111] Connection refused'))",
        f"Failed to connect to the host via PSRP: {POOL}NewConnectionError('{NEW_OBJECT}: Failed to establish a new connection: "
        "[WinError 10061] No connection could be made because the target machine actively refused it'))",
        "HTTPSConnection(host='10.0.0.9', port=5986): Failed to establish a new connection: [Errno 111] Connection refused",
        f"{SSH}ssh: connect to host 10.0.0.9 port 22: Connection refused",
        f"Task failed: {SSH}ssh: connect to host 10.0.0.9 port 22: Connection refused\r\n",
    ],
    "the name cannot be resolved": [
        f"ssl: {POOL}NewConnectionError('{OBJECT}: Failed to establish a new connection: [Errno -5] No address associated with hostname'))",
        f"ssl: {POOL}NewConnectionError('{OBJECT}: Failed to establish a new connection: [Errno -2] Name does not resolve'))",
        f"ssl: {POOL}NewConnectionError('{OBJECT}: [Errno -4] Non-recoverable failure in name resolution'))",
        f"ssl: {POOL}NewConnectionError('{OBJECT}: Failed to establish a new connection: [Errno -2] Name or service not known'))",
        f"{POOL}NameResolutionError(\"{OBJECT}: Failed to resolve 'ca03.lab' ([Errno -3] Temporary failure in name resolution)\"))",
        f"{SSH}ssh: Could not resolve hostname ca03: nodename nor servname provided, or not known",
        f"{POOL}NewConnectionError('{OBJECT}: Failed to establish a new connection: [Errno 11001] getaddrinfo failed'))",
        f"kerberos: {POOL}NameResolutionError(\"{OBJECT}: Failed to resolve 'timeout.lab' ([Errno -2] Name or service not known)\"))",
    ],
    "no route to the host": [
        f"{SOCKS}0x04: Host unreachable",
        f"{SOCKS}0x03: Network unreachable",
        f"{SOCKS}0x06: TTL expired",
        f"ntlm: {POOL}NewConnectionError('{OBJECT}: Failed to establish a new connection: [Errno 113] Host is unreachable'))",
        f"ntlm: {POOL}NewConnectionError('{OBJECT}: Failed to establish a new connection: [Errno 113] No route to host'))",
        f"{SSH}ssh: connect to host 10.0.0.9 port 22: Network is unreachable",
    ],
    "its certificate is not trusted": [
        f"ntlm: {POOL}SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed "
        "certificate (_ssl.c:1007)')))",
        f"kerberos: {POOL}SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get "
        "local issuer certificate (_ssl.c:1129)')))",
        f"{POOL}SSLError(CertificateError(\"hostname '10.0.0.9' doesn't match 'ca03.lab'\")))",
        f"{POOL}SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired')))",
    ],
    "the credentials were refused": [
        "ntlm: the specified credentials were rejected by the server",
        "basic: the specified credentials were rejected by the server",
        "kerberos: the specified credentials were rejected by the server",
        "ssl: Bad HTTP response returned from server. Code 401",
        "Failed to authenticate the user Administrator with ntlm",
        "Failed to connect to the host via PSRP: Received a WSManFault message. (Code: 5, Machine: ca03, Reason: Access is denied. )",
        f"{SSH}backup@10.0.0.9: Permission denied (publickey,password).",
        f"kerberos: the specified credentials were rejected by the server, ssl: {POOL}NewConnectionError('x: Connection refused'))",
        "Invalid/incorrect password: Permission denied, please try again.",
    ],
    "Kerberos failed": [
        "kerberos: authGSSClientInit() failed: (('Unspecified GSS failure.  Minor code may provide more information', 851968), "
        "('No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)', -1765328243))",
        "Kerberos auth failure for principal backup@LAB.EXAMPLE with subprocess: kinit: Cannot find KDC for realm while getting credentials",
        "SpnegoError (1): SpnegoError, Context: Retrieving TGT",
    ],
    "no answer in time": [
        f"ntlm: {TIMED_OUT}",
        f"kerberos: {TIMED_OUT}",
        f"credssp: {TIMED_OUT}",
        "kerberos: HTTPSConnectionPool(host='10.0.0.9', port=5986): Read timed out. (read timeout=30)",
        f"{SSH}ssh: connect to host 10.0.0.9 port 22: Connection timed out",
        "winrm connection error: the operation timed out: WinRMOperationTimeoutError()",
    ],
    "the connection was lost": [
        "ntlm: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))",
        "kerberos: ('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
        "ntlm: Bad HTTP response returned from server. Code 500",
        f"{SSH}kex_exchange_identification: Connection closed by remote host",
    ],
    "TLS failed": [
        f"ntlm: {POOL}SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)')))",
        "basic: HTTPSConnectionPool: _ssl.c:983: The handshake operation timed out",
        f"ntlm: {POOL}SSLError(SSLEOFError(8, 'EOF occurred in violation of protocol (_ssl.c:1006)')))",
    ],
    "the connection is not set up": [
        "ssl: Could not find a suitable TLS CA certificate bundle, invalid path: /etc/pki/none.pem",
        "For certificate auth: cert_pem file not found",
        "auth method ntlm requires a password",
        f"{SSH}Unable to negotiate with 10.0.0.9 port 22: no matching host key type found. Their offer: ssh-rsa",
        f"{SSH}Load key \"C:\\keys\\a\": bad permissions",
    ],
    "WinRM answered with a fault": [
        "Received a WSManFault message. (Code: 2150858793, Machine: ca03, Reason: The operation cannot be completed: OperationTimeout.)",
        "Received a WSManFault message. (Code: 2150859046, Reason: RPC server unavailable)",
    ],
    "the proxy of the connection failed": [
        f"ntlm: {POOL}ProxyError('Unable to connect to proxy', NewConnectionError('{OBJECT}: [Errno 111] Connection refused')))",
        f"ntlm: {POOL}ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 503 Service Unavailable')))",
        "Error connecting to SOCKS5 proxy 10.0.0.1:1080: [Errno 111] Connection refused",
    ],
    "its host key is not trusted": [f"{SSH}Host key verification failed."],
    "the connection failed": [
        "winrm or requests is not installed: No module named 'winrm'",
        "",
    ],
}  # fmt: skip


# a host that is switched off is silent; one that refuses is on
SILENT = {"connection refused", "the name cannot be resolved", "no route to the host", "no answer in time"}
REFUSING = {
    *("its certificate is not trusted", "TLS failed", "its host key is not trusted", "the credentials were refused"),
    *("Kerberos failed", "the connection is not set up"),
}


@pytest.mark.parametrize(("words", "raw"), [(words, raw) for words, texts in TEXTS.items() for raw in texts])
def test_the_cause_of_real_texts(words: str, raw: str) -> None:
    lost = lost_host("ca03", {"ansible_host": "10.0.0.9", "ansible_connection": "psrp"}, raw)
    verb = (
        "cannot be logged on to" if words in REFUSING else "does not answer" if words in SILENT else "was not reached"
    )
    assert lost.message.startswith(f"ca03 {verb} on 10.0.0.9:5986 ({words}). ") and lost.message.endswith(".")
    assert (lost.is_silent, lost.is_refusing) == (words in SILENT, words in REFUSING)
    assert lost.detail == re.sub(r" at 0x[0-9a-fA-F]{8,}(?=>)", "", raw).strip()


@pytest.mark.parametrize("raw", [raw for texts in TEXTS.values() for raw in texts])
def test_it_is_the_same_in_each_run(raw: str) -> None:
    again = re.sub("0x7[fF]8[eE]5[cC]2[bB]1[dD]90", "0x7fffdeadbee0", raw)
    assert lost_host("ca03", {}, again) == lost_host("ca03", {}, raw)
    assert "object at" not in lost_host("ca03", {}, raw).detail


@pytest.mark.parametrize("name", ["ca-401", "proxy01", "kerberos", "wsmanfault.lab"])
def test_the_name_of_a_host_is_no_cause(name: str) -> None:
    for raw in (
        f"{SSH}ssh: connect to host {name} port 22: Connection timed out",
        f"HTTPSConnectionPool(host='{name}', port=5986): Read timed out. (read timeout=401)",
    ):
        for host, variables in ((name, {}), ("x", {"ansible_host": name})):
            assert lost_host(host, variables, raw).is_silent, raw


def test_a_host_that_is_called_like_a_word_hides_no_cause() -> None:
    raw = "HTTPSConnectionPool(host='refused', port=5986): [Errno 111] Connection refused"
    assert "(connection refused)" in lost_host("refused", {}, raw).message


def test_what_differs_in_each_run_is_no_part_of_the_detail() -> None:
    words = (
        "kerberos: authGSSClientStep() failed: ('Matching credential not found (filename: /tmp/tmp{})', 1) ShellId {}"
    )
    one = words.format("rlix4wn9", "0A1B2C3D-0000-1111-2222-333344445555")
    other = words.format("abc123de", "FFFFFFFF-0000-1111-2222-333344445556")
    assert lost_host("ca03", {}, one) == lost_host("ca03", {}, other)


@pytest.mark.parametrize(
    ("variables", "port"),
    [
        ({"ansible_connection": "psrp", "ansible_psrp_protocol": "http"}, 5985),
        ({"ansible_connection": "winrm", "ansible_winrm_scheme": "http"}, 5985),
        ({"ansible_connection": "ansible.builtin.winrm"}, 5986),
        ({"ansible_connection": "winrm", "ansible_winrm_scheme": "http", "ansible_port": 1234}, 1234),
    ],
)
def test_the_port_that_was_asked(variables: dict[str, Any], port: int) -> None:
    assert f" on ca03:{port} (" in lost_host("ca03", variables, "connection refused").message


def test_numbers_of_windows_stay() -> None:
    raw = "Received a WSManFault message. (Code: 2150859046, Reason: RPC server unavailable 0x800706BA at 0x800706BA)"
    assert lost_host("ca03", {}, raw).detail == raw


@pytest.mark.parametrize("raw", [None, 5, ["x"], {}, True])
def test_what_is_no_text(raw: Any) -> None:
    words = "ca03 was not reached (the connection failed). See the detail for what the connection said."
    assert lost_host("ca03", {}, raw) == Lost(words, "", is_silent=False, is_refusing=False)


@pytest.mark.parametrize(
    ("variables", "where"),
    [
        ({}, ""),
        ({"ansible_host": "ca03"}, ""),
        ({"ansible_host": "10.0.0.9"}, " on 10.0.0.9"),
        ({"ansible_port": 9}, " on ca03:9"),
        ({"ansible_host": "127.0.0.1", "ansible_port": "9"}, " on 127.0.0.1:9"),
        ({"ansible_connection": "winrm"}, " on ca03:5986"),
        ({"ansible_connection": "ansible.builtin.psrp", "ansible_psrp_port": 5985}, " on ca03:5985"),
        ({"ansible_connection": "microsoft.windows.winrm", "ansible_winrm_port": 15985}, " on ca03:15985"),
        ({"ansible_connection": "ssh"}, " on ca03:22"),
        ({"ansible_connection": "adcs.test.standin"}, ""),
        ({"ansible_host": "{{ address }}", "ansible_port": 5986}, ""),
        ({"ansible_host": "10.0.0.9", "ansible_port": "{{ port }}"}, ""),
        ({"ansible_host": None, "ansible_port": None, "ansible_connection": None}, ""),
        ({"ansible_host": 5}, ""),
        ({"ansible_host": ["x"]}, ""),
    ],
)
def test_where_it_does_not_answer(variables: dict[str, Any], where: str) -> None:
    sentence = lost_host("ca03", variables, "Connection refused").message
    assert sentence == f"ca03 does not answer{where} (connection refused). Start WinRM on the host, or open the port."


def test_a_text_that_cannot_be_encoded() -> None:
    lost = lost_host("ca03", {"ansible_host": "\udc80"}, "\udc80 Connection refused")
    assert lost.message.encode() and lost.detail.encode() == b"? Connection refused"

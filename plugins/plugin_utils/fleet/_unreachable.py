# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a host was not reached, as one sentence that is the same in each run. Pure functions.

The texts are those of pywinrm, pypsrp, requests, urllib3 and OpenSSH, as they come through ansible-core's connection plugins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import plain_text, stable_text

# What a cause says of its host. A host that is switched off is silent. One that refuses is on, and waiting does not help.
SILENT, REFUSING, LOST = "silent", "refusing", "lost"
# The first one that fits decides; what libraries put around it does not count.
CAUSES = (
    (
        REFUSING,
        r"credentials were rejected|unauthorized|code:? ?401\b|http[^ ]* 401\b|invalid credentials|permission denied|authentication fail|"
        r"failed to authenticate|access is denied|logon failure",
        "the credentials were refused",
        "Check the account and its rights.",
    ),
    (
        REFUSING,
        r"certificate verify failed|certificate_verify_failed|self.signed certificate|hostname .* doesn't match",
        "its certificate is not trusted",
        "Give the controller the CA certificate of the host.",
    ),
    (
        REFUSING,
        r"\[ssl|sslerror|tlsv1|ssl routines|_ssl\.c",
        "TLS failed",
        "Check the port, the scheme and the versions of TLS on both sides.",
    ),
    (
        REFUSING,
        r"host key verification failed|remote host identification has changed",
        "its host key is not trusted",
        "Check the key of the host, then add it to known_hosts.",
    ),
    (
        REFUSING,
        r"certificate bundle|invalid path|(pem|key) file not found|requires a (password|username)|unable to negotiate|bad permissions",
        "the connection is not set up",
        "Correct the variables of the connection as its words say.",
    ),
    (
        LOST,
        r"wsmanfault",
        "WinRM answered with a fault",
        "Look at the service WinRM of the host, then run the job again.",
    ),
    (
        SILENT,
        r"0x0[3-6]: ?(host unreachable|network unreachable|connection refused|ttl expired)",
        "no route to the host",
        "Check the network and the firewall.",
    ),
    (
        LOST,
        r"proxy|socks[45]",
        "the proxy of the connection failed",
        "Check the proxy: the host was not asked.",
    ),
    (
        SILENT,
        r"connection refused|actively refused",
        "connection refused",
        "Start WinRM on the host, or open the port.",
    ),
    (
        SILENT,
        r"name or service not known|failure in name resolution|nodename nor servname|getaddrinfo|failed to resolve|nameresolution|"
        r"name does not resolve|no address associated with|could not resolve",
        "the name cannot be resolved",
        "Check ansible_host and the DNS of the controller.",
    ),
    (
        SILENT,
        r"no route to host|network is unreachable|network unreachable|host is unreachable|host unreachable|host is down",
        "no route to the host",
        "Check the network and the firewall.",
    ),
    (
        SILENT,
        r"timed out|timeout|time frame|operation_timeout|read_timeout",
        "no answer in time",
        "Check the host, or raise the timeouts of the connection.",
    ),
    (
        LOST,
        r"connection aborted|connection reset|broken pipe|remote end closed|bad http response|code:? ?50[0-9]\b|http[^ ]* 50[0-9]\b|"
        r"50[0-9] server error|connection closed",
        "the connection was lost",
        "Run the job again.",
    ),
    (
        REFUSING,
        r"kerberos|krb5|gssapi|spnego",
        "Kerberos failed",
        "Check the ticket (klist), the host's name and the clocks.",
    ),
)
OTHER = "the connection failed"
BEFORE_A_NAME = (
    r"(?:(?<=host=')|(?<=host )|(?<=hostname )|(?<=connection to )|(?<=resolve ')|(?<=//)|(?<=@)|(?<=machine: ))"
)
PORTS = {"winrm": 5986, "psrp": 5986, "ssh": 22}
PLAIN_PORTS = {"winrm": 5985, "psrp": 5985}


@dataclass(frozen=True)
class Lost:
    """A host that was not reached: a sentence for people, the raw text without what differs in each run, and what the host is."""

    message: str
    detail: str
    is_silent: bool
    is_refusing: bool


def lost_host(host: str, variables: dict[str, Any], raw: Any) -> Lost:
    """Return why a host was not reached.

    Args:
        host: the inventory host.
        variables: the host's variables, of which ``ansible_host``, ``ansible_port`` and ``ansible_connection`` count.
        raw: what the connection said.
    """
    detail = stable_text(plain_text(raw).strip()) if isinstance(raw, str) else ""
    words_alone = _without_names(detail, host, variables.get("ansible_host"))
    found = next((cause for cause in CAUSES if re.search(cause[1], words_alone, re.IGNORECASE)), None)
    kind, _, words, advice = found or (LOST, "", OTHER, "See the detail for what the connection said.")
    verb = {SILENT: "does not answer", REFUSING: "cannot be logged on to"}.get(kind, "was not reached")
    message = f"{host} {verb}{_address(host, variables)} ({words}). {advice}"
    return Lost(message, detail, kind == SILENT, kind == REFUSING)


def _without_names(text: str, *names: Any) -> str:
    """Return a text without the names of the host where an address stands: one may be called like a cause, such as proxy01."""
    for name in names:
        if isinstance(name, str) and name:
            text = re.sub(f"{BEFORE_A_NAME}{re.escape(name)}", "<host>", text, flags=re.IGNORECASE)
    return text


def _address(host: str, variables: dict[str, Any]) -> str:
    """Return `` on 127.0.0.1:5986``, or nothing when neither says more than the name."""
    kind = str(variables.get("ansible_connection") or "").rpartition(".")[2]
    address = variables.get("ansible_host") or host
    scheme = variables.get("ansible_winrm_scheme" if kind == "winrm" else f"ansible_{kind}_protocol")
    usual = PLAIN_PORTS if scheme == "http" else PORTS
    port = variables.get("ansible_port") or variables.get(f"ansible_{kind}_port") or usual.get(kind)
    if not isinstance(address, str) or "{{" in address or "{{" in str(port):
        return ""
    if port is None:
        return f" on {plain_text(address)}" if address != host else ""
    return f" on {plain_text(address)}:{port}"

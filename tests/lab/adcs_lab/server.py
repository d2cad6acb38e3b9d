# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The WinRM endpoint: WSMan over HTTP with Basic authentication, on the loopback address only."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from . import shell, wsman

LOOPBACK = "127.0.0.1"
URL_PATH = "/wsman"
MAX_ENVELOPE = 500 * 1024
# Read and dropped at most before the answer to a request that is too large: a client that is still sending when the
# connection closes sees a broken connection instead of the answer.
MAX_DRAINED = 8 * 1024 * 1024
MAX_CONNECTIONS = 64
SOCKET_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0

log = logging.getLogger("adcs_lab.endpoint")


class Endpoint(ThreadingHTTPServer):
    """Serves one user on one port. ``port`` 0 takes a free one; ``server_port`` is the one in use.

    Raises ValueError for an address other than 127.0.0.1: passwords cross this endpoint in clear text.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self,
        runner: shell.Runner,
        user: str,
        password: str,
        *,
        port: int = 0,
        address: str = LOOPBACK,
        limits: shell.Limits | None = None,
        max_envelope: int = MAX_ENVELOPE,
    ) -> None:
        if address != LOOPBACK:
            raise ValueError(f"The endpoint is for {LOOPBACK} only, not {address!r}.")
        self.shells = shell.Shells(runner, limits or shell.Limits())
        self.max_envelope = max_envelope
        self._credentials = f"{user}:{password}".encode()
        self._connections = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._thread: threading.Thread | None = None
        super().__init__((address, port), _Handler)

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and end all commands, within bounds."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join(STOP_TIMEOUT_S)
        self.server_close()
        self.shells.close(STOP_TIMEOUT_S)

    def service_actions(self) -> None:
        """Called by serve_forever between requests."""
        self.shells.remove_idle()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a thread of its own; one too many is closed at once."""
        if not self._connections.acquire(blocking=False):
            log.warning("connection refused: %d are open", MAX_CONNECTIONS)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the connection's place back when it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what ended a connection; clients that go away are nothing unusual."""
        log.info("connection ended", exc_info=True)

    def accepts(self, authorization: str | None) -> bool:
        """Tell whether an Authorization header is right, in a time that does not tell more."""
        scheme, _, value = (authorization or "").partition(" ")
        try:
            given = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError):
            given = b""
        return hmac.compare_digest(given, self._credentials) and scheme.lower() == "basic"

    def answer(self, data: bytes) -> tuple[HTTPStatus, bytes]:
        """Answer one WSMan message: 200 and the response, or 500 and a fault."""
        relates_to = ""
        try:
            envelope = wsman.parse(data)
            relates_to = envelope.message_id
            return HTTPStatus.OK, self._dispatch(relates_to, envelope.request)
        except wsman.WsmanFault as refused:
            fault = refused
            if fault.code != wsman.TIMED_OUT:
                log.info("fault %d: %s", fault.code, fault.text)
        except OSError as error:
            log.error("the request could not be served", exc_info=True)
            fault = wsman.WsmanFault(wsman.INTERNAL_ERROR, "InternalError", str(error), sender=False)
        return HTTPStatus.INTERNAL_SERVER_ERROR, wsman.fault_response(relates_to, fault)

    def _dispatch(self, relates_to: str, request: wsman.Request) -> bytes:
        match request:
            case wsman.Identify():
                return wsman.identify_response()
            case wsman.CreateShell():
                return wsman.create_response(relates_to, self.shells.create(request))
            case wsman.DeleteShell():
                self.shells.delete(request.shell_id)
                return wsman.delete_response(relates_to)
        with self.shells.get(request.shell_id) as open_shell:
            match request:
                case wsman.RunCommand():
                    return wsman.command_response(relates_to, self.shells.run(open_shell, request))
                case wsman.SendInput():
                    command = self.shells.command(open_shell, request.command_id)
                    command.send(request.data, request.end, request.timeout_s)
                    return wsman.send_response(relates_to)
                case wsman.ReceiveOutput():
                    output = self.shells.command(open_shell, request.command_id).receive(request.timeout_s)
                    return wsman.receive_response(relates_to, request.command_id, output.parts, output.exit_code)
                case wsman.SignalCommand():
                    self.shells.end(open_shell, request.command_id)
                    return wsman.signal_response(relates_to)


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: Endpoint
    protocol_version = "HTTP/1.1"
    server_version = "adcs-lab"
    sys_version = ""
    timeout = SOCKET_TIMEOUT_S
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer a WSMan message."""
        length = self._length()
        if length is None:
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
        elif length > self.server.max_envelope:
            self._drain(length)
            self._too_large(length)
        else:
            body = self.rfile.read(length)
            if not self.server.accepts(self.headers.get("Authorization")):
                self._reply(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": 'Basic realm="WSMAN"'})
            elif self.path != URL_PATH:
                self._reply(HTTPStatus.NOT_FOUND)
            elif "application/soap+xml" not in self.headers.get("Content-Type", "").lower():
                self._reply(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            else:
                self._reply(*self.server.answer(body))

    def log_message(self, format: str, *arguments: Any) -> None:
        """Send the access log where the rest goes."""
        log.debug(format, *arguments)

    def _length(self) -> int | None:
        value = self.headers.get("Content-Length", "")
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None

    def _drain(self, length: int) -> None:
        left = min(length, MAX_DRAINED)
        while left > 0 and (data := self.rfile.read(min(left, 65536))):
            left -= len(data)

    def _too_large(self, length: int) -> None:
        fault = wsman.WsmanFault(
            wsman.ENCODING_LIMIT,
            "EncodingLimit",
            f"The request of {length} bytes exceeds the {self.server.max_envelope} bytes allowed.",
        )
        self.close_connection = True
        self._reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, wsman.fault_response("", fault))

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer without having read the body: the connection cannot go on."""
        self.close_connection = True
        self._reply(status)

    def _reply(self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def finish(self) -> None:
        """End the connection; a client that has gone already is no error."""
        try:
            super().finish()
        except (TimeoutError, ConnectionError):
            log.debug("client went away")

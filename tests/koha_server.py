"""A small Koha on a loopback socket, with faults at the request that a test names."""

from __future__ import annotations

import enum
import json
import re
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.koha_answers import Koha, Response, no_route, problem

API = "/api/v1"
BASIC = "Basic a2V5Omh1c2g="  # key:hush


class Fault(enum.Enum):
    HUNG_UP_BEFORE = "nothing is done, the connection ends"
    HUNG_UP_AFTER = "done, the connection ends"
    SILENCE = "done, no answer for as long as anybody waits"
    ERROR_BEFORE = "nothing is done, 500"
    ERROR_AFTER = "done, 500"
    MAINTENANCE = "nothing is done, 503"
    HALF_JSON = "done, half of the JSON"
    HALF_BODY = "done, fewer bytes than were announced"
    LOGIN_PAGE = "nothing is done, a page of HTML"
    REDIRECT = "nothing is done, the way to a login page"
    TOKEN_OVER = "nothing is done, 401"
    FORBIDDEN = "nothing is done, 403 for want of a permission"
    BUSY = "nothing is done, 429"


#: The request is not looked at; None: the connection ends.
INSTEAD: dict[Fault, Response | None] = {
    Fault.HUNG_UP_BEFORE: None,
    Fault.ERROR_BEFORE: problem(500, "Something went wrong, check the logs."),
    Fault.MAINTENANCE: problem(503, "System is under maintenance."),
    Fault.LOGIN_PAGE: Response(200, b"<html>", {"Content-Type": "text/html"}),
    Fault.REDIRECT: Response(302, b"", {"Location": "/cgi-bin/koha/mainpage.pl"}),
    Fault.TOKEN_OVER: problem(401, "Authentication failure."),
    Fault.FORBIDDEN: problem(
        403, "Authorization failure.", required_permissions={"circulate": "1"}
    ),
    Fault.BUSY: Response(
        429, b"{}", {"Content-Type": "application/json", "Retry-After": "7"}
    ),
}


@dataclass
class KohaServer(Koha):
    """`faults` are what happens to the next request of a kind, as in `heard`."""

    #: Kinds of request that this version does not know.
    unknown: set[str] = field(default_factory=set)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    address: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, kind: str, *faults: Fault) -> None:
        self.faults.setdefault(kind, deque()).extend(faults)

    def reply(self, handler: Handler, body: bytes) -> tuple[Response | None, Fault]:
        """What was done of a request, and how its answer is to go wrong."""
        parts = urlsplit(handler.path)
        path = parts.path.removeprefix(API)
        kind = f"{handler.command} {re.sub('/[0-9]+', '/n', path)}"
        query = dict(parse_qsl(parts.query))
        with self.lock:
            self.heard.append(kind)
            queue = self.faults.get(kind)
            fault = queue.popleft() if queue else None
            if fault in INSTEAD:
                return INSTEAD[fault], fault
            if kind != "POST /oauth/token" and not self._lets_in(handler):
                return problem(401, "Authentication failure."), Fault.TOKEN_OVER
            if kind in self.unknown:
                return no_route(), Fault.ERROR_BEFORE
            return self._do(kind, path, query, body), fault or Fault.ERROR_BEFORE

    def _lets_in(self, handler: Handler) -> bool:
        given = handler.headers.get("Authorization", "")
        return given == BASIC or given.removeprefix("Bearer ") in self.tokens[-1:]

    def _do(self, kind: str, path: str, query: dict[str, str], body: bytes) -> Response:
        number = int(next(iter(re.findall("/([0-9]+)", path)), 0))
        match kind:
            case "POST /oauth/token":
                return self.token(dict(parse_qsl(body.decode())))
            case "GET /items":
                return self.items(query)
            case "GET /items/n":
                return self.item(number)
            case "GET /patrons":
                return self.patrons(query)
            case "GET /checkouts":
                return self.checkouts(query)
            case "GET /checkouts/availability":
                return self.availability(query)
            case "POST /checkouts":
                return self.lend(query, json.loads(body))
            case "POST /checkouts/n/renewals" | "POST /checkouts/n/renewal":
                return self.renew(number)
            case "POST /auth/password/validation":
                return self.validation(json.loads(body))
        return no_route()


class Handler(BaseHTTPRequestHandler):
    """One request of a connection after another."""

    protocol_version = "HTTP/1.1"
    koha: KohaServer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        response, fault = self.koha.reply(self, body)
        if response is None or fault is Fault.HUNG_UP_AFTER:
            self.close_connection = True
        elif fault is Fault.SILENCE:
            self.connection.recv(1)  # until the client hangs up
            self.close_connection = True
        else:
            self._send(_spoilt(response, fault), fault)

    do_POST = do_GET  # noqa: N815  (the base class looks for this name)

    def _send(self, response: Response, fault: Fault) -> None:
        announced = len(response.body)
        if fault is Fault.HALF_BODY:
            announced += 100
            self.close_connection = True
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing on standard error."""


def _spoilt(response: Response, fault: Fault) -> Response:
    if fault is Fault.ERROR_AFTER:
        return problem(500, "Something went wrong, check the logs.")
    if fault is Fault.HALF_JSON:
        half = response.body[: len(response.body) // 2]
        return Response(response.status, half, response.headers)
    return response


@contextmanager
def serving(
    koha: KohaServer, certificate_file: Path | None = None
) -> Iterator[KohaServer]:
    """The server on a free port of this machine, until the end; by TLS with a file."""

    class Bound(Handler):
        pass

    Bound.koha = koha
    with ThreadingHTTPServer(("127.0.0.1", 0), Bound) as server:
        server.daemon_threads = True
        koha.address = f"http://127.0.0.1:{server.server_port}"
        if certificate_file:
            koha.address = koha.address.replace("http:", "https:")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate_file)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=[0.02], name="koha")
        thread.start()
        try:
            yield koha
        finally:
            server.shutdown()
            thread.join(10)
    assert not thread.is_alive()

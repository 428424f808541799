"""A SIP2 server on a loopback socket, with faults at the step that a test names."""

from __future__ import annotations

import enum
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sync.sip2 import messages, wire
from sync.sip2.answers import LoginResponse
from sync.sip2.dialects import Dialect
from sync.sip2.lines import LineFinder
from sync.sip2.requests import Request, ScStatus
from sync.sip2.trailer import ChecksumStatus
from sync.sip2.wire import Message
from tests.sip2_library import Library


class Fault(enum.Enum):
    REQUEST_LOST = "swallowed, nothing is done, no answer"
    HUNG_UP_BEFORE = "nothing is done, the connection ends"
    ANSWER_LOST = "done, no answer"
    HUNG_UP_AFTER = "done, the connection ends"
    HALF_ANSWER = "done, half of the answer comes, then the connection ends"
    DAMAGED = "done, a letter of the answer is changed"
    CUT_TRAILER = "done, the check sum is missing"
    ASKED_AGAIN = "not taken: 96"
    LATE_ANSWER = "an answer to an older request comes first"
    IN_PIECES = "the answer comes byte by byte"
    STATUS_FIRST = "not taken: a status comes instead"
    WRONG_ANSWER = "done, an answer to another kind of request"
    SENTENCE = "not taken: a sentence comes that is no SIP2"


@dataclass
class SipServer:
    """`heard` are the lines that came, `faults` what happens to the next of an id."""

    library: Library = field(default_factory=Library)
    dialect: Dialect = field(default_factory=Dialect)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _talking: socket.socket | None = None

    def fail(self, message_id: str, *faults: Fault) -> None:
        self.faults.setdefault(message_id, deque()).extend(faults)

    def ids_heard(self) -> list[str]:
        return [line[:2].decode() for line in self.heard]

    def hang_up(self) -> None:
        """End the connection that is open, with the client's knowledge."""
        assert self._talking is not None
        self._talking.shutdown(socket.SHUT_RDWR)

    def serve(self, listener: socket.socket) -> None:
        """Until the listener is shut down. One connection after another."""
        while True:
            try:
                connection, _ = listener.accept()
            except ssl.SSLError:
                continue  # the client does not trust us
            except OSError:
                return
            self.connections += 1
            self._talking = connection
            with connection:
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        lines, last = LineFinder(), b"96"
        while True:
            try:
                data = connection.recv(4096)
            except OSError:
                return
            if not data:
                return
            for line in lines.feed(data):
                assert isinstance(line, bytes)
                self.heard.append(line)
                answer = self._answer(connection, line, last)
                if answer is None:
                    return
                last = answer or last

    def _answer(
        self, connection: socket.socket, line: bytes, last: bytes
    ) -> bytes | None:
        """The answer that was made, if any; None ends the connection."""
        request = wire.decode(line, self.dialect)
        if request.message_id == self.dialect.resend_request:
            self._send(connection, last)
            return last
        queue = self.faults.get(request.message_id)
        fault = queue.popleft() if queue else None
        return self._judge(connection, request, fault)

    def _judge(
        self, connection: socket.socket, request: Message, fault: Fault | None
    ) -> bytes | None:
        match fault:
            case Fault.REQUEST_LOST:
                return b""
            case Fault.HUNG_UP_BEFORE:
                return None
            case Fault.SENTENCE:
                self._send(connection, "命令不支持".encode())
                return b""
            case Fault.STATUS_FIRST:
                status = self.library.answer(ScStatus())
                assert status is not None
                self._send(connection, self._line(status, request))
                return b""
        if fault is Fault.ASKED_AGAIN or request.checksum is ChecksumStatus.MISMATCH:
            self._send(connection, wire.encode(Message("96"), self.dialect))
            return b""
        return self._carry_out(connection, request, fault)

    def _carry_out(
        self, connection: socket.socket, request: Message, fault: Fault | None
    ) -> bytes | None:
        typed = messages.read(request)
        assert isinstance(typed, Request)
        answer = self.library.answer(typed)
        if answer is None:
            self._send(connection, wire.encode(Message("96"), self.dialect))
            return b""
        line = self._line(answer, request)
        match fault:
            case Fault.ANSWER_LOST:
                return line
            case Fault.HUNG_UP_AFTER:
                return None
            case Fault.HALF_ANSWER:
                connection.sendall(line[: len(line) // 2])
                return None
            case Fault.DAMAGED:
                self._send(connection, line.replace(b"A", b"E", 1))
            case Fault.CUT_TRAILER:
                self._send(connection, line[:-9])
            case Fault.WRONG_ANSWER:
                self._send(connection, self._line(LoginResponse(ok=True), request))
            case Fault.LATE_ANSWER:
                older = (int(request.sequence or 0) - 1) % 10
                self._send(connection, self._line(answer, request, older))
                self._send(connection, line)
            case Fault.IN_PIECES:
                for byte in line + self.dialect.terminator:
                    connection.sendall(bytes((byte,)))
            case _:
                self._send(connection, line)
        return line

    def _line(
        self, answer: messages.Typed, request: Message, number: int = -1
    ) -> bytes:
        """Sealed if the request was."""
        if request.sequence is None:
            return messages.encode(answer, self.dialect)
        sequence = int(request.sequence) if number < 0 else number
        return messages.encode(answer, self.dialect, sequence)

    def _send(self, connection: socket.socket, line: bytes) -> None:
        connection.sendall(line + self.dialect.terminator)


@contextmanager
def serving(server: SipServer) -> Iterator[SipServer]:
    """The server on a free port of this machine, until the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.serve, args=[listener], name="sip2")
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
    assert not thread.is_alive()

"""One connection's conversation, without the connection: bytes in, bytes out."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Protocol

import structlog

from sync.hub.sip2_server.errors import Closed, NotNow
from sync.hub.sip2_server.machine import Machine
from sync.hub.sip2_server.repeats import Deed, deed_of, may_be_repeat
from sync.hub.sip2_server.spelling import again
from sync.sip2 import messages, wire
from sync.sip2.dialects import AUTO, Dialect
from sync.sip2.errors import BadMessage
from sync.sip2.layouts import UNNUMBERED
from sync.sip2.lines import LineFinder
from sync.sip2.requests import Login, Request
from sync.sip2.trailer import ChecksumStatus, seal
from sync.sip2.wire import Message

#: Wrong logins, and requests without any, that one connection is allowed.
TRIES = 3
_BEFORE_LOGIN = Dialect(charset=AUTO)

log = structlog.get_logger(__name__)


class Answers(Protocol):
    """Who knows the accounts and the county; see `service.Service`."""

    def log_in(self, name: str, password: str, address: str) -> Machine | None: ...

    def answer(
        self, machine: Machine, request: Request, deed: Deed, *, may_be_repeat: bool
    ) -> str: ...


class Standing(enum.Enum):
    """REFUSED: the last login was wrong. OVER: the connection is to be closed."""

    OPEN = enum.auto()
    REFUSED = enum.auto()
    OVER = enum.auto()


class Conversation:
    """Made anew for each connection, from this address."""

    def __init__(self, answers: Answers, address: str) -> None:
        self.standing = Standing.OPEN
        self._answers = answers
        self._address = address
        self._lines = LineFinder()
        self._machine: Machine | None = None
        self._dialect = _BEFORE_LOGIN
        self._tries_left = TRIES
        self._last: bytes | None = None
        self._deed: Deed | None = None
        self._sealed = False  # whether the machine seals what it says

    @property
    def is_known(self) -> bool:
        """Whether a login was right."""
        return self._machine is not None

    def hear(self, data: bytes) -> Iterator[bytes]:
        """An answer for each line, with its end; none any more once it is over."""
        for line in self._lines.feed(data):
            if self.standing is Standing.OVER:
                return
            self.standing = Standing.OPEN
            answer = self._answer(line)
            if answer is not None:
                self._last = answer
                yield answer + self._dialect.terminator

    def _answer(self, line: bytes | BadMessage) -> bytes | None:
        """None ends the conversation without a word."""
        try:
            if isinstance(line, BadMessage):
                raise line
            message = wire.decode(line, self._dialect)
        except BadMessage as err:
            log.info("no SIP2 message", why=str(err).partition(":")[0])
            return self._ask_again()
        self._sealed = message.checksum is not ChecksumStatus.ABSENT
        if message.checksum is ChecksumStatus.MISMATCH:
            return self._ask_again()
        if message.message_id in UNNUMBERED:
            return self._last or self._ask_again()
        request = messages.read(message)
        if isinstance(request, Login):
            return self._log_in(request, message)
        if self._machine is None or not isinstance(request, Request):
            return self._ask_again()
        return self._serve(self._machine, request, message, line)

    def _log_in(self, request: Login, message: Message) -> bytes | None:
        """Only unencrypted passwords can be compared."""
        plain = request.uid_algorithm == request.pwd_algorithm == "0"
        try:
            machine = plain and self._answers.log_in(
                request.login_user_id, request.login_password, self._address
            )
        except NotNow:
            return self._ask_again()
        if not machine:
            log.warning("login refused", machine=request.login_user_id[:32])
            self._use_up()
            self.standing = Standing.OVER if not self._tries_left else Standing.REFUSED
            return self._sealed_as("940", message)
        self._machine, self._dialect = machine, machine.dialect
        self._deed = None
        return self._sealed_as("941", message)

    def _serve(
        self, machine: Machine, request: Request, message: Message, line: bytes
    ) -> bytes | None:
        deed = deed_of(line, message.sequence)
        repeat = may_be_repeat(deed, self._deed, request)
        try:
            text = self._answers.answer(machine, request, deed, may_be_repeat=repeat)
        except NotNow:
            return self._ask_again()
        except Closed:
            self.standing = Standing.OVER
            return None
        self._deed = deed
        return self._sealed_as(text, message)

    def _ask_again(self) -> bytes:
        """Say that again (96); before a login that is heard but a few times."""
        if self._machine is None:
            self._use_up()
        return again(self._dialect, sealed=self._sealed)

    def _use_up(self) -> None:
        self._tries_left -= 1
        if self._tries_left <= 0:
            self.standing = Standing.OVER

    def _sealed_as(self, text: str, message: Message) -> bytes:
        """Numbered and summed up if the request was."""
        body = self._dialect.encode(text)
        return seal(body, message.sequence) if self._sealed else body

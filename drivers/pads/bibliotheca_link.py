"""The line to a 3M / Bibliotheca pad: which reply answers which request."""

from __future__ import annotations

from contextlib import suppress

from drivers.api import CommandRefused, NoAnswer
from drivers.codecs.bibliotheca import replies, requests
from drivers.codecs.bibliotheca.frames import Frame, Layer, finder
from drivers.codecs.bibliotheca.replies import Reply
from drivers.codecs.bibliotheca.requests import (
    ADDRESSED,
    BOOT_VERSION,
    Command,
    Request,
)
from drivers.codecs.bibliotheca.status import Status, status_text
from drivers.exchange import Exchange, Question
from drivers.transports import Transport

#: A reader tells its versions at once; no tag is asked.
_PROBE_TIMEOUT_S = 0.5


class BibliothecaLink:
    """Sends requests and takes their replies; `name` stands in every error."""

    def __init__(self, transport: Transport, name: str, *, timeout_s: float) -> None:
        """The transport stays the caller's, but for `close`."""
        self.name = name
        self._probe_timeout_s = min(timeout_s, _PROBE_TIMEOUT_S)
        self._exchange = Exchange(
            transport, name, finder, _VERSION, timeout_s=timeout_s
        )

    def start(self) -> None:
        """Prove that such a reader answers. Raises NoAnswer or DeviceLost."""
        for question in (_BOOT_VERSION, _VERSION):
            self._exchange.ask(question, timeout_s=self._probe_timeout_s)
        # Undocumented: answered in two ways or not at all, and good for who knows what.
        with suppress(NoAnswer):
            self._exchange.ask(_SET_UP, timeout_s=self._probe_timeout_s)

    def ask(self, request: Request) -> Reply:
        """Return the reply. Raises CommandRefused, NoAnswer or DeviceLost."""
        frame = self._exchange.ask(_question(request))
        reply = replies.parse_reply(frame.body)
        if reply.status != Status.OK:
            raise self.refusal(reply.status, f"{request.command.title} {request.uid}")
        return reply

    def ask_tag(self, request: Request) -> bytes:
        """Ask about one tag; returns what follows its UID. Raises as `ask` does."""
        return replies.split_uid(self.ask(request).data)[1]

    def refusal(self, status: int, what: str) -> CommandRefused:
        text = status_text(status)
        return CommandRefused(f"{self.name}: {what}: {text}", status=status)

    def close(self) -> None:
        """Twice is fine."""
        self._exchange.close()


def _question(request: Request) -> Question[Frame]:
    return Question(Frame(request.encode()).encode(), _Answer(request))


class _Answer:
    """Tells whether a frame answers a request."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __call__(self, frame: Frame) -> bool:
        body, command = frame.body, self._request.command
        if frame.layer is not Layer.READER or len(body) < 2 or body[0] != command:
            return False
        reply = replies.parse_reply(body)
        if command is Command.INVENTORY and reply.status == Status.OK:
            return reply.data.startswith(self._request.tail)
        if command in ADDRESSED:
            return self._is_about_the_tag(reply)
        return True

    def _is_about_the_tag(self, reply: Reply) -> bool:
        """A refusal may come without the UID."""
        if reply.status != Status.OK and not reply.data:
            return True
        return reply.data.startswith(bytes.fromhex(self._request.uid))


def _is_boot_version(frame: Frame) -> bool:
    """The reply is the question with a version behind it."""
    is_longer = len(frame.body) > len(BOOT_VERSION)
    return (
        frame.layer is Layer.BOOT and is_longer and frame.body.startswith(BOOT_VERSION)
    )


_BOOT_VERSION = Question(Frame(BOOT_VERSION, Layer.BOOT).encode(), _is_boot_version)
_VERSION = _question(Request(Command.VERSION))
_SET_UP = _question(requests.set_up())

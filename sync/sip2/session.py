"""One connection's conversation, without the connection: bytes in, steps out.

Strictly one request at a time. What may be sent again is: a request that changes nothing,
after silence; any request that the server itself asks for again. Everything else whose
answer does not come is an `UnknownOutcome`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.sip2 import messages, wire
from sync.sip2.answers import AcsStatus, Answer
from sync.sip2.dialects import Checking, Dialect
from sync.sip2.errors import (
    BadMessage,
    LinkLost,
    NotUnderstood,
    SipError,
    UnknownOutcome,
)
from sync.sip2.layouts import ANSWERS, REPEATABLE, RESEND_ASKED_BY_SERVER
from sync.sip2.lines import LineFinder
from sync.sip2.requests import Request
from sync.sip2.trailer import DEVIATIONS, ChecksumStatus
from sync.sip2.wire import Message

_SEQUENCE_NUMBERS = 10


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes that must leave now; then wait again."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """`message` is the same as it came."""

    answer: Answer
    message: Message


Step = Send | Answered


@dataclass(slots=True)
class _Question:
    """`asked_again`: we said "say that again", once at least; `last_was_that`: just now."""

    request: Request
    sent: bytes
    sequence: str | None
    retries: int
    asked_again: bool = False
    last_was_that: bool = False


class Session:
    """Made anew for each connection; after an error it is over, and so is its link."""

    def __init__(self, dialect: Dialect, retries: int = 2) -> None:
        self.status: AcsStatus | None = None
        #: A late answer may still come that the next request would take for its own.
        self.tainted = False
        self._dialect = dialect
        self._retries = retries
        self._lines = LineFinder()
        self._next_number = 0
        self._server_seals = False
        self._question: _Question | None = None

    def begin(self, request: Request) -> bytes:
        """The bytes of a new request. Raises BadMessage; then nothing has happened."""
        if request.ID not in ANSWERS:
            raise BadMessage("has no answer of its own", message_id=request.ID)
        number = self._next_number if self._dialect.error_detection else None
        line = messages.encode(request, self._dialect, number)
        self._next_number = (self._next_number + 1) % _SEQUENCE_NUMBERS
        self._question = _Question(
            request,
            line + self._dialect.terminator,
            None if number is None else str(number),
            self._retries,
        )
        return self._question.sent

    def receive(self, data: bytes) -> list[Step]:
        """What the bytes mean; nothing for a piece of an answer or for a late one.

        Raises LinkLost, NotUnderstood or UnknownOutcome.
        """
        steps = []
        for line in self._lines.feed(data):
            if self._question is not None:
                step = self._hear(self._question, line)
                steps += [step] if step else []
        return steps

    def silence(self) -> Send:
        """The answer is overdue. Raises LinkLost or UnknownOutcome."""
        question = self._question
        if question is None or question.request.ID not in REPEATABLE:
            raise self.lost("no answer in time")
        self._use_up(question, "no answer in time")
        self.tainted = True
        question.last_was_that = False
        return Send(question.sent)

    def lost(self, reason: str) -> SipError:
        """The error to raise when the link is gone while an answer is awaited."""
        question, self._question = self._question, None
        if question is None or question.request.ID in REPEATABLE:
            return LinkLost(reason)
        return UnknownOutcome(question.request, reason)

    def _hear(self, question: _Question, line: bytes | BadMessage) -> Step | None:
        message = self._intact(line)
        if message is None:
            return self._ask_again(question)
        if message.message_id == RESEND_ASKED_BY_SERVER:
            return self._say_again(question)
        if not self._fits(question, message):
            return None
        answer = messages.read(message)
        if isinstance(answer, AcsStatus):
            self.status = answer
        expected = ANSWERS[question.request.ID]
        if isinstance(answer, Answer) and expected == answer.ID:
            self._question = None
            return Answered(answer, message)
        return self._unfitting(question, message)

    def _intact(self, line: bytes | BadMessage) -> Message | None:
        """None for what the line has damaged. Raises if there is no way to ask again."""
        try:
            if isinstance(line, BadMessage):
                raise line
            message = wire.decode(line, self._dialect)
        except BadMessage as err:
            if self._dialect.error_detection and self._server_seals:
                return None
            raise self.lost(f"no SIP2 message: {err}") from err
        if message == Message(RESEND_ASKED_BY_SERVER):
            return message  # some leave out its check sum; nothing else is so short
        if not self._is_sound(message.checksum):
            return None
        self._server_seals |= message.checksum is not ChecksumStatus.ABSENT
        return message

    def _is_sound(self, status: ChecksumStatus) -> bool:
        match self._dialect.checking:
            case Checking.OFF:
                return True
            case Checking.STRICT if self._dialect.error_detection:
                return status is ChecksumStatus.VALID
            case _ if status is ChecksumStatus.ABSENT:
                # A server that sealed its other answers did not mean to leave it out.
                return not self._server_seals
        return status is ChecksumStatus.VALID or status in DEVIATIONS

    def _fits(self, question: _Question, message: Message) -> bool:
        """False for a late answer. What is said again may be numbered anew."""
        if question.asked_again:
            self._refuse_older(question.request, message)
            return True
        if not self._dialect.echoes_sequence:
            return True
        return message.sequence in {None, question.sequence}

    def _refuse_older(self, request: Request, message: Message) -> None:
        """A server that never took the request repeats its answer to the one before."""
        asked = messages.write(request)
        for field_id in ("AA", "AB"):
            said, meant = message.value(field_id), asked.value(field_id)
            if said and meant and said != meant:
                raise self.lost("the server repeats an older answer")

    def _ask_again(self, question: _Question) -> Send:
        self._use_up(question, "damaged answers")
        question.asked_again = question.last_was_that = True
        again = Message(self._dialect.resend_request)
        return Send(wire.encode(again, self._dialect) + self._dialect.terminator)

    def _say_again(self, question: _Question) -> Send:
        """The server took nothing, so this is safe, unless it has no answer to repeat."""
        if question.last_was_that:
            raise self.lost("the server has no answer to repeat")
        if question.retries == 0 and not question.asked_again:
            self._question = None
            raise NotUnderstood(f"the server takes no message {question.request.ID}")
        self._use_up(question, "the server asks again and again")
        return Send(question.sent)

    def _unfitting(self, question: _Question, message: Message) -> Send:
        """A status (98) instead of an answer is news; the request may be said again."""
        reason = f"answer {message.message_id} to request {question.request.ID}"
        if message.message_id != AcsStatus.ID or question.request.ID not in REPEATABLE:
            raise self.lost(reason)
        self._use_up(question, reason)
        return Send(question.sent)

    def _use_up(self, question: _Question, reason: str) -> None:
        if question.retries == 0:
            raise self.lost(reason)
        question.retries -= 1

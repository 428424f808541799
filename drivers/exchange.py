"""One question, one answer: how a driver talks to any device that only replies."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from drivers.api import BadFrame, DeviceLost, NoAnswer
from drivers.transports import Transport

#: Questions in a row without an answer after which the device counts as lost.
SILENT_LIMIT = 3
#: Bytes of one frame follow each other within 12 ms; a USB adapter adds up to 16.
_QUIET_S = 0.03
#: Bytes shown of an answer that is none.
_SHOWN = 32

Frame = TypeVar("Frame")


class FrameDecoder(Protocol[Frame]):
    """Finds frames in what a line brings; a broken one comes as a BadFrame value."""

    def feed(self, data: bytes) -> list[Frame | BadFrame]: ...

    def flush(self) -> list[Frame | BadFrame]:
        """The line fell silent: what is unfinished is noise."""


@dataclass(frozen=True, slots=True)
class Question(Generic[Frame]):
    """Bytes to send, and whether a frame is the answer to them."""

    request: bytes
    answered_by: Callable[[Frame], bool]


class Exchange(Generic[Frame]):
    """Sends questions and takes their answers; `name` stands in every error.

    A reply does not say which of two equal questions it answers. So after a missing
    answer the next question is preceded by `harmless`, one of another kind: what comes
    before its answer is late and dropped.
    """

    def __init__(
        self,
        transport: Transport,
        name: str,
        decoder: Callable[[], FrameDecoder[Frame]],
        harmless: Question[Frame],
        *,
        timeout_s: float,
    ) -> None:
        self.name = name
        self._transport = transport
        self._decoder = decoder
        self._harmless = harmless
        self._timeout_s = timeout_s
        self._unanswered = 0

    def ask(
        self, question: Question[Frame], *, timeout_s: float | None = None
    ) -> Frame:
        """Return the answer. Raises NoAnswer; the third time in a row DeviceLost."""
        return self.collect(question, timeout_s=timeout_s)[-1]

    def collect(
        self,
        question: Question[Frame],
        *,
        part: Callable[[Frame], bool] = lambda _frame: False,
        timeout_s: float | None = None,
    ) -> list[Frame]:
        """Return every frame that is a `part` of the answer, and last what ends it.

        Raises as `ask` does. `timeout_s` is for the whole of it.
        """
        if self._unanswered:
            self._converse(self._harmless, lambda _frame: False, self._timeout_s)
        return self._converse(question, part, timeout_s or self._timeout_s)

    def close(self) -> None:
        """Twice is fine."""
        self._transport.close()

    def _converse(
        self, question: Question[Frame], part: Callable[[Frame], bool], timeout_s: float
    ) -> list[Frame]:
        decoder, parts, heard = self._decoder(), list[Frame](), b""
        self._transport.discard_input()
        self._transport.write(question.request)
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            received = self._transport.read(min(left_s, _QUIET_S))
            heard = (heard + received)[:_SHOWN]
            found = decoder.feed(received) if received else decoder.flush()
            for frame in found:
                if isinstance(frame, BadFrame):
                    continue
                if question.answered_by(frame):
                    self._unanswered = 0
                    return [*parts, frame]
                if part(frame):
                    parts.append(frame)
        raise self._no_answer(question.request, heard)

    def _no_answer(self, request: bytes, heard: bytes) -> NoAnswer | DeviceLost:
        self._unanswered += 1
        text = (
            f"{self.name}: no answer to {request[:_SHOWN].hex(' ').upper()}, "
            f"received {heard.hex(' ').upper() or 'nothing'}"
        )
        if self._unanswered < SILENT_LIMIT:
            return NoAnswer(text)
        return DeviceLost(f"{text}; {self._unanswered} questions in a row")

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
        """The line fell silent: look for frames behind what is unfinished."""


@dataclass(frozen=True, slots=True)
class Question(Generic[Frame]):
    """Bytes to send, and whether a frame is the answer to them."""

    request: bytes
    answered_by: Callable[[Frame], bool]


class Exchange(Generic[Frame]):
    """Sends questions and takes their answers; `name` stands in every error.

    A reply does not say which of two equal questions it answers. So after a missing
    answer the next question is preceded by `harmless`, one of another kind: what comes
    before its answer is late and dropped. Errors do not show what a `personal`
    device said.
    """

    def __init__(
        self,
        transport: Transport,
        name: str,
        decoder: Callable[[], FrameDecoder[Frame]],
        harmless: Question[Frame],
        *,
        timeout_s: float,
        personal: bool = False,
    ) -> None:
        self.name = name
        self._transport = transport
        self._decoder = decoder
        self._harmless = harmless
        self._timeout_s = timeout_s
        self._personal = personal
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
        silence_s: float | None = None,
        timeout_s: float | None = None,
    ) -> list[Frame]:
        """Return every frame that is a `part` of the answer, and last what ends it.

        Some devices never say that they are done: with `silence_s`, parts followed by
        so much silence, or cut off by the time-out, are a whole answer. Raises as `ask`
        does. `timeout_s` is for the whole of it.
        """
        if self._unanswered:
            self._converse(_Answer(self._harmless), self._timeout_s)
        answer = _Answer(question, part, silence_s)
        self._converse(answer, timeout_s or self._timeout_s)
        return answer.frames

    def close(self) -> None:
        """Twice is fine."""
        self._transport.close()

    def _converse(self, answer: _Answer[Frame], timeout_s: float) -> None:
        """Send a question and wait for its whole answer. Raises as `ask` does."""
        request = answer.question.request
        decoder, heard = self._decoder(), b""
        self._transport.discard_input()
        self._transport.write(request)
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0 and not answer.complete:
            received = self._transport.read(min(left_s, answer.silence_s or _QUIET_S))
            heard = (heard + received)[:_SHOWN]
            found = decoder.feed(received) if received else decoder.flush()
            answer.hear(found, silent=not received)
        if not answer.complete and not answer.cut_off:
            raise self._no_answer(request, heard)
        self._unanswered = 0

    def _no_answer(self, request: bytes, heard: bytes) -> NoAnswer | DeviceLost:
        self._unanswered += 1
        text = (
            f"{self.name}: no answer to {request[:_SHOWN].hex(' ').upper()}, "
            f"received {self._shown(heard)}"
        )
        if self._unanswered < SILENT_LIMIT:
            return NoAnswer(text)
        return DeviceLost(f"{text}; {self._unanswered} questions in a row")

    def _shown(self, heard: bytes) -> str:
        if self._personal and heard:
            return "something else"
        return heard.hex(" ").upper() or "nothing"


class _Answer(Generic[Frame]):
    """What has come of the answer to one question; see `Exchange.collect`."""

    def __init__(
        self,
        question: Question[Frame],
        part: Callable[[Frame], bool] = lambda _frame: False,
        silence_s: float | None = None,
    ) -> None:
        self.question = question
        self.silence_s = silence_s
        self.frames: list[Frame] = []
        self.complete = False
        self._part = part

    @property
    def cut_off(self) -> bool:
        """Whether it is as good as complete when the time is over."""
        return self.silence_s is not None and bool(self.frames)

    def hear(self, found: list[Frame | BadFrame], *, silent: bool) -> None:
        """Take in what the line brought; what is no part of the answer passes by."""
        for frame in found:
            if isinstance(frame, BadFrame) or self.complete:
                continue
            self.complete = self.question.answered_by(frame)
            if self.complete or self._part(frame):
                self.frames.append(frame)
        self.complete |= silent and not found and self.cut_off

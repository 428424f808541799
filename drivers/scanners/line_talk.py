"""A line on which a scanner says codes at any time and answers when it is asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from drivers.api import NoAnswer, ProtocolError
from drivers.codecs.lines import BadBarcode
from drivers.repeats import Repeats
from drivers.scanners.line_options import SerialOptions
from drivers.transports import Transport
from drivers.transports.address import open_address
from drivers.transports.serial_port import SerialSettings

#: How long to wait for a scan before saying "alive, nothing new".
ALIVE_S = 0.5

Reply = TypeVar("Reply")


class Stream(Protocol[Reply]):
    """Parts what a line brings into codes and replies; sans-IO."""

    @property
    def pending(self) -> bool:
        """Whether something has begun and not ended."""

    def feed(self, data: bytes) -> list[Reply | str | BadBarcode]: ...

    def flush(self) -> list[Reply | str | BadBarcode]:
        """The line fell silent."""


class ScannerLine(Generic[Reply]):
    """An open line. Codes that arrive while an answer is awaited are kept.

    Broken frames and unusable scans are dropped, as the reader scans again.
    """

    def __init__(
        self,
        options: SerialOptions,
        stream: Stream[Reply],
        due: Callable[[], bytes] = bytes,
    ) -> None:
        """Open the port. Raises DeviceLost.

        `due`: what must go back at once after any input, such as an acknowledgement.
        """
        self._name = options.port
        self._stream = stream
        self._due = due
        self._idle_s = options.idle_flush_s
        self._repeats = Repeats(options.repeat_suppress_s)
        self._codes: list[str] = []
        self._line: Transport = open_address(
            options.port, SerialSettings(baud=options.baud)
        )
        self._line.discard_input()
        #: Monotonic seconds; when the scanner last said anything.
        self.heard_at = float("-inf")

    def codes(self, wait_s: float = ALIVE_S) -> list[str]:
        """New codes: those kept, else what one wait for input brings."""
        if not self._codes:
            self.replies(wait_s)
        codes, self._codes = self._codes, []
        return codes

    def replies(self, wait_s: float) -> list[Reply]:
        """Wait once for input; the codes in it are kept."""
        patience_s = min(wait_s, self._idle_s) if self._stream.pending else wait_s
        arrived = self._line.read(patience_s)
        if arrived:
            return self._take_in(arrived)
        # A shorter silence ends no code: the rest of it may be on its way.
        is_silent = wait_s >= self._idle_s
        return self._sort(self._stream.flush() if is_silent else [])

    def ask(
        self, request: bytes, answered_by: Callable[[Reply], bool], timeout_s: float
    ) -> Reply:
        """Send, and return the reply that answers. Raises NoAnswer."""
        if arrived := self._line.read(0):
            # What came before the question is no answer to it; codes in it are kept.
            self._take_in(arrived)
        self.send(request)
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            for reply in self.replies(left_s):
                if answered_by(reply):
                    return reply
        raise NoAnswer(f"{self._name}: no answer to {request.hex(' ').upper()}")

    def send(self, data: bytes) -> None:
        self._line.write(data)

    def close(self) -> None:
        """Twice is fine."""
        self._line.close()

    def _take_in(self, arrived: bytes) -> list[Reply]:
        self.heard_at = time.monotonic()
        return self._sort(self._stream.feed(arrived))

    def _sort(self, found: list[Reply | str | BadBarcode]) -> list[Reply]:
        """Keep the codes and send what is due; the replies are returned."""
        if due := self._due():
            self.send(due)
        now = time.monotonic()
        replies: list[Reply] = []
        for item in found:
            if isinstance(item, str):
                self._codes += self._repeats.new((item,), now)
            elif not isinstance(item, ProtocolError):
                replies.append(item)
        return replies

"""An RFIDStation pad (7E55) that isn't there: the same bytes, on a line or in reports."""

from __future__ import annotations

import time
from collections.abc import Iterator

from drivers.codecs.rfidstation.commands import MAX_TAGS
from drivers.codecs.rfidstation.frames import (
    ANY_READER,
    FACTORY_READER,
    Frame,
    finder,
)
from drivers.emulators.hf_field import HfField
from drivers.emulators.pty import Answer
from drivers.emulators.rfidstation_reader import EmulatedReader
from drivers.transports.hidraw import REPORT_SIZE, from_report, to_reports

#: A reader forgets a request that stops for longer than this.
_FORGET_S = 0.1


class RfidstationEmulator(HfField):
    """`answer` is the device's side of a `drivers.emulators.pty.Pty`.

    A request with a wrong check sum gets no reply, nor one that follows the one before
    within `gap_s`: half of what a real reader wants, as a busy host may hold back the
    first of two. A tag is told once until the field loses its power.
    """

    def __init__(
        self,
        *,
        address: int = FACTORY_READER,
        tags_per_reply: int = MAX_TAGS,
        gap_s: float = 0.025,
    ) -> None:
        super().__init__()
        self._reader = EmulatedReader(self, tags_per_reply)
        self._address = address
        self._gap_s = gap_s
        self._finder = finder()
        self._heard_at = self._asked_at = 0.0

    def answer(self, received: bytes) -> Iterator[bytes]:
        """What goes back, reply by reply."""
        now = time.monotonic()
        if now - self._heard_at > _FORGET_S:
            self._finder = finder()
        self._heard_at = now
        for request in self._finder.feed(received):
            if isinstance(request, Frame) and self._hears(request, now):
                yield from self._serve(request)

    def report(self, command: int, params: bytes) -> bytes:
        """A frame that the reader sends unasked, as one in an active mode does."""
        return Frame(command, params, source=self._address, target=0).encode()

    def _hears(self, request: Frame, now: float) -> bool:
        hasty, self._asked_at = now - self._asked_at < self._gap_s, now
        to_us = request.target in (ANY_READER, self._address)
        return to_us and not request.is_reply and not hasty

    def _serve(self, request: Frame) -> Iterator[bytes]:
        with self.lock:
            params = self._reader.execute(request)
        if params is None:
            return
        yield Frame(
            request.command,
            params,
            source=self._address,
            target=request.source,
            is_reply=True,
        ).encode()
        for uid in self._reader.take_told():
            self.note_memory_told(uid)


class HidReports:
    """An `Answer` around one on a line: the same bytes in reports of 64 bytes.

    What the host writes begins with a report number, which such devices do not have.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._unread = b""

    def __call__(self, received: bytes) -> Iterator[bytes]:
        """What goes back, report by report; half a report waits for the rest."""
        self._unread += received
        while len(self._unread) > REPORT_SIZE:
            report = self._unread[1 : 1 + REPORT_SIZE]
            self._unread = self._unread[1 + REPORT_SIZE :]
            for chunk in self._answer(from_report(report)):
                yield from to_reports(chunk)

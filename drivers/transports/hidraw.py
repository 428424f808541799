"""A USB HID device that carries a byte stream in reports, through /dev/hidrawN.

Each report has 64 bytes: how many of the rest count, those bytes, and a fill. What does
not fit goes on in the next report. The reports are not numbered.
"""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress

from drivers.api import DeviceLost

REPORT_SIZE = 64
#: Bytes of the stream that fit in one report.
ROOM = REPORT_SIZE - 1
#: What the kernel wants before a report of a device that does not number them.
_NOT_NUMBERED = b"\x00"
_WRITE_TIMEOUT_S = 2.0


def to_reports(stream: bytes) -> list[bytes]:
    """Cut a stream into reports."""
    parts = [stream[at : at + ROOM] for at in range(0, len(stream), ROOM)]
    return [bytes([len(part)]) + part.ljust(ROOM, b"\0") for part in parts]


def from_report(report: bytes) -> bytes:
    """The bytes that count; none of a report whose count can't be."""
    count = report[0]
    return report[1 : 1 + count] if count <= ROOM else b""


class HidrawPort:
    """An open node; every fault of it is DeviceLost."""

    def __init__(self, path: str) -> None:
        """Open `path`. Raises DeviceLost when it is absent or may not be opened."""
        self._path = path
        self._unread = b""
        try:
            flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            self._file: int | None = os.open(path, flags)
        except OSError as err:
            raise self._lost(err) from err

    def read(self, timeout_s: float) -> bytes:
        """Return what the next report brought, waiting at most `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        # A node gives whole reports; a terminal that stands in for one, any pieces.
        while len(self._unread) < REPORT_SIZE:
            if not self._has_input(max(deadline - time.monotonic(), 0)):
                return b""
            self._unread += self._received()
        report, self._unread = self._unread[:REPORT_SIZE], self._unread[REPORT_SIZE:]
        return from_report(report)

    def write(self, data: bytes) -> None:
        """Send all of it, report by report."""
        for report in to_reports(data):
            self._write_report(_NOT_NUMBERED + report)

    def discard_input(self) -> None:
        """Forget what has arrived."""
        self._unread = b""
        while self._has_input(0):
            self._received()

    def close(self) -> None:
        """Twice is fine."""
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
        self._file = None

    def _has_input(self, timeout_s: float) -> bool:
        return bool(select.select([self._opened()], [], [], timeout_s)[0])

    def _received(self) -> bytes:
        try:
            received = os.read(self._opened(), REPORT_SIZE)
        except OSError as err:
            raise self._lost(err) from err
        if not received:
            raise DeviceLost(f"{self._path}: unplugged (end of file)")
        return received

    def _write_report(self, report: bytes) -> None:
        file = self._opened()
        try:
            _, writable, _ = select.select([], [file], [], _WRITE_TIMEOUT_S)
            if not writable:
                raise DeviceLost(f"{self._path}: takes no more")
            written = os.write(file, report)
        except OSError as err:
            raise self._lost(err) from err
        if written != len(report):
            raise DeviceLost(f"{self._path}: took {written} bytes of a report")

    def _opened(self) -> int:
        if self._file is None:
            raise DeviceLost(f"{self._path}: closed")
        return self._file

    def _lost(self, err: OSError) -> DeviceLost:
        return DeviceLost(f"{self._path}: {err.strerror or err}")

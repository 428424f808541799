"""An ESC/POS receipt printer that isn't there: keeps what is sent, tells its status."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from drivers.codecs.escpos_status import ASK_OFFLINE, ASK_ROLL

_WELL = 0x12
_COVER_OPEN, _STOPPED_FOR_PAPER = 0x04, 0x20
_ROLL_ENDED = 0x60


class ReceiptPrinterEmulator:
    """`answer` is the device's side of a `drivers.emulators.pty.Pty`; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._printed = b""
        self._unread = b""
        self._out_of_paper = False
        self._cover_open = False
        self._silent = False

    @property
    def printed(self) -> bytes:
        """Everything that reached paper, control codes included."""
        with self._lock:
            return self._printed

    def set_paper_out(self, *, out: bool) -> None:
        """Take the roll away, or put a new one in."""
        with self._lock:
            self._out_of_paper = out

    def set_cover(self, *, is_open: bool) -> None:
        """Open the cover, or close it."""
        with self._lock:
            self._cover_open = is_open

    def set_silent(self, *, silent: bool) -> None:
        """Answer nothing any more, as when the power is off; or wake up again."""
        with self._lock:
            self._silent = silent

    def answer(self, data: bytes) -> Iterable[bytes]:
        """Print what can be printed; answer each real-time question at once."""
        with self._lock:
            if self._silent:
                return []
            self._unread += data
            return list(self._work_off())

    def _work_off(self) -> Iterable[bytes]:
        """Take questions out of the stream; keep the start of one that is cut."""
        while self._unread:
            at = self._unread.find(ASK_ROLL[:1])
            if at != 0:
                self._print(self._unread if at < 0 else self._unread[:at])
                self._unread = b"" if at < 0 else self._unread[at:]
                continue
            head = self._unread[: len(ASK_ROLL)]
            if len(head) < len(ASK_ROLL) and ASK_ROLL.startswith(head[:2]):
                return
            if head in {ASK_OFFLINE, ASK_ROLL}:
                self._unread = self._unread[len(head) :]
                yield bytes((self._status(head),))
            else:
                self._print(self._unread[:1])
                self._unread = self._unread[1:]

    def _print(self, content: bytes) -> None:
        if not (self._out_of_paper or self._cover_open):
            self._printed += content

    def _status(self, question: bytes) -> int:
        if question == ASK_ROLL:
            return _WELL | (_ROLL_ENDED if self._out_of_paper else 0)
        return (
            _WELL
            | (_COVER_OPEN if self._cover_open else 0)
            | (_STOPPED_FOR_PAPER if self._out_of_paper else 0)
        )

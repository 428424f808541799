"""An ESC/POS receipt printer that isn't there: keeps what is sent, tells of its paper."""

from __future__ import annotations

import threading
from collections.abc import Iterable

#: DLE EOT 4 asks for the roll's state at any time; bits 5 and 6 mean that it ended.
_ASK_PAPER = bytes.fromhex("100404")
_PAPER, _NO_PAPER = b"\x12", b"\x72"


class ReceiptPrinterEmulator:
    """`answer` is the device's side of a `drivers.emulators.pty.Pty`; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._printed = b""
        self._out_of_paper = False

    @property
    def printed(self) -> bytes:
        """Everything that reached paper, control codes included."""
        with self._lock:
            return self._printed

    def set_paper_out(self, *, out: bool) -> None:
        """Take the roll away, or put a new one in."""
        with self._lock:
            self._out_of_paper = out

    def answer(self, data: bytes) -> Iterable[bytes]:
        """Print, unless the roll is gone; answer each question for the paper."""
        with self._lock:
            asked = data.count(_ASK_PAPER)
            if not self._out_of_paper:
                self._printed += data.replace(_ASK_PAPER, b"")
            return [_NO_PAPER if self._out_of_paper else _PAPER] * asked

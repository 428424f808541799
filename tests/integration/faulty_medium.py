"""A ledger whose system calls fail on demand; runs under `fiu-run -x`.

Records facts one by one while a chosen system call fails at chosen positions, opens
the file anew after each fault, and prints what it was told and what is stored.
"""

from __future__ import annotations

import ctypes
import errno
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from kiosk import logs
from kiosk.service.ports import LedgerError
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from tests.integration.store_samples import AT, KIOSK, fact

EVENTS = 24
#: Tries to get a fresh handle after a fault.
REOPENINGS = 50
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(ctypes.c_int),
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(ctypes.c_uint),
)


class Calls:
    """Counts the calls of one kind and lets some of them fail."""

    def __init__(self, name: str, number: int, fails: Callable[[int], bool]) -> None:
        self.count = 0
        self.failed = 0
        self.fails = fails
        self._callback = _CALLBACK(self._called)
        library = ctypes.CDLL("libfiu.so.0")
        enabled = library.fiu_enable_external(
            name.encode(), 1, ctypes.c_void_p(number), 0, self._callback
        )
        if enabled != 0:
            raise RuntimeError(f"libfiu does not know {name}")

    def _called(self, *_: object) -> int:
        self.count += 1
        fails = self.fails(self.count)
        self.failed += fails
        return int(fails)


def main(folder: Path, name: str, error: str, first: int, every: int) -> None:
    """Fail call number `first`, and from there each `every`-th one; 0: that one only."""
    ledger = SqliteLedger(folder / "ledger.db", KIOSK)
    calls = Calls(
        name,
        getattr(errno, error),
        lambda n: n == first or (every > 0 and n > first and not (n - first) % every),
    )
    confirmed, refused = [], []
    for number in range(EVENTS):
        try:
            (event,) = ledger.record([fact(number)], AT)
        except LedgerError as err:
            refused.append((f"fact-{number}", type(err).__name__))
            _reopen(ledger)
        else:
            confirmed.append(event.event_id)
    calls.fails = _never
    _reopen(ledger)
    fault, head = ledger.first_break(), ledger.head()
    stored = LedgerReader(folder / "ledger.db").events_after(head.epoch, 0, 10_000)
    told = {
        "confirmed": confirmed,
        "refused": refused,
        "stored": [event.event_id for event in stored],
        "fault": fault,
        "calls": calls.count,
        "failed": calls.failed,
    }
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)  # as a kill would: the callback must not outlive its interpreter


def _never(_number: int) -> bool:
    return False


def _reopen(ledger: SqliteLedger) -> None:
    for _ in range(REOPENINGS):
        if ledger.trouble is None:
            return
        try:
            ledger.reopen()
        except LedgerError:
            continue


if __name__ == "__main__":
    logs.configure(level=logging.CRITICAL)
    main(
        Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    )

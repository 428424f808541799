"""Tells the dispatcher when the agent has written something into the mirror."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from kiosk.bell import BellListener, kiosk_bell
from kiosk.messages import Inbox, MirrorChanged

#: How long stopping may take.
_ROUND_S = 0.5
#: A ring may be lost, so the mirror is looked at now and then all the same.
LOOK_S = 15.0


class MirrorWatch:
    """Turns rings of the agent's bell into messages, in a thread of its own.

    `learn` is called in that thread before each message.
    """

    def __init__(self, folder: Path, inbox: Inbox, learn: Callable[[], None]) -> None:
        """Start to listen. Raises OSError when the bell can't be hung up."""
        self._listener = BellListener(kiosk_bell(folder))
        self._inbox = inbox
        self._learn = learn
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="bell")
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _listen(self) -> None:
        looked_at = time.monotonic()
        with closing(self._listener):
            while not self._stopping.is_set():
                rang = self._listener.wait(_ROUND_S)
                if rang or time.monotonic() - looked_at > LOOK_S:
                    looked_at = time.monotonic()
                    self._learn()
                    self._inbox.put(MirrorChanged())

"""Open event streams: few, fed by one thread, and never able to block the server.

Each stream holds one of the server's threads. So there are at most MOST_STREAMS:
when one more comes, the oldest ends at once. A stream also ends, to be opened
again by the browser, after LONGEST_STREAM bytes: the server buffers up to 16 MiB
for a client that does not read, and only then would it block the thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

from kiosk.view import Desk, View

MOST_STREAMS = 3
KEEP_ALIVE_S = 10.0
LONGEST_STREAM = 8 * 2**20

_LOOK_UP_S = 0.25  # how often the feeding thread looks whether it should end


class Streams:
    """Hands every change of the desk's view to the open streams."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._changed = threading.Condition()
        self._latest = desk.view()
        self._open: deque[object] = deque()
        self._feeder: threading.Thread | None = None
        self._closed = False

    def open(self, keep_alive_s: float = KEEP_ALIVE_S) -> Iterator[View | None]:
        """Yield the whole view now and at every change, None when a while passed."""
        seat = self._take_seat()
        try:
            view = self._desk.view()
            yield view
            while True:
                newer = self._next(seat, view.revision, keep_alive_s)
                if not self._seated(seat):
                    return
                view = newer or view
                yield newer
        finally:
            self._leave(seat)

    def close(self) -> None:
        """End every stream and the feeding thread."""
        with self._changed:
            self._closed = True
            self._open.clear()
            self._changed.notify_all()
            feeder = self._feeder
        if feeder is not None:
            feeder.join(_LOOK_UP_S + 1.0)

    @property
    def alive(self) -> bool:
        """Tell whether changes still reach the streams."""
        return self._feeder is None or self._feeder.is_alive()

    def __len__(self) -> int:
        return len(self._open)

    def _take_seat(self) -> object:
        seat = object()
        with self._changed:
            if not self._closed:
                self._open.append(seat)
                self._start_feeder()
            while len(self._open) > MOST_STREAMS:
                self._open.popleft()
            self._changed.notify_all()
        return seat

    def _leave(self, seat: object) -> None:
        with self._changed:
            if seat in self._open:
                self._open.remove(seat)

    def _seated(self, seat: object) -> bool:
        return seat in self._open

    def _next(self, seat: object, revision: int, timeout_s: float) -> View | None:
        def wakes() -> bool:
            return not self._seated(seat) or self._latest.revision > revision

        with self._changed:
            self._changed.wait_for(wakes, timeout_s)
            return self._latest if self._latest.revision > revision else None

    def _start_feeder(self) -> None:
        if self._feeder is None:
            name = "ui-streams"
            self._feeder = threading.Thread(target=self._feed, name=name, daemon=True)
            self._feeder.start()

    def _feed(self) -> None:
        while not self._closed:
            view = self._desk.wait(self._latest.revision, _LOOK_UP_S)
            with self._changed:
                self._latest = view
                self._changed.notify_all()

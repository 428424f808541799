"""The latest view, for any number of waiting readers. No history: a view is whole."""

from __future__ import annotations

import threading

from kiosk.view import View


class Broadcaster:
    """One writer publishes; readers take the latest or wait for a newer one."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._changed = threading.Condition()

    @property
    def latest(self) -> View:
        return self._view

    def publish(self, view: View) -> None:
        with self._changed:
            self._view = view
            self._changed.notify_all()

    def wait(self, revision: int, timeout_s: float) -> View:
        """Return a view newer than `revision`, or the latest after `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._view.revision > revision, timeout_s)
            return self._view

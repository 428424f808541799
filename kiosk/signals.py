"""The status light and the buzzer follow the screen."""

from __future__ import annotations

import time
from collections.abc import Mapping

from drivers.api import Beep, Light
from kiosk.messages import SignalOrder, UnlockOrder
from kiosk.print_desk import Orders
from kiosk.view import LineState, Screen, View

#: A lock whose device was busy for longer stays locked.
UNLOCK_WITHIN_S = 3.0
_PAD_DOWN = "E-READER-DOWN"
_RECORDED = {LineState.OK, LineState.PUT_BACK}


class Signals:
    """Tells the lamps what changed; one that comes back is told again."""

    def __init__(
        self, lamps: Mapping[str, Orders], locks: Mapping[str, Orders]
    ) -> None:
        self._lamps = lamps
        self._locks = locks
        self._shown: View | None = None
        self._light: Light | None = None

    def follow(self, view: View) -> None:
        """The screen shows this now; cheap when nothing has changed."""
        if view is self._shown:
            return
        light = light_for(view)
        beep = beep_for(self._shown, view) if self._shown else None
        changed = light if light is not self._light else None
        self._shown, self._light = view, light
        if changed is not None or beep is not None:
            for lamp in self._lamps.values():
                lamp.order(SignalOrder(changed, beep))

    def came(self, device: str) -> None:
        """A lamp that was away does not know what to show."""
        if device in self._lamps:
            self._lamps[device].order(SignalOrder(self._light))

    def unlock(self) -> None:
        """Open every cabinet and door of the point for a moment."""
        order = UnlockOrder(until=time.monotonic() + UNLOCK_WITHIN_S)
        for lock in self._locks.values():
            lock.order(order)


def light_for(view: View) -> Light:
    """What the light says while this is on the screen."""
    if any(banner.id == _PAD_DOWN for banner in view.banners):
        return Light.FAULT
    if view.put_back or view.notice:
        return Light.ATTENTION
    if view.screen is Screen.WORKING or _count(view, {LineState.WORKING}):
        return Light.BUSY
    return Light.READY


def beep_for(before: View, after: View) -> Beep | None:
    """A sound for what is new on the screen: refused beats done."""
    if _is_new(before, after, {LineState.REFUSED}) or (
        after.notice and after.notice != before.notice
    ):
        return Beep.REFUSED
    return Beep.DONE if _is_new(before, after, _RECORDED) else None


def _is_new(before: View, after: View, states: set[LineState]) -> bool:
    """Whether a book came to one of these states. Not yet decided ones are silent."""
    if after.screen not in {Screen.DONE, Screen.RETURN}:
        return False
    known = _count(before, states) if before.screen is after.screen else 0
    return _count(after, states) > known


def _count(view: View, states: set[LineState]) -> int:
    return sum(line.state in states for line in view.books)

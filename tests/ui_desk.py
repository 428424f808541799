"""A desk for tests of the screen: shows what it is told to, and obeys step tokens."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kiosk.view import Action, Screen, SiteLine, TouchAnswer, View

SITE = SiteLine(
    name="云岭县马坪村图书服务点",
    short_name="马坪村图书服务点",
    keeper="陈管理员",
    phone="0900-0000000",
    opens="09:00",
    closes="17:30",
)


def first_view(**changes: Any) -> View:
    """Return the home screen of an open point, or a variation of it."""
    home = View(revision=1, step="s1", screen=Screen.HOME, locale="zh_Hans", site=SITE)
    return replace(home, **changes)


@dataclass(frozen=True, slots=True)
class Touch:
    """A touch that was accepted."""

    action: Action
    value: str = ""


class ScriptedDesk:
    """Publishes views; a fresh touch turns to the screen the script names for it.

    As with the real desk, a touch with an old step token changes nothing, and an
    accepted one makes a new step. `asked` counts touches of both kinds.
    """

    def __init__(
        self, view: View | None = None, script: Mapping[Action, Screen] | None = None
    ) -> None:
        self._view = view or first_view()
        self._script = script or {}
        self._changed = threading.Condition()
        self.touches: list[Touch] = []
        self.asked = 0

    def view(self) -> View:
        return self._view

    def wait(self, revision: int, timeout_s: float) -> View:
        with self._changed:
            self._changed.wait_for(lambda: self._view.revision > revision, timeout_s)
            return self._view

    def touch(self, action: Action, step: str, value: str = "") -> TouchAnswer:
        with self._changed:
            self.asked += 1
            if step != self._view.step:
                return TouchAnswer(accepted=False, view=self._view)
            self.touches.append(Touch(action, value))
            changes: dict[str, Any] = {"screen": self._script.get(action, Screen.HOME)}
            if action is Action.LANGUAGE:
                changes = {"locale": value}
            self._publish(step=f"s{self._view.revision + 1}", **changes)
            return TouchAnswer(accepted=True, view=self._view)

    def publish(self, **changes: Any) -> View:
        """Show the present view with changes; its step stays unless given."""
        with self._changed:
            self._publish(**changes)
            return self._view

    def show(self, view: View) -> View:
        """Show a whole view, as the next revision and with a step of its own."""
        with self._changed:
            number = self._view.revision + 1
            self._view = replace(view, revision=number, step=f"s{number}")
            self._changed.notify_all()
            return self._view

    def _publish(self, **changes: Any) -> None:
        self._view = replace(self._view, revision=self._view.revision + 1, **changes)
        self._changed.notify_all()

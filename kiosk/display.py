"""What is on the screen now, and the token a touch of it must carry."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import replace

from kiosk.broadcast import Broadcaster
from kiosk.domain.session import Session
from kiosk.presenter import Surroundings, present
from kiosk.view import View


class Display:
    """One thread shows; any may read `latest` or `wait`."""

    def __init__(self, session: Session, around: Surroundings) -> None:
        self._boot = secrets.token_hex(4)
        self._revisions = itertools.count(1)
        self._steps = itertools.count(1)
        self._step = self._fresh_step()
        self._meaning = _meaning(session)
        self._touched = False
        self._screen = Broadcaster(self._view(session, around, None))

    @property
    def latest(self) -> View:
        return self._screen.latest

    def wait(self, revision: int, timeout_s: float) -> View:
        return self._screen.wait(revision, timeout_s)

    def take(self, step: str) -> bool:
        """Tell whether a touch was made on what is shown now; none fits twice."""
        fresh = step == self._step
        self._touched |= fresh
        return fresh

    def show(self, session: Session, around: Surroundings, idle_s: int | None) -> None:
        """Publish what has changed; the token changes with what the buttons mean."""
        meaning = _meaning(session)
        if self._touched or meaning != self._meaning:
            self._touched, self._meaning = False, meaning
            self._step = self._fresh_step()
        view = self._view(session, around, idle_s)
        if not _same(view, self.latest):
            self._screen.publish(view)

    def _view(self, session: Session, around: Surroundings, idle_s: int | None) -> View:
        return present(
            session,
            around,
            revision=next(self._revisions),
            step=self._step,
            idle_s=idle_s,
        )

    def _fresh_step(self) -> str:
        """Never the same again, not even after a restart."""
        return f"{self._boot}-{next(self._steps)}"


def _meaning(session: Session) -> object:
    """What a touch would act on."""
    books = tuple(book.key for book in session.books)
    loans = tuple(one.loan.item for one in session.to_renew)
    return session.screen, session.session_id, session.can_confirm, books, loans


def _same(view: View, shown: View) -> bool:
    return replace(view, revision=shown.revision) == shown

"""The screen of a kiosk that can't record anything: nothing is lent or taken back."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kiosk.identity import BadIdentity, NotEnrolled
from kiosk.storage_desk import LEDGER_DOWN
from kiosk.store.errors import LedgerError
from kiosk.view import Action, Message, Screen, SiteLine, TouchAnswer, View
from ui.app import create_app
from ui.server import Server, serve

#: What a kiosk waits out. Without an identity no event has a sender, so nothing that a
#: reader did could be recorded.
OBSTACLES = (LedgerError, NotEnrolled, BadIdentity)


def words_for(obstacle: LedgerError | NotEnrolled | BadIdentity) -> Message:
    """What the screen says while this is in the way."""
    match obstacle:
        case NotEnrolled():
            return Message("E-NOT-ENROLLED")
        case BadIdentity():
            return Message("E-IDENTITY")
        case LedgerError():
            return LEDGER_DOWN


class ClosedDesk:
    """Implements `kiosk.view.Desk`: one view, which no touch changes."""

    def __init__(self, locale: str, site: SiteLine, words: Message) -> None:
        self._view = View(
            revision=1,
            step=secrets.token_hex(4),
            screen=Screen.HOME,
            locale=locale,
            site=site,
            notice=words,
            banners=(words,),
            in_service=False,
        )
        self._nothing_comes = threading.Event()

    def view(self) -> View:
        return self._view

    def wait(self, revision: int, timeout_s: float) -> View:  # noqa: ARG002
        self._nothing_comes.wait(timeout_s)
        return self._view

    def touch(
        self,
        action: Action,  # noqa: ARG002
        step: str,  # noqa: ARG002
        value: str = "",  # noqa: ARG002
    ) -> TouchAnswer:
        return TouchAnswer(accepted=False, view=self._view)


@contextmanager
def out_of_service(
    locale: str, site: SiteLine, words: Message, port: int
) -> Iterator[Server]:
    """Serve that screen. Raises OSError if the port is taken."""
    server = serve(create_app(ClosedDesk(locale, site, words)), port)
    try:
        yield server
    finally:
        server.stop()

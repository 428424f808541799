"""Taking in what sticks brought: the part of the agent's turn that needs no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.identity import Identity
from sync.agent.stick_import import Application, Applied, Interrupted, LateMirror
from sync.agent.stick_inbox import StickInbox

log = structlog.get_logger(__name__)


class DurableMirror(LateMirror, Protocol):
    def flush(self) -> None:
        """Return once all that was written before will survive a power cut."""


class StickTray:
    """Applies each waiting file, makes it durable, then lets go of it. One thread.

    `go_on` is asked between two segments, and is the place for a sign of life.
    """

    def __init__(
        self,
        data: Path,
        identity: Identity,
        key: Ed25519PrivateKey,
        mirror: DurableMirror,
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._inbox = StickInbox(data)
        self._mirror = mirror
        self._application = Application(identity, key, mirror, go_on)

    def take_all(self, progress: Callable[[int], None] = lambda _bytes: None) -> bool:
        """Apply all files that wait; tell whether there was one.

        Raises StoreError: the file then stays for another try.
        """
        waiting = self._inbox.waiting()
        try:
            for path in waiting:
                applied = self._application.apply(path, progress)
                self._mirror.flush()
                self._inbox.done(path, applied)
                _report(applied)
        except Interrupted as err:
            log.info("stick interrupted", why=str(err))
        return bool(waiting)


def _report(applied: Applied) -> None:
    log.info(
        "stick applied",
        file=applied.file,
        verdicts=applied.verdicts,
        pages=applied.pages,
    )
    for problem in applied.problems:
        log.warning("stick damaged", file=applied.file, problem=problem)

"""The agent of a point that no network reaches: it waits for sticks."""

from __future__ import annotations

import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import structlog

from kiosk.bell import Bell, BellListener, agent_bell, kiosk_bell
from kiosk.link import Link, boot_id, save_link
from kiosk.notify import notify
from kiosk.store.errors import Transient
from kiosk.store.pending import Pending
from sync.agent.agent import SIGN_OF_LIFE_S
from sync.agent.stick_tray import StickTray
from sync.protocol import AckedThrough

log = structlog.get_logger(__name__)


class LoneAgent:
    """Writes into the mirror what sticks bring. One thread."""

    def __init__(
        self, tray: StickTray, pending: Pending, folder: Path, stop: threading.Event
    ) -> None:
        self._tray = tray
        self._pending = pending
        self._folder = folder
        self._stop = stop
        self._kiosk = Bell(kiosk_bell(folder))

    @property
    def pending(self) -> int:
        return self._pending.count()

    @property
    def cursor(self) -> int:
        return self._pending.mirror.status().cursor

    def run(self) -> None:
        """Work until `stop` is set; whoever sets it rings the agent's bell as well."""
        with closing(BellListener(agent_bell(self._folder))) as bell:
            while not self._stop.is_set():
                try:
                    self.turn_or_raise()
                except Transient as err:
                    log.warning("stick waits", why=str(err))
                self._note_divergence()
                notify("WATCHDOG=1")
                bell.wait(SIGN_OF_LIFE_S)

    def turn_or_raise(self) -> None:
        """Apply what waits. Raises StoreError."""
        if self._tray.take_all():
            self._kiosk.ring()

    def _note_divergence(self) -> None:
        """Tell the kiosk of a card that was rolled back or cloned, as its sticks show."""
        with suppress(Transient):  # no ledger yet: nothing can differ
            acked = self._pending.mirror.acked()
            differs = acked is not None and not self._in_ledger(acked)
            diverged = (acked.epoch,) if acked is not None and differs else ()
            link = Link(boot_id=boot_id(), at_s=time.monotonic(), diverged=diverged)
            save_link(self._folder, link)

    def _in_ledger(self, acked: AckedThrough) -> bool:
        ledger = self._pending.ledger
        if acked.seq <= ledger.removed().get(acked.epoch, 0):
            return True
        at = ledger.events_after(acked.epoch, acked.seq - 1, 1)
        return bool(at) and (at[0].seq, at[0].hash) == (acked.seq, acked.hash)

    def close(self) -> None:
        self._kiosk.close()

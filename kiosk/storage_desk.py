"""What the disk allows at this moment, for the desks and for the screen."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from kiosk.service.ports import Ledger, LedgerError, NoSpace, Storage
from kiosk.view import Message

#: Nothing can be recorded, so nothing is lent or taken back.
LEDGER_DOWN = Message("E-LEDGER-DOWN")
_FULL = Message("E-STORAGE")
_BANNERS = {
    Storage.SHORT: Message("bar.storage_short"),
    Storage.UNWRITABLE: LEDGER_DOWN,
}
_NO_LOANS = {Storage.SHORT: _FULL, Storage.UNWRITABLE: LEDGER_DOWN}

log = structlog.get_logger(__name__)


class StorageDesk:
    """Owned by the dispatcher's thread; the daemon looks at the disk and says so."""

    def __init__(self, ledger: Ledger, give_up_reserve: Callable[[], bool]) -> None:
        self._ledger = ledger
        self._found = Storage.ENOUGH
        self.give_up_reserve = give_up_reserve

    @property
    def state(self) -> Storage:
        return Storage.UNWRITABLE if self._ledger.trouble else self._found

    @property
    def closed(self) -> Message | None:
        """Why nothing can be lent or taken back, None as long as it can."""
        return LEDGER_DOWN if self.state is Storage.UNWRITABLE else None

    @property
    def banners(self) -> tuple[Message, ...]:
        """What the screen must say."""
        words = _BANNERS.get(self.state)
        return (words,) if words else ()

    def found(self, state: Storage) -> None:
        """The daemon looked; a medium that came back gets a fresh handle at once."""
        before, self._found = self._found, state
        if before is Storage.UNWRITABLE and state is not before:
            self._reopen()
        self._try_again()

    def loans_refused(self) -> Message | None:
        """Why nothing can be lent, None when all is well."""
        self._try_again()
        return _NO_LOANS.get(self.state)

    def returns_refused(self) -> Message | None:
        """Why nothing can be taken back: only a ledger that can't be written."""
        self._try_again()
        return self.closed

    def _try_again(self) -> None:
        """A failed handle is never used again; a new one may do."""
        if self._ledger.trouble and self._found is not Storage.UNWRITABLE:
            self._reopen()

    def _reopen(self) -> None:
        try:
            self._ledger.reopen()
        except LedgerError as err:
            log.debug("ledger still not writable", reason=str(err))
        else:
            log.warning("ledger writable again")


def words_for(err: LedgerError) -> Message:
    """What a reader is told when something could not be recorded."""
    return _FULL if isinstance(err, NoSpace) else LEDGER_DOWN

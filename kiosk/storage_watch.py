"""Looks at the disk for the daemon, and says so when what it allows has changed."""

from __future__ import annotations

import errno
from collections.abc import Callable

import structlog

from kiosk.service.ports import Ledger, Storage
from kiosk.store.space import Space

log = structlog.get_logger(__name__)


class StorageWatch:
    """One thread looks; `tell` hands what it found to the dispatcher."""

    def __init__(
        self, space: Space, ledger: Ledger, tell: Callable[[Storage], None]
    ) -> None:
        self._space = space
        self._ledger = ledger
        self._tell = tell
        self._refused = False
        self._said = Storage.ENOUGH
        self.look()

    @property
    def state(self) -> Storage:
        """What was said last; a ledger that can't be written counts as well."""
        return Storage.UNWRITABLE if self._ledger.trouble else self._said

    def look(self) -> None:
        """Look at the partition. A ledger in trouble is told each time: try again."""
        found = Storage.UNWRITABLE if self._refused else self._space.look()
        self._refused = False
        changed = found is not self._said
        if changed:
            report = log.info if found is Storage.ENOUGH else log.warning
            report("storage", state=found.value, before=self._said.value)
        self._said = found
        if changed or self._ledger.trouble:
            self._tell(found)

    def not_written(self, err: OSError) -> None:
        """A file beside the ledger could not be written.

        A file system that stopped after an error may still call itself writable.
        """
        self._refused = err.errno != errno.ENOSPC

"""The ledger as the agent and the command line see it: read-only, while it grows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, select

from kiosk.service.ports import Head, Security, TagState
from kiosk.store.chain import epochs_of
from kiosk.store.engine import known_version, reader_engine, transaction
from kiosk.store.errors import LedgerMissing, LedgerTooNew, ledger_error
from kiosk.store.ledger_queries import (
    count_between,
    events_about,
    events_between,
    head_of,
    select_open_asks,
    span_of,
    to_events,
)
from kiosk.store.ledger_schema import UPGRADES, renewed
from kiosk.store.tags import given_up_in, unhealed, wishes_in
from sync.protocol import Event


class LedgerReader:
    """Opens the file anew for each call, so it follows a ledger that was replaced.

    Every method raises LedgerMissing while there is no ledger, and LedgerError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = reader_engine(path)

    def head(self) -> Head:
        """The end of the newest epoch."""
        with self._look() as connection:
            head, _ = head_of(connection)
        return head

    def epochs(self) -> tuple[str, ...]:
        """Epochs with events, oldest first; an older one may hold some not pushed yet."""
        with self._look() as connection:
            names = [epoch.epoch for epoch in epochs_of(connection)]
            spans = [(name, span_of(connection, name)) for name in names]
        return tuple(name for name, span in spans if span and span[0] < span[1])

    def events_after(self, epoch: str, seq: int, limit: int) -> tuple[Event, ...]:
        """The next events of an epoch, in order; () for an epoch unknown here."""
        with self._look() as connection:
            span = span_of(connection, epoch)
            if span is None:
                return ()
            before, last = span
            query = events_between(before + seq, last).limit(limit)
            return to_events(connection.execute(query))

    def removed(self) -> Mapping[str, int]:
        """Up to which seq the events of an epoch were removed, where any were."""
        with self._look() as connection:
            every = epochs_of(connection)
        return {each.epoch: each.start_seq for each in every if each.start_seq}

    def renewed(self, epoch: str, seqs: Collection[int]) -> frozenset[int]:
        """Those of these events that were recorded anew, and go on as other ones."""
        with self._look() as connection:
            before, _ = span_of(connection, epoch) or (0, 0)
            numbers = [before + seq for seq in seqs]
            query = select(renewed.c.number).where(renewed.c.number.in_(numbers))
            found = connection.execute(query).scalars()
            return frozenset(number - before for number in found)

    def open_asks(self) -> tuple[Event, ...]:
        """Asks without a close, oldest first; only the newest epoch has any."""
        with self._look() as connection:
            return to_events(connection.execute(select_open_asks()))

    def unhealed_tags(self) -> tuple[TagState, ...]:
        """Tags whose seen state is not the desired one, oldest first."""
        with self._look() as connection:
            return unhealed(connection)

    def wishes(self) -> Mapping[str, Security]:
        """Items whose tags were not seen yet, and what those shall be; oldest first."""
        with self._look() as connection:
            return wishes_in(connection)

    def given_up(self) -> Mapping[str, Security]:
        """Items whose wish was dropped because too many waited; oldest first."""
        with self._look() as connection:
            return given_up_in(connection)

    def events_of_item(self, item: str, after_seq: int) -> tuple[Event, ...]:
        """Events of the newest epoch later than `after_seq`, in order."""
        with self._look() as connection:
            return events_about(connection, lambda of: of.c.item == item, after_seq)

    def events_of_patron(self, patron_ref: str, after_seq: int) -> tuple[Event, ...]:
        """Events of the newest epoch later than `after_seq`, in order."""
        with self._look() as connection:
            return events_about(
                connection, lambda of: of.c.patron_ref == patron_ref, after_seq
            )

    def count_after(self, reached: Mapping[str, int]) -> int:
        """Events of all epochs beyond the seq each has reached; 0 where none is named."""
        with self._look() as connection:
            total = 0
            for epoch in epochs_of(connection):
                before, last = span_of(connection, epoch.epoch) or (0, 0)
                after = before + reached.get(epoch.epoch, 0)
                total += count_between(connection, after, last)
        return total

    @contextmanager
    def _look(self) -> Iterator[Connection]:
        if not self._path.exists():
            raise LedgerMissing(f"{self._path}: there is no ledger yet")
        with transaction(self._engine, ledger_error) as connection:
            known_version(connection, str(self._path), len(UPGRADES), LedgerTooNew)
            yield connection

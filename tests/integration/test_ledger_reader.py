from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from kiosk.store.errors import (
    LedgerMissing,
)
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.ledger_schema import Reason
from kiosk.store.ledger_schema import events as event_table
from tests.integration.ledger_world import ledger, path
from tests.integration.store_samples import (
    AT,
    ask,
    close,
    fact,
    record_facts,
)

__all__ = ["ledger", "path"]


def test_reader_without_a_ledger_says_so(path: Path) -> None:
    with pytest.raises(LedgerMissing, match=r"ledger\.db"):
        LedgerReader(path).head()


def test_reader_sees_events_as_they_are_recorded(
    path: Path, ledger: SqliteLedger
) -> None:
    reader = LedgerReader(path)
    events = record_facts(ledger, 1, 5)
    epoch = events[0].epoch

    assert reader.head() == ledger.head()
    assert reader.events_after(epoch, 0, 2) == events[:2]
    assert reader.events_after(epoch, 2, 10) == events[2:]
    assert reader.events_after(epoch, 5, 10) == ()
    assert reader.events_after("unknown", 0, 10) == ()


def test_reader_tells_epochs_apart(path: Path, ledger: SqliteLedger) -> None:
    reader = LedgerReader(path)
    old = record_facts(ledger, 1, 3)
    ledger.begin_epoch(Reason.BEHIND_HUB)
    assert reader.epochs() == (old[0].epoch,)

    new = record_facts(ledger, 4, 5)

    assert reader.epochs() == (old[0].epoch, new[0].epoch)
    assert reader.events_after(old[0].epoch, 1, 10) == old[1:]
    assert reader.events_after(new[0].epoch, 0, 10) == new
    assert reader.count_after({}) == 5
    assert reader.count_after({old[0].epoch: 3, new[0].epoch: 1}) == 1


def test_reader_sees_open_asks_and_what_became_of_a_subject(
    path: Path, ledger: SqliteLedger
) -> None:
    asked = ledger.record([ask(1), fact(2), ask(3), ask(4)], AT)
    ledger.record([close(3)], AT)
    reader = LedgerReader(path)

    assert reader.open_asks() == (asked[0], asked[3])
    assert reader.events_of_item("B1", 3) == ledger.events_of_item("B1", 3)
    assert reader.events_of_patron("P1", 0) == ledger.events_of_patron("P1", 0)


def test_reader_can_not_write(path: Path, ledger: SqliteLedger) -> None:
    reader = LedgerReader(path)
    record_facts(ledger, 1, 1)

    with (
        reader._engine.connect() as connection,
        pytest.raises(OperationalError, match="readonly database"),
    ):
        connection.execute(event_table.delete())

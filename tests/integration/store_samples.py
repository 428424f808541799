"""Events and hub's answers for the tests of the two databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import BootTime
from kiosk.domain.rules import CredentialRule, LoanRule, PatronRule, Rules
from kiosk.domain.values import Item, ItemState, Loan, Patron, PatronState
from kiosk.service.ports import Draft, Moment
from kiosk.store.ledger import SqliteLedger
from sync.keys import public_hex
from sync.protocol import Clock, Event, Json, Kind, Mode, Outcome, Verdict

KIOSK = "K-1"
BOOT = "0f6c1a52-6f7e-4b57-9c57-1d5f0d1f7a11"
NOON = dt.datetime(2026, 5, 4, 4, 0, tzinfo=dt.UTC)
AT = Moment(NOON, BOOT, 1_000_000_000, Clock.RTC)
HUB_KEY = Ed25519PrivateKey.from_private_bytes(b"h" * 32)
HUB_PUBLIC = public_hex(HUB_KEY)


def fact(number: int, item: str = "B1", patron: str | None = "P1") -> Draft:
    return Draft(
        event_id=f"fact-{number}",
        kind=Kind.CHECKOUT,
        item=item,
        patron_ref=patron,
        loan_ref=f"loan-{number}",
        payload={"due_on": "2026-06-03"},
    )


def ask(number: int, item: str = "B1", patron: str = "P1") -> Draft:
    return Draft(
        event_id=f"ask-{number}",
        kind=Kind.CHECKOUT,
        mode=Mode.ASK,
        item=item,
        patron_ref=patron,
        loan_ref=f"loan-{number}",
    )


def close(
    number: int, kind: Kind = Kind.CONFIRMED, payload: Json | None = None
) -> Draft:
    return Draft(
        event_id=f"close-{number}",
        kind=kind,
        refers_to=f"ask-{number}",
        payload=payload or {},
    )


def record_facts(ledger: SqliteLedger, first: int, last: int) -> tuple[Event, ...]:
    """Record facts first … last, each in a transaction of its own."""
    return tuple(
        event
        for number in range(first, last + 1)
        for event in ledger.record([fact(number)], AT)
    )


def kill(ledger: SqliteLedger) -> None:
    """Leave the files as a process leaves them that is killed: copy, close, put back."""
    folder = ledger_path(ledger).parent
    kept = {path: path.read_bytes() for path in folder.glob("ledger.db*")}
    ledger.close()
    for path, content in kept.items():
        path.write_bytes(content)


def ledger_path(ledger: SqliteLedger) -> Path:
    database = ledger._engine.url.database
    assert database is not None
    return Path(database)


def verdict(
    event: Event,
    outcome: Outcome = Outcome.ACCEPTED,
    feed_version: int = 0,
) -> Verdict:
    return Verdict(
        event_id=event.event_id,
        epoch=event.epoch,
        seq=event.seq,
        outcome=outcome,
        feed_version=feed_version,
    )


def patron(ref: str = "P1", name: str = "张*华") -> Patron:
    return Patron(ref, "ADULT", PatronState.VALID, name)


def item(barcode: str = "B1", title_id: str = "T1") -> Item:
    return Item(barcode, title_id, "BOOK", ItemState.LENDABLE, "CN-1", "S1", "S1")


def loan(
    ref: str = "L1", barcode: str = "B1", patron_ref: str = "P1", day: int = 1
) -> Loan:
    loaned_at = dt.datetime(2026, 5, day, tzinfo=dt.UTC)
    return Loan(ref, barcode, patron_ref, loaned_at, dt.date(2026, 6, day))


def rules(version: int = 1) -> Rules:
    loans: Mapping[str, LoanRule] = {"ADULT/BOOK": LoanRule((30, 15))}
    return Rules(version, {"ADULT": PatronRule(5)}, loans, CredentialRule("00" * 16))


def boot_at(nanoseconds: int = 5_000_000_000) -> BootTime:
    return BootTime(BOOT, nanoseconds)

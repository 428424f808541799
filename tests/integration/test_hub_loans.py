"""What becomes of loans, returns and asks at the hub, whenever their events arrive."""

from __future__ import annotations

import dataclasses
import datetime as dt
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from kiosk.domain.values import ItemState, PatronState
from sync.hub.circulation.reservations import GRACE
from sync.hub.county.catalogue import put_items
from sync.hub.county.patrons import PatronRecord
from sync.protocol import Clock, Kind, Outcome
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    County,
    Kiosk,
    book,
    county,
    database_url,
    fresh_hub,
    furnish,
    hub,
)

__all__ = ["county", "database_url", "hub"]


def test_return_of_a_book_not_on_loan_only_moves_it(county: County) -> None:
    verdict = county.verdict(county.k2.takes_back("YL0001"))

    item = county.item("YL0001")
    assert verdict.outcome is Outcome.ACCEPTED_WITH_NOTICE
    assert (verdict.reason, verdict.params) == (
        "return.other_site",
        {"owner": "马坪村借阅点"},
    )
    assert item is not None
    assert (item.home_site, item.current_site) == ("A", "B")


def test_loan_to_another_reader_clears_the_first_one(county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    verdict = county.verdict(county.k2.lends("YL0001", county.refs["R2"], NOON + DAY))

    assert verdict.outcome is Outcome.ACCEPTED_WITH_NOTICE
    assert county.open_loans() == {"YL0001": "R2"}
    first, _second = county.loans()
    assert (first["returned_at"], first["how_closed"]) == (NOON + DAY, "unrecorded")
    assert county.cases() == {"loan_displaced": "medium"}


def test_case_settles_when_the_missing_return_arrives(county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    county.send(county.k2.lends("YL0001", county.refs["R2"], NOON + DAY))

    county.send(county.k1.takes_back("YL0001", NOON + MINUTE))

    assert county.open_loans() == {"YL0001": "R2"}
    assert county.cases() == {}
    assert county.cases("settled") == {"loan_displaced": "medium"}


def test_unknown_item_gets_a_provisional_record(county: County) -> None:
    loan = county.k1.lends("NEW1", county.refs["R1"], payload={"title": "绘本"})

    verdict = county.verdict(loan)

    item = county.item("NEW1")
    assert verdict.outcome is Outcome.ACCEPTED_WITH_NOTICE
    assert item is not None
    assert (item.state, item.home_site) == (ItemState.PROVISIONAL, "A")
    assert county.open_loans() == {"NEW1": "R1"}
    assert county.cases() == {"item_unknown": "medium"}


def test_unknown_patron_needs_staff_and_the_item_is_out(county: County) -> None:
    verdict = county.verdict(county.k1.lends("YL0001", "nobody-we-know"))

    assert verdict.outcome is Outcome.NEEDS_STAFF
    assert county.open_loans() == {"YL0001": "nobody-we-know"}
    assert county.cases() == {"patron_unknown": "high"}


def test_lost_item_that_is_seen_is_found(county: County) -> None:
    item = county.item("YL0001")
    assert item is not None
    with county.hub.database.writing() as conn:
        put_items(conn, [dataclasses.replace(item, state=ItemState.LOST)])

    verdict = county.verdict(county.k1.takes_back("YL0001"))

    found = county.item("YL0001")
    assert verdict.outcome is Outcome.ACCEPTED_WITH_NOTICE
    assert found is not None
    assert found.state is ItemState.LENDABLE
    assert county.cases() == {"item_found": "low"}


def test_limit_exceeded_offline_stands_with_a_note(county: County) -> None:
    borrower = county.refs["R3"]  # two books at most
    events = [
        county.k1.lends(f"YL000{n}", borrower, NOON + n * MINUTE) for n in (1, 2, 3)
    ]

    taken = county.send(*events)

    assert [v.outcome for v in taken.verdicts] == [
        Outcome.ACCEPTED,
        Outcome.ACCEPTED,
        Outcome.ACCEPTED_WITH_NOTICE,
    ]
    assert len(county.open_loans()) == 3
    assert county.cases() == {"lent_against_rules": "low"}


def test_loan_of_a_suspended_reader_stands(county: County) -> None:
    county.put_patron(
        PatronRecord("R1", "张建华", "ADULT", state=PatronState.SUSPENDED)
    )

    verdict = county.verdict(county.k1.lends("YL0001", county.refs["R1"]))

    assert verdict.outcome is Outcome.ACCEPTED_WITH_NOTICE
    assert county.open_loans() == {"YL0001": "R1"}
    assert county.cases() == {"lent_against_rules": "medium"}


# --- asks ---------------------------------------------------------------------------


def test_accepted_ask_is_no_loan_yet(county: County) -> None:
    verdict = county.verdict(county.k1.asks("YL0001", county.refs["R1"]))

    assert verdict.outcome is Outcome.ACCEPTED
    assert verdict.due_on == dt.date(2026, 8, 2)
    assert county.loans() == []


def test_ask_for_a_book_on_loan_is_refused_with_the_reason(county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    verdict = county.verdict(county.k2.asks("YL0001", county.refs["R2"]))

    assert (verdict.outcome, verdict.reason) == (
        Outcome.REFUSED,
        "E-ITEM-OTHERLOAN",
    )
    assert county.cases() == {}


@pytest.mark.parametrize(
    ("item", "patron", "reason"),
    [("NEW1", "R1", "E-ITEM-UNKNOWN"), ("YL0001", "?", "E-CARD-UNKNOWN")],
)
def test_ask_about_the_unknown_is_refused(
    county: County, item: str, patron: str, reason: str
) -> None:
    ask = county.k1.asks(item, county.refs.get(patron, patron))

    assert county.verdict(ask).reason == reason


def test_second_ask_for_the_same_copy_is_refused(county: County) -> None:
    county.send(county.k1.asks("YL0001", county.refs["R1"]), now=NOON)

    verdict = county.verdict(county.k2.asks("YL0001", county.refs["R2"]), now=NOON)

    assert verdict.reason == "E-ITEM-OTHERLOAN"


def test_stack_of_asks_is_granted_up_to_the_limit(county: County) -> None:
    borrower = county.refs["R3"]  # two books at most
    asks = [county.k1.asks(f"YL000{number}", borrower) for number in (1, 2, 3)]

    taken = county.send(*asks, now=NOON)

    assert [verdict.reason for verdict in taken.verdicts] == [None, None, "E-LIMIT"]


@pytest.mark.parametrize(
    ("later", "reason"),
    [(GRACE - MINUTE, "E-ITEM-OTHERLOAN"), (GRACE + MINUTE, None)],
    ids=["in time", "abandoned"],
)
def test_ask_that_nobody_closes_blocks_the_copy_only_for_a_while(
    county: County, later: dt.timedelta, reason: str | None
) -> None:
    county.send(county.k1.asks("YL0001", county.refs["R1"]), now=NOON)

    ask = county.k2.asks("YL0001", county.refs["R2"], NOON + later)

    assert county.verdict(ask, now=NOON + later).reason == reason


def test_abandoned_ask_does_not_count_against_its_reader_for_ever(
    county: County,
) -> None:
    borrower = county.refs["R3"]  # two books at most
    for number in (1, 2):
        county.send(county.k1.asks(f"YL000{number}", borrower), now=NOON)

    ask = county.k2.asks("YL0003", borrower, NOON + DAY)

    assert county.verdict(ask, now=NOON + DAY).outcome is Outcome.ACCEPTED


def test_abandoned_ask_that_is_confirmed_at_last_is_a_loan_of_its_time(
    county: County,
) -> None:
    ask = county.k1.asks("YL0001", county.refs["R1"])
    close = county.k1.closes(Kind.CONFIRMED, ask, NOON + MINUTE)
    county.send(ask, now=NOON)
    county.send(
        county.k2.lends("YL0001", county.refs["R2"], NOON + DAY), now=NOON + DAY
    )

    county.send(close, now=NOON + 2 * DAY)

    first, second = county.loans()
    assert (first["loaned_at"], first["returned_at"]) == (NOON + MINUTE, NOON + DAY)
    assert (second["loaned_at"], second["returned_at"]) == (NOON + DAY, None)


def test_crashed_kiosk_may_ask_again_for_its_reader(county: County) -> None:
    county.send(county.k1.asks("YL0001", county.refs["R1"]), now=NOON)

    again = county.k1.asks("YL0001", county.refs["R1"], NOON + MINUTE)

    assert county.verdict(again, now=NOON + MINUTE).outcome is Outcome.ACCEPTED


def test_refused_ask_that_was_confirmed_stands_and_what_spoke_against_it_is_a_case(
    county: County,
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    ask = county.k2.asks("YL0001", county.refs["R2"], NOON + MINUTE)
    county.send(ask)

    verdict = county.verdict(county.k2.closes(Kind.CONFIRMED, ask, NOON + MINUTE))

    assert verdict.outcome is Outcome.ACCEPTED_WITH_NOTICE
    assert county.open_loans() == {"YL0001": "R2"}
    assert county.cases() == {"loan_displaced": "medium"}


def test_withdrawn_ask_leaves_no_loan(county: County) -> None:
    ask = county.k1.asks("YL0001", county.refs["R1"])
    county.send(ask, county.k1.closes(Kind.WITHDRAWN, ask))

    assert county.loans() == []


@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.WITHDRAWN])
@pytest.mark.parametrize("named", [True, False])
def test_close_before_its_ask_ends_the_same(
    tmp_path: Path, kind: Kind, *, named: bool
) -> None:
    states = []
    for number, reverse in enumerate((False, True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with fresh_hub(f"sqlite:///{folder / 'hub.db'}", folder) as hub:
            county = furnish(hub)
            fields = {} if named else dict.fromkeys(("item", "patron_ref", "loan_ref"))
            ask = county.k1.asks("YL0001", county.refs["R1"])
            close = county.k1.closes(kind, ask, NOON + MINUTE, **fields)
            order = [close, ask] if reverse else [ask, close]
            for event in order:
                county.send(event)
            county.send(close)  # a deferred close is sent again
            states.append((_loans_by_number(county), county.cases()))

    assert states[0] == states[1]


def test_confirmed_without_ask_or_item_is_deferred_until_the_ask(
    county: County,
) -> None:
    ask = county.k1.asks("YL0001", county.refs["R1"])
    close = county.k1.closes(
        Kind.CONFIRMED, ask, NOON + MINUTE, item=None, patron_ref=None, loan_ref=None
    )

    early = county.verdict(close)
    county.send(ask)
    late = county.verdict(close)

    assert early.outcome is Outcome.DEFERRED
    assert late.outcome is Outcome.ACCEPTED
    assert county.open_loans() == {"YL0001": "R1"}


def test_kiosk_cannot_withdraw_the_ask_of_another(county: County) -> None:
    ask = county.k1.asks("YL0001", county.refs["R1"])
    county.send(ask)

    verdict = county.verdict(county.k2.closes(Kind.WITHDRAWN, ask))

    assert verdict.outcome is Outcome.NEEDS_STAFF
    assert verdict.reason == "event_parked"


# --- clocks --------------------------------------------------------------------------


def test_guessed_times_of_a_boot_are_corrected_by_a_trusted_one(county: County) -> None:
    county.k1.clock = Clock.GUESSED
    year_1970 = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    loan = county.k1.lends(
        "YL0001", county.refs["R1"], year_1970, monotonic_ns=60 * 10**9
    )
    county.send(loan)
    county.k1.clock = Clock.SYNCED
    trusted = county.k1.event(
        Kind.SESSION_ENDED, NOON + MINUTE, monotonic_ns=120 * 10**9
    )

    county.send(trusted)

    (row,) = county.loans()
    assert row["loaned_at"] == NOON


def test_time_that_cannot_be_true_goes_to_staff(county: County) -> None:
    ahead = NOON + 3650 * DAY

    verdict = county.verdict(county.k1.lends("YL0001", county.refs["R1"], ahead))

    assert verdict.outcome is Outcome.NEEDS_STAFF
    assert county.cases() == {"clock_not_believed": "high"}
    assert county.open_loans() == {"YL0001": "R1"}


def test_two_kiosks_lend_one_copy_with_unsure_clocks(county: County) -> None:
    county.k2.clock = Clock.GUESSED
    county.send(county.k1.lends("YL0001", county.refs["R1"]))

    verdict = county.verdict(
        county.k2.lends("YL0001", county.refs["R2"], NOON + MINUTE)
    )

    assert verdict.outcome is Outcome.NEEDS_STAFF
    assert county.cases() == {"loans_overlap": "high"}


def test_every_order_of_arrival_ends_the_same(county: County) -> None:
    finals = []
    for number, order in enumerate(permutations(range(4))):
        county.k1, county.k2 = (
            Kiosk("k1", "A", f"e{number}"),
            Kiosk("k2", "B", f"e{number}"),
        )
        barcode = f"P{number}"
        with county.hub.database.writing() as conn:
            put_items(conn, [book(barcode)])
        facts = [
            county.k1.lends(barcode, county.refs["R1"], NOON),
            county.k2.takes_back(barcode, NOON + 10 * MINUTE),
            county.k2.lends(barcode, county.refs["R2"], NOON + 20 * MINUTE),
            county.k1.takes_back(barcode, NOON + 30 * MINUTE),
        ]

        for place in order:
            county.send(facts[place])

        finals.append(_final_state(county, barcode))
    assert all(final == finals[0] for final in finals)
    assert finals[0][0] == [
        ("R1", NOON, NOON + 10 * MINUTE),
        ("R2", NOON + 20 * MINUTE, NOON + 30 * MINUTE),
    ]


def _final_state(county: County, barcode: str) -> tuple[list[Any], str | None]:
    item = county.item(barcode)
    loans = [
        (loan["patron_ref"], loan["loaned_at"], loan["returned_at"])
        for loan in _loans_by_number(county)
        if loan["item"] == barcode
    ]
    return loans, item.current_site if item else None


def _loans_by_number(county: County) -> list[dict[str, Any]]:
    """Loans with card numbers instead of references, which are random."""
    numbers = {ref: number for number, ref in county.refs.items()}
    return [
        loan | {"patron_ref": numbers[loan["patron_ref"]]} for loan in county.loans()
    ]

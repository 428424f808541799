"""Batches of events at the hub: verdicts, effects, repeats, conflicts, poison."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.domain.values import ItemState, PatronState
from sync.hub import schema
from sync.hub.catalogue import put_items
from sync.hub.patrons import PatronRecord
from sync.protocol import Clock, Event, Kind, Outcome, chain_hash
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


def test_loan_as_a_fact_is_accepted_with_its_due_date(county: County) -> None:
    loan = county.k1.lends("YL0001", county.refs["R1"])

    verdict = county.verdict(loan)

    assert verdict.outcome is Outcome.ACCEPTED
    assert verdict.due_on == dt.date(2026, 8, 2)
    assert county.open_loans() == {"YL0001": "R1"}


def test_promised_date_is_kept_if_it_is_sane(county: County) -> None:
    loan = county.k1.lends(
        "YL0001", county.refs["R1"], payload={"due_on": "2026-07-20"}
    )

    assert county.verdict(loan).due_on == dt.date(2026, 7, 20)


@pytest.mark.parametrize("due_on", ["2026-07-02", "2030-01-01", "soon", 7])
def test_promise_that_nobody_can_keep_becomes_the_hubs_own_date(
    county: County, due_on: object
) -> None:
    loan = county.k1.lends("YL0001", county.refs["R1"], payload={"due_on": due_on})

    verdict = county.verdict(loan)

    assert verdict.due_on == dt.date(2026, 8, 2)
    assert verdict.outcome is Outcome.ACCEPTED_WITH_NOTICE
    assert county.cases() == {"promise_not_kept": "medium"}


def test_repeat_gets_the_stored_verdict_and_has_no_effect(county: County) -> None:
    loan = county.k1.lends("YL0001", county.refs["R1"])
    first = county.verdict(loan)
    back = county.k2.takes_back("YL0001", NOON + MINUTE)
    county.send(back)

    again = county.verdict(loan)

    assert again == first
    assert county.open_loans() == {}


def test_same_batch_over_two_connections_has_one_effect(county: County) -> None:
    events = [
        county.k1.lends(f"YL000{n}", county.refs["R1"], NOON + n * MINUTE)
        for n in (1, 2, 3)
    ]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _n: county.send(*events), range(2))

    assert first == second
    assert len(county.loans()) == 3
    assert len(county.rows(schema.events, "seq")) == 3


def test_same_id_with_other_content_is_refused_and_alarmed(county: County) -> None:
    loan = county.k1.lends("YL0001", county.refs["R1"])
    county.send(loan)
    forged = _rehashed(msgspec.structs.replace(loan, item="YL0002"))

    verdict = county.verdict(forged)

    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "conflict")
    assert county.open_loans() == {"YL0001": "R1"}
    assert county.cases() == {"event_conflict": "high"}


def test_same_number_with_another_id_is_refused_and_alarmed(county: County) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    clone = Kiosk("k1", "A")
    other = clone.event(Kind.CHECKIN, NOON, item="YL0001")
    other = _rehashed(msgspec.structs.replace(other, event_id="another"))

    verdict = county.verdict(other)

    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "conflict")
    assert county.open_loans() == {"YL0001": "R1"}


def test_conflict_does_not_hold_up_the_rest_of_the_batch(county: County) -> None:
    loan = county.k1.lends("YL0001", county.refs["R1"])
    county.send(loan)
    forged = _rehashed(msgspec.structs.replace(loan, item="YL0002"))
    honest = county.k1.lends("YL0003", county.refs["R2"])

    taken = county.send(forged, honest)

    assert [verdict.outcome for verdict in taken.verdicts] == [
        Outcome.REFUSED,
        Outcome.ACCEPTED,
    ]
    assert county.open_loans() == {"YL0001": "R1", "YL0003": "R2"}


@pytest.mark.parametrize(
    "change",
    [
        {"hash": "0" * 64},
        {"item": "YL0002"},
        {"kiosk_id": "k2"},
    ],
)
def test_event_that_is_not_what_it_says_is_refused(
    county: County, change: dict[str, Any]
) -> None:
    loan = county.k1.lends("YL0001", county.refs["R1"])
    forged = msgspec.structs.replace(loan, **change)
    if "kiosk_id" in change:
        forged = _rehashed(forged)

    body = msgspec.json.encode({"events": [forged]})
    (verdict,) = county.send_body(body, "k1").verdicts

    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "invalid")
    assert county.rows(schema.events, "seq") == []


def test_head_stops_at_a_gap_and_moves_on_when_it_is_filled(county: County) -> None:
    one, two, three = (
        county.k1.takes_back(f"YL000{n}", NOON + n * MINUTE) for n in (1, 2, 3)
    )

    after_gap = county.send(one, three).acked_through
    (head,) = county.rows(schema.kiosk_heads, "seq")
    after_fill = county.send(two).acked_through

    assert after_gap is not None
    assert (after_gap.seq, after_gap.hash) == (1, one.hash)
    assert head["highest_seq"] == 3
    assert after_fill is not None
    assert (after_fill.seq, after_fill.hash) == (3, three.hash)


def test_nothing_is_acknowledged_before_the_first_event(county: County) -> None:
    _one, two = county.k1.takes_back("YL0001"), county.k1.takes_back("YL0002")

    assert county.send(two).acked_through is None


def test_broken_chain_is_alarmed_but_the_event_counts(county: County) -> None:
    county.send(county.k1.takes_back("YL0001"))
    county.k1.hash = "f" * 64
    loan = county.k1.lends("YL0002", county.refs["R1"], NOON + MINUTE)

    verdict = county.verdict(loan)

    assert verdict.outcome is Outcome.ACCEPTED
    assert county.cases() == {"chain_broken": "high"}


def test_chain_is_checked_against_an_event_that_came_earlier(county: County) -> None:
    first = county.k1.takes_back("YL0001")
    county.k1.hash = "f" * 64
    second = county.k1.takes_back("YL0002", NOON + MINUTE)
    county.send(second)

    county.send(first)

    assert county.cases() == {"chain_broken": "high"}


@pytest.mark.parametrize(
    "poison",
    [
        {"item": None},
        {"item": "x" * 500},
        {"item": "a\u0000b"},
        {"patron_ref": "a\u0000b"},
        {"monotonic_ns": 1 << 80},
        {"occurred_at": dt.datetime(2026, 7, 3, 12)},  # noqa: DTZ001  (no zone is the poison)
        {"boot_id": "\u0000"},
    ],
)
def test_poison_event_is_parked_and_holds_up_nobody(
    county: County, poison: dict[str, Any]
) -> None:
    loan = county.k1.lends("YL0001", county.refs["R1"])
    bad = _rehashed(msgspec.structs.replace(loan, **poison))
    county.k1.hash = bad.hash
    good = county.k1.lends("YL0002", county.refs["R1"], NOON + MINUTE)

    taken = county.send(bad, good)

    assert taken.verdicts[1].outcome is Outcome.ACCEPTED
    assert county.open_loans()["YL0002"] == "R1"
    assert taken.acked_through is not None
    assert taken.acked_through.seq == 2


def test_event_of_a_newer_kiosk_is_kept_for_staff(county: County) -> None:
    event = county.k1.takes_back("YL0001")
    fields = msgspec.to_builtins(event) | {"kind": "HOLD_PLACE", "shelf": 7}
    county.k1.hash = fields["hash"] = _hash_of(fields)
    after = county.k1.takes_back("YL0002", NOON + MINUTE)

    body = msgspec.json.encode({"events": [fields, after]})
    taken = county.send_body(body, "k1")

    assert [verdict.outcome for verdict in taken.verdicts] == [
        Outcome.NEEDS_STAFF,
        Outcome.ACCEPTED,
    ]
    assert taken.acked_through is not None
    assert taken.acked_through.seq == 2
    assert county.cases() == {"event_parked": "high"}


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


def test_accepted_ask_reserves_the_item(county: County) -> None:
    verdict = county.verdict(county.k1.asks("YL0001", county.refs["R1"]))

    (loan,) = county.loans()
    assert verdict.outcome is Outcome.ACCEPTED
    assert verdict.due_on == dt.date(2026, 8, 2)
    assert loan["provisional"]


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
    county.send(county.k1.asks("YL0001", county.refs["R1"]))

    verdict = county.verdict(county.k2.asks("YL0001", county.refs["R2"]))

    assert verdict.reason == "E-ITEM-OTHERLOAN"


def test_refused_ask_that_was_confirmed_stands_and_opens_a_case(
    county: County,
) -> None:
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    ask = county.k2.asks("YL0001", county.refs["R2"], NOON + MINUTE)
    county.send(ask)

    verdict = county.verdict(county.k2.closes(Kind.CONFIRMED, ask, NOON + MINUTE))

    assert verdict.outcome is Outcome.ACCEPTED_WITH_NOTICE
    assert county.open_loans() == {"YL0001": "R2"}
    assert county.cases() == {
        "loan_displaced": "medium",
        "refused_ask_confirmed": "medium",
    }


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
    assert county.open_loans() == {"YL0001": "R1"}


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


def _rehashed(event: Event) -> Event:
    return msgspec.structs.replace(event, hash=chain_hash(event))


def _hash_of(fields: dict[str, Any]) -> str:
    rest = {name: value for name, value in fields.items() if name != "hash"}
    return hashlib.sha256(msgspec.json.encode(rest, order="deterministic")).hexdigest()

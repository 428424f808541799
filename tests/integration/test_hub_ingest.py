"""Batches of events at the hub: verdicts, effects, repeats, conflicts, poison."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from sync.hub.store import schema
from sync.protocol import Event, Kind, Outcome, chain_hash, hash_as_sent
from tests.integration.hub_world import (
    MINUTE,
    NOON,
    County,
    Kiosk,
    county,
    database_url,
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


@pytest.mark.fault("O17")
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


@pytest.mark.fault("O16")
def test_same_id_with_other_content_is_refused_and_alarmed(county: County) -> None:
    loan = county.k1.lends("YL0001", county.refs["R1"])
    county.send(loan)
    forged = _rehashed(msgspec.structs.replace(loan, item="YL0002"))

    verdict = county.verdict(forged)

    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "id_conflict")
    assert county.open_loans() == {"YL0001": "R1"}
    assert county.cases() == {"event_conflict": "high"}


@pytest.mark.fault("O16")
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


@pytest.mark.parametrize("hashed", ["as sent", "as known"])
def test_fields_that_a_newer_kiosk_adds_are_kept_and_not_judged(
    county: County, hashed: str
) -> None:
    event = county.k1.lends("YL0001", county.refs["R1"])
    fields = msgspec.to_builtins(event) | {"shelf": {"row": 7}}
    if hashed == "as sent":
        county.k1.hash = fields["hash"] = hash_as_sent(fields)

    body = msgspec.json.encode({"events": [fields]})
    first, again = (county.send_body(body, "k1") for _ in range(2))

    assert first.verdicts == again.verdicts
    assert first.verdicts[0].outcome is Outcome.ACCEPTED
    assert county.open_loans() == {"YL0001": "R1"}
    (stored,) = county.rows(schema.events, "seq")
    assert msgspec.json.decode(stored["body"]) == fields


def test_changed_field_that_only_a_newer_kiosk_knows_is_refused(county: County) -> None:
    event = county.k1.lends("YL0001", county.refs["R1"])
    fields = msgspec.to_builtins(event) | {"shelf": 7}
    forged = fields | {"hash": hash_as_sent(fields), "shelf": 8}

    body = msgspec.json.encode({"events": [forged]})
    (verdict,) = county.send_body(body, "k1").verdicts

    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "invalid")


def test_event_of_a_newer_kiosk_is_kept_for_staff(county: County) -> None:
    event = county.k1.takes_back("YL0001")
    fields = msgspec.to_builtins(event) | {"kind": "CARD_LOST", "shelf": 7}
    county.k1.hash = fields["hash"] = hash_as_sent(fields)
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


def _rehashed(event: Event) -> Event:
    return msgspec.structs.replace(event, hash=chain_hash(event))

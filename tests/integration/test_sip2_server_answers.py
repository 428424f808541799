"""What machines are told of readers, books, loans, returns and holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from sync.hub.county.card_kinds import CardState
from sync.hub.sip2_server.wording import wording
from sync.hub.store import schema
from sync.sip2.answers import CheckoutResponse, HoldResponse, PatronInformationResponse
from sync.sip2.client import Client, PinCheck
from sync.sip2.requests import BlockPatron, Hold, PatronEnable, PatronInformation
from sync.sip2.tables import Block, CirculationStatus, Summary, blocks
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    NOON,
    County,
    county,
    database_url,
    hub,
)
from tests.integration.sip2_machine_world import Served, served, small_county

__all__ = ["county", "database_url", "hub"]

BOOK, OTHER = ITEMS[0], ITEMS[1]


@pytest.fixture
def place(county: County) -> Iterator[Served]:
    with served(county) as made:
        yield made


@pytest.fixture
def client(place: Served) -> Iterator[Client]:
    with place.client() as opened:
        yield opened


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Served]:
    """For what does not depend on the database."""
    with small_county(tmp_path) as made, served(made) as place:
        yield place


def test_a_reader_borrows_keeps_and_returns_a_book(
    place: Served, client: Client
) -> None:
    lent = client.checkout("R1", BOOK)
    again = client.checkout("R1", BOOK)
    seen = client.item(BOOK)
    reader = client.patron("R1", summary=Summary.CHARGED_ITEMS)
    place.pass_time(9 * DAY)
    renewed = client.renew("R1", BOOK)
    back = client.checkin(BOOK)

    assert lent.ok
    assert lent.desensitize
    assert not lent.renewal_ok
    assert lent.due_date == "20260802    235900"
    assert (again.ok, again.renewal_ok, again.due_date) == (True, False, lent.due_date)
    assert seen.circulation_status == CirculationStatus.CHARGED
    assert seen.title_identifier == "围城"
    assert (reader.charged_items_count, reader.charged_items) == (1, (BOOK,))
    assert (renewed.ok, renewed.due_date) == (True, "20260811    235900")
    assert (back.ok, back.resensitize, back.alert) == (True, True, False)
    assert place.county.open_loans() == {}
    (loan,) = place.county.loans()
    assert (loan["renewed"], loan["loan_site"]) == (1, "A")
    assert place.county.cases() == {}


def test_a_book_that_the_reader_has_is_renewed_only_where_the_machine_may(
    small: Served,
) -> None:
    with small.client() as client:
        client.checkout("R1", BOOK)
        small.pass_time(9 * DAY)
        kept = client.checkout("R1", BOOK)
        renewed = client.checkout("R1", BOOK, may_renew=True)
        small.pass_time(DAY)
        no_more = client.checkout("R1", BOOK, may_renew=True)

        assert (kept.renewal_ok, renewed.renewal_ok, no_more.renewal_ok) == (
            False,
            True,
            False,
        )
        assert no_more.ok
        assert no_more.due_date == renewed.due_date > kept.due_date
        (loan,) = small.county.loans()
        assert loan["renewed"] == 1


def test_what_the_rules_forbid_is_refused_with_a_reason(
    small: Served,
) -> None:
    with small.client() as client:
        client.checkout("R1", BOOK)
        taken = client.checkout("R2", BOOK)
        unknown_card = client.checkout("nobody", OTHER)
        unknown_book = client.checkout("R1", "XX1")
        not_lent = client.renew("R1", OTHER)

        texts = wording("zh_Hans")
        for answer, reason in (
            (taken, "E-ITEM-OTHERLOAN"),
            (unknown_card, "E-CARD-UNKNOWN"),
            (unknown_book, "E-ITEM-UNKNOWN"),
            (not_lent, "E-GENERIC"),
        ):
            assert (answer.ok, answer.desensitize, answer.due_date) == (
                False,
                False,
                "",
            )
            assert answer.screen_messages == (texts[reason],)
        assert small.county.open_loans() == {BOOK: "R1"}


def test_what_has_left_already_is_never_refused(place: Served, client: Client) -> None:
    client.checkout("R1", BOOK)
    place.pass_time(5 * DAY)

    taken = client.checkout(
        "R2", BOOK, taken_at=NOON + 2 * DAY, due=NOON + 20 * DAY, no_block=True
    )
    stranger = client.checkout("nobody", OTHER, taken_at=NOON + DAY, no_block=True)

    assert taken.ok
    assert taken.due_date == "20260723    235900"
    assert stranger.ok
    assert place.county.open_loans() == {BOOK: "R2", OTHER: "unknown"}
    assert place.county.cases().keys() == {"loan_displaced", "patron_unknown"}
    times = {loan["loaned_at"] for loan in place.county.loans()}
    assert times == {NOON, NOON + DAY, NOON + 2 * DAY}


def test_a_return_says_where_the_book_should_go(place: Served) -> None:
    place.add(name="m2", site_id="B")
    with place.client() as at_home, place.client("m2") as elsewhere:
        away = elsewhere.checkin(BOOK)
        at_home.ask(a_hold("R2", OTHER))
        waited_for = at_home.checkin(OTHER)
        unknown = at_home.checkin("XX1")

    assert (away.ok, away.alert, away.permanent_location) == (True, True, "A")
    assert away.other == (("CV", "04"), ("CT", "A"))
    assert (waited_for.ok, waited_for.alert) == (True, True)
    assert waited_for.other == (("CV", "01"), ("CT", "A"))
    assert (unknown.ok, unknown.alert) == (True, True)
    assert unknown.other == (("CV", "99"),)


def test_a_hold_is_placed_once_and_given_up(client: Client) -> None:
    placed = [client.ask(a_hold("R2", BOOK)) for _ in range(2)]
    waiting = client.patron("R2", summary=Summary.UNAVAILABLE_HOLDS)
    for_another = client.checkout("R1", BOOK)
    gone = client.ask(a_hold("R2", BOOK, "-"))
    none_left = client.ask(a_hold("R2", BOOK, "-"))

    assert all(isinstance(one, HoldResponse) and one.ok for one in placed)
    assert {one.queue_position for one in placed if isinstance(one, HoldResponse)} == {
        "1"
    }
    assert (waiting.hold_items_count, waiting.unavailable_holds_count) == (0, 1)
    assert waiting.unavailable_hold_items == ("围城",)
    assert not for_another.ok
    assert isinstance(gone, HoldResponse)
    assert gone.ok
    assert isinstance(none_left, HoldResponse)
    assert not none_left.ok
    assert client.patron("R2").unavailable_holds_count == 0


def test_a_reader_is_told_masked_counted_and_by_part(
    small: Served,
) -> None:
    with small.client() as client:
        for item in ITEMS[:3]:
            client.checkout("R1", item)
        small.pass_time(31 * DAY)
        told = client.ask(
            PatronInformation(
                language="019",
                transaction_date=None,
                summary=Summary.OVERDUE_ITEMS,
                institution_id="",
                patron_identifier="R1",
                start_item="2",
                end_item="2",
            )
        )
        stranger = client.patron("nobody")
        assert client.check_pin("R1", "0000") is PinCheck.NOT_TOLD  # there are none

        assert isinstance(told, PatronInformationResponse)
        assert told.personal_name == "张*华"
        assert (told.charged_items_count, told.overdue_items_count) == (3, 3)
        assert told.overdue_items == (ITEMS[1],)
        assert told.charged_items_limit == "0005"
        assert blocks(told.patron_status) == {
            Block.CHARGE_DENIED,
            Block.TOO_MANY_OVERDUE,
        }
        assert told.valid_patron
        assert stranger.valid_patron is False


def test_a_lost_card_is_no_longer_good(
    small: Served,
) -> None:
    with small.client() as client:
        cards = schema.credentials
        with small.county.hub.database.writing() as conn:
            mine = cards.c.text == "R1"
            conn.execute(update(cards).where(mine).values(state=CardState.LOST.value))

        lent = client.checkout("R1", BOOK)
        status = client.patron_status("R1")

        assert isinstance(lent, CheckoutResponse)
        assert not lent.ok
        assert status.valid_patron is False
        assert Block.CARD_LOST in blocks(status.patron_status)


def test_a_machine_blocks_a_card_only_if_it_may_and_is_noted(place: Served) -> None:
    place.add(name="m3", may_block=True)
    ref = place.county.refs["R1"]
    with place.client() as first, place.client("m3") as second:
        first.ask(a_block("R1"))
        lent = first.checkout("R1", BOOK)
        second.ask(a_block("R1"))
        refused = second.checkout("R1", OTHER)
        second.ask(PatronEnable(transaction_date=NOON, **about("R1")))
        still_refused = second.checkout("R1", OTHER)

    assert (lent.ok, refused.ok, still_refused.ok) == (True, False, False)
    log = place.county.rows(schema.audit_log, "entry")
    noted = [
        (row["who"], row["what"]) for row in log if row["about"] == f"patron:{ref}"
    ]
    assert noted == [
        ("sip2:m1", "patron.block_asked"),
        ("sip2:m3", "patron.block_asked"),
        ("sip2:m3", "patron.card_state"),
    ]
    assert not any("张建华" in str(row) for row in log)


def a_block(patron: str) -> BlockPatron:
    return BlockPatron(
        card_retained=True,
        transaction_date=NOON,
        blocked_card_message="张建华",
        terminal_password="",
        **about(patron),
    )


def about(patron: str) -> dict[str, str]:
    return {"institution_id": "", "patron_identifier": patron}


def a_hold(patron: str, item: str, mode: str = "+") -> Hold:
    return Hold(
        hold_mode=mode,
        transaction_date=NOON,
        institution_id="",
        patron_identifier=patron,
        item_identifier=item,
    )

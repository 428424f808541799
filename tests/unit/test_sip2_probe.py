"""What became of a request whose answer was lost, from what the server says later."""

from __future__ import annotations

import datetime as dt

import pytest

from sync.sip2.answers import ItemInformationResponse, PatronInformationResponse
from sync.sip2.probe import Outcome, checkin_outcome, checkout_outcome, renew_outcome
from sync.sip2.tables import CirculationStatus

PROMISED = dt.date(2026, 12, 23)


def item(
    status: str, due: str | None = None, title: str = ""
) -> ItemInformationResponse:
    return ItemInformationResponse(
        circulation_status=status,
        security_marker="00",
        fee_type="01",
        transaction_date=None,
        item_identifier="B1",
        title_identifier=title,
        due_date=due,
    )


def patron(*charged: str, count: int | None = None) -> PatronInformationResponse:
    return PatronInformationResponse(
        patron_status=" " * 14,
        language="019",
        transaction_date=None,
        hold_items_count=None,
        overdue_items_count=None,
        charged_items_count=count,
        fine_items_count=None,
        recall_items_count=None,
        unavailable_holds_count=None,
        institution_id="",
        patron_identifier="R1",
        personal_name="",
        charged_items=charged,
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (CirculationStatus.AVAILABLE, Outcome.DONE),
        (CirculationStatus.ON_HOLD_SHELF, Outcome.DONE),
        (CirculationStatus.IN_TRANSIT, Outcome.DONE),
        (CirculationStatus.CHARGED, Outcome.NOT_DONE),
        (CirculationStatus.CHARGED_NO_RECALL, Outcome.NOT_DONE),
        (CirculationStatus.RECALLED, Outcome.NOT_DONE),
        (CirculationStatus.OTHER, Outcome.UNCLEAR),
        (CirculationStatus.LOST, Outcome.UNCLEAR),
        ("", Outcome.UNCLEAR),
    ],
)
def test_return_is_done_when_nobody_has_the_item(
    status: str, expected: Outcome
) -> None:
    assert checkin_outcome(item(status)) is expected


@pytest.mark.parametrize(
    ("status", "due", "title", "charged", "count", "expected"),
    [
        ("03", None, "", (), 0, Outcome.NOT_DONE),
        ("04", None, "", ("B7", "B1"), 2, Outcome.DONE),
        ("01", None, "", ("B1",), 1, Outcome.DONE),
        ("04", None, "", (), 0, Outcome.NOT_DONE),
        ("04", None, "", ("B7",), 1, Outcome.NOT_DONE),
        ("04", None, "", ("B7",), 2, Outcome.UNCLEAR),
        ("04", None, "", (), None, Outcome.UNCLEAR),
        ("04", "2026-12-22", "", (), 3, Outcome.DONE),
        ("04", "2026-12-21", "", (), 3, Outcome.UNCLEAR),
        ("04", "2026-12-22", "", ("B7",), 3, Outcome.UNCLEAR),
        ("04", None, "三国演义", ("三国演义",), 1, Outcome.UNCLEAR),
        ("04", None, "", ("B1 三国演义",), 1, Outcome.UNCLEAR),
        ("01", None, "", (), 0, Outcome.UNCLEAR),
    ],
)
def test_checkout_is_done_when_this_patron_has_the_item(
    status: str,
    due: str | None,
    title: str,
    charged: tuple[str, ...],
    count: int | None,
    expected: Outcome,
) -> None:
    found = checkout_outcome(
        "B1", item(status, due, title), patron(*charged, count=count), PROMISED
    )

    assert found is expected


@pytest.mark.parametrize(
    ("status", "due", "promised", "expected"),
    [
        ("04", "20261223    235900", PROMISED, Outcome.DONE),
        ("04", "2026-12-22", PROMISED, Outcome.DONE),
        ("04", "2026-11-23", PROMISED, Outcome.NOT_DONE),
        ("04", "2026-12-23", None, Outcome.UNCLEAR),
        ("04", "下周", PROMISED, Outcome.UNCLEAR),
        ("04", None, PROMISED, Outcome.UNCLEAR),
        ("03", None, PROMISED, Outcome.NOT_DONE),
    ],
)
def test_renewal_is_done_when_the_item_is_due_as_promised(
    status: str, due: str | None, promised: dt.date | None, expected: Outcome
) -> None:
    assert renew_outcome(item(status, due), promised) is expected

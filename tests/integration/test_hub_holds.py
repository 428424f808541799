"""A hold from wish to shelf to reader, in a real county on both databases."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import update

from kiosk.domain.values import Title
from sync.hub.circulation import hold_acts, hold_bars
from sync.hub.circulation.hold_acts import Deed, HoldError
from sync.hub.circulation.hold_scan import Where, scan
from sync.hub.county import catalogue
from sync.hub.county.audit import Actor, AuditFilter, entries
from sync.hub.desk.hold_lists import PullLine, hold_queue, hold_shelf, pull_list
from sync.hub.store import schema
from sync.hub.store.upgrade import downgrade, upgrade
from sync.protocol import Event, Kind
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    MINUTE,
    NOON,
    County,
    Kiosk,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

HOUR = 60 * MINUTE
CLERK = Actor("clerk", "test")


def by(now: dt.datetime = NOON + 3 * DAY, reason: str = "") -> Deed:
    return Deed(CLERK, now, reason)


def wish(
    here: County, kiosk: Kiosk, reader: str, at: dt.datetime = NOON, title: str = "t1"
) -> Event:
    event = kiosk.event(
        Kind.HOLD_PLACE,
        at,
        patron_ref=here.refs[reader],
        payload={"title_id": title},
    )
    here.send(event)
    return event


def hold(here: County, event: Event) -> dict[str, Any]:
    rows = here.rows(schema.holds, "hold_id")
    return next(row for row in rows if row["hold_id"] == event.event_id)


def state(here: County, event: Event) -> tuple[str, str]:
    row = hold(here, event)
    return row["state"], row["copy"]


def pulled(here: County, site: str) -> list[PullLine]:
    with here.hub.database.reading() as conn:
        return pull_list(conn, frozenset({site}))


def scanned(here: County, item: str, site: str, deed: Deed | None = None) -> Where:
    with here.hub.database.writing() as conn:
        return scan(conn, item, site, deed or by()).where


def expire(here: County, now: dt.datetime) -> int:
    with here.hub.database.writing() as conn:
        return len(hold_acts.expire(conn, by(now)))


def placed_away(here: County, site: str) -> None:
    """All copies stand at this site."""
    with here.hub.database.writing() as conn:
        conn.execute(update(schema.items).values(current_site=site))


def test_returned_book_waits_for_its_reader_who_then_has_it(county: County) -> None:
    mine = wish(county, county.k1, "R1")
    returned = county.verdict(county.k1.takes_back("YL0001", NOON + HOUR))

    assert (returned.reason, returned.params) == (
        "return.hold",
        {"site": "马坪村借阅点"},
    )
    assert state(county, mine) == ("ready", "YL0001")
    assert hold(county, mine)["keep_until"] == dt.date(2026, 7, 8)

    county.send(county.k1.lends("YL0001", county.refs["R1"], NOON + DAY))

    assert state(county, mine) == ("filled", "")
    assert county.cases() == {}


def test_only_the_book_that_is_kept_is_spoken_for(county: County) -> None:
    """Control: the kept copy, lent to somebody else, is a case."""
    mine = wish(county, county.k1, "R1")
    county.send(county.k1.takes_back("YL0001", NOON + HOUR))

    county.send(county.k1.lends("YL0002", county.refs["R2"], NOON + 2 * HOUR))
    assert county.cases() == {}
    county.send(county.k1.lends("YL0001", county.refs["R3"], NOON + 3 * HOUR))

    assert county.cases() == {"lent_while_on_hold": "medium"}
    assert state(county, mine) == ("waiting", "")


def test_reader_whose_book_is_ready_has_it_before_who_waits_for_another(
    county: County,
) -> None:
    wish(county, county.k1, "R1")
    wish(county, county.k1, "R2", NOON + MINUTE)
    county.send(county.k1.takes_back("YL0001", NOON + HOUR))

    for reader, answer in (("R2", "E-ITEM-HELD"), ("R3", "E-ITEM-HELD"), ("R1", None)):
        ask = county.k1.asks("YL0001", county.refs[reader], NOON + DAY)
        assert county.verdict(ask, now=NOON + DAY).reason == answer
    county.send(county.k1.lends("YL0001", county.refs["R1"], NOON + DAY + HOUR))
    assert county.cases() == {}


def test_second_return_is_for_the_second_reader_and_the_third_for_nobody(
    county: County,
) -> None:
    first = wish(county, county.k1, "R1")
    second = wish(county, county.k1, "R2", NOON + MINUTE)

    reasons = [
        county.verdict(county.k1.takes_back(item, NOON + HOUR)).reason
        for item in ITEMS[:3]
    ]

    assert reasons == ["return.hold", "return.hold", None]
    assert state(county, first) == ("ready", "YL0001")
    assert state(county, second) == ("ready", "YL0002")


def test_each_reader_has_one_copy_on_the_list_of_one_site(county: County) -> None:
    wish(county, county.k1, "R1")
    wish(county, county.k2, "R2", NOON + MINUTE)

    first, second = pulled(county, "A")

    assert first.patron == "张*华"
    assert len(first.barcodes) == 5
    assert {first.pick_up, second.pick_up} == {"A", "B"}
    assert pulled(county, "B") == []


def test_what_is_lent_kept_lost_or_searched_in_vain_is_not_on_the_list(
    county: County,
) -> None:
    items = schema.items.c
    county.send(county.k1.lends("YL0001", county.refs["R2"]))
    mine = wish(county, county.k1, "R1", NOON + HOUR)
    with county.hub.database.writing() as conn:
        lost = update(schema.items).where(items.barcode.in_(ITEMS[3:]))
        conn.execute(lost.values(state="lost"))
        hold_acts.not_found(conn, mine.event_id, "YL0002", "A", by())

    (line,) = pulled(county, "A")

    assert line.barcodes == ("YL0003",)
    assert county.cases() == {}


def test_next_copy_is_looked_for_elsewhere_and_a_case_comes_last(
    county: County,
) -> None:
    items = schema.items.c
    with county.hub.database.writing() as conn:
        for item, values in (
            (items.barcode == "YL0002", {"current_site": "B"}),
            (items.barcode.in_(ITEMS[2:]), {"state": "lost"}),
        ):
            conn.execute(update(schema.items).where(item).values(values))
    mine = wish(county, county.k1, "R1")
    assert [line.barcodes for line in pulled(county, "A")] == [("YL0001",)]

    with county.hub.database.writing() as conn:
        hold_acts.not_found(conn, mine.event_id, "YL0001", "A", by())
    assert [line.barcodes for line in pulled(county, "B")] == [("YL0002",)]
    assert county.cases() == {}
    with county.hub.database.writing() as conn:
        hold_acts.not_found(conn, mine.event_id, "YL0002", "B", by())

    assert pulled(county, "A") == pulled(county, "B") == []
    assert county.cases() == {"hold_not_found": "medium"}


def test_book_fetched_elsewhere_travels_and_is_ready_when_it_is_scanned(
    county: County,
) -> None:
    placed_away(county, "B")
    mine = wish(county, county.k1, "R1")

    assert scanned(county, "YL0001", "B") is Where.SEND
    assert state(county, mine) == ("on_its_way", "YL0001")
    (line,) = county.rows(schema.transfers, "transfer_id")
    assert (line["item"], line["to_site"]) == ("YL0001", "A")
    assert (line["reason"], line["state"]) == ("hold", "wanted")

    assert scanned(county, "YL0001", "A", by(NOON + 4 * DAY)) is Where.HOLD_SHELF
    assert state(county, mine) == ("ready", "YL0001")
    assert hold(county, mine)["keep_until"] == dt.date(2026, 7, 12)
    assert scanned(county, "YL0001", "A") is Where.KEPT


def test_book_that_nobody_fetched_goes_to_the_next_and_then_to_its_shelf(
    county: County,
) -> None:
    first = wish(county, county.k1, "R1")
    second = wish(county, county.k1, "R2", NOON + MINUTE)
    county.send(county.k1.takes_back("YL0001", NOON + HOUR))

    assert expire(county, NOON + 5 * DAY) == 0
    assert expire(county, NOON + 6 * DAY) == 1
    assert (state(county, first)[0], state(county, second)[0]) == ("expired", "ready")
    assert expire(county, NOON + 6 * DAY) == 0
    assert expire(county, NOON + 12 * DAY) == 1

    with county.hub.database.reading() as conn:
        (left,) = hold_shelf(conn, None, NOON + 12 * DAY)
    assert (left.copy, left.over) == ("YL0001", True)
    assert scanned(county, "YL0001", "A", by(NOON + 12 * DAY)) is Where.SHELF
    with county.hub.database.reading() as conn:
        assert hold_shelf(conn, None, NOON + 12 * DAY) == []
    with pytest.raises(HoldError):
        scanned(county, "YL0001", "A")


def test_loan_that_is_learnt_after_the_expiry_undoes_it(county: County) -> None:
    mine = wish(county, county.k1, "R1")
    county.send(county.k1.takes_back("YL0001", NOON + HOUR))
    expire(county, NOON + 6 * DAY)
    assert state(county, mine)[0] == "expired"

    late = county.k1.lends("YL0001", county.refs["R1"], NOON + 2 * DAY)
    county.send(late, now=NOON + 7 * DAY)

    assert state(county, mine) == ("filled", "")


def test_whatever_comes_first_the_same_reader_gets_the_book(county: County) -> None:
    ends = set()
    for number, order in enumerate(permutations(range(4))):
        title, item = f"title-{number}", f"copy-{number}"
        known = county.item("YL0001")
        assert known is not None
        with county.hub.database.writing() as conn:
            copy = {"barcode": item, "title_id": title}
            row = {**_fields(known), **copy}
            catalogue.put_titles(conn, [Title(title, "边城")])
            catalogue.put_items(conn, [type(known)(**row)])
        kiosks = [Kiosk("k1", "A", epoch=f"e{number}-{each}") for each in range(4)]
        refs, payload = county.refs, {"title_id": title}
        events = [
            kiosks[0].event(
                Kind.HOLD_PLACE, NOON, patron_ref=refs["R1"], payload=payload
            ),
            kiosks[1].event(
                Kind.HOLD_PLACE, NOON + MINUTE, patron_ref=refs["R2"], payload=payload
            ),
            kiosks[2].takes_back(item, NOON + HOUR),
            kiosks[3].lends(item, refs["R1"], NOON + 2 * HOUR),
        ]
        for place in order:
            county.send(events[place])
        one, other = hold(county, events[0]), hold(county, events[1])
        ends.add((one["state"], one["copy"], other["state"], other["copy"]))

    assert ends == {("filled", "", "waiting", "")}


def test_reader_who_missed_three_books_is_suspended_until_staff_lift_it(
    county: County,
) -> None:
    for number in range(3):
        at = NOON + 10 * number * DAY
        wish(county, county.k1, "R1", at)
        county.send(county.k1.takes_back("YL0001", at + HOUR), now=at + HOUR)
        with county.hub.database.writing() as conn:
            assert not hold_bars.bar_the_absent(conn, by(at + HOUR))
        assert expire(county, at + 8 * DAY) == 1
        scanned(county, "YL0001", "A", by(at + 8 * DAY + HOUR))
    later = NOON + 29 * DAY
    with county.hub.database.writing() as conn:
        assert hold_bars.bar_the_absent(conn, by(later)) == [county.refs["R1"]]
        assert hold_bars.bar_the_absent(conn, by(later)) == []

    refused = wish(county, county.k1, "R1", later + HOUR)
    assert state(county, refused) == ("declined", "")

    with county.hub.database.writing() as conn:
        hold_bars.lift(conn, county.refs["R1"], by(later + 2 * HOUR))
        assert hold_bars.bar_the_absent(conn, by(later + 2 * HOUR)) == []
    again = wish(county, county.k1, "R1", later + 3 * HOUR)
    assert state(county, refused) == ("declined", "")
    assert state(county, again) == ("waiting", "")


def test_suspended_reader_and_one_with_too_many_holds_are_told(county: County) -> None:
    refs = county.refs
    asks = [
        county.k1.event(
            Kind.HOLD_PLACE,
            NOON + number * MINUTE,
            patron_ref=refs["R2"],
            payload={"title_id": f"x{number}"},
        )
        for number in range(6)
    ]
    *fine, sixth = [county.verdict(each) for each in asks]
    assert {verdict.reason for verdict in fine} == {None}
    assert (sixth.reason, sixth.params) == ("hold.limit", {"n": 5})

    bar = {"bar_id": "b", "patron_ref": refs["R1"], "since": NOON, "lifted_by": ""}
    with county.hub.database.writing() as conn:
        conn.execute(schema.hold_bars.insert(), [bar])
    told = county.verdict(
        county.k1.event(
            Kind.HOLD_PLACE,
            NOON + HOUR,
            patron_ref=refs["R1"],
            payload={"title_id": "t1"},
        )
    )
    assert told.reason == "hold.suspended"


def test_ending_a_hold_needs_a_reason_and_is_in_the_audit_log(county: County) -> None:
    mine = wish(county, county.k1, "R1")
    with county.hub.database.writing() as conn, pytest.raises(HoldError):
        hold_acts.cancel(conn, mine.event_id, by())
    assert state(county, mine) == ("waiting", "")

    with county.hub.database.writing() as conn:
        hold_acts.cancel(conn, mine.event_id, by(reason="moved away"))
        (entry,) = entries(conn, AuditFilter(what="hold."), 10)

    assert state(county, mine) == ("cancelled", "")
    assert (entry.what, entry.reason) == ("hold.cancelled", "moved away")
    with county.hub.database.reading() as conn:
        assert hold_queue(conn, None, NOON) == []


@pytest.mark.parametrize(
    ("item", "code"),
    [("NEW9", "other_title"), ("YL0001", "on_loan"), ("YL0002", "taken")],
)
def test_copy_that_will_not_do_is_refused_and_nothing_changes(
    county: County, item: str, code: str
) -> None:
    wish(county, county.k1, "R2")
    mine = wish(county, county.k1, "R1", NOON + MINUTE)
    county.send(county.k1.takes_back("YL0002", NOON + HOUR))
    county.send(county.k1.lends("YL0001", county.refs["R3"], NOON + 2 * HOUR))

    with (
        pytest.raises(HoldError) as caught,
        county.hub.database.writing() as conn,
    ):
        hold_acts.set_aside(conn, mine.event_id, item, "A", by())

    assert caught.value.code == code
    assert state(county, mine) == ("waiting", "")
    assert county.rows(schema.hold_steps, "step_id") == []


def test_holds_of_an_older_hub_are_where_they_were(county: County) -> None:
    """Going back forgets what was set aside; the next fact finds it again."""
    done = wish(county, county.k1, "R2")
    county.send(county.k1.lends("YL0005", county.refs["R2"], NOON + MINUTE))
    waits = wish(county, county.k1, "R1", NOON + HOUR)
    county.send(county.k1.takes_back("YL0001", NOON + 2 * HOUR))
    before = [state(county, each) for each in (done, waits)]
    assert before == [("filled", ""), ("ready", "YL0001")]

    downgrade(county.hub.database, "0016")
    upgrade(county.hub.database)
    after = [state(county, each) for each in (done, waits)]
    county.send(county.k2.takes_back("YL0007", NOON + 3 * HOUR))

    assert after == [("filled", ""), ("waiting", "")]
    assert [state(county, each) for each in (done, waits)] == before


def _fields(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__dataclass_fields__}

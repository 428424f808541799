"""What happened before the hub has to decide: one story for each row of the table."""

from __future__ import annotations

import dataclasses
import datetime as dt

from kiosk.domain.values import ItemState, PatronState
from sync.hub.county.catalogue import put_items
from sync.hub.county.patrons import PatronRecord
from sync.protocol import Clock, Event, Kind
from tests.integration.hub_world import DAY, MINUTE, NOON, County

HOUR = 60 * MINUTE
#: When facts arrive.
LATE = NOON + 20 * DAY


def lent(here: County, reader: str = "R1", at: dt.datetime = NOON) -> None:
    here.send(here.k1.lends("YL0001", here.refs[reader], at, loan_ref="L"))


def to_r2_elsewhere(here: County) -> Event:
    lent(here)
    return here.k2.lends("YL0001", here.refs["R2"], NOON + DAY)


def of_before(here: County) -> Event:
    lent(here, "R2", NOON + DAY)
    return here.k2.lends("YL0001", here.refs["R1"], NOON)


def again(here: County, due_on: str) -> Event:
    lent(here)
    payload = {"due_on": due_on}
    return here.k2.lends("YL0001", here.refs["R1"], NOON + 9 * DAY, payload=payload)


def unsure(here: County) -> Event:
    lent(here)
    here.k2.clock = Clock.GUESSED
    return here.k2.lends("YL0001", here.refs["R2"], NOON + MINUTE)


def barred(here: County, state: PatronState) -> Event:
    here.put_patron(PatronRecord("R1", "张建华", "ADULT", state=state))
    return here.k1.lends("YL0001", here.refs["R1"])


def overflow(here: County) -> Event:
    for number in (2, 3):
        here.send(here.k1.lends(f"YL000{number}", here.refs["R3"]))
    return here.k1.lends("YL0001", here.refs["R3"], NOON + MINUTE)


def next_after_overflow(here: County) -> Event:
    here.send(overflow(here))
    return here.k1.asks("YL0004", here.refs["R3"], NOON + HOUR)


def below_again(here: County) -> Event:
    here.send(overflow(here))
    for number in (2, 3):
        here.send(here.k1.takes_back(f"YL000{number}", NOON + HOUR))
    return here.k1.asks("YL0004", here.refs["R3"], NOON + 2 * HOUR)


def in_state(here: County, state: ItemState) -> Event:
    item = here.item("YL0001")
    assert item is not None
    with here.hub.database.writing() as conn:
        put_items(conn, [dataclasses.replace(item, state=state)])
    return here.k1.takes_back("YL0001")


def held(here: County, what: dict[str, object], reader: str = "R2") -> None:
    event = here.k1.event(Kind.HOLD_PLACE, NOON, patron_ref=here.refs[reader], **what)
    here.send(event)


COPY: dict[str, object] = {"item": "YL0001"}
TITLE: dict[str, object] = {"payload": {"title_id": "t1"}}


def lent_on_hold(here: County, what: dict[str, object]) -> Event:
    held(here, what)
    return here.k1.lends("YL0001", here.refs["R1"], NOON + HOUR)


def asked_on_hold(here: County, what: dict[str, object]) -> Event:
    held(here, what)
    return here.k1.asks("YL0001", here.refs["R1"], NOON + HOUR)


def elsewhere_on_hold(here: County) -> Event:
    held(here, TITLE)
    return here.k2.asks("YL0001", here.refs["R1"], NOON + HOUR)


def own_hold(here: County) -> Event:
    held(here, COPY, "R1")
    return here.k1.asks("YL0001", here.refs["R1"], NOON + HOUR)


def given_up(here: County) -> Event:
    hold = here.k1.event(Kind.HOLD_PLACE, NOON, patron_ref=here.refs["R2"], **COPY)
    gone = here.k2.event(
        Kind.HOLD_CANCEL, NOON, patron_ref=here.refs["R2"], refers_to=hold.event_id
    )
    here.send(hold)
    here.send(gone)
    return here.k1.asks("YL0001", here.refs["R1"], NOON + HOUR)


def served(here: County) -> Event:
    held(here, TITLE)
    here.send(here.k1.lends("YL0002", here.refs["R2"], NOON + MINUTE))
    return here.k1.asks("YL0001", here.refs["R1"], NOON + HOUR)


def back_for_a_hold(here: County) -> Event:
    lent(here)
    held(here, COPY)
    return here.k2.takes_back("YL0001", NOON + DAY)


def renewed(here: County, reader: str, due_on: str, **fields: object) -> Event:
    payload = {"due_on": due_on}
    named = {"item": "YL0001", "patron_ref": here.refs[reader], "loan_ref": "L"}
    return here.k2.event(Kind.RENEW, NOON + 9 * DAY, payload=payload, **named, **fields)


def renewal(here: County, reader: str = "R1", due_on: str = "2026-08-11") -> Event:
    lent(here)
    return renewed(here, reader, due_on)


def renewal_on_hold(here: County, mode: str) -> Event:
    lent(here)
    held(here, COPY)
    return renewed(here, "R1", "2026-08-11", mode=mode)


def second_renewal(here: County) -> Event:
    here.send(renewal(here), now=LATE)
    return renewed(here, "R1", "2026-08-14")


def promised(here: County, due_on: str) -> Event:
    return here.k1.lends("YL0001", here.refs["R1"], payload={"due_on": due_on})


def at(here: County, at: dt.datetime) -> Event:
    return here.k1.lends("YL0001", here.refs["R1"], at)


def part_of_a_set(here: County) -> Event:
    """Lent and brought back within one session; the second tag says so again."""
    lent(here)
    here.send(here.k1.takes_back("YL0001", NOON + MINUTE))
    return here.k1.takes_back("YL0001", NOON + MINUTE)


def lent_again_at_once(here: County) -> Event:
    lent(here)
    here.send(here.k1.takes_back("YL0001", NOON))
    return here.k1.lends("YL0001", here.refs["R1"], NOON)


def stale(here: County) -> Event:
    lent(here, at=NOON + DAY)
    return here.k2.takes_back("YL0001", NOON)


def quoted_after(here: County) -> Event:
    """The kiosk that took it back knew the loan; its clock was behind."""
    lent(here, at=NOON + DAY)
    return here.k2.takes_back("YL0001", NOON, loan_ref="L")

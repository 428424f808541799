"""Which security bit each tag shall carry, and what was seen of it.

A book that was dealt with by its barcode alone has a wish and no tag yet: one row
stands for all its tags, whichever they are, until they are found.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import (
    Connection,
    Row,
    Select,
    Table,
    bindparam,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.sqlite import insert

from kiosk.service.ports import Security, TagState, TagTarget
from kiosk.store.ledger_schema import events, given_up, tag_states, wishes
from kiosk.store.prepared import Prepared

log = structlog.get_logger(__name__)

_LAST_EVENT = select(
    func.coalesce(func.max(events.c.number), literal_column("0"))
).scalar_subquery()
#: So many items may wait for their tags. Where books without tags are dealt with, most
#: wishes come never true: the oldest are given up, as tags long out of sight.
MOST_WISHES = 500
#: So many that were given up are still shown to the keeper.
MOST_GIVEN_UP = 500
_NEW_TARGET = insert(tag_states).values(
    uid=bindparam("uid"),
    item=bindparam("item"),
    desired=bindparam("desired"),
    since=_LAST_EVENT,
)
#: What was seen of a tag before a new wish no longer counts: it may have been
#: written at another point in between.
_SET_TARGET = Prepared(
    _NEW_TARGET.on_conflict_do_update(
        index_elements=[tag_states.c.uid],
        set_={
            "item": _NEW_TARGET.excluded.item,
            "desired": _NEW_TARGET.excluded.desired,
            "seen": null(),
            "since": _NEW_TARGET.excluded.since,
        },
    ),
    "uid",
    "item",
    "desired",
)
_NEW_WISH = insert(wishes).values(since=_LAST_EVENT)
_OLDEST_WISHES = (
    select(wishes)
    .order_by(wishes.c.since.desc(), wishes.c.item.desc())
    .offset(MOST_WISHES)
)
_OLDEST_GIVEN_UP = (
    select(given_up.c.item)
    .order_by(given_up.c.since.desc(), given_up.c.item.desc())
    .offset(MOST_GIVEN_UP)
)
_DROP_WISH = Prepared(wishes.delete().where(wishes.c.item == bindparam("item")), "item")
_FORGET_GIVEN_UP = Prepared(
    given_up.delete().where(given_up.c.item == bindparam("item")), "item"
)


def set_targets(connection: Connection, targets: Sequence[TagTarget]) -> None:
    """Set what these tags shall be; it replaces what was wished of their items."""
    if not targets:
        return
    drop_wishes(connection, [target.item for target in targets])
    known = [target for target in targets if target.uid is not None]
    unknown = [target for target in targets if target.uid is None]
    _SET_TARGET.run_each(
        connection, [(target.uid, target.item, target.desired) for target in known]
    )
    if unknown:
        of_items = tag_states.c.item.in_([target.item for target in unknown])
        connection.execute(tag_states.delete().where(of_items))
        connection.execute(_NEW_WISH, [_wish_row(target) for target in unknown])
        _bound_wishes(connection)


def drop_wishes(connection: Connection, items: Sequence[str]) -> None:
    """Nothing is wished of these items any more, nor is a keeper told of them."""
    rows = [(item,) for item in items]
    _DROP_WISH.run_each(connection, rows)
    _FORGET_GIVEN_UP.run_each(connection, rows)


def _bound_wishes(connection: Connection) -> None:
    dropped = [row._asdict() for row in connection.execute(_OLDEST_WISHES)]
    if dropped:
        drop_wishes(connection, [row["item"] for row in dropped])
        connection.execute(given_up.insert(), dropped)
        shown_long = connection.scalars(_OLDEST_GIVEN_UP).all()
        _FORGET_GIVEN_UP.run_each(connection, [(item,) for item in shown_long])
        log.warning("books given up whose tags were never seen", count=len(dropped))


def insert_tags(
    connection: Connection, tags: Sequence[TagState], wished: Mapping[str, Security]
) -> None:
    """Put what was salvaged, oldest first, into a new ledger."""
    for since, tag in enumerate(tags):
        row = dataclasses.asdict(tag) | {"since": since}
        connection.execute(tag_states.insert(), row)
    for since, (item, desired) in enumerate(wished.items()):
        row = {"item": item, "desired": desired, "since": since}
        connection.execute(wishes.insert(), row)


def note_seen(connection: Connection, seen: Mapping[str, Security | None]) -> None:
    """Store what read-back found; what is known already changes no page."""
    change = (
        tag_states.update()
        .where(tag_states.c.uid == bindparam("of_uid"))
        .where(tag_states.c.seen.is_distinct_from(bindparam("now_seen")))
        .values(seen=bindparam("now_seen"))
    )
    rows = [{"of_uid": uid, "now_seen": value} for uid, value in seen.items()]
    connection.execute(change, rows)


def forget_tags(connection: Connection, uids: Sequence[str]) -> None:
    connection.execute(tag_states.delete().where(tag_states.c.uid.in_(uids)))


def states_of(connection: Connection, uids: Sequence[str]) -> dict[str, TagState]:
    found = _states(connection, select(tag_states).where(tag_states.c.uid.in_(uids)))
    return {state.uid: state for state in found}


def unhealed(connection: Connection) -> tuple[TagState, ...]:
    """Tags whose seen state is not the desired one, oldest first."""
    wrong = or_(tag_states.c.seen.is_(None), tag_states.c.seen != tag_states.c.desired)
    query = select(tag_states).where(wrong)
    return _states(connection, query.order_by(tag_states.c.since, tag_states.c.uid))


def wishes_in(connection: Connection) -> dict[str, Security]:
    """Items whose tags are still to be found, and what they shall be; oldest first."""
    return _desired_in(connection, wishes)


def given_up_in(connection: Connection) -> dict[str, Security]:
    """Items whose wish was dropped, and what their tags should be; oldest first."""
    return _desired_in(connection, given_up)


def _desired_in(connection: Connection, table: Table) -> dict[str, Security]:
    query = select(table).order_by(table.c.since, table.c.item)
    return {row.item: Security(row.desired) for row in connection.execute(query)}


def _states(connection: Connection, query: Select[Any]) -> tuple[TagState, ...]:
    return tuple(_tag_state(row) for row in connection.execute(query))


def _tag_state(row: Row[Any]) -> TagState:
    return TagState(
        uid=row.uid,
        item=row.item,
        desired=Security(row.desired),
        seen=None if row.seen is None else Security(row.seen),
    )


def _wish_row(target: TagTarget) -> dict[str, str]:
    return {"item": target.item, "desired": target.desired}

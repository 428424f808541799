"""The transfer lists as people read them: what a site has to send and to receive."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    false,
    func,
    not_,
    or_,
    select,
)

from sync.hub.county.permits import Reach
from sync.hub.county.site_tree import ForeignReturn, owner_of_site, site_entry
from sync.hub.store import schema
from sync.hub.store.rows import one, put_rows
from sync.hub.transfers.following import SET_ASIDE
from sync.hub.transfers.lines import LIVE, BoxState, State, is_away

DEFAULT_LATE_DAYS = 7
_LATE_SETTING = "transfer_late_days"

_LINES, _ITEMS, _TITLES = schema.transfers, schema.items, schema.titles
_LIVE = tuple(state.value for state in LIVE)


class Window(NamedTuple):
    """Which lines of a list: so many (None: all) after the `first` ones."""

    first: int = 0
    limit: int | None = None


ALL = Window()


@dataclass(frozen=True, slots=True)
class Entry:
    """A copy on a list. `late`: it was sent so long ago that somebody should ask."""

    transfer_id: str
    item: str
    title: str
    clc: str
    from_site: str
    to_site: str
    reason: str
    state: str
    opened_at: dt.datetime
    sent_at: dt.datetime | None
    sent_by: str
    late: bool


@dataclass(frozen=True, slots=True)
class Guest:
    """A copy that is lent from a site until a van takes it home."""

    item: str
    title: str
    clc: str
    to_site: str


def to_send(
    conn: Connection, site_id: str, now: dt.datetime, window: Window = ALL
) -> list[Entry]:
    """What is wanted elsewhere, by destination and then as it stands on the shelf."""
    wanted = _LINES.c.state == State.WANTED.value
    return _entries(conn, now, window, wanted, _LINES.c.from_site == site_id)


def to_receive(
    conn: Connection, site_id: str, now: dt.datetime, window: Window = ALL
) -> list[Entry]:
    """What is on its way to a site."""
    sent = _LINES.c.state == State.SENT.value
    return _entries(conn, now, window, sent, _LINES.c.to_site == site_id)


def sent_since(
    conn: Connection, way: tuple[str, str], since: dt.datetime, now: dt.datetime
) -> list[Entry]:
    """What left one site for another one since: the slip that goes with it."""
    from_site, to_site = way
    return _entries(
        conn,
        now,
        ALL,
        _LINES.c.from_site == from_site,
        _LINES.c.to_site == to_site,
        _LINES.c.state == State.SENT.value,
        _LINES.c.sent_at >= since,
    )


def late(
    conn: Connection, now: dt.datetime, reach: Reach, window: Window = ALL
) -> list[Entry]:
    """What was sent and never received: somebody has to ask."""
    return _entries(conn, now, window, *_late(conn, now, reach))


def count_late(conn: Connection, now: dt.datetime, reach: Reach) -> int:
    counted = select(func.count()).where(*_late(conn, now, reach))
    return int(conn.execute(counted).scalar_one())


def guests(conn: Connection, site_id: str, window: Window = ALL) -> list[Guest]:
    """Copies on the shelf of a site that belong elsewhere and have no line."""
    table = _ITEMS.c
    lent = exists().where(
        schema.loans.c.item == table.barcode, schema.loans.c.returned_at.is_(None)
    )
    wanted = exists().where(_LINES.c.item == table.barcode, _LINES.c.state.in_(_LIVE))
    kept = exists().where(
        schema.holds.c.copy == table.barcode, schema.holds.c.state.in_(SET_ASIDE)
    )
    rows = conn.execute(
        select(table.barcode, _TITLES.c.title, _TITLES.c.clc, table.home_site)
        .outerjoin(_TITLES, _TITLES.c.title_id == table.title_id)
        .where(
            table.current_site == site_id,
            table.current_site != table.home_site,
            not_(or_(lent, wanted, kept, _in_box_here(site_id))),
            not_(_floats(conn, site_id)),
        )
        .order_by(table.home_site, _TITLES.c.clc, table.barcode)
        .offset(window.first)
        .limit(window.limit)
    )
    return [Guest(row[0], row[1] or "", row[2] or "", row[3]) for row in rows]


def late_days(conn: Connection) -> int:
    """Days after which a copy on its way counts as late."""
    row = one(conn, schema.settings, _LATE_SETTING)
    return DEFAULT_LATE_DAYS if row is None else int(row["value"])


def set_late_days(conn: Connection, days: int) -> None:
    put_rows(conn, schema.settings, [{"name": _LATE_SETTING, "value": str(days)}])


def _in_box_here(site_id: str) -> ColumnElement[bool]:
    packed, boxes = schema.box_items, schema.boxes
    return exists().where(
        and_(
            packed.c.item == _ITEMS.c.barcode,
            packed.c.missing_at.is_(None),
            boxes.c.box_id == packed.c.box_id,
            boxes.c.destination == site_id,
            boxes.c.state.in_([one.value for one in BoxState if is_away(one)]),
        )
    )


def _floats(conn: Connection, site_id: str) -> ColumnElement[bool]:
    """Copies that stay wherever they are returned: those of the site's own library."""
    here = site_entry(conn, site_id)
    if here is None or here.foreign_return is not ForeignReturn.FLOAT:
        return false()
    return _ITEMS.c.owner == owner_of_site(conn, site_id)


def _late(
    conn: Connection, now: dt.datetime, reach: Reach
) -> tuple[ColumnElement[bool], ...]:
    last = now - dt.timedelta(days=late_days(conn))
    sent = (_LINES.c.state == State.SENT.value, _LINES.c.sent_at < last)
    if reach is None:
        return sent
    return (*sent, or_(_LINES.c.from_site.in_(reach), _LINES.c.to_site.in_(reach)))


def _entries(
    conn: Connection,
    now: dt.datetime,
    window: Window,
    *conditions: ColumnElement[bool],
) -> list[Entry]:
    last = now - dt.timedelta(days=late_days(conn))
    listed = _listed().where(*conditions).offset(window.first).limit(window.limit)
    return [_entry(row, last) for row in conn.execute(listed)]


def _listed() -> Select[tuple[object, ...]]:
    names = [column for column in _LINES.c if column.name in Entry.__dataclass_fields__]
    return (
        select(*names, _TITLES.c.title, _TITLES.c.clc)
        .outerjoin(_ITEMS, _ITEMS.c.barcode == _LINES.c.item)
        .outerjoin(_TITLES, _TITLES.c.title_id == _ITEMS.c.title_id)
        .order_by(_LINES.c.to_site, _TITLES.c.clc, _LINES.c.item, _LINES.c.transfer_id)
    )


def _entry(row: Row[tuple[object, ...]], last: dt.datetime) -> Entry:
    values = dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for it)
    values["title"], values["clc"] = values["title"] or "", values["clc"] or ""
    sent_at = values["sent_at"]
    is_late = values["state"] == State.SENT and sent_at is not None and sent_at < last
    return Entry(**values, late=is_late)

"""Events as they come in from the kiosks, newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, select

from sync.hub.county.permits import Reach
from sync.hub.desk.lookups import PatronName, item_titles, names_of_sites, patron_names
from sync.hub.desk.permission import within
from sync.hub.store import schema
from sync.protocol import Kind, Verdict

#: Lines on the page; it is a window on what happens now, not an archive.
LATEST = 60


@dataclass(frozen=True, slots=True)
class EventFilter:
    """`kind` and `site` as in the tables; empty asks for everything."""

    kind: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event. `occurred_at` and `clock` are the kiosk's own words.

    `outcome` is "" before the verdict; `kind` is "" for an event of a newer kiosk
    that this hub does not know.
    """

    event_id: str
    kind: str
    mode: str
    item: str
    title: str
    patron: PatronName | None
    site: str
    kiosk_id: str
    occurred_at: dt.datetime | None
    clock: str
    received_at: dt.datetime
    outcome: str
    reason: str


def latest_events(
    conn: Connection, wanted: EventFilter, reach: Reach
) -> tuple[EventLine, ...]:
    """Return the events of devices within reach that arrived last."""
    table, devices = schema.events, schema.devices
    statement = (
        select(table, devices.c.site_id)
        .outerjoin(devices, devices.c.kiosk_id == table.c.kiosk_id)
        .where(within(reach, devices.c.site_id))
        .order_by(table.c.received_at.desc(), table.c.seq.desc())
        .limit(LATEST)
    )
    if wanted.kind:
        statement = statement.where(table.c.kind == wanted.kind)
    if wanted.site:
        statement = statement.where(devices.c.site_id == wanted.site)
    return _lines(conn, list(conn.execute(statement).mappings()))


def kinds() -> tuple[str, ...]:
    return tuple(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True)
class _Names:
    """What the references in events stand for, each by its reference."""

    titles: Mapping[str, str]
    patrons: Mapping[str, PatronName]
    sites: Mapping[str, str]


def _lines(conn: Connection, rows: Sequence[RowMapping]) -> tuple[EventLine, ...]:
    bodies = [_body(row["body"]) for row in rows]
    names = _Names(
        titles=item_titles(conn, [_text(body, "item") for body in bodies]),
        patrons=patron_names(conn, [_text(body, "patron_ref") for body in bodies]),
        sites=names_of_sites(conn, [row["site_id"] for row in rows]),
    )
    pairs = zip(rows, bodies, strict=True)
    return tuple(_line(row, body, names) for row, body in pairs)


def _line(row: RowMapping, body: Mapping[str, Any], names: _Names) -> EventLine:
    item = _text(body, "item")
    verdict = _verdict(row["verdict"])
    return EventLine(
        event_id=row["event_id"],
        kind=row["kind"],
        mode=_text(body, "mode") or "fact",
        item=item,
        title=names.titles.get(item, ""),
        patron=names.patrons.get(_text(body, "patron_ref")),
        site=names.sites.get(row["site_id"], row["site_id"] or ""),
        kiosk_id=row["kiosk_id"],
        occurred_at=_time(body),
        clock=_text(body, "clock"),
        received_at=row["received_at"],
        outcome=verdict.outcome.value if verdict else "",
        reason=(verdict.reason or "") if verdict else "",
    )


def _body(text: str) -> Mapping[str, Any]:
    """Return what the kiosk sent; only this much is sure, that it is a JSON object."""
    found = msgspec.json.decode(text)
    return found if isinstance(found, dict) else {}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _time(body: Mapping[str, Any]) -> dt.datetime | None:
    try:
        return msgspec.convert(body.get("occurred_at"), dt.datetime)
    except msgspec.ValidationError:
        return None


def _verdict(text: str | None) -> Verdict | None:
    return msgspec.json.decode(text, type=Verdict) if text else None

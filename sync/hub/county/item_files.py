"""One copy's record: its parts, and changing it. Every change is in the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, delete, insert, select

from kiosk.domain.credentials import normalise
from kiosk.domain.values import Item
from sync.hub.county.audit import Actor, note
from sync.hub.county.catalogue import item, put_items
from sync.hub.county.rulebook import current_rules
from sync.hub.refusal import CodedRefusal, Refusal
from sync.hub.store import schema
from sync.hub.store.rows import one

#: What staff may change. The owner stays whoever paid.
EDITABLE = frozenset(
    {"item_type", "state", "home_site", "current_site", "adult_only", "tag_uid"}
)
MAX_PARTS = 99
_PARTS = schema.item_parts


class UnknownItem(Refusal, LookupError):
    """There is no such copy."""


class BadItem(CodedRefusal, ValueError):
    """A record that can't be; the text names the field and the value."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing of a set; `number` counts from 1."""

    number: int
    name: str
    missing: bool = False


def known_item(conn: Connection, barcode: str) -> Item:
    """Raises UnknownItem."""
    found = item(conn, normalise(barcode))
    if found is None:
        raise UnknownItem(f"there is no item {barcode!r}")
    return found


def parts_of(conn: Connection, barcode: str) -> tuple[Part, ...]:
    """What a set consists of; nothing for one that was not described."""
    rows = conn.execute(
        select(_PARTS.c.number, _PARTS.c.name, _PARTS.c.missing)
        .where(_PARTS.c.barcode == barcode)
        .order_by(_PARTS.c.number)
    )
    return tuple(Part(*row) for row in rows)


def change_item(
    conn: Connection,
    barcode: str,
    values: Mapping[str, object],
    who: Actor,
    now: dt.datetime,
    reason: str = "",
) -> Item:
    """Change some of EDITABLE. Raises UnknownItem, BadItem, and then nothing is."""
    before = known_item(conn, barcode)
    unknown = values.keys() - EDITABLE
    if unknown:
        raise BadItem("fixed", f"{min(unknown)} can't be changed", field=min(unknown))
    fresh = {
        name: value for name, value in values.items() if getattr(before, name) != value
    }
    _check(conn, before, fresh)
    if not fresh:
        return before
    after = replace(before, **fresh)  # type: ignore[arg-type]  # names are checked
    put_items(conn, [after])
    old = {name: getattr(before, name) for name in fresh}
    about = f"item:{before.barcode}"
    note(conn, who, "item.change", about, now, before=old, after=fresh, reason=reason)
    return after


def put_parts(
    conn: Connection, barcode: str, parts: Sequence[Part], who: Actor, now: dt.datetime
) -> Item:
    """Say what a set consists of. Raises UnknownItem, BadItem.

    A kiosk then expects those that are not missing, one tag each.
    """
    before = known_item(conn, barcode)
    there = [part for part in parts if not part.missing]
    if not 1 <= len(parts) <= MAX_PARTS or not there:
        text = f"parts: from 1 to {MAX_PARTS}, and one at least must be there"
        raise BadItem("parts", text, high=MAX_PARTS)
    if any(not part.name.strip() for part in parts):
        raise BadItem("part_name", "parts: each has a name")
    old = parts_of(conn, before.barcode)
    conn.execute(delete(_PARTS).where(_PARTS.c.barcode == before.barcode))
    rows = [
        {
            "barcode": before.barcode,
            "number": number,
            "name": part.name.strip(),
            "missing": part.missing,
        }
        for number, part in enumerate(parts, 1)
    ]
    conn.execute(insert(_PARTS), rows)
    after = replace(before, parts=len(there))
    put_items(conn, [after])
    was, now_is = {"parts": _told(old)}, {"parts": _told(parts)}
    about = f"item:{before.barcode}"
    note(conn, who, "item.parts", about, now, before=was, after=now_is)
    return after


def _told(parts: Sequence[Part]) -> list[str]:
    return [f"{part.name}{' (missing)' if part.missing else ''}" for part in parts]


def _check(conn: Connection, before: Item, fresh: Mapping[str, object]) -> None:
    for name in ("home_site", "current_site"):
        if name in fresh and one(conn, schema.sites, str(fresh[name])) is None:
            text = f"{name}: there is no site {fresh[name]!r}"
            raise BadItem("site", text, value=fresh[name])
    kind = fresh.get("item_type")
    known = {name.partition("/")[2] for name in current_rules(conn).loans}
    if kind is not None and kind not in known:
        text = f"item_type: {kind!r} is not one of {', '.join(sorted(known))}"
        raise BadItem("type", text, value=kind)
    uid = fresh.get("tag_uid")
    if uid:
        _check_tag(conn, before.barcode, str(uid))


def _check_tag(conn: Connection, barcode: str, uid: str) -> None:
    table = schema.items.c
    taken = select(table.barcode).where(table.tag_uid == uid, table.barcode != barcode)
    owner = conn.execute(taken.limit(1)).scalar_one_or_none()
    if owner is not None:
        text = f"tag_uid: {uid} is that of {owner}"
        raise BadItem("tag_taken", text, value=owner)

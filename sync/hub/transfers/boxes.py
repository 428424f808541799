"""Rotation boxes: numbered, packed at home, sent to a site for some months, and back."""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import asdict, dataclass, fields

from sqlalchemy import Connection, RowMapping, func, select

from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.county.audit import Actor, note
from sync.hub.refusal import Refusal
from sync.hub.store import schema
from sync.hub.store.rows import Row, one, put_rows
from sync.hub.transfers.lines import BoxState, is_away

#: As it stands on the box, and as a scanner reads it.
_NUMBER = re.compile(r"BX[0-9]{4}")


class Wrong(enum.StrEnum):
    """What is wrong with an act, for pages that say it in their own words."""

    UNKNOWN = "unknown"
    NUMBER = "number"
    TAKEN = "taken"
    SITE = "site"
    STATE = "state"
    NOT_HERE = "not_here"
    EMPTY = "empty"
    DAY = "day"


class BadBox(Refusal, ValueError):
    """A box that can't be used like that."""

    def __init__(self, why: Wrong, text: str) -> None:
        super().__init__(text)
        self.why = why


@dataclass(frozen=True, slots=True)
class Box:
    """A row of `schema.boxes`. `destination` is empty until it is sent."""

    box_id: str
    home_site: str
    destination: str
    state: BoxState
    since: dt.datetime
    back_by: dt.date | None = None

    @property
    def place(self) -> str:
        """Where it stands, or is on its way to."""
        return self.destination if is_away(self.state) else self.home_site

    def is_late(self, today: dt.date) -> bool:
        """Whether it should have come home by now."""
        at_home = self.state is BoxState.PACKING
        return not at_home and self.back_by is not None and self.back_by < today


def add_box(
    conn: Connection, who: Actor, box_id: str, home_site: str, now: dt.datetime
) -> Box:
    """Make a new, empty box; without a number, the next one. Raises BadBox."""
    number = box_id.strip().upper() or _next_number(conn)
    if not _NUMBER.fullmatch(number):
        raise BadBox(Wrong.NUMBER, f"{number!r} is no number of a box, like BX0007")
    if one(conn, schema.boxes, number) is not None:
        raise BadBox(Wrong.TAKEN, f"there is a box {number} already")
    require_site(conn, home_site)
    made = Box(number, home_site, "", BoxState.PACKING, now)
    put_rows(conn, schema.boxes, [asdict(made)])
    note(conn, who, "box.add", f"box:{number}", now, after={"home_site": home_site})
    return made


def day_typed(text: str) -> dt.date | None:
    """The day by which a box shall be back, if one was typed. Raises BadBox."""
    try:
        return dt.date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as err:
        raise BadBox(Wrong.DAY, f"{text[:20]!r} is no day like 2027-01-31") from err


def box_of(row: Row | RowMapping) -> Box:
    values = {field.name: row[field.name] for field in fields(Box)}
    return Box(**values | {"state": BoxState(row["state"])})


def known_box(work: UnitOfWork, box_id: str) -> Box:
    """Raises BadBox."""
    row = work.boxes.get(box_id.strip().upper())
    if row is None:
        raise BadBox(Wrong.UNKNOWN, f"there is no box {box_id!r}")
    return box_of(row)


def all_boxes(conn: Connection) -> list[Box]:
    rows = conn.execute(select(schema.boxes).order_by(schema.boxes.c.box_id))
    return [box_of(row) for row in rows.mappings()]


def require_site(conn: Connection, site_id: str) -> None:
    if one(conn, schema.sites, site_id) is None:
        raise BadBox(Wrong.SITE, f"there is no site {site_id!r}")


def _next_number(conn: Connection) -> str:
    last = conn.execute(select(func.max(schema.boxes.c.box_id))).scalar_one()
    return f"BX{int(last[2:]) + 1:04d}" if last else "BX0001"

"""What the hub said and a stick brought days later, perhaps after newer words.

Nothing of it is *now*: the hub's time in it is a lower bound and no clock is set by
it. Whatever the order in which sticks come, the mirror never goes back to an older
word; only the newest one of all can say that the hub itself went back.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from kiosk.service.ports import MirrorStatus
from kiosk.store.errors import PageTooFarOn
from kiosk.store.mirror_changes import forget_feed, put_page
from kiosk.store.mirror_queries import status_of
from kiosk.store.mirror_schema import feed, told
from sync.stick.letters import Page


def is_newest(connection: Connection, hub_time: dt.datetime) -> bool:
    """Tell whether the mirror holds no word of the hub that is newer."""
    known = connection.scalar(select(told.c.told_at))
    return known is None or dt.datetime.fromisoformat(known) <= hub_time


def note_told(connection: Connection, hub_time: dt.datetime) -> None:
    """Remember the hub's newest word."""
    if is_newest(connection, hub_time):
        new = insert(told).values(id=1, told_at=hub_time.isoformat())
        put = new.on_conflict_do_update(
            index_elements=[told.c.id], set_={"told_at": new.excluded.told_at}
        )
        connection.execute(put)


def take_page(connection: Connection, letter: Page) -> bool:
    """Apply a page that goes on from what the mirror has; tell whether it was new.

    Raises PageTooFarOn when something before it is missing.
    """
    page = letter.page
    if not _is_of_one_history(status_of(connection), letter):
        if not is_newest(connection, page.hub_time):
            return False
        _begin_anew(connection, letter)
    cursor = status_of(connection).cursor
    if letter.after > cursor:
        raise PageTooFarOn(
            f"begins after version {letter.after}, this mirror has {cursor};"
            " carry a new report to the hub"
        )
    is_new = page.cursor > cursor
    if is_new:
        put_page(connection, page)
    if not page.more:
        _note_synced(connection, page.hub_time)
    return is_new


def _is_of_one_history(status: MirrorStatus, letter: Page) -> bool:
    """Whether the hub that wrote the page had given what the mirror holds.

    Not so if it was put back to a backup since, or the mirror learnt of that before.
    """
    if status.cursor <= letter.after:
        return True
    begun = [one for one in letter.page.runs if one.first <= status.cursor]
    known_run = not begun or begun[-1].run == status.run
    return known_run and status.cursor <= letter.newest


def _begin_anew(connection: Connection, letter: Page) -> None:
    """Forget what a restored hub no longer knows, if it sends all that it knows."""
    if letter.after:
        raise PageTooFarOn(
            f"begins after version {letter.after}, and the hub was put back since this"
            " mirror's; carry a new report to the hub"
        )
    forget_feed(connection)


def _note_synced(connection: Connection, hub_time: dt.datetime) -> None:
    """The mirror held everything the hub knew at that time; it may be fresher already."""
    known = status_of(connection).synced_at
    if known is None or known < hub_time:
        connection.execute(feed.update().values(synced_at=hub_time.isoformat()))

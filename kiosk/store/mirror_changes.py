"""How a change of the feed becomes a row of the mirror."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

import msgspec
import structlog
from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects.sqlite import insert

from kiosk.domain.values import Hold, Item
from kiosk.store.mirror_schema import (
    KEPT,
    credentials,
    feed,
    feed_runs,
    holds,
    item_tags,
    items,
    loans,
    patrons,
    rules,
    sites,
    titles,
)
from kiosk.store.settling import unsettle
from sync.protocol import (
    Change,
    CredentialChanged,
    FeedPage,
    FeedRun,
    ItemChanged,
    LoanChanged,
    PatronChanged,
    Removed,
    RulesChanged,
    SiteChanged,
    TitleChanged,
    ValueChanged,
    is_sane,
)

log = structlog.get_logger(__name__)

_PUT = {
    table.name: insert(table).prefix_with("OR REPLACE")
    for table in (*KEPT.values(), item_tags, rules, feed_runs)
}


def put_page(connection: Connection, page: FeedPage) -> None:
    """Apply all changes of a page and move the cursor to its end."""
    for change in page.changes:
        apply_change(connection, change)
    for hold in page.holds:
        _put_hold(connection, hold)
    _put_runs(connection, page.runs)
    connection.execute(feed.update().values(cursor=page.cursor, run=page.run))


def forget_feed(connection: Connection) -> None:
    """Start from cursor 0; verdicts and signed rules stay."""
    for table in KEPT.values():
        connection.execute(table.delete())
    connection.execute(feed_runs.delete())
    connection.execute(feed.update().values(cursor=0, run="", synced_at=None))
    unsettle(connection)


def _put_runs(connection: Connection, runs: Sequence[FeedRun]) -> None:
    """What was told of runs after the cursor may have been undone since."""
    cursor = select(feed.c.cursor).scalar_subquery()
    connection.execute(feed_runs.delete().where(feed_runs.c.first > cursor))
    for one in runs:
        row = {"first": one.first, "run": one.run}
        connection.execute(_PUT[feed_runs.name], row)


def apply_change(connection: Connection, change: Change) -> None:
    """Put or remove one row. Doing it twice is the same as doing it once.

    A loan of no possible time is left out with an alarm: it would break each look at
    its reader's loans, and the rest of the page is good.
    """
    if isinstance(change, Removed):
        _remove(connection, change)
        return
    if isinstance(change, LoanChanged) and not is_sane(change.value.loaned_at):
        log.error("absurd loan left out", at=str(change.value.loaned_at))
        return
    table, keys = _place(change)
    row = keys if table is credentials else keys | {"body": _body(change)}
    connection.execute(_PUT[table.name], row)
    if isinstance(change, ItemChanged):
        _know_by_tag(connection, change.value)


def _put_hold(connection: Connection, hold: Hold) -> None:
    row = {
        "hold_id": hold.hold_id,
        "title_id": hold.title_id,
        "patron_ref": hold.patron_ref,
        "body": msgspec.json.encode(hold),
    }
    connection.execute(_PUT[holds.name], row)


def _know_by_tag(connection: Connection, item: Item) -> None:
    connection.execute(item_tags.delete().where(item_tags.c.item == item.barcode))
    if item.tag_uid:
        row = {"tag_uid": item.tag_uid, "item": item.barcode}
        connection.execute(_PUT[item_tags.name], row)


def _place(change: ValueChanged) -> tuple[Table, dict[str, Any]]:
    """The table of a change, and the columns by which its row is found."""
    match change:
        case PatronChanged(value=patron):
            return patrons, {"patron_ref": patron.patron_ref}
        case CredentialChanged(value=known):
            return credentials, {"digest": known.digest, "patron_ref": known.patron_ref}
        case TitleChanged(value=title):
            return titles, {"title_id": title.title_id}
        case ItemChanged(value=item):
            return items, {"barcode": item.barcode}
        case LoanChanged(value=loan):
            return loans, {
                "loan_ref": loan.loan_ref,
                "item": loan.item,
                "patron_ref": loan.patron_ref,
            }
        case SiteChanged(value=site):
            return sites, {"site_id": site.site_id}
        case RulesChanged(value=signed):
            return rules, {"version": signed.rules.version}
        case _:
            assert_never(change)


def _body(change: ValueChanged) -> bytes:
    return msgspec.json.encode(change.value)


def _remove(connection: Connection, removed: Removed) -> None:
    """Rules are never removed; of what a newer hub may name, nothing is kept here."""
    table = KEPT.get(removed.what)
    if table is not None:
        (key,) = table.primary_key.columns
        connection.execute(table.delete().where(key == removed.key))
    if table is items:
        connection.execute(item_tags.delete().where(item_tags.c.item == removed.key))

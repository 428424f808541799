"""The audit log: entries in the change's own transaction, and none goes unseen."""

from __future__ import annotations

import pytest
from sqlalchemy import Executable, delete, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from sync.hub.county import audit
from sync.hub.county.audit import HIDDEN, Actor, Broken, without_personal
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.setup import Hub
from sync.hub.store.upgrade import downgrade, upgrade
from tests.integration.hub_world import MINUTE, NOON, database_url, hub

__all__ = ["database_url", "hub"]

LI = Actor("li", "10.0.0.7")
LOG = schema.audit_log
_GUARDS = {
    "sqlite": ("audit_log_no_update", "audit_log_no_delete"),
    "postgresql": ("audit_log_guard ON audit_log",),
}


@pytest.fixture
def store(hub: Hub) -> Database:
    """A hub whose log has five entries."""
    with hub.database.writing() as conn:
        for number in range(1, 6):
            audit.note(
                conn,
                LI,
                "site.move",
                f"site:{number}",
                NOON + number * MINUTE,
                before={"parent": "hub"},
                after={"parent": "B"},
                reason="road closed",
            )
    return hub.database


def found(store: Database) -> Broken | None:
    with store.reading() as conn:
        return audit.check(conn)


def tampered(store: Database, change: Executable) -> Broken | None:
    """What `check` says of a log changed by somebody with the whole database in hand.

    Everything is as before afterwards.
    """
    with store.engine.connect() as conn:
        for guard in _GUARDS[conn.dialect.name]:
            conn.execute(text(f"DROP TRIGGER {guard}"))
        conn.execute(change)
        return audit.check(conn)


def test_log_that_nobody_touched_is_whole(store: Database) -> None:
    assert found(store) is None


def test_entry_tells_who_what_from_where_and_why(store: Database) -> None:
    with store.reading() as conn:
        row = conn.execute(select(LOG).where(LOG.c.entry == 2)).one()

    assert (row.who, row.origin, row.what) == ("li", "10.0.0.7", "site.move")
    assert (row.about, row.at) == ("site:2", NOON + 2 * MINUTE)
    assert (row.before, row.after) == ('{"parent":"hub"}', '{"parent":"B"}')
    assert row.reason == "road closed"


def test_removed_entry_is_noticed_wherever_it_stood(store: Database) -> None:
    for entry in (1, 3, 5):
        found = tampered(store, delete(LOG).where(LOG.c.entry == entry))

        assert found is not None
        assert found.entry == entry


def test_emptied_log_is_noticed(store: Database) -> None:
    assert tampered(store, delete(LOG)) is not None


def test_changed_entry_is_noticed_whatever_was_changed(store: Database) -> None:
    third = update(LOG).where(LOG.c.entry == 3)
    for column in ("who", "origin", "what", "about", "before", "after", "reason"):
        found = tampered(store, third.values({column: "x"}))

        assert found == Broken(3, "the entry was changed"), column
    assert tampered(store, third.values(at=NOON)) == Broken(3, "the entry was changed")


def test_database_itself_refuses_to_change_the_log(store: Database) -> None:
    for change in (update(LOG).values(who="x"), delete(LOG)):
        with pytest.raises(DBAPIError, match="append-only"), store.writing() as conn:
            conn.execute(change)

    assert found(store) is None


def test_entry_goes_with_its_change_when_that_fails(store: Database) -> None:
    with pytest.raises(DBAPIError), store.writing() as conn:  # noqa: PT012  (both in one)
        audit.note(conn, LI, "site.close", "site:1", NOON)
        conn.execute(text("no such statement"))

    with store.reading() as conn:
        assert audit.head(conn).entry == 5
    assert found(store) is None


def test_nothing_personal_of_a_patron_is_kept() -> None:
    values = {
        "name": "张建华",
        "phone": "13800000000",
        "state": "lost",
        "birth_year": "",
    }

    kept = without_personal("patron:0a1b", values)

    assert kept == {"name": HIDDEN, "phone": HIDDEN, "state": "lost", "birth_year": ""}


def test_keepers_phone_is_kept_back_and_the_sites_name_is_not() -> None:
    kept = without_personal(
        "site:A", {"name": "马坪村", "phone": "138", "keeper": "李"}
    )

    assert kept == {"name": "马坪村", "phone": HIDDEN, "keeper": HIDDEN}


def test_log_goes_with_the_schema_that_had_none_and_begins_anew(
    store: Database,
) -> None:
    downgrade(store, "0007")
    assert not inspect(store.engine).has_table("audit_log")

    upgrade(store)

    with store.writing() as conn:
        audit.note(conn, LI, "site.close", "site:1", NOON)
    assert found(store) is None

"""What kiosks are told: pages in order, current values, masked names."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from kiosk.domain.credentials import digest
from kiosk.domain.values import ItemState
from sync.hub.county import catalogue, patrons
from sync.hub.county.patrons import PatronRecord
from sync.hub.county.rulebook import current_rules
from sync.hub.feed.feed import page
from sync.hub.feed.feedruns import Position, is_known, newest, runs_after
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.keys import public_hex, rules_are_genuine
from sync.protocol import (
    Change,
    CredentialChanged,
    ItemChanged,
    LoanChanged,
    PatronChanged,
    Removed,
    RulesChanged,
)
from tests.integration.hub_world import (
    MINUTE,
    NOON,
    County,
    book,
    cheap_digests,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]


def test_feed_from_the_start_holds_everything_once(county: County) -> None:
    kinds = [type(change).__name__ for change in county.feed()]

    assert {kind: kinds.count(kind) for kind in kinds} == {
        "RulesChanged": 1,
        "SiteChanged": 3,
        "TitleChanged": 1,
        "ItemChanged": 8,
        "PatronChanged": 3,
        "CredentialChanged": 3,
    }


def test_pages_of_any_size_join_up(county: County) -> None:
    joined: list[Change] = []
    cursor, more = 0, True
    while more:
        with county.hub.database.reading() as conn:
            part = page(conn, cursor, 4, NOON, "A")
        assert len(part.changes) <= 4
        joined += part.changes
        cursor, more = part.cursor, part.more

    assert tuple(joined) == county.feed()
    assert cursor == county.version()


def test_names_are_masked(county: County) -> None:
    with county.hub.database.writing() as conn:
        conn.execute(update(schema.patrons).values(home_site="A"))

    names = {c.value.name for c in county.feed() if isinstance(c, PatronChanged)}

    assert names == {"张*华", "王*", "李*明"}


def test_rules_carry_the_hubs_signature(county: County) -> None:
    (rules,) = (c.value for c in county.feed() if isinstance(c, RulesChanged))

    assert rules_are_genuine(rules, public_hex(county.hub.key))


def test_loan_comes_with_the_version_of_its_verdict(county: County) -> None:
    before = county.version()
    verdict = county.verdict(county.k1.lends("YL0001", county.refs["R1"]))

    (change,) = county.feed(before)

    assert isinstance(change, LoanChanged)
    assert change.value.item == "YL0001"
    assert verdict.feed_version == county.version() > before


def test_ended_loan_is_removed_by_its_reference(county: County) -> None:
    loan = county.k1.lends("YL0001", county.refs["R1"])
    county.send(loan)
    before = county.version()

    county.send(county.k1.takes_back("YL0001", NOON + MINUTE))

    assert county.feed(before) == (Removed("loan", loan.loan_ref or ""),)


def test_thing_that_changes_twice_is_told_once_at_its_newest(county: County) -> None:
    before = county.version()
    for state in (ItemState.DAMAGED, ItemState.LOST):
        with county.hub.database.writing() as conn:
            changed = book("YL0001", state)
            catalogue.put_items(conn, [changed])

    assert county.feed(before) == (ItemChanged(changed),)


def test_second_card_is_told_and_taken_back(county: County) -> None:
    record = PatronRecord("R1", "张建华", "ADULT", card_uids=("04a1b2c3",))
    before = county.version()
    county.put_patron(record)
    added = [c for c in county.feed(before) if isinstance(c, CredentialChanged)]

    before = county.version()
    with county.hub.database.writing() as conn:
        assert patrons.drop_credential(conn, "04A1B2C3")

    made = cheap_digests([record])["04A1B2C3"]
    assert [change.value.digest for change in added] == [made]
    assert county.feed(before) == (Removed("credential", made),)


def test_card_of_somebody_else_is_left_out_and_named(county: County) -> None:
    record = PatronRecord("R2", "王芳", "ADULT", card_uids=("R1",))

    with county.hub.database.writing() as conn:
        taken = patrons.put_patrons(conn, [record])

    assert taken == (patrons.Taken("R2", "R1"),)


def test_cursor_is_known_up_to_the_newest_version_and_in_its_run_alone(
    county: County,
) -> None:
    with county.hub.database.reading() as conn:
        version, run = newest(conn)

        assert is_known(conn, Position(version, run))
        assert is_known(conn, Position(0, ""))
        assert not is_known(conn, Position(version + 1, run))
        assert not is_known(conn, Position(version, "0" * 16))


def test_new_process_begins_a_run_and_knows_the_cursors_of_the_old_one(
    county: County,
) -> None:
    url = str(county.hub.database.engine.url.render_as_string(hide_password=False))
    with county.hub.database.reading() as conn:
        old = newest(conn)
    other = Database(url)

    with other.writing() as conn:
        catalogue.put_items(conn, [book("YL0001", ItemState.LOST)])
    other.close()

    with county.hub.database.reading() as conn:
        new = newest(conn)
        told = page(conn, old.version, 10, NOON, "A")
        assert is_known(conn, old)
    assert new.run != old.run
    assert [(one.first, one.run) for one in told.runs] == [(old.version + 1, new.run)]
    assert (told.cursor, told.run) == new


def test_rolled_back_write_begins_no_run(county: County) -> None:
    with county.hub.database.reading() as conn:
        before = runs_after(conn, 0)

    with pytest.raises(RuntimeError), county.hub.database.writing():
        raise RuntimeError("power cut")
    county.put_patron(PatronRecord("R9", "赵敏", "ADULT"))

    with county.hub.database.reading() as conn:
        assert runs_after(conn, 0) == before


def test_database_put_back_under_a_living_process_begins_a_run(county: County) -> None:
    county.put_patron(PatronRecord("R9", "赵敏", "ADULT"))
    with county.hub.database.reading() as conn:
        forgotten = newest(conn)
    _put_back(county, forgotten.version - 1)

    county.put_patron(PatronRecord("R8", "孙丽", "ADULT"))

    with county.hub.database.reading() as conn:
        assert not is_known(conn, forgotten)


def _put_back(county: County, version: int) -> None:
    """As a restore does: no transaction of this process takes notice."""
    with county.hub.database.engine.begin() as conn:
        conn.execute(delete(schema.feed).where(schema.feed.c.version > version))
        conn.execute(update(schema.feed_clock).values(version=version))


def test_rolled_back_change_leaves_no_version(county: County) -> None:
    before = county.version()

    def write_and_fail() -> None:
        with county.hub.database.writing() as conn:
            catalogue.put_items(conn, [book("YL0001", ItemState.LOST)])
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        write_and_fail()

    assert county.version() == before
    assert county.feed(before) == ()


def test_import_makes_the_digest_that_a_kiosk_looks_for(county: County) -> None:
    patrons.import_patrons(county.hub.database, [PatronRecord("R9", "赵敏", "ADULT")])

    with county.hub.database.reading() as conn:
        rule = current_rules(conn).credential
    digests = {
        c.value.digest for c in county.feed() if isinstance(c, CredentialChanged)
    }
    assert digest("R9", rule) in digests

"""A hub that forgot, a device that was revoked, and events that are missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, select

from sync.hub.devices.devices import add_device, device, reinstate, revoke
from sync.hub.devices.enrolment import NameInUse, make_code, redeem
from sync.hub.intake.admission import admit, kept_events
from sync.hub.intake.cards import follow_gaps, heads_after, is_clone
from sync.hub.intake.chain import advance, gap_since
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from tests.integration.card_world import card, held_ids
from tests.integration.hub_world import DAY, NOON, County, county, fresh_hub

__all__ = ["county"]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with fresh_hub(f"sqlite:///{tmp_path / 'hub.db'}", tmp_path) as made:
        yield made


@pytest.mark.fault("O25")
def test_restored_hub_gets_all_it_forgot_of_every_epoch(
    county: County, tmp_path: Path
) -> None:
    with card(tmp_path / "card", county.hub) as device_:
        device_.record(3)
        device_.contact()
        yesterday = held_ids(county.hub)
        device_.save(tmp_path / "image")
        device_.record(4)
        device_.contact()
        device_.roll_back(tmp_path / "image")
        device_.record(2)
        device_.contact()
        before = set(held_ids(county.hub))
        assert len(device_.reader.epochs()) == 2

        _forget_all_but(county.hub, yesterday)
        device_.contact()
        kept = device_.ids()

        assert kept <= set(held_ids(county.hub)) <= before
        assert device_.agent.pending == 0


def test_kiosk_that_the_hub_forgot_comes_back_under_its_name(
    county: County, tmp_path: Path
) -> None:
    with county.hub.database.writing() as conn:
        added = add_device(conn, "A", "ab" * 32, "", "pi", NOON)
    with card(tmp_path / "card", county.hub, added.kiosk_id) as kiosk:
        kiosk.record(3)
        kiosk.contact()
        _forget_all_but(county.hub, [])
        with county.hub.database.writing() as conn:
            conn.execute(
                delete(schema.devices).where(
                    schema.devices.c.kiosk_id == added.kiosk_id
                )
            )
        kiosk.record(2)
        kiosk.contact()
        assert (held_ids(county.hub), kiosk.agent.pending) == ([], 2)

        with county.hub.database.writing() as conn:
            code = make_code(conn, "A", NOON, added.kiosk_id)
            again = redeem(conn, code, "ab" * 32, "", "pi", NOON)
        assert again is not None
        assert again.kiosk_id == added.kiosk_id
        kiosk.contact()

        assert sorted(held_ids(county.hub)) == sorted(kiosk.recorded)
        assert kiosk.agent.pending == 0


def test_name_of_a_known_kiosk_is_not_given_again(county: County) -> None:
    with county.hub.database.writing() as conn, pytest.raises(NameInUse, match="k1"):
        make_code(conn, "A", NOON, "k1")


def test_revoked_facts_count_when_staff_admit_them_and_only_once(
    county: County, tmp_path: Path
) -> None:
    with card(tmp_path / "card", county.hub) as kiosk:
        kiosk.record(1)
        kiosk.contact()
        with county.hub.database.writing() as conn:
            revoke(conn, "k1", "stolen")
        kiosk.record(3)
        kiosk.ask()
        kiosk.contact()
        with county.hub.database.writing() as conn:
            reinstate(conn, "k1")
        kiosk.record(1)
        kiosk.contact()
        first, last = kiosk.recorded[0], kiosk.recorded[-1]
        assert sorted(held_ids(county.hub)) == sorted([first, last])
        assert "revoked_device" in county.cases()

        for taken in (3, 0):
            with county.hub.database.writing() as conn:
                found = device(conn, "k1")
                assert found is not None
                done = admit(conn, found, "staff", NOON + 3 * DAY)
            assert (done.taken, done.asks) == (taken, 1)
        kiosk.contact()

        assert sorted(held_ids(county.hub)) == sorted(kiosk.recorded)
        assert kiosk.agent.pending == 0
    assert "revoked_device" in county.cases("resolved")
    with county.hub.database.reading() as conn:
        assert sum(one.admitted_at is not None for one in kept_events(conn)) == 3


def test_what_the_hub_answered_and_does_not_hold_is_sent_again_once(
    county: County, tmp_path: Path
) -> None:
    with card(tmp_path / "card", county.hub) as kiosk:
        kiosk.record(5)
        kiosk.contact()
        missing = kiosk.recorded[2]
        _lose_one(county.hub, missing)
        kiosk.way.pushed.clear()

        kiosk.contact()

        assert missing in held_ids(county.hub)
        pushed = [seq for _, seq in kiosk.way.pushed]
        assert 3 in pushed
        assert len(pushed) <= 5


def test_gap_becomes_a_case_after_a_day_and_is_settled_when_it_closes(
    county: County,
) -> None:
    first, missing, last = (county.k1.takes_back(f"YL000{n}") for n in (1, 2, 3))
    county.send(first, last, now=NOON)

    with county.hub.database.writing() as conn:
        follow_gaps(conn, "k1", NOON + dt.timedelta(hours=23))
    assert "gap_in_chain" not in county.cases()
    with county.hub.database.writing() as conn:
        follow_gaps(conn, "k1", NOON + dt.timedelta(hours=25))
    assert "gap_in_chain" in county.cases()
    county.send(missing, now=NOON + 2 * DAY)

    assert "gap_in_chain" in county.cases("settled")


def test_gap_is_as_old_as_its_place() -> None:
    later = NOON + DAY
    assert gap_since(None, 3, 3, NOON) is None
    assert gap_since((3, None), 3, 5, later) == later
    assert gap_since((3, NOON), 3, 6, later) == NOON
    assert gap_since((3, NOON), 5, 7, later) == later


@pytest.mark.parametrize(
    ("named", "clone"),
    [("a", False), ("ab", False), ("aba", False), ("abac", False), ("abab", True)],
)
def test_only_two_ledgers_return_to_both_of_their_epochs(
    named: str, *, clone: bool
) -> None:
    heads: tuple[str, ...] = ()
    for epoch in named:
        heads = heads_after(heads_after(heads, epoch), epoch)
    assert is_clone(heads) is clone


def _forget_all_but(hub: Hub, ids: list[str]) -> None:
    """What a hub knows of events that was restored from a backup."""
    with hub.database.writing() as conn:
        for table in (schema.events, schema.event_copies, schema.facts):
            name = "fact_id" if table is schema.facts else "event_id"
            conn.execute(delete(table).where(table.c[name].not_in(ids)))
        _count_anew(conn)


def _lose_one(hub: Hub, event_id: str) -> None:
    with hub.database.writing() as conn:
        conn.execute(delete(schema.events).where(schema.events.c.event_id == event_id))
        _count_anew(conn)


def _count_anew(conn: Connection) -> None:
    """Heads as they were when the backup was made."""
    places = conn.execute(select(schema.events.c.kiosk_id, schema.events.c.epoch))
    conn.execute(delete(schema.kiosk_heads))
    for kiosk_id, epoch in sorted({(row.kiosk_id, row.epoch) for row in places}):
        advance(conn, kiosk_id, epoch, NOON)

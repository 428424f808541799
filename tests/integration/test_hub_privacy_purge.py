"""Old loans without their readers: what goes, what stays, and that it changes nothing."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from sqlalchemy import update

from kiosk.domain.values import ItemState
from sync.hub.circulation.former import is_former
from sync.hub.county import catalogue
from sync.hub.county.audit import Actor, AuditFilter, check, entries
from sync.hub.county.patron_files import PatronFile, patron_file
from sync.hub.privacy import purge as purging
from sync.hub.privacy import runs
from sync.hub.privacy.consent import Purpose, give, put_text, withdraw
from sync.hub.privacy.purge import purge
from sync.hub.privacy.retention import BadRetention, retention_days, set_retention
from sync.hub.privacy.verify import Checked, verify
from sync.hub.store import schema
from sync.protocol import GENESIS_HASH, Event, Kind, Outcome, chain_hash
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    MINUTE,
    NOON,
    County,
    book,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

STAFF = Actor("li", "command")
LATER = NOON + 200 * DAY
BOOK, OTHER = ITEMS[0], ITEMS[1]


def forget(county: County, now: dt.datetime = LATER) -> runs.Run:
    return purge(county.hub.database, STAFF, now)


def checked(county: County) -> Checked:
    with county.hub.database.reading() as conn:
        last = runs.last_purge(conn)
        assert last is not None
        return verify(conn, last.cut_off)


def lent_and_returned(county: County, item: str = BOOK) -> tuple[Event, Event]:
    ref = county.refs["R1"]
    lent = county.k1.lends(item, ref, NOON, session_id="s1")
    back = county.k1.takes_back(
        item, NOON + DAY, patron_ref=ref, loan_ref=lent.loan_ref
    )
    county.send(lent, back)
    return lent, back


def dump(county: County) -> str:
    """Everything about circulation in the database, as text."""
    tables = (
        schema.facts, schema.loans, schema.events, schema.cases, schema.case_steps,
        schema.quarantine, schema.holds, schema.import_changes,
    )  # fmt: skip
    return "".join(
        str(county.rows(table, next(iter(table.primary_key)).name)) for table in tables
    )


def reader(county: County, number: str = "R1") -> PatronFile:
    with county.hub.database.reading() as conn:
        found = patron_file(conn, county.refs[number])
    assert found is not None
    return found


def test_reader_of_an_old_loan_is_found_nowhere_after_it(county: County) -> None:
    lent_and_returned(county)
    assert county.refs["R1"] in dump(county)

    run = forget(county)

    assert county.refs["R1"] not in dump(county)
    assert "s1" not in str(county.rows(schema.events, "event_id"))
    assert run.forgotten["loans"] == 1
    assert checked(county).is_clean


def test_what_was_lent_where_and_when_stays(county: County) -> None:
    lent_and_returned(county)
    (before,) = county.loans()

    forget(county)

    (after,) = county.loans()
    assert is_former(after["patron_ref"])
    assert after | {"patron_ref": ""} == before | {"patron_ref": ""}
    (lending,) = (
        row for row in county.rows(schema.facts, "at") if row["move"] == "lend"
    )
    assert msgspec.json.decode(lending["records"])["patron"]["patron_type"] == "ADULT"


def test_second_purge_finds_nothing_more(county: County) -> None:
    lent_and_returned(county)
    forget(county)
    stored = dump(county)

    again = forget(county)

    assert not any(again.forgotten.values())
    assert dump(county) == stored


def test_dry_run_counts_and_leaves_all_as_it_is(county: County) -> None:
    lent_and_returned(county)
    stored = dump(county)

    run = purge(county.hub.database, STAFF, LATER, dry_run=True)

    assert run.forgotten["loans"] == 1
    assert dump(county) == stored
    assert county.rows(schema.privacy_runs, "run_id") == []


def test_open_loan_and_one_that_ended_lately_keep_their_readers(county: County) -> None:
    ref = county.refs["R1"]
    lately = LATER - 10 * DAY
    county.send(county.k1.lends(BOOK, ref), county.k1.lends(OTHER, ref), now=NOON + DAY)
    county.send(county.k1.takes_back(OTHER, lately), now=lately)

    forget(county)

    assert [loan["patron_ref"] for loan in county.loans()] == [ref, ref]
    assert checked(county).is_clean


def test_earlier_loan_of_the_same_reader_and_book_is_forgotten(county: County) -> None:
    lent_and_returned(county)
    ref = county.refs["R1"]
    county.send(county.k1.lends(BOOK, ref, NOON + 5 * DAY), now=NOON + 6 * DAY)

    forget(county)

    old, new = county.loans()
    assert is_former(old["patron_ref"])
    assert new["patron_ref"] == ref


def test_two_loans_of_one_reader_are_not_tied_to_each_other(county: County) -> None:
    lent_and_returned(county, BOOK)
    lent_and_returned(county, OTHER)

    forget(county)

    one, other = county.loans()
    assert one["patron_ref"] != other["patron_ref"]


def test_item_with_an_open_case_waits_and_verify_says_so(county: County) -> None:
    county.send(county.k1.lends(BOOK, "nobody-we-know", NOON))
    county.send(county.k1.takes_back(BOOK, NOON + DAY), now=NOON + 3 * DAY)
    assert "patron_unknown" in county.cases()

    run = forget(county)

    assert run.kept == {"case": 1}
    assert county.loans()[0]["patron_ref"] == "nobody-we-know"
    assert checked(county).kept == {"case": 1}


def test_lost_item_waits_until_that_is_settled(county: County) -> None:
    lent_and_returned(county)
    with county.hub.database.writing() as conn:
        catalogue.put_items(conn, [book(BOOK, ItemState.LOST)])

    assert forget(county).kept == {"lost": 1}


def test_closed_case_says_no_more_who_it_was(county: County) -> None:
    one, other = county.refs["R1"], county.refs["R2"]
    county.send(
        county.k1.lends(BOOK, one, NOON),
        county.k1.lends(BOOK, other, NOON + DAY),
        county.k1.takes_back(BOOK, NOON + 2 * DAY),
    )
    table = schema.cases
    with county.hub.database.writing() as conn:
        closed = {"state": "resolved", "closed_at": NOON + 3 * DAY}
        conn.execute(update(table).values(**closed))
    assert one in dump(county)

    forget(county)

    assert one not in dump(county)
    assert other not in dump(county)
    assert checked(county).is_clean


def test_reader_who_wants_a_history_has_one_until_that_is_withdrawn(
    county: County,
) -> None:
    lent_and_returned(county)
    known = reader(county)
    with county.hub.database.writing() as conn:
        put_text(conn, "借阅须知", "What we keep", STAFF, NOON)
        give(conn, known, Purpose.HISTORY, STAFF, NOON)

    forget(county)

    assert county.loans()[0]["patron_ref"] == known.patron_ref
    assert checked(county).is_clean
    with county.hub.database.writing() as conn:
        withdraw(conn, known, Purpose.HISTORY, STAFF, LATER)
    forget(county)
    assert is_former(county.loans()[0]["patron_ref"])


def test_repeat_of_a_forgotten_event_gets_the_same_verdict(county: County) -> None:
    ref = county.refs["R1"]
    lent = county.k1.lends(BOOK, ref, NOON)
    first = county.verdict(lent)
    county.send(county.k1.takes_back(BOOK, NOON + DAY))
    forget(county)

    assert county.verdict(lent, LATER) == first


def test_other_content_under_a_forgotten_id_is_still_refused(county: County) -> None:
    lent, _back = lent_and_returned(county)
    forget(county)

    other = msgspec.structs.replace(lent, item=OTHER, hash="0" * 64)
    other = msgspec.structs.replace(other, hash=chain_hash(other))

    verdict = county.verdict(other, LATER)
    assert verdict.outcome is Outcome.REFUSED
    assert OTHER not in {row["item"] for row in county.rows(schema.facts, "at")}


def test_forgotten_event_recorded_anew_is_known_as_the_same(county: County) -> None:
    lent, _back = lent_and_returned(county)
    forget(county)

    moved = msgspec.structs.replace(lent, epoch="e2", seq=1, prev_hash=GENESIS_HASH)
    moved = msgspec.structs.replace(moved, hash=chain_hash(moved))

    assert county.verdict(moved, LATER).outcome is Outcome.ACCEPTED
    assert county.cases() == {}


def test_late_renewal_that_quotes_a_forgotten_loan_is_the_same_readers(
    county: County,
) -> None:
    lent, _back = lent_and_returned(county)
    forget(county)
    ref = county.refs["R1"]

    late = county.k2.event(
        Kind.RENEW, NOON + MINUTE, item=BOOK, patron_ref=ref, loan_ref=lent.loan_ref
    )

    assert county.verdict(late, LATER).reason != "renewal_without_loan"
    assert ref not in str(county.rows(schema.facts, "at"))


@pytest.mark.parametrize("table", ["loans", "facts", "events", "cases"])
def test_verify_finds_a_link_that_was_left_behind(county: County, table: str) -> None:
    lent, _back = lent_and_returned(county)
    forget(county)
    assert checked(county).is_clean

    _plant(county, table, lent)

    assert checked(county).links[table] >= 1


def _plant(county: County, table: str, lent: Event) -> None:
    ref = county.refs["R1"]
    with county.hub.database.writing() as conn:
        if table == "events":
            body = msgspec.json.encode(lent).decode()
            mine = schema.events.c.event_id == lent.event_id
            conn.execute(update(schema.events).where(mine).values(body=body))
        elif table == "cases":
            conn.execute(schema.cases.insert().values(_case(lent, ref)))
        else:
            conn.execute(update(schema.metadata.tables[table]).values(patron_ref=ref))


def _case(lent: Event, ref: str) -> dict[str, object]:
    return {
        "case_id": f"planted:{lent.event_id}",
        "kind": "loan_displaced",
        "severity": "low",
        "state": "settled",
        "item": BOOK,
        "patron_ref": ref,
        "event_id": lent.event_id,
        "kiosk_id": "k1",
        "sides": "{}",
        "opened_at": NOON,
        "closed_at": NOON + DAY,
        "note": "",
    }


def test_purge_that_was_killed_is_done_by_the_next_one(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "CHUNK", 1)
    for item in ITEMS[:3]:
        lent_and_returned(county, item)
    with monkeypatch.context() as killed:
        killed.setattr(purging, "why_kept", _killed_at(ITEMS[1]))
        with pytest.raises(KeyboardInterrupt):
            forget(county)
    (cut,) = county.rows(schema.privacy_runs, "run_id")
    assert cut["ended_at"] is None
    assert msgspec.json.decode(cut["forgotten"])["loans"] == 1

    rest = forget(county)

    assert rest.forgotten["loans"] == 2
    assert checked(county).is_clean


def _killed_at(place: str) -> object:
    def why_kept(_conn: object, item: str) -> None:
        if item == place:
            raise KeyboardInterrupt

    return why_kept


def test_proof_is_a_run_and_an_entry_in_a_whole_audit_log(county: County) -> None:
    lent_and_returned(county)

    run = forget(county)

    with county.hub.database.reading() as conn:
        (stored,) = runs.runs(conn)
        (entry,) = entries(conn, AuditFilter(what="privacy.purge"), 10)
        assert check(conn) is None
    assert stored == run
    assert entry.after["loans"] == 1


def test_days_are_kept_and_noted_and_bounded(county: County) -> None:
    lent_and_returned(county)
    with county.hub.database.writing() as conn:
        set_retention(conn, 300, STAFF, NOON)
        with pytest.raises(BadRetention, match="366"):
            set_retention(conn, 366, STAFF, NOON)
        assert retention_days(conn) == 300
        (entry,) = entries(conn, AuditFilter(what="privacy.retention"), 10)
    assert (entry.before, entry.after) == ({"days": 90}, {"days": 300})

    forget(county)

    assert county.loans()[0]["patron_ref"] == county.refs["R1"]

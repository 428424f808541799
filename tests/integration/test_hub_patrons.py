"""Readers and their cards: what changes, what every kiosk is told, what is noted."""

from __future__ import annotations

import json

import pytest

from kiosk.domain.values import ItemState, PatronState
from sync.hub.county.audit import Actor
from sync.hub.county.card_kinds import CardKind, CardState
from sync.hub.county.cards import (
    UnknownCard,
    add_card,
    cards_of,
    find_card,
    replace_card,
    set_card_state,
)
from sync.hub.county.item_files import (
    BadItem,
    Part,
    UnknownItem,
    change_item,
    parts_of,
    put_parts,
)
from sync.hub.county.item_search import Field, search_items
from sync.hub.county.patron_files import BadPatron, change, find, wards
from sync.hub.county.patron_search import PatronQuery, search_patrons
from sync.hub.county.patrons import PatronRecord
from sync.hub.county.registration import register
from sync.hub.store import schema
from sync.protocol import Change, CredentialChanged, ItemChanged, PatronChanged, Removed
from tests.integration.hub_world import NOON, County, county, database_url, hub

__all__ = ["county", "database_url", "hub"]

CLERK = Actor("os:clerk", "command")


def told(county: County, before: int) -> list[Change]:
    """What the kiosks are told since a version, without the runs' own."""
    return list(county.feed(before))


def test_second_card_works_until_it_is_lost_and_again_when_found(
    county: County,
) -> None:
    ref, start = county.refs["R1"], county.version()
    with county.hub.database.writing() as conn:
        card = add_card(conn, ref, CardKind.UID, "04a1b2c3", CLERK, NOON)
    (added,) = told(county, start)
    lost_at = county.version()
    with county.hub.database.writing() as conn:
        set_card_state(conn, ref, card.card_id, CardState.LOST, CLERK, NOON)
    (gone,) = told(county, lost_at)
    found_at = county.version()
    with county.hub.database.writing() as conn:
        set_card_state(conn, ref, card.card_id, CardState.ACTIVE, CLERK, NOON)

    assert isinstance(added, CredentialChanged)
    assert gone == Removed("credential", card.card_id)
    assert told(county, found_at) == [added]


def test_lost_card_number_is_not_known_by_importing_it_again(county: County) -> None:
    ref = county.refs["R1"]
    with county.hub.database.writing() as conn:
        card = find_card(conn, ref, "r1")
        set_card_state(conn, ref, card.card_id, CardState.LOST, CLERK, NOON)
    start = county.version()

    county.put_patron(PatronRecord("R1", "张建华", "ADULT"))

    assert not [
        one for one in told(county, start) if isinstance(one, CredentialChanged)
    ]
    with county.hub.database.reading() as conn:
        assert find(conn, "R1").patron_ref == ref


def test_replaced_card_gives_way_to_the_new_one(county: County) -> None:
    ref, start = county.refs["R1"], county.version()
    with county.hub.database.writing() as conn:
        old = find_card(conn, ref, "R1")
        new = replace_card(conn, ref, old, "R100", CLERK, NOON)
        states = [card.state for card in cards_of(conn, ref)]
        by_new_card = find(conn, "r100").number

    kinds = {type(one) for one in told(county, start)}
    assert kinds == {CredentialChanged, Removed}
    assert new.kind is CardKind.NUMBER
    assert states == [CardState.ACTIVE, CardState.REPLACED]
    assert by_new_card == "R1"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CardKind.UID, "no hex"),
        (CardKind.NUMBER, "R2"),
        (CardKind.NUMBER, "x"),
        (CardKind.QR, "with blanks"),
        (CardKind.IDENTITY, "629900199001011234"),
    ],
)
def test_card_that_can_not_be_is_refused(
    county: County, kind: CardKind, text: str
) -> None:
    start = county.version()

    with pytest.raises(BadPatron), county.hub.database.writing() as conn:
        add_card(conn, county.refs["R1"], kind, text, CLERK, NOON)

    assert county.version() == start


def test_card_of_another_reader_can_not_be_touched(county: County) -> None:
    with county.hub.database.writing() as conn:
        theirs = find_card(conn, county.refs["R2"], "R2")
        with pytest.raises(UnknownCard):
            find_card(conn, county.refs["R1"], "R2")
        with pytest.raises(UnknownCard):
            set_card_state(
                conn, county.refs["R1"], theirs.card_id, CardState.LOST, CLERK, NOON
            )


def test_identity_card_is_kept_as_its_fingerprint_and_without_a_hint(
    county: County,
) -> None:
    with county.hub.database.writing() as conn:
        card = add_card(
            conn, county.refs["R1"], CardKind.IDENTITY, "ab" * 32, CLERK, NOON
        )

    assert card.hint == ""


def test_state_and_limit_reach_the_kiosks_and_the_audit_log(county: County) -> None:
    ref, start = county.refs["R1"], county.version()
    values = {"state": PatronState.SUSPENDED, "loan_limit": 3, "name": "张建国"}
    with county.hub.database.writing() as conn:
        change(conn, ref, values, CLERK, NOON)

    (changed,) = told(county, start)
    assert isinstance(changed, PatronChanged)
    assert (changed.value.state, changed.value.loan_limit) == ("suspended", 3)
    (entry,) = county.rows(schema.audit_log, "entry")
    assert (entry["what"], entry["about"]) == ("patron.change", f"patron:{ref}")
    assert json.loads(entry["after"])["state"] == "suspended"
    assert "张" not in entry["before"] + entry["after"]


def test_change_to_the_same_wakes_no_kiosk(county: County) -> None:
    start = county.version()

    with county.hub.database.writing() as conn:
        change(conn, county.refs["R1"], {"patron_type": "ADULT"}, CLERK, NOON)

    assert county.version() == start


def test_import_leaves_what_its_table_does_not_carry(county: County) -> None:
    ref = county.refs["R1"]
    with county.hub.database.writing() as conn:
        change(conn, ref, {"home_site": "B", "loan_limit": 9}, CLERK, NOON)

    county.put_patron(PatronRecord("R1", "张建华", "SENIOR"))

    with county.hub.database.reading() as conn:
        kept = find(conn, "R1")
    assert (kept.home_site, kept.loan_limit, kept.patron_type) == ("B", 9, "SENIOR")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", " "),
        ("patron_type", "GHOST"),
        ("home_site", "nowhere"),
        ("loan_limit", -1),
        ("birth_year", 12),
        ("guardian", "nobody"),
        ("number", "R9"),
    ],
)
def test_change_that_can_not_be_names_the_field(
    county: County, name: str, value: object
) -> None:
    with (
        pytest.raises(BadPatron, match=name),
        county.hub.database.writing() as conn,
    ):
        change(conn, county.refs["R1"], {name: value}, CLERK, NOON)


def test_child_has_a_guardian_who_is_no_child(county: County) -> None:
    with county.hub.database.writing() as conn:
        adult = find(conn, "R1").patron_ref
        values = {"name": "张小明", "patron_type": "CHILD", "guardian": adult}
        child = register(conn, "R101", values, CLERK, NOON)
        other = register(conn, "R102", {**values, "name": "张小红"}, CLERK, NOON)
        answers_for = [ward.number for ward in wards(conn, adult)]
        with pytest.raises(BadPatron, match="minor"):
            change(conn, other.patron_ref, {"guardian": child.patron_ref}, CLERK, NOON)
        with pytest.raises(BadPatron, match="own"):
            change(conn, adult, {"guardian": adult}, CLERK, NOON)

    assert answers_for == ["R101", "R102"]


def test_number_that_is_in_the_records_is_not_registered_again(county: County) -> None:
    values = {"name": "孙丽", "patron_type": "ADULT"}
    with county.hub.database.writing() as conn:
        register(conn, "r501", values, CLERK, NOON)
        with pytest.raises(BadPatron, match="already"):
            register(conn, "R501", values, CLERK, NOON)


def test_group_borrows_up_to_its_own_limit(county: County) -> None:
    with county.hub.database.writing() as conn:
        values = {"name": "三年级一班", "patron_type": "GROUP", "loan_limit": 1}
        group = register(conn, "G001", values, CLERK, NOON)

    first = county.verdict(county.k1.lends("YL0001", group.patron_ref))
    second = county.verdict(county.k1.asks("YL0002", group.patron_ref))

    assert first.outcome == "accepted"
    assert (second.outcome, second.reason) == ("refused", "E-LIMIT")


# --- searching ------------------------------------------------------------------------


def test_readers_are_paged_by_number_without_a_gap(county: County) -> None:
    for number in range(110, 121):
        county.put_patron(PatronRecord(f"R{number}", f"王小{number}", "ADULT"))
    numbers: list[str] = []
    after: str | None = ""
    while after is not None:
        with county.hub.database.reading() as conn:
            page = search_patrons(conn, PatronQuery(text="王", after=after), 4)
        numbers += [one.number for one in page.patrons]
        after = page.after

    assert numbers == [*(f"R{number}" for number in range(110, 121)), "R2"]


def test_renamed_reader_is_found_by_the_new_name_alone(county: County) -> None:
    county.put_patron(PatronRecord("R1", "欧阳娜", "ADULT"))

    with county.hub.database.reading() as conn:
        new = search_patrons(conn, PatronQuery(text="阳娜")).patrons
        old = search_patrons(conn, PatronQuery(text="建华")).patrons

    assert [one.number for one in new] == ["R1"]
    assert old == ()


# --- items ----------------------------------------------------------------------------


def test_part_that_is_missing_is_no_longer_expected_by_kiosks(county: County) -> None:
    start = county.version()
    with county.hub.database.writing() as conn:
        parts = [Part(1, "book"), Part(2, "disc", missing=True), Part(3, "map")]
        put_parts(conn, "YL0001", parts, CLERK, NOON)
        stored = parts_of(conn, "YL0001")

    (changed,) = told(county, start)
    assert isinstance(changed, ItemChanged)
    assert changed.value.parts == 2
    assert stored == tuple(parts)


def test_changed_item_keeps_its_owner_and_says_why(county: County) -> None:
    with county.hub.database.writing() as conn:
        values = {"state": ItemState.WITHDRAWN, "adult_only": True}
        after = change_item(conn, "yl0001", values, CLERK, NOON, "torn")
        with pytest.raises(BadItem, match="owner"):
            change_item(conn, "YL0001", {"owner": "CN-2"}, CLERK, NOON)
        with pytest.raises(BadItem, match="home_site"):
            change_item(conn, "YL0001", {"home_site": "nowhere"}, CLERK, NOON)
        with pytest.raises(BadItem, match="item_type"):
            change_item(conn, "YL0001", {"item_type": "SCROLL"}, CLERK, NOON)
        with pytest.raises(BadItem, match="parts"):
            put_parts(conn, "YL0001", [Part(1, "a", missing=True)], CLERK, NOON)
        with pytest.raises(UnknownItem):
            change_item(conn, "YL9999", {}, CLERK, NOON)

    assert (after.state, after.adult_only) == ("withdrawn", True)
    (entry,) = county.rows(schema.audit_log, "entry")
    assert (entry["about"], entry["reason"]) == ("item:YL0001", "torn")


def test_tag_of_another_copy_is_refused(county: County) -> None:
    with county.hub.database.writing() as conn:
        change_item(conn, "YL0001", {"tag_uid": "E004AA"}, CLERK, NOON)
        with pytest.raises(BadItem, match="YL0001"):
            change_item(conn, "YL0002", {"tag_uid": "E004AA"}, CLERK, NOON)


def test_book_that_only_a_kiosk_knows_is_found_by_its_title(county: County) -> None:
    payload = {"title": "旋鼓的故事"}
    county.send(county.k1.lends("YL7777", county.refs["R1"], payload=payload))

    with county.hub.database.reading() as conn:
        (found,) = search_items(conn, "旋鼓", Field.ANY).found

    assert [one.barcode for one in found.items] == ["YL7777"]

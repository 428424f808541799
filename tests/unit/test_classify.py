from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest

from drivers.api import Tag
from drivers.tagdata import cultu_user, iso28560_2, iso28560_4, plain
from drivers.tagdata.cultu import CultuEpc
from drivers.tagdata.cultu_user import make_banks
from drivers.tagdata.elements import (
    OWNER,
    PII,
    SET_INFORMATION,
    TYPE_OF_USAGE,
    set_text,
)
from drivers.tagdata.epc_bank import Banks
from drivers.tagdata.layout import compose, image
from kiosk.domain.rules import CredentialRule, Rules
from kiosk.domain.session import Book, BookClass
from kiosk.domain.values import Item, ItemState, Title
from kiosk.service.classify import read_stack, scanned_book
from kiosk.service.ports import Mirror

COUNTY, PARTNER, STRANGER = "CN-000001", "CN-000002", "CN-000003"
MEMORY_BYTES = 112
RULES = Rules(
    1, {}, {}, CredentialRule("00" * 16), owners=(COUNTY,), partners=(PARTNER,)
)
BARCODE = "YL0417000123"
OLD_TAG = "E00700000000ABCD"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The part of a mirror that tells books apart."""

    rules_now: Rules | None = RULES
    titles: Mapping[str, Title] = field(
        default_factory=lambda: {"T1": Title("T1", "乡村医生手册", "李明")}
    )

    def rules(self) -> Rules | None:
        return self.rules_now

    def item(self, barcode: str) -> Item | None:
        known = Item(BARCODE, "T1", "BOOK", ItemState.LENDABLE, COUNTY, "0417", "0417")
        return known if barcode == BARCODE else None

    def item_of_tag(self, tag_uid: str) -> Item | None:
        return self.item(BARCODE) if tag_uid == OLD_TAG else None

    def title(self, title_id: str) -> Title | None:
        return self.titles.get(title_id)


def tag(uid: str, memory: bytes, dsfid: int | None = iso28560_2.DSFID) -> Tag:
    return Tag(uid, dsfid=dsfid, memory=memory)


def written(
    barcode: str = BARCODE, owner: str = COUNTY, members: str = "", usage: str = "10"
) -> bytes:
    values = {PII: barcode, OWNER: owner, SET_INFORMATION: members}
    values[TYPE_OF_USAGE] = usage
    return image(compose({o: text for o, text in values.items() if text}), MEMORY_BYTES)


def uhf(
    barcode: str = BARCODE, owner: str = COUNTY, members: str = "", usage: str = "10"
) -> Banks:
    values = {PII: barcode, OWNER: owner, SET_INFORMATION: members}
    values[TYPE_OF_USAGE] = usage
    return iso28560_4.make({oid: text for oid, text in values.items() if text})


def uhf_tag(banks: Banks, uid: str = "E200") -> Tag:
    return Tag(uid, epc_bank=banks.epc_bank, memory=banks.user)


def part(number: int, parts: int = 3) -> Tag:
    return tag(f"E0{number}", written(members=set_text(parts, number)))


def read(*tags: Tag, catalogue: Catalogue | None = None) -> tuple[Book, ...]:
    return read_stack(tags, cast(Mirror, catalogue or Catalogue()))


@pytest.mark.parametrize(
    ("memory", "kind"),
    [
        (written(), BookClass.OWN),
        (written(owner=""), BookClass.OWN),
        (written(owner=PARTNER), BookClass.PARTNER),
        (written(owner=STRANGER), BookClass.FOREIGN),
        (written(usage="80"), BookClass.CARD),
        (written(members=set_text(2, 1)), BookClass.INCOMPLETE),
        (image(plain.encode(BARCODE), MEMORY_BYTES), BookClass.OWN),
        (bytes.fromhex("F1E2D3C4B5A69788"), BookClass.UNREADABLE),
        (b"", BookClass.UNREADABLE),
        (bytes(MEMORY_BYTES), BookClass.BLANK),
    ],
    ids=str,
)
def test_a_tag_is_told_by_what_is_written_on_it(memory: bytes, kind: BookClass) -> None:
    (book,) = read(tag("E0A1", memory))

    assert book.kind is kind


@pytest.mark.parametrize(
    ("banks", "kind"),
    [
        (uhf(), BookClass.OWN),
        (uhf(owner=""), BookClass.OWN),
        (uhf(owner=PARTNER), BookClass.PARTNER),
        (uhf(owner=STRANGER), BookClass.FOREIGN),
        (uhf(usage="80"), BookClass.CARD),
        (uhf(members=set_text(2, 1)), BookClass.INCOMPLETE),
        (make_banks(CultuEpc("32103179")), BookClass.OWN),
        (make_banks(CultuEpc("1"), [cultu_user.make(5, "3")]), BookClass.CARD),
        (make_banks(CultuEpc("1"), [cultu_user.make(4, "1/2")]), BookClass.INCOMPLETE),
        (make_banks(CultuEpc("1"), [cultu_user.make(3, "10248")]), BookClass.FOREIGN),
        (Banks(bytes.fromhex("3000E2003412013456789ABCDEF0"), b""), BookClass.BLANK),
        (Banks(bytes.fromhex("2900FFFFFFFFFFFFFFFFFFFF"), b""), BookClass.UNREADABLE),
    ],
    ids=str,
)
def test_a_uhf_tag_is_told_by_its_two_banks(banks: Banks, kind: BookClass) -> None:
    (book,) = read(uhf_tag(banks))

    assert book.kind is kind


def test_parts_of_a_set_with_uhf_tags_are_one_book() -> None:
    parts = (uhf(members=set_text(2, number)) for number in (1, 2))

    (book,) = read(
        *(uhf_tag(banks, uid) for banks, uid in zip(parts, "AB", strict=True))
    )

    assert (book.kind, book.barcode, book.uids) == (BookClass.OWN, BARCODE, ("A", "B"))


def test_a_book_has_the_words_of_the_catalogue() -> None:
    (book,) = read(tag("E0A1", written()))

    assert book == Book(
        BARCODE, BookClass.OWN, BARCODE, "乡村医生手册", "李明", ("E0A1",)
    )


def test_a_book_without_a_title_is_still_a_book() -> None:
    (book,) = read(tag("E0A1", written()), catalogue=Catalogue(titles={}))

    assert (book.key, book.title, book.author) == (BARCODE, "", "")


def test_all_parts_of_a_set_are_one_book() -> None:
    (book,) = read(part(1), part(2), part(3))

    assert (book.kind, book.uids, book.missing) == (
        BookClass.OWN,
        ("E01", "E02", "E03"),
        0,
    )


def test_a_set_counts_its_missing_parts() -> None:
    (book,) = read(part(1), part(3))

    assert (book.kind, book.missing) == (BookClass.INCOMPLETE, 1)


def test_the_same_number_twice_is_a_duplicate_of_each() -> None:
    first, second = read(tag("E0A1", written()), tag("E0A2", written()))

    assert (first.kind, second.kind) == (BookClass.DUPLICATE, BookClass.DUPLICATE)
    assert (first.key, second.key) == ("E0A1", "E0A2")
    assert (first.barcode, second.barcode) == (BARCODE, BARCODE)


def test_the_same_part_twice_spoils_the_whole_set() -> None:
    again = tag("E09", written(members=set_text(3, 2)))

    books = read(part(1), part(2), again)

    assert {book.kind for book in books} == {BookClass.DUPLICATE}
    assert len(books) == 3


def test_what_can_not_be_read_is_known_by_its_uid() -> None:
    blank, unread = read(tag("E0A1", bytes(MEMORY_BYTES)), tag("E0A2", b""))

    assert (blank.key, blank.barcode) == ("E0A1", "")
    assert (unread.key, unread.barcode) == ("E0A2", "")


def test_a_patron_card_does_not_show_its_number() -> None:
    (card,) = read(tag("E0A1", written(barcode="10000012345", usage="80")))

    assert (card.key, card.barcode, card.title) == ("E0A1", "", "")


def test_books_keep_the_order_in_which_they_came() -> None:
    other = tag("E0A2", written(barcode="YL0417000999"))

    books = read(other, tag("E0A1", written()))

    assert [book.barcode for book in books] == ["YL0417000999", BARCODE]


def test_without_rules_nothing_is_foreign() -> None:
    (book,) = read(
        tag("E0A1", written(owner=STRANGER)), catalogue=Catalogue(rules_now=None)
    )

    assert book.kind is BookClass.OWN


def test_a_scanned_label_is_a_book_if_the_catalogue_knows_it() -> None:
    catalogue = cast(Mirror, Catalogue())

    known = scanned_book(BARCODE, catalogue)

    assert known == Book(BARCODE, BookClass.OWN, BARCODE, "乡村医生手册", "李明")
    assert scanned_book("YL0417000999", catalogue) is None


def test_a_tag_that_says_nothing_may_be_known_by_its_uid() -> None:
    private = b"\xfe\xdc" * 20

    (book,) = read(tag(OLD_TAG, private, dsfid=0))
    (stranger,) = read(tag("E0FF", private, dsfid=0))

    assert (book.kind, book.barcode, book.title) == (
        BookClass.OWN,
        BARCODE,
        "乡村医生手册",
    )
    assert stranger.kind is BookClass.UNREADABLE


def test_a_blank_tag_on_an_old_book_is_known_by_its_uid() -> None:
    (book,) = read(tag(OLD_TAG, bytes(MEMORY_BYTES)))

    assert book.barcode == BARCODE


def test_what_a_tag_says_beats_what_its_uid_is_known_for() -> None:
    (book,) = read(tag(OLD_TAG, written("YL0417000999")))

    assert book.barcode == "YL0417000999"

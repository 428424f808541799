"""Books with tags for the bench: ordinary ones, and one of each kind of trouble."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from drivers.tagdata import iso28560_2, iso28560_3, plain
from drivers.tagdata.elements import (
    OWNER,
    PII,
    SET_INFORMATION,
    TYPE_OF_USAGE,
    set_text,
)
from drivers.tagdata.layout import compose, image
from kiosk.demo import names
from kiosk.demo.people import PatronRow
from kiosk.demo.stock import ItemRow, TitleRow

#: A usual chip: 28 blocks of 4 bytes.
MEMORY_BYTES = 112
#: ISO 15693, maker NXP, type SLIX.
_UID_START = "E0040150"
_AFI_IN, _AFI_NEW = 0x07, 0x00
_CIRCULATING, _PATRON_CARD = "10", "80"
#: Every so many ordinary books one came with a tag of the older model.
_OLD_MODEL_EVERY = 6
#: What a vendor of gates wrote on its tags; no data model of a library.
_VENDOR_BYTES = bytes.fromhex("F1E2D3C4B5A69788 99AABBCCDDEEFF01")


@dataclass(frozen=True, slots=True)
class BenchBook:
    """A thing with a tag that can be laid on the pad.

    `barcode` stands on the label, `memory` (hex) in the tag; `trouble` is "" for
    an ordinary book.
    """

    barcode: str
    title: str
    uid: str
    model: str
    dsfid: int
    afi: int
    memory: str
    part: int = 1
    parts: int = 1
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Stock:
    """What the books on the bench are taken from. `site` is where the kiosk stands."""

    titles: Sequence[TitleRow]
    items: Sequence[ItemRow]
    patrons: Sequence[PatronRow]
    site: str

    def title_of(self, item: ItemRow) -> str:
        return next(t.title for t in self.titles if t.title_id == item.title_id)

    @property
    def single(self) -> tuple[ItemRow, ...]:
        """Copies of one part, those at home at the site first."""
        here = [i for i in self.items if i.parts == 1 and i.home_site == self.site]
        others = [i for i in self.items if i.parts == 1 and i.home_site != self.site]
        return (*here, *reversed(others))

    @property
    def sets(self) -> tuple[ItemRow, ...]:
        return tuple(item for item in self.items if item.parts > 1)


def bench_books(stock: Stock, dice: random.Random, count: int) -> tuple[BenchBook, ...]:
    """Return `count` ordinary books and then the troubled ones, each with its own UID."""
    ordinary, spare = stock.single[:count], stock.single[count:]
    untagged = [
        *_ordinary(stock, ordinary),
        *_sets(stock),
        *_troubled(stock, iter(spare)),
    ]
    serials = dice.sample(range(1 << 32), len(untagged))
    return tuple(
        replace(book, uid=f"{_UID_START}{serial:08X}")
        for book, serial in zip(untagged, serials, strict=True)
    )


def _ordinary(stock: Stock, items: Iterable[ItemRow]) -> Iterator[BenchBook]:
    for place, item in enumerate(items, 1):
        if place % _OLD_MODEL_EVERY == 0:
            block = iso28560_3.to_bytes(iso28560_3.BasicBlock(item=item.barcode))
            yield _book(stock, item, block, model="iso28560-3", dsfid=0x3E)
        else:
            yield _book(stock, item, _elements(item.barcode))


def _sets(stock: Stock) -> Iterator[BenchBook]:
    """A set with all its parts, and one whose middle part is missing."""
    whole, broken = stock.sets[:2]
    for part in range(1, whole.parts + 1):
        yield _part(stock, whole, part, "set")
    for part in (1, broken.parts):
        yield _part(stock, broken, part, "set_incomplete")


def _part(stock: Stock, item: ItemRow, part: int, trouble: str) -> BenchBook:
    memory = _elements(item.barcode, members=set_text(item.parts, part))
    book = _book(stock, item, memory, trouble=trouble)
    return replace(book, part=part, parts=item.parts)


def _troubled(stock: Stock, spare: Iterator[ItemRow]) -> Iterator[BenchBook]:
    item = next(spare)
    yield _book(stock, item, b"", trouble="blank", model="blank", dsfid=0, afi=_AFI_NEW)
    item = next(spare)
    yield _book(
        stock, item, _VENDOR_BYTES, trouble="uid_only", model="unknown", dsfid=0
    )
    item = next(spare)
    yield _book(stock, item, _elements(item.barcode, owner=""), trouble="owner_missing")
    item = next(spare)
    text = plain.encode(item.barcode)
    yield _book(stock, item, text, trouble="plain_text", model="plain", dsfid=0)
    item = next(spare)
    yield _book(stock, item, _elements(item.barcode), trouble="afi_wrong", afi=_AFI_NEW)
    item = next(spare)
    for _ in range(2):
        yield _book(stock, item, _elements(item.barcode), trouble="duplicate")
    yield from _strangers(stock)


def _strangers(stock: Stock) -> Iterator[BenchBook]:
    """Things that the county's catalogue does not know."""
    foreign, unknown = "YC0101000123", f"YL{stock.site}990001"
    memory = _elements(foreign, owner=names.OTHER_ISIL)
    yield _thing(foreign, "远川县的书", memory, trouble="foreign")
    yield _thing(unknown, "没有登记的书", _elements(unknown), trouble="unknown_item")
    card = stock.patrons[0].number
    memory = _elements(card, usage=_PATRON_CARD)
    yield _thing(card, "读者证", memory, trouble="patron_card")


def _elements(
    barcode: str,
    owner: str = names.ISIL,
    members: str = "",
    usage: str = _CIRCULATING,
) -> bytes:
    values = {
        PII: barcode,
        OWNER: owner,
        SET_INFORMATION: members,
        TYPE_OF_USAGE: usage,
    }
    return compose({oid: text for oid, text in values.items() if text})


def _book(
    stock: Stock,
    item: ItemRow,
    memory: bytes,
    *,
    trouble: str = "",
    model: str = "iso28560-2",
    dsfid: int = iso28560_2.DSFID,
    afi: int = _AFI_IN,
) -> BenchBook:
    book = _thing(item.barcode, stock.title_of(item), memory, trouble=trouble)
    return replace(book, model=model, dsfid=dsfid, afi=afi)


def _thing(barcode: str, title: str, memory: bytes, *, trouble: str) -> BenchBook:
    return BenchBook(
        barcode=barcode,
        title=title,
        uid="",
        model="iso28560-2",
        dsfid=iso28560_2.DSFID,
        afi=_AFI_IN,
        memory=image(memory, MEMORY_BYTES).hex().upper(),
        trouble=trouble,
    )

"""Titles and copies of the invented county: the known titles, then series by class."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kiosk.demo import names


@dataclass(frozen=True, slots=True)
class TitleRow:
    """A bibliographic record, as the county library catalogued it."""

    title_id: str
    title: str
    author: str
    publisher: str
    year: str
    isbn: str
    clc: str


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A copy, as it stands in items.csv."""

    barcode: str
    title_id: str
    item_type: str
    state: str
    owner: str
    home_site: str
    current_site: str
    adult_only: int
    parts: int


def make_titles(count: int, dice: random.Random) -> tuple[TitleRow, ...]:
    """Return `count` titles: the known ones first, then a mix by class."""
    known = [
        TitleRow(_title_id(n), *row) for n, row in enumerate(names.KNOWN_TITLES, 1)
    ]
    missing = max(0, count - len(known))
    picked = dice.sample(_series(missing), missing)
    series = [
        TitleRow(
            title_id=_title_id(number),
            title=title,
            author=names.SERIES_AUTHOR,
            publisher=names.SERIES_PUBLISHER,
            year=str(dice.randint(2009, 2025)),
            isbn="",
            clc=clc,
        )
        for number, (title, clc) in enumerate(picked, len(known) + 1)
    ]
    return (*known, *series)[:count]


def make_items(
    titles: Sequence[TitleRow], shares: Sequence[tuple[str, int]]
) -> tuple[ItemRow, ...]:
    """Return the copies of each site. `shares`: site and how many copies it holds.

    Each site's copies go round the titles where the last site's ended, so that
    every title is somewhere and neighbours differ.
    """
    rounds = itertools.cycle(titles)
    serials = itertools.count(170001)
    return tuple(
        _item(next(rounds), site, next(serials))
        for site, copies in shares
        for _ in range(copies)
    )


def farmhouse_class(clc: str) -> str:
    """Return the shelf class of a village book room for a CLC class number."""
    if clc.startswith("I28"):
        return "少儿"
    if clc.startswith(("R", "TS97")):
        return "生活"
    return _CLASS_BY_LETTER[clc[0]]


def _series(count: int) -> list[tuple[str, str]]:
    """Return at least `count` titles with classes, in the shares of the classes."""
    made: list[tuple[str, str]] = []
    for share, subjects, topics in names.SERIES:
        wanted = -(-count * share // 100)
        made += itertools.islice(_volumes(subjects, topics), wanted)
    return made


def _volumes(
    subjects: Sequence[tuple[str, str]], topics: Sequence[str]
) -> Iterator[tuple[str, str]]:
    for volume in itertools.count(1):
        suffix = "" if volume == 1 else f"（第{volume}册）"
        for topic, (subject, clc) in itertools.product(topics, subjects):
            yield f"{subject}{topic}{suffix}", clc


def _title_id(number: int) -> str:
    return f"YL{number:08d}"


def _item(title: TitleRow, site: str, serial: int) -> ItemRow:
    reference = title.title in names.READING_ROOM_ONLY
    return ItemRow(
        barcode=f"YL{site}{serial:06d}",
        title_id=title.title_id,
        item_type=_item_type(title),
        state="reference" if reference else "lendable",
        owner=names.ISIL,
        home_site=site,
        current_site=site,
        adult_only=int(title.title in names.ADULT_ONLY),
        parts=names.SET_PARTS if title.title == names.SET_TITLE else 1,
    )


def _item_type(title: TitleRow) -> str:
    if title.title in names.READING_ROOM_ONLY:
        return "REFERENCE"
    return "CHILDREN" if farmhouse_class(title.clc) == "少儿" else "BOOK"


_CLASS_BY_LETTER = {
    **dict.fromkeys("ABCDEF", "政经"),
    **dict.fromkeys("NOPQSTUVX", "科技"),
    **dict.fromkeys("GHIJK", "文化"),
    "Z": "其他",
}

"""The invented county 云岭县, as files that a real county would hand over.

`write_county` needs nothing of the hub or the kiosk: it writes CNMARC, CSV and a
list of what the bench can lay on the pad. The same seed gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any

from kiosk.demo import cnmarc, names
from kiosk.demo.bench_books import BenchBook, Stock, bench_books
from kiosk.demo.people import PatronRow, make_patrons
from kiosk.demo.places import DEMO_SITE, HUB, SiteRow, make_sites
from kiosk.demo.stock import ItemRow, TitleRow, make_items, make_titles

DEFAULT_SEED = 629900


@dataclass(frozen=True, slots=True)
class Size:
    """How big a county is. `towns` are numbers of `names.TOWNS`, `villages` per town."""

    towns: tuple[int, ...]
    villages: tuple[int, ...]
    titles: int
    hub_items: int
    branch_items: int
    point_items: int
    patrons: int
    bench: int = 24


SIZES: Mapping[str, Size] = {
    "small": Size((1, 3, 4), (4, 17), 60, 60, 20, 20, 30),
    "full": Size(
        towns=tuple(range(1, len(names.TOWNS) + 1)),
        villages=(4, 9, 13, 17),
        titles=4000,
        hub_items=12_000,
        branch_items=1_000,
        point_items=300,
        patrons=2_000,
    ),
}


@dataclass(frozen=True, slots=True)
class County:
    """Everything there is in the county."""

    sites: tuple[SiteRow, ...]
    titles: tuple[TitleRow, ...]
    items: tuple[ItemRow, ...]
    patrons: tuple[PatronRow, ...]
    bench: tuple[BenchBook, ...]


def make_county(size: str | Size = "small", seed: int = DEFAULT_SEED) -> County:
    """Invent a county. Raises KeyError for a size that has no figures."""
    figures = SIZES[size] if isinstance(size, str) else size
    dice = random.Random(seed)  # noqa: S311  (invents data, guards no secret)
    sites = make_sites(figures.towns, figures.villages)
    titles = make_titles(figures.titles, dice)
    items = make_items(titles, _shares(sites, figures))
    homes = [DEMO_SITE, *(site.site_id for site in sites if site.level != "HUB")]
    patrons = make_patrons(figures.patrons, homes, dice)
    stock = Stock(titles, items, patrons, DEMO_SITE)
    return County(
        sites, titles, items, patrons, bench_books(stock, dice, figures.bench)
    )


def write_county(
    folder: Path, size: str | Size = "small", seed: int = DEFAULT_SEED
) -> County:
    """Write titles.mrc (UTF-8), titles-gbk.mrc, three tables and books.json.

    `books.json` has `site`, `books` and `cards` for the bench.
    """
    county = make_county(size, seed)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "titles.mrc": cnmarc.file_bytes(county.titles, "utf-8"),
        "titles-gbk.mrc": cnmarc.file_bytes(county.titles, "gbk"),
        "sites.csv": _table(county.sites),
        "items.csv": _table(county.items),
        "patrons.csv": _table(county.patrons),
        "books.json": _bench_list(county),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return county


def _shares(sites: Sequence[SiteRow], figures: Size) -> list[tuple[str, int]]:
    """Copies per site; the hub and the demo's site come first, for the known titles."""
    copies = {
        "HUB": figures.hub_items,
        "BRANCH": figures.branch_items,
        "POINT": figures.point_items,
    }
    known = {HUB: 0, DEMO_SITE: 1}
    latest_first = sorted(sites, key=lambda site: site.site_id, reverse=True)
    order = sorted(latest_first, key=lambda s: (known.get(s.site_id, 2), s.level))
    return [(site.site_id, copies[site.level]) for site in order]


def _table(rows: Sequence[Any]) -> bytes:
    """Return a CSV file as a spreadsheet writes it: UTF-8 with its mark, CRLF."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([field.name for field in fields(rows[0])])
    writer.writerows(astuple(row) for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _bench_list(county: County) -> bytes:
    content = {
        "site": DEMO_SITE,
        "books": [asdict(book) for book in county.bench],
        "cards": [asdict(patron) for patron in county.patrons],
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()

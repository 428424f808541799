"""Copies named in field 905 of a record, put where that library is in the county."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kiosk.domain.values import Item, ItemState, Site, Title
from sync.hub.importers.cells import is_number
from sync.hub.importers.mapped import Holding

#: Chinese Library Classification: children's literature.
_CHILDREN = "I28"


@dataclass(frozen=True, slots=True)
class Places:
    """The county's sites by every name a 905 $a may use.

    `default` takes the copies of a library that is none of them, if it is given.
    """

    by_name: Mapping[str, Site]
    owner: str
    default: Site | None = None

    @classmethod
    def of(cls, sites: Iterable[Site], default: str | None = None) -> Places:
        """Know each site by its id, ISIL and names. Raises KeyError for `default`."""
        every = tuple(sites)
        by_id = {site.site_id: site for site in every}
        names = {
            name: site
            for site in every
            for name in (site.short_name, site.name, site.isil)
            if name
        }
        owner = next((site.isil for site in every if site.isil), "")
        return cls(names | by_id, owner, by_id[default] if default else None)

    def find(self, library: str) -> Site | None:
        return self.by_name.get(library, self.default)


def copies(
    title: Title, holdings: Iterable[Holding], places: Places
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """Return the copies that have a place, and a remark for what was left out."""
    items, remarks = [], []
    for holding in holdings:
        site = places.find(holding.library)
        if site is None:
            remarks.append(
                f"905 $a {holding.library!r} is no site of this county;"
                f" {len(holding.barcodes)} barcodes left out"
            )
            continue
        for barcode in holding.barcodes:
            if is_number(barcode):
                items.append(_copy(title, barcode, site, places.owner))
            else:
                remarks.append(f"905 $b {barcode!r} is no barcode; left out")
    return tuple(items), tuple(remarks)


def _copy(title: Title, barcode: str, site: Site, owner: str) -> Item:
    children = title.clc.startswith(_CHILDREN)
    return Item(
        barcode=barcode,
        title_id=title.title_id,
        item_type="CHILDREN" if children else "BOOK",
        state=ItemState.LENDABLE,
        owner=site.isil or owner,
        home_site=site.site_id,
        current_site=site.site_id,
    )

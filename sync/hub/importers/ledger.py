"""The ledger of a rural bookroom (农家书屋): a serial, a class, a title, a price.

No record numbers and no barcodes: a title gets its ISBN or a fingerprint for an id, a
copy its place in the ledger for a barcode, so that importing twice adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.domain.values import Item, ItemState, Site, Title
from sync.hub.importers.cells import Cells, is_number
from sync.hub.importers.isbn import BadIsbn, isbn13
from sync.hub.importers.mapped import barcodes, fingerprint, year
from sync.hub.importers.tables import BadCell, Column

COLUMNS = (
    Column("serial", "序号", also=("编号", "登记号", "总登记号")),
    Column("title", "书名", also=("题名", "图书名称", "名称")),
    Column("class_name", "类别", required=False, also=("分类", "图书类别", "种类")),
    Column("author", "作者", required=False, also=("责任者", "著者")),
    Column("publisher", "出版社", required=False, also=("出版者", "出版单位")),
    Column("year", "出版年", required=False, also=("出版日期", "出版时间")),
    Column("isbn", "书号", required=False, also=("ISBN", "标准书号", "ISBN号")),
    Column("clc", "分类号", required=False, also=("索书号",)),
    Column("copies", "册数", required=False, also=("数量", "数量(册)", "复本")),
    Column("barcode", "条码号", required=False, also=("条码", "条形码")),
)
#: Barcodes have six digits behind the site: four for the serial, two for the copy.
_MOST_SERIALS = 9999
_CHILDREN = ("少儿", "儿童", "少年")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: a title and its copies, and what was left out or mended."""

    title: Title
    items: tuple[Item, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bookroom:
    """Whose ledger it is. `prefix` goes before the barcodes that are made."""

    site: Site
    owner: str
    prefix: str = ""

    def entry(self, cells: Cells) -> tuple[str, Entry]:
        """Read a row; its key is its serial. Raises BadCell."""
        serial = _serial(cells)
        title, remarks = _title(cells)
        codes = barcodes([cells.optional("barcode")]) or self._made(cells, serial)
        for code in codes:
            if not is_number(code):
                raise BadCell("barcode", code, "is no barcode")
        children = any(word in cells.optional("class_name") for word in _CHILDREN)
        items = tuple(self._copy(title, code, children=children) for code in codes)
        return str(serial), Entry(title, items, remarks)

    def _made(self, cells: Cells, serial: int) -> Sequence[str]:
        place = f"{self.prefix}{self.site.site_id}".upper()
        copies = range(1, cells.count("copies") + 1)
        return [f"{place}{serial:04d}{copy:02d}" for copy in copies]

    def _copy(self, title: Title, barcode: str, *, children: bool) -> Item:
        return Item(
            barcode=barcode,
            title_id=title.title_id,
            item_type="CHILDREN" if children else "BOOK",
            state=ItemState.LENDABLE,
            owner=self.owner,
            home_site=self.site.site_id,
            current_site=self.site.site_id,
        )


def _serial(cells: Cells) -> int:
    text = cells.text("serial")
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MOST_SERIALS):
        raise BadCell("serial", text, f"is no number from 1 to {_MOST_SERIALS}")
    return int(text)


def _title(cells: Cells) -> tuple[Title, tuple[str, ...]]:
    name, author = cells.text("title"), cells.optional("author")
    publisher = cells.optional("publisher")
    isbn, remarks = _isbn(cells.optional("isbn"))
    title = Title(
        title_id=isbn or fingerprint((name, author, publisher)),
        title=name,
        author=author,
        publisher=publisher,
        year=year(cells.optional("year")),
        isbn=isbn,
        clc=cells.optional("clc"),
    )
    return title, remarks


def _isbn(text: str) -> tuple[str, tuple[str, ...]]:
    """A wrong number costs the number, not the book."""
    try:
        found = isbn13(text)
    except BadIsbn as err:
        return "", (f"{err}; left out",)
    if found.repaired:
        remark = f"ISBN {text!r} taken as {found.number}: {found.repaired}"
        return found.number, (remark,)
    return found.number, ()

"""The tables sites.csv, items.csv and patrons.csv: their columns and what a row means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from kiosk.domain.credentials import normalise
from kiosk.domain.values import Item, ItemState, PatronState, Title
from sync.hub.county.calendars import Calendar
from sync.hub.county.card_kinds import CardKind
from sync.hub.county.cards import fits
from sync.hub.county.catalogue import SiteRow
from sync.hub.county.patrons import CardRecord, PatronRecord
from sync.hub.county.site_tree import Kind, Profile, State
from sync.hub.importers.cells import Cells
from sync.hub.importers.isbn import BadIsbn, isbn13
from sync.hub.importers.report import Rejected
from sync.hub.importers.seen import Seen
from sync.hub.importers.tables import BadCell, Column, Row

Value = TypeVar("Value")

SITE_COLUMNS = (
    Column("site_id", "站点代码"),
    Column("name", "站点名称"),
    Column("short_name", "简称", required=False),
    Column("level", "级别"),
    Column("parent", "上级站点"),
    Column("isil", "机构代码", required=False),
    Column("keeper", "管理员", required=False),
    Column("phone", "电话", required=False),
    Column("opens", "开门时间", required=False),
    Column("closes", "关门时间", required=False),
    Column("kind", "站点类型", required=False),
    Column("state", "状态", required=False),
    Column("profile", "站点概况", required=False),
    Column("calendar", "开放日历", required=False),
)
TITLE_COLUMNS = (
    Column("title_id", "记录号"),
    Column("title", "题名", also=("书名", "正题名", "图书名称")),
    Column("author", "责任者", required=False, also=("作者", "著者")),
    Column("publisher", "出版者", required=False, also=("出版社",)),
    Column("year", "出版年", required=False),
    Column("isbn", "ISBN", required=False, also=("书号", "标准书号")),
    Column("clc", "分类号", required=False),
)
ITEM_COLUMNS = (
    Column("barcode", "条码号"),
    Column("title_id", "记录号"),
    Column("item_type", "文献类型"),
    Column("state", "状态"),
    Column("owner", "所属馆"),
    Column("home_site", "馆藏地"),
    Column("current_site", "当前位置", required=False),
    Column("adult_only", "限成人", required=False),
    Column("parts", "件数", required=False),
    Column("tag_uid", "标签序列号", required=False),
)
PATRON_COLUMNS = (
    Column("number", "读者证号"),
    Column("name", "姓名"),
    Column("patron_type", "读者类型"),
    Column("state", "状态"),
    Column("expires_on", "有效期至", required=False),
    Column("birth_year", "出生年", required=False),
    Column("phone", "联系电话", required=False, also=("电话", "手机")),
    Column("home_site", "所属站点", required=False),
    Column("card_uid", "卡片序列号", required=False),
    Column("qr", "读者码", required=False),
    Column("guardian", "监护人", required=False),
    Column("loan_limit", "可借册数", required=False),
    Column("why", "状态原因", required=False),
    Column("patron_ref", "读者内部编号", required=False),
    Column("cards", "证件", required=False),
)

LEVELS = {
    "HUB": "HUB",
    "BRANCH": "BRANCH",
    "POINT": "POINT",
    "总馆": "HUB",
    "分馆": "BRANCH",
    "服务点": "POINT",
}
ITEM_TYPES = {
    "BOOK": "BOOK",
    "CHILDREN": "CHILDREN",
    "PERIODICAL": "PERIODICAL",
    "AV": "AV",
    "REFERENCE": "REFERENCE",
    "ROTATING": "ROTATING",
    "ACCESSIBLE": "ACCESSIBLE",
    "普通图书": "BOOK",
    "少儿图书": "CHILDREN",
    "期刊": "PERIODICAL",
    "音像": "AV",
    "工具书": "REFERENCE",
    "地方文献": "REFERENCE",
    "轮换图书": "ROTATING",
    "盲文": "ACCESSIBLE",
    "大字": "ACCESSIBLE",
}
ITEM_STATES = {state.value: state.value for state in ItemState} | {
    "可借": "lendable",
    "馆内阅览": "reference",
    "破损": "damaged",
    "丢失": "lost",
    "加工中": "in_process",
    "剔旧": "withdrawn",
}
PATRON_TYPES = {
    "ADULT": "ADULT",
    "SENIOR": "SENIOR",
    "CHILD": "CHILD",
    "YOUTH": "YOUTH",
    "FAMILY": "FAMILY",
    "GROUP": "GROUP",
    "TEMPORARY": "TEMPORARY",
    "STAFF": "STAFF",
    "普通读者": "ADULT",
    "老年读者": "SENIOR",
    "少儿读者": "CHILD",
    "青少年": "YOUTH",
    "家庭": "FAMILY",
    "集体": "GROUP",
    "临时": "TEMPORARY",
    "馆员": "STAFF",
}
PATRON_STATES = {state.value: state.value for state in PatronState} | {
    "有效": "valid",
    "信用有效": "credit_valid",
    "验证": "to_verify",
    "挂失": "lost",
    "暂停": "suspended",
    "注销": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Taken(Generic[Value]):
    """A row that makes sense by itself; `key` names it among its table's rows."""

    line: int
    key: str
    value: Value


def site(cells: Cells) -> tuple[str, SiteRow]:
    """Read a site; every level but HUB needs a parent."""
    level = cells.choice("level", LEVELS)
    parent = cells.optional("parent")
    if bool(parent) == (level == "HUB"):
        complaint = "a hub has no parent" if parent else f"a {level} needs a parent"
        raise BadCell("parent", parent, complaint)
    name = cells.text("name")
    value = SiteRow(
        site_id=cells.number("site_id"),
        name=name,
        short_name=cells.optional("short_name") or name[:8],
        level=level,
        parent=parent or None,
        isil=cells.isil("isil") if cells.optional("isil") else "",
        keeper=cells.optional("keeper"),
        phone=cells.optional("phone"),
        opens=cells.time("opens"),
        closes=cells.time("closes"),
        kind=cells.one_of("kind", Kind),
        state=cells.one_of("state", State),
        profile=cells.json("profile", Profile),
        calendar=cells.json("calendar", Calendar),
    )
    return value.site_id, value


def title(cells: Cells) -> tuple[str, Title]:
    """Read a title; a book without an ISBN is one all the same."""
    value = Title(
        title_id=cells.text("title_id"),
        title=cells.text("title"),
        author=cells.optional("author"),
        publisher=cells.optional("publisher"),
        year=cells.optional("year"),
        isbn=_isbn(cells),
        clc=cells.optional("clc"),
    )
    return value.title_id, value


def item(cells: Cells) -> tuple[str, Item]:
    """Read a copy. `current_site` is "" when the table does not say where it is."""
    value = Item(
        barcode=cells.number("barcode"),
        title_id=cells.text("title_id"),
        item_type=cells.choice("item_type", ITEM_TYPES),
        state=ItemState(cells.choice("state", ITEM_STATES)),
        owner=cells.isil("owner"),
        home_site=cells.number("home_site"),
        current_site=cells.optional("current_site").upper(),
        adult_only=cells.flag("adult_only"),
        parts=cells.count("parts"),
        tag_uid=cells.tag_uid("tag_uid"),
    )
    return value.barcode, value


def patron(cells: Cells) -> tuple[str, PatronRecord]:
    """Read a patron; whatever else a library knows of one is not asked for.

    `guardian` is as it is written: a card number, or a patron_ref of an export. Where
    `cards` stands, it says more than `card_uid` and `qr`, which are not read then.
    """
    cards = read_cards(cells)
    value = PatronRecord(
        number=cells.number("number"),
        name=cells.text("name"),
        patron_type=cells.choice("patron_type", PATRON_TYPES),
        state=PatronState(cells.choice("state", PATRON_STATES)),
        expires_on=cells.date("expires_on"),
        birth_year=cells.year("birth_year"),
        phone=cells.optional("phone"),
        home_site=cells.optional("home_site").upper(),
        card_uids=tuple(card.text for card in cards)
        or (*cells.uids("card_uid"), *cells.words("qr")),
        guardian=cells.optional("guardian") or None,
        loan_limit=cells.limit("loan_limit"),
        why=cells.optional("why"),
        patron_ref=cells.made_id("patron_ref"),
        cards=cards,
    )
    return value.number, value


def read_cards(cells: Cells) -> tuple[CardRecord, ...]:
    """The cards of a patron as an export writes them."""
    text = cells.optional("cards")
    try:
        cards = msgspec.json.decode(text or "[]", type=tuple[CardRecord, ...])
    except msgspec.DecodeError as err:
        raise BadCell("cards", text, str(err)) from err
    for card in cards:
        # By any kind: earlier imports took codes for chips.
        possible = any(fits(kind, card.text) for kind in CardKind)
        if normalise(card.text) != card.text or not possible:
            raise BadCell("cards", card.text, "is nothing that a card can say")
        if card.since is not None and card.since.tzinfo is None:
            raise BadCell("cards", text, "a time without its offset from UTC")
    return cards


def read_rows(
    rows: Iterable[Row | Rejected],
    read: Callable[[Cells], tuple[str, Value]],
    keys: Seen,
) -> Iterator[Taken[Value] | Rejected]:
    """Read each row by itself; the second row of one key is rejected as well."""
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            key, value = read(Cells(row))
        except BadCell as err:
            yield reject(row.line, err)
            continue
        first = keys.first(key, row.line)
        if first != row.line:
            reason = f"{key} stands in line {first} already"
            yield Rejected(number=row.line, reason=reason, value=key)
            continue
        yield Taken(row.line, key, value)


def _isbn(cells: Cells) -> str:
    try:
        return isbn13(cells.optional("isbn")).number
    except BadIsbn as err:
        raise BadCell("isbn", cells.optional("isbn"), str(err)) from err


def reject(line: int, err: BadCell) -> Rejected:
    """Say which cell of that line can't be used."""
    return Rejected(number=line, column=err.column, value=err.value, reason=err.reason)

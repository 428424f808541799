"""Tables of sites, items and patrons, as spreadsheets write them."""

from __future__ import annotations

import datetime as dt

import pytest

from kiosk.domain.values import Item, ItemState, PatronState, Site
from sync.hub.county.patrons import PatronRecord
from sync.hub.importers.csv_tables import (
    ITEM_COLUMNS,
    PATRON_COLUMNS,
    SITE_COLUMNS,
    Taken,
    item,
    patron,
    read_rows,
    site,
)
from sync.hub.importers.marc import Encoding
from sync.hub.importers.report import Rejected
from sync.hub.importers.seen import Seen
from sync.hub.importers.tables import BadTable, Table, read_table

ITEM_HEADING = "barcode,title_id,item_type,state,owner,home_site\n"
GOOD_ITEM = "YL0104170238,YL00000001,BOOK,lendable,CN-629900-1-YLT,0104\n"
PATRON_HEADING = "number,name,patron_type,state,expires_on,card_uid,qr\n"
SITE_HEADING = "site_id,name,level,parent,opens\n"


def items(text: str) -> list[Taken[Item] | Rejected]:
    return list(read_rows(table(text).rows, item, Seen()))


def patrons(text: str) -> list[Taken[PatronRecord] | Rejected]:
    content = (PATRON_HEADING + text).encode()
    rows = read_table(content, PATRON_COLUMNS, "patrons.csv").rows
    return list(read_rows(rows, patron, Seen()))


def sites(text: str) -> list[Taken[Site] | Rejected]:
    content = (SITE_HEADING + text).encode()
    rows = read_table(content, SITE_COLUMNS, "sites.csv").rows
    return list(read_rows(rows, site, Seen()))


def table(text: str, encoding: str = "utf-8") -> Table:
    return read_table(text.encode(encoding), ITEM_COLUMNS, "items.csv")


def test_item_is_read_with_its_defaults() -> None:
    (taken,) = items(ITEM_HEADING + GOOD_ITEM)

    assert taken == Taken(
        2,
        "YL0104170238",
        Item(
            barcode="YL0104170238",
            title_id="YL00000001",
            item_type="BOOK",
            state=ItemState.LENDABLE,
            owner="CN-629900-1-YLT",
            home_site="0104",
            current_site="",
        ),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_table_is_read_in_any_usual_encoding(encoding: str) -> None:
    text = "条码号,记录号,文献类型,状态,所属馆,馆藏地\n" + GOOD_ITEM.replace(
        "BOOK", "少儿图书"
    )

    (row,) = read_rows(table(text, encoding).rows, item, Seen())

    assert isinstance(row, Taken)
    assert row.value.item_type == "CHILDREN"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_table_is_read_with_any_usual_delimiter(delimiter: str) -> None:
    (row,) = items((ITEM_HEADING + GOOD_ITEM).replace(",", delimiter))

    assert isinstance(row, Taken)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_table_is_read_with_any_line_end(line_end: str) -> None:
    (row,) = items((ITEM_HEADING + GOOD_ITEM).replace("\n", line_end))

    assert isinstance(row, Taken)


def test_missing_column_stops_the_file_and_is_named() -> None:
    with pytest.raises(
        BadTable, match=r"items\.csv: column owner \(所属馆\) is missing"
    ):
        table(ITEM_HEADING.replace("owner", "colour") + GOOD_ITEM)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        ((ITEM_HEADING + GOOD_ITEM).encode("utf-16"), "UTF-16"),
        (b"barcode,barcode," + ITEM_HEADING.encode(), "two columns are called barcode"),
    ],
)
def test_file_that_is_no_such_table_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(BadTable, match=f"items.csv: .*{reason}"):
        read_table(content, ITEM_COLUMNS, "items.csv")


def test_columns_that_nothing_reads_are_named() -> None:
    assert table("价格," + ITEM_HEADING + "20.00," + GOOD_ITEM).unused == ("价格",)


@pytest.mark.parametrize(
    ("old", "new", "column", "value"),
    [
        ("YL0104170238", "", "barcode", ""),
        ("YL0104170238", "6.29E+13", "barcode", "6.29E+13"),
        ("BOOK", "NOVEL", "item_type", "NOVEL"),
        ("lendable", "sold", "state", "sold"),
        ("CN-629900-1-YLT", "云岭", "owner", "云岭"),
    ],
)
def test_bad_cell_rejects_its_row_with_line_column_and_value(
    old: str, new: str, column: str, value: str
) -> None:
    good = GOOD_ITEM.replace("170238", "170239")

    found = items(ITEM_HEADING + GOOD_ITEM.replace(old, new) + good)

    assert isinstance(found[0], Rejected)
    assert (found[0].number, found[0].column, found[0].value) == (2, column, value)
    assert found[0].reason
    assert isinstance(found[1], Taken)


@pytest.mark.parametrize(
    "line",
    ["YL1,YL2\n", GOOD_ITEM.strip() + ",more\n", '"' + GOOD_ITEM, 'YL"' + GOOD_ITEM],
)
def test_broken_line_costs_itself_only(line: str) -> None:
    found = items(ITEM_HEADING + line + GOOD_ITEM)

    assert [each for each in found if isinstance(each, Taken)][-1].line == 3


def test_quotation_mark_left_open_does_not_swallow_the_rest() -> None:
    found = items(ITEM_HEADING + '"' + GOOD_ITEM + GOOD_ITEM)

    assert isinstance(found[0], Rejected)
    assert found[0].number == 2
    assert isinstance(found[1], Taken)


def test_damaged_bytes_cost_their_line_only() -> None:
    content = (ITEM_HEADING + GOOD_ITEM).encode() + b"\xff" + GOOD_ITEM.encode()
    content += "备注".encode()

    rows = list(read_table(content, ITEM_COLUMNS, "items.csv").rows)

    assert isinstance(rows[1], Rejected)
    assert str(rows[1]) == "line 3: byte FF at 0 is not utf-8"


def test_empty_lines_are_skipped_and_lines_still_counted() -> None:
    (row,) = items(ITEM_HEADING + "\n,,,,,\n" + GOOD_ITEM)

    assert isinstance(row, Taken)
    assert row.line == 4


def test_second_row_of_a_barcode_is_rejected() -> None:
    found = items(ITEM_HEADING + GOOD_ITEM + GOOD_ITEM.lower().replace("book", "AV"))

    assert isinstance(found[1], Rejected)
    assert str(found[1]).startswith("line 3")


def test_codes_are_read_in_any_case_and_width() -> None:
    (row,) = items(ITEM_HEADING + GOOD_ITEM.replace("YL0104170238", "ｙｌ0104170238"))

    assert isinstance(row, Taken)
    assert row.value.barcode == "YL0104170238"


def test_patron_is_read_with_cards_and_code() -> None:
    (taken,) = patrons(
        "r62990000012345,张玉华,普通读者,有效,2030/1/9,04a1b2c3;04D4E5F6,QR-1\n"
    )

    assert isinstance(taken, Taken)
    assert taken.value == PatronRecord(
        number="R62990000012345",
        name="张玉华",
        patron_type="ADULT",
        state=PatronState.VALID,
        expires_on=dt.date(2030, 1, 9),
        card_uids=("04A1B2C3", "04D4E5F6", "QR-1"),
    )


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("R62990000012345,,ADULT,valid,,,", "name"),
        ("R62990000012345,张玉华,KING,valid,,,", "patron_type"),
        ("R62990000012345,张玉华,ADULT,happy,,,", "state"),
        ("R62990000012345,张玉华,ADULT,valid,2030-02-30,,", "expires_on"),
        ("R62990000012345,张玉华,ADULT,valid,soon,,", "expires_on"),
        ("R62990000012345,张玉华,ADULT,valid,,04A1B2C,", "card_uid"),
    ],
)
def test_bad_patron_is_rejected_by_column(row: str, column: str) -> None:
    (found,) = patrons(row + "\n")

    assert isinstance(found, Rejected)
    assert found.column == column


def test_site_of_each_level_is_read() -> None:
    found = sites("0000,云岭县图书馆,总馆,,9:00\n0400,石门镇分馆,BRANCH,0000,\n")

    values = [each.value for each in found if isinstance(each, Taken)]
    assert [(v.site_id, v.level, v.parent, v.opens) for v in values] == [
        ("0000", "HUB", None, "09:00"),
        ("0400", "BRANCH", "0000", ""),
    ]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("0400,石门镇分馆,BRANCH,,", "parent"),
        ("0000,云岭县图书馆,HUB,0400,", "parent"),
        ("0400,石门镇分馆,TOWN,0000,", "level"),
        ("0400,石门镇分馆,BRANCH,0000,24:00", "opens"),
    ],
)
def test_bad_site_is_rejected_by_column(row: str, column: str) -> None:
    (found,) = sites(row + "\n")

    assert isinstance(found, Rejected)
    assert found.column == column


def test_given_encoding_is_not_second_guessed() -> None:
    content = (ITEM_HEADING + GOOD_ITEM.replace("BOOK", "少儿图书")).encode("gbk")

    rows = list(read_table(content, ITEM_COLUMNS, "items.csv", Encoding.UTF_8).rows)

    assert isinstance(rows[0], Rejected)


def test_cell_in_quotation_marks_may_hold_line_ends() -> None:
    heading = ITEM_HEADING.replace("barcode", "备注,barcode")
    lines = f'"一\n二""三",{GOOD_ITEM}四,{GOOD_ITEM.replace("238", "239")}'

    first, second = items(heading + lines)

    assert isinstance(first, Taken)
    assert isinstance(second, Taken)
    assert (first.line, second.line) == (2, 4)


def test_two_marks_left_open_cost_two_lines() -> None:
    broken = '"' + GOOD_ITEM

    found = items(ITEM_HEADING + broken + GOOD_ITEM + broken)

    assert [type(each) for each in found] == [Rejected, Taken, Rejected]


def test_heading_may_stand_below_a_title_and_be_spaced() -> None:
    title = "云岭县图书馆馆藏清单,,,,,\n"
    heading = " 条 码 号 ,记录号*,文献类型,状态：,所属馆,馆藏地\n"

    (row,) = items(title + heading + GOOD_ITEM)

    assert isinstance(row, Taken)
    assert row.line == 3


def test_file_larger_than_a_block_is_read_to_its_end() -> None:
    count = 30_000
    rows = (GOOD_ITEM.replace("YL0104170238", f"YL{n:010d}") for n in range(count))
    text = ITEM_HEADING + "".join(rows)

    found = items(text)

    assert len(found) == count
    assert all(isinstance(each, Taken) for each in found)

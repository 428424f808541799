"""Workbooks with the traps that spreadsheets lay."""

from __future__ import annotations

import pytest

from sync.hub.importers.csv_tables import ITEM_COLUMNS
from sync.hub.importers.report import Rejected
from sync.hub.importers.tables import BadTable, Layout, read_table
from sync.hub.importers.xlsx import BadWorkbook, open_sheet
from tests.workbooks import MAIN, number, packed, row, text, workbook


def cells(content: bytes, sheet: str = "") -> list[list[str]]:
    """The cells of all rows; a rejected one is its reason."""
    return [
        [str(each)] if isinstance(each, Rejected) else list(each[1])
        for each in open_sheet(content, sheet).rows
    ]


def only(cell: str, properties: str = "") -> str:
    ((found,),) = cells(workbook({"表": row(1, cell)}, properties=properties))
    return found


@pytest.mark.parametrize(
    ("value", "style", "shown"),
    [
        ("9787506365437", 0, "9787506365437"),
        ("9.787506365437E12", 0, "9787506365437"),
        ("104.0", 0, "104"),
        ("104", 2, "0104"),
        ("20.5", 0, "20.5"),
        ("0.1", 0, "0.1"),
        ("46206", 1, "2026-07-03"),
        ("46206", 4, "2026-07-03"),
        ("0.375", 3, "09:00"),
    ],
)
def test_number_is_what_the_sheet_shows(value: str, style: int, shown: str) -> None:
    assert only(number("A1", value, style)) == shown


def test_calendar_that_begins_in_1904_is_known() -> None:
    assert only(number("A1", "44744", 1), 'date1904="1"') == "2026-07-03"


def test_number_too_long_for_a_spreadsheet_is_rejected() -> None:
    assert "lost some" in only(number("A1", "6299000001234500000"))


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('<c r="A1"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="A1" t="str"><f>A2</f><v>活着</v></c>', "活着"),
        ('<c r="A1" t="b"><v>1</v></c>', "1"),
    ],
)
def test_formula_is_its_last_result(cell: str, shown: str) -> None:
    assert only(cell) == shown


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('<c r="A1"><f>B1</f></c>', "formula without a stored result"),
        ('<c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "error of the spreadsheet"),
        ('<c r="A1" t="s"><v>7</v></c>', "does not have"),
    ],
)
def test_cell_without_a_value_rejects_its_row_only(cell: str, reason: str) -> None:
    rows = row(1, cell) + row(2, text("A2", "活着"))

    first, second = cells(workbook({"表": rows}))

    assert "line 1, A1" in first[0]
    assert reason in first[0]
    assert second == ["活着"]


def test_shared_text_is_read_without_its_reading_aid() -> None:
    texts = "<si><r><t>活</t></r><r><t>着</t></r><rPh><t>huo</t></rPh></si>"

    found = cells(workbook({"表": row(1, '<c r="A1" t="s"><v>0</v></c>')}, texts=texts))

    assert found == [["活着"]]


def test_merged_cell_stands_in_every_row_that_it_spans() -> None:
    rows = row(1, text("A1", "少儿"), text("B1", "一")) + row(2, text("B2", "二"))
    behind = '<mergeCells count="1"><mergeCell ref="A1:A2"/></mergeCells>'

    found = cells(workbook({"表": rows}, behind=behind))

    assert found == [["少儿", "一"], ["少儿", "二"]]


def test_blank_rows_at_the_end_are_no_rows() -> None:
    blank = row(2, '<c r="A2" s="1"/>') + row(3) + row(4, text("A4", "  "))

    assert cells(workbook({"表": row(1, text("A1", "活着")) + blank})) == [["活着"]]


def test_hidden_sheets_are_passed_over_unless_they_are_named() -> None:
    sheets = {"旧": row(1, text("A1", "旧")), "新": row(1, text("A1", "新"))}
    content = workbook(sheets | {"第三": ""}, hidden=("旧",))

    assert cells(content) == [["新"]]
    assert cells(content, "旧") == [["旧"]]
    assert open_sheet(content).others == ("第三",)


def test_items_are_read_from_a_sheet_with_a_title_above_the_heading() -> None:
    heading = ("条码号", "记录号", "文献类型", "状态", "所属馆", "馆藏地", "价格")
    rows = row(1, text("A1", "马坪村图书登记表"))
    rows += row(2, *(text(f"{c}2", h) for c, h in zip("ABCDEFG", heading, strict=True)))
    rows += row(3, number("A3", "12.0"), text("B3", "t1"), number("F3", "417", 2))

    table = read_table(
        workbook({"表": rows}),
        ITEM_COLUMNS,
        "账.xlsx",
        layout=Layout(values={"state": "lendable"}),
    )

    (found,) = table.rows
    assert not isinstance(found, Rejected)
    assert (found.line, found.cells["barcode"], found.cells["home_site"]) == (
        3,
        "12",
        "0417",
    )
    assert found.cells["state"] == "lendable"
    assert table.unused == ("价格",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xd0\xcf\x11\xe0 old", "save it as .xlsx"),
        (b"PK\x03\x04 broken", "no workbook"),
        (packed({"other.txt": "x"}), "no workbook"),
    ],
)
def test_file_that_is_no_workbook_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(BadTable, match=reason):
        read_table(content, ITEM_COLUMNS, "stock.xlsx")


def test_document_type_is_refused() -> None:
    bomb = f'<!DOCTYPE x [<!ENTITY a "b">]><workbook xmlns="{MAIN}"/>'

    with pytest.raises(BadWorkbook, match="document type"):
        open_sheet(packed({"xl/workbook.xml": bomb}))


def test_sheet_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadWorkbook, match="no sheet '丙'"):
        open_sheet(workbook({"甲": ""}), "丙")

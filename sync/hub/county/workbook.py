"""A table as a workbook (.xlsx), written row by row; every cell is text.

So no spreadsheet takes away leading zeros, turns a number into a date, or takes a
text that begins with "=" for a formula.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from xml.sax.saxutils import escape

#: What one sheet and one cell can hold.
ROWS_A_SHEET = 1_048_576
_SIGNS_A_CELL = 32_767
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def write_workbook(
    path: Path, heading: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Write a table; one that is too long for a sheet goes on on the next one."""
    rest = iter(rows)
    sheets = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        first = next(rest, None)
        while first is not None or not sheets:
            sheets += 1
            begun = [heading] if first is None else [heading, first]
            lines = chain(begun, islice(rest, ROWS_A_SHEET - len(begun)))
            _write_sheet(archive, sheets, lines)
            first = next(rest, None)
        for name, text in _frame(sheets).items():
            archive.writestr(name, _HEAD + text)


def _write_sheet(
    archive: zipfile.ZipFile, number: int, rows: Iterable[Sequence[str]]
) -> None:
    name = f"xl/worksheets/sheet{number}.xml"
    with archive.open(name, "w", force_zip64=True) as part:
        part.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
        for row in rows:
            cells = "".join(_cell(text) for text in row)
            part.write(f"<row>{cells}</row>".encode())
        part.write(b"</sheetData></worksheet>")


def _cell(text: str) -> str:
    plain = escape(_NOT_IN_XML.sub(" ", text[:_SIGNS_A_CELL]))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{plain}</t></is></c>'


def _frame(sheets: int) -> dict[str, str]:
    """The parts that say what the sheets are."""
    numbers = range(1, sheets + 1)
    listed = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    related = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet"'
        f' Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    typed = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml"'
        f' ContentType="{_TYPE}.worksheet+xml"/>'
        for n in numbers
    )
    relations = f'<Relationships xmlns="{_PACKAGE}/relationships">'
    return {
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"{relations}{related}</Relationships>",
        "_rels/.rels": f'{relations}<Relationship Id="r1"'
        f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml"'
        f' ContentType="{_TYPE}.sheet.main+xml"/>{typed}</Types>',
    }

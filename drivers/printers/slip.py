"""A slip as bytes: wrapped for the width of the paper, in the printer's code page."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.api import Slip

#: FS &: two bytes are one Chinese character from here on.
_CHINESE_MODE = bytes.fromhex("1C 26")
_CODE_PAGE = "gbk"
#: Stands for a character that the printer's fonts do not have; GBK has it.
_MISSING = "〓"
_QR_DOT_SIZE = 6
_FEED_LINES = 4


def slip_bytes(slip: Slip, *, columns: int, native_qr: bool, cut: bool) -> bytes:
    """Everything to send for one slip, from "initialise" to the last feed or cut.

    `columns`: characters of single width in a line; a Chinese one takes two.
    """
    from escpos.printer import Dummy

    printer = Dummy()
    printer.hw("INIT")
    printer.set(align="center", bold=True)
    # The library writes Chinese as GB18030 but punctuation in code pages that these
    # printers do not have, so the text goes past its encoder.
    text = _CHINESE_MODE + _lines(wrap(slip.heading, columns))
    printer._raw(text)  # noqa: SLF001  (the library's own way to send bytes)
    printer.set(align="left", bold=False)
    for line in slip.lines:
        printer._raw(_lines(wrap(line, columns)))  # noqa: SLF001
    if slip.qr and native_qr:
        printer.set(align="center")
        printer.qr(slip.qr, native=True, size=_QR_DOT_SIZE)
    printer.print_and_feed(_FEED_LINES)
    if cut:
        printer.cut()
    return bytes(printer.output)


def wrap(line: str, columns: int) -> list[str]:
    """Break a line where it is full; what hangs over is set in by two.

    Control characters become spaces, as a title must not command the printer.
    """
    rows = [""]
    room = columns
    for character in _printable(line):
        width = _width(character)
        if width > room:
            rows.append("  ")
            room = columns - 2
        rows[-1] += character
        room -= width
    return rows


def _printable(line: str) -> Iterator[str]:
    for character in line:
        if not character.isprintable():
            yield " "
        else:
            yield character if _has_font(character) else _MISSING


def _has_font(character: str) -> bool:
    try:
        character.encode(_CODE_PAGE)
    except UnicodeEncodeError:
        return False
    return True


def _width(character: str) -> int:
    # All of GBK but ASCII is printed in a square, also what Unicode counts as narrow.
    return 1 if character.isascii() else 2


def _lines(rows: list[str]) -> bytes:
    return b"".join(row.encode(_CODE_PAGE) + b"\n" for row in rows)

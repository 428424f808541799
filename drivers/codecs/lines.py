"""Lines of a barcode scanner that sends plain text: code, then CR, LF, both or Tab."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from drivers.api import ProtocolError
from drivers.codecs.content import Content

TERMINATORS = b"\r\n\t"
#: Scanners send Latin or, for QR codes, UTF-8; Chinese ones may be set to GBK.
ENCODINGS = ("utf-8", "gbk")
#: AIM symbology identifier (ISO/IEC 15424): `]`, code character, modifier.
AIM_PREFIX = re.compile(r"\][A-Za-z][0-9A-Za-z]")
#: Unicode categories that no printed code has: control, format, line separators.
UNPRINTABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
UTF8_MAX_BYTES = 4
#: What a site makes of a code and its AIM identifier, if any. Raises BadBarcode.
Clean = Callable[[str, str | None], str]
#: How much of an unusable line an error shows.
SHOWN_BYTES = 32


class BadBarcode(ProtocolError):
    """One scan is unusable: too short or long, undecodable or with control characters."""


class LineAssembler:
    """Makes codes from what a scanner sends, however it is cut.

    Holds `max_length` characters' worth of bytes at most; what an endless line brings
    beyond is forgotten, and the line is one BadBarcode when its end comes.
    """

    def __init__(
        self,
        *,
        min_length: int = 3,
        max_length: int = 256,
        aim_prefix: bool = False,
        clean: Clean | None = None,
    ) -> None:
        """`aim_prefix`: the scanner is set to send the AIM identifier; take it off."""
        self._aim_prefix = aim_prefix
        self._clean = clean
        self._min_length = min_length
        self._max_length = max_length
        self._max_bytes = max_length * UTF8_MAX_BYTES
        self._line = bytearray()
        self._overflowed = False

    @property
    def pending(self) -> bool:
        """Whether a line has begun and not ended."""
        return bool(self._line)

    def feed(self, data: bytes) -> list[str | BadBarcode]:
        """Return the codes that `data` completed, in order."""
        *ended, begun = re.split(b"[" + TERMINATORS + b"]", data)
        codes: list[str | BadBarcode] = []
        for part in ended:
            self._append(part)
            codes += self.flush()
        self._append(begun)
        return codes

    def flush(self) -> list[str | BadBarcode]:
        """End the line now, as after a silence: for scanners without a terminator."""
        line, overflowed = bytes(self._line), self._overflowed
        self._line.clear()
        self._overflowed = False
        if not line:
            return []
        try:
            return [self._code(line, overflowed=overflowed)]
        except BadBarcode as err:
            return [err.with_traceback(None)]

    def _append(self, part: bytes) -> None:
        room = self._max_bytes - len(self._line)
        self._line += part[:room]
        self._overflowed |= len(part) > room

    def accept(self, code: str, aim: str | None = None) -> str:
        """Judge one code as if it had come on a line; `aim` is known from elsewhere.

        Raises BadBarcode.
        """
        text = _printable(code)
        if self._aim_prefix:
            found, text = split_aim_prefix(text)
            aim = found or aim
        if self._clean and text:
            text = self._clean(text, aim)
        if not self._min_length <= len(text) <= self._max_length:
            raise BadBarcode(
                f"scan of {len(text)} characters, not {self._min_length} to "
                f"{self._max_length}: {_shown(code.encode(errors='replace'))}"
            )
        return text

    def _code(self, line: bytes, *, overflowed: bool) -> str:
        if overflowed:
            raise BadBarcode(f"scan of over {self._max_bytes} bytes: {_shown(line)}")
        return self.accept(decoded(line))


def split_aim_prefix(code: str) -> tuple[str | None, str]:
    """Part `]E09787…` into ("]E0", "9787…"); None for a code without an identifier."""
    if found := AIM_PREFIX.match(code):
        return found.group(), code[found.end() :]
    return None, code


def describe(frame: bytes) -> Content:
    """Text and symbology identifier of one line, with or without its terminator."""
    symbology, text = split_aim_prefix(_printable(decoded(frame.rstrip(TERMINATORS))))
    if not text:
        raise BadBarcode(f"no code in the line {_shown(frame) or '(empty)'}")
    return {"text": text, "symbology": symbology}


def decoded(line: bytes) -> str:
    """The text of a scan in the first of ENCODINGS that fits. Raises BadBarcode."""
    for encoding in ENCODINGS:
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadBarcode(f"neither {' nor '.join(ENCODINGS)}: {_shown(line)}")


def _printable(text: str) -> str:
    for character in text:
        if unicodedata.category(character) in UNPRINTABLE:
            raise BadBarcode(
                f"character U+{ord(character):04X} is not printable in "
                f"{_shown(text.encode(errors='replace'))}"
            )
    return text.strip()


def _shown(line: bytes) -> str:
    shown = line[:SHOWN_BYTES].hex().upper()
    return shown if len(line) <= SHOWN_BYTES else f"{shown}…"

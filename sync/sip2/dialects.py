"""How library systems differ: each difference is an option, each known system a preset."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace

AUTO = "auto"
#: What messages are made of besides the text of fields.
_ASCII = bytes(range(0x20, 0x7F)) + b"\r"


class Checking(enum.StrEnum):
    """Which check sums of the other side are good enough."""

    STRICT = "strict"
    #: As the document says, or one of the known deviations, or none.
    LENIENT = "lenient"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Raises ValueError for a charset that is unknown or a delimiter of many characters."""

    #: A codec's name; `auto` reads UTF-8 and else GB18030, and writes UTF-8.
    charset: str = "utf-8"
    delimiter: str = "|"
    terminator: bytes = b"\r"
    #: Send a sequence number and a check sum.
    error_detection: bool = True
    checking: Checking = Checking.LENIENT
    #: An answer carries its request's sequence number.
    echoes_sequence: bool = True
    #: The client's "say that again".
    resend_request: str = "97"
    #: Moments are sent in UTC instead of the county's time.
    utc: bool = False
    #: Ask for the status (99) after each connect.
    asks_status: bool = True
    #: The request that checks a PIN: 63 or 23.
    pin_request: str = "63"
    language: str = "019"

    def __post_init__(self) -> None:
        if self.charset != AUTO:
            _known(self.charset)
        if len(self.delimiter) != 1 or not self.delimiter.isascii():
            raise ValueError(f"delimiter {self.delimiter!a} is not one ASCII character")

    def decode(self, raw: bytes) -> tuple[str, bool]:
        """The text, and whether every byte had a meaning; others become U+FFFD."""
        for charset in _READ_AS.get(self.charset, (self.charset,)):
            try:
                return raw.decode(charset), True
            except UnicodeDecodeError:
                last = charset
        return raw.decode(last, errors="replace"), False

    def encode(self, text: str) -> bytes:
        """Raises UnicodeEncodeError."""
        return text.encode("utf-8" if self.charset == AUTO else self.charset)


_READ_AS: Mapping[str, tuple[str, ...]] = {AUTO: ("utf-8", "gb18030")}


def _known(charset: str) -> None:
    try:
        ascii_stays = _ASCII.decode().encode(charset) == _ASCII
    except (LookupError, UnicodeError) as err:
        raise ValueError(f"charset {charset!a} is unknown") from err
    if not ascii_stays:
        raise ValueError(f"charset {charset!a} does not keep ASCII as it is")


_PLAIN = Dialect()

DIALECTS: Mapping[str, Dialect] = {
    "standard": _PLAIN,
    "auto": replace(_PLAIN, charset=AUTO),
    "gbk": replace(_PLAIN, charset="gb18030"),
    "koha": _PLAIN,
    "evergreen": _PLAIN,
    "folio": replace(_PLAIN, charset="cp850", utc=True),
    "dp2": replace(
        _PLAIN, charset="gb18030", echoes_sequence=False, resend_request="96"
    ),
}

"""Finds messages in a stream: each ends at CR or LF, whatever pieces it comes in."""

from __future__ import annotations

import re

from sync.sip2.errors import BadMessage
from sync.sip2.wire import LIMIT_BYTES

_END = re.compile(rb"[\r\n]")
_JUNK = b"\0 "


class LineFinder:
    """Holds no more than one line; a longer one is dropped and named."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> list[bytes | BadMessage]:
        """The lines that end in these bytes, without their ends; empty ones are none."""
        found: list[bytes | BadMessage] = []
        *ended, rest = _END.split(data)
        for piece in ended:
            self._take(piece)
            found += self._finish()
        self._take(rest)
        return found

    def flush(self) -> list[bytes | BadMessage]:
        """Nothing more will come: what has no end yet is a line, too."""
        return self._finish()

    def _take(self, piece: bytes) -> None:
        room = LIMIT_BYTES - len(self._begun)
        self._begun += piece[:room]
        self._too_long = self._too_long or len(piece) > room

    def _finish(self) -> list[bytes | BadMessage]:
        line, too_long = bytes(self._begun).lstrip(_JUNK), self._too_long
        self._begun.clear()
        self._too_long = False
        if too_long:
            return [BadMessage(f"longer than {LIMIT_BYTES} bytes", offset=LIMIT_BYTES)]
        return [line] if line else []

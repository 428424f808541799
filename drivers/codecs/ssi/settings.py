"""The data of an SSI PARAM_SEND: a beep, then numbers of settings with their values."""

from __future__ import annotations

from drivers.codecs.byte_reader import ByteReader

#: In front of a number of two bytes; Zebra's documents alone, seen sent to a GM67.
_PREFIXES = frozenset({0xF0, 0xF1, 0xF2})


def parse_settings(data: bytes) -> tuple[int, dict[bytes, int]]:
    """The beep code (FF: none), and the value of each setting by its number.

    Raises BadFrame for bytes missing or left.
    """
    reader = ByteReader(data, "SSI PARAM_SEND")
    beep = reader.byte("beep code")
    settings: dict[bytes, int] = {}
    while (first := reader.peek()) is not None:
        number = reader.take(2 if first in _PREFIXES else 1, "number of a setting")
        settings[number] = reader.byte("value of a setting")
    return beep, settings

"""Identifiers that sort by the time they were made."""

from __future__ import annotations

import datetime as dt
import uuid

from kiosk.service.ports import Moment

#: Random bytes that `uuid7` takes.
RANDOM_BYTES = 10

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def uuid7(moment: Moment, random_bytes: bytes) -> str:
    """A version 7 UUID (RFC 9562 section 5.7): milliseconds, then random bits.

    Of the ten random bytes, the first two give rand_a, the other eight rand_b;
    six bits make room for version and variant.
    """
    if len(random_bytes) != RANDOM_BYTES:
        text = f"uuid7 takes {RANDOM_BYTES} random bytes, not {len(random_bytes)}"
        raise ValueError(text)
    milliseconds = (moment.wall - _EPOCH) // dt.timedelta(milliseconds=1)
    rand_a = int.from_bytes(random_bytes[:2]) & 0x0FFF
    rand_b = int.from_bytes(random_bytes[2:]) & (1 << 62) - 1
    number = milliseconds << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b
    return str(uuid.UUID(int=number))

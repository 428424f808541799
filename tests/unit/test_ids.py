from __future__ import annotations

import datetime as dt
import uuid

import pytest

from kiosk.ids import uuid7
from kiosk.service.ports import Moment
from sync.protocol import Clock


def at(wall: dt.datetime) -> Moment:
    return Moment(wall, "boot", 0, Clock.GUESSED)


def test_example_of_the_rfc() -> None:
    """RFC 9562 appendix A.6: 2022-02-22 14:22:22 at UTC-5."""
    moment = at(dt.datetime(2022, 2, 22, 19, 22, 22, tzinfo=dt.UTC))
    random_bytes = bytes.fromhex("0CC318C4DC0C0C07398F")

    assert uuid7(moment, random_bytes) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@pytest.mark.parametrize("filler", [b"\x00", b"\xff"])
def test_random_bits_touch_neither_time_nor_version_nor_variant(filler: bytes) -> None:
    moment = at(dt.datetime(1970, 1, 1, 0, 0, 1, 999_999, tzinfo=dt.UTC))

    made = uuid.UUID(uuid7(moment, filler * 10))

    assert made.int >> 80 == 1999
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_later_milliseconds_sort_later() -> None:
    start = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
    moments = [at(start + dt.timedelta(milliseconds=step)) for step in range(300)]

    made = [
        uuid7(moment, bytes([255 - n % 256] * 10)) for n, moment in enumerate(moments)
    ]

    assert made == sorted(made)


@pytest.mark.parametrize("count", [0, 9, 11, 16])
def test_other_counts_of_random_bytes_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"not {count}"):
        uuid7(at(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)), bytes(count))

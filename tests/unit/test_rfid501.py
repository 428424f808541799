"""3M's RFID 501 layout of older HF tags."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.tagdata.errors import BadTagData
from drivers.tagdata.rfid501 import Record, parse, to_bytes
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("rfid501")
GOOD = bytes.fromhex(VECTORS[0]["hex"])


def seen(record: Record) -> dict[str, object]:
    """A record in the words of the vectors."""
    return {
        "set": record.part,
        "total": record.parts,
        "type": record.media,
        "content": record.item,
        "branch": record.branch,
        "library": record.library,
        "custom": record.custom,
    }


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_sample_is_read_and_written(vector: dict[str, Any]) -> None:
    memory = bytes.fromhex(vector["hex"])

    record = parse(memory)

    assert seen(record) | vector["expect"] == seen(record)
    assert to_bytes(record) == memory
    assert parse(memory + b"residue") == record


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        (GOOD[:31], "31 bytes are too few"),
        (b"\x05" + GOOD[1:], "byte 0: 05110000 is no head"),
        (GOOD[:2] + b"\x01" + GOOD[3:], "byte 0: 04110100 is no head"),
        (GOOD[:4] + bytes(16) + GOOD[20:], "byte 4: 0+ is no item"),
        (GOOD[:4] + b"\xff" + GOOD[5:], "is no item"),
        (GOOD[:31] + b"\x01", "byte 28: the last four bytes are not 00"),
    ],
)
def test_other_memory_is_refused_with_its_place(memory: bytes, reason: str) -> None:
    with pytest.raises(BadTagData, match=reason):
        parse(memory)


@pytest.mark.parametrize(
    "record",
    [
        Record(""),
        Record("1" * 17),
        Record("书"),
        Record("A\n"),
        Record("A\0B"),
        Record("1", part=16),
        Record("1", parts=-1),
        Record("1", media=256),
        Record("1", branch=0x1000),
        Record("1", library=0x100000),
        Record("1", custom=1 << 32),
    ],
)
def test_value_that_does_not_fit_is_refused(record: Record) -> None:
    with pytest.raises(BadTagData):
        to_bytes(record)


@given(
    st.from_regex("[ -~]{1,16}", fullmatch=True),
    st.integers(0, 15),
    st.integers(0, 15),
    st.integers(0, 0xFFF),
    st.integers(0, 0xFFFFF),
)
def test_what_is_written_reads_back(
    item: str, part: int, parts: int, branch: int, library: int
) -> None:
    record = Record(item, part, parts, branch=branch, library=library)

    assert parse(to_bytes(record)) == record


@given(st.binary(max_size=40))
def test_random_bytes_fail_with_bad_tag_data_alone(tail: bytes) -> None:
    for memory in (tail, GOOD[:4] + tail):
        with suppress(BadTagData):
            assert parse(memory).item

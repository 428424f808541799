from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.tagdata import iso28560_2
from drivers.tagdata.complete import is_complete
from drivers.tagdata.detect import detect
from drivers.tagdata.elements import OWNER, PII, TYPE_OF_USAGE
from drivers.tagdata.layout import compose

BEGINNING = 32
LIBRARY = compose({PII: "YL0417000123", OWNER: "CN-620523", TYPE_OF_USAGE: "10"})


def beginning(memory: bytes) -> bytes:
    return memory.ljust(112, b"\0")[:BEGINNING]


def test_a_short_row_of_elements_ends_in_its_first_blocks() -> None:
    assert is_complete(beginning(LIBRARY), dsfid=iso28560_2.DSFID)


def test_a_row_that_fills_what_was_read_may_go_on() -> None:
    assert not is_complete(LIBRARY.ljust(32, b"\0")[:20], dsfid=iso28560_2.DSFID)


@pytest.mark.parametrize("memory", [bytes(32), b"\x55" * 32, b"YL0417000123".ljust(32)])
def test_what_is_not_certain_is_read_to_its_end(memory: bytes) -> None:
    assert not is_complete(memory, dsfid=0)


def test_elements_without_the_dsfid_are_read_to_their_end() -> None:
    assert not is_complete(beginning(LIBRARY), dsfid=0)


def test_a_basic_block_is_complete() -> None:
    head, owner = bytes.fromhex("1101013131323233333434"), b"DE705"
    memory = beginning(head + bytes(8) + bytes.fromhex("513E") + owner)

    assert detect(memory).item == "11223344"
    assert is_complete(memory, dsfid=0x3E)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.booleans())
def test_more_memory_never_tells_another_item(
    head: bytes,
    rest: bytes,
    written: bool,  # noqa: FBT001  (a generated value)
) -> None:
    head = beginning(LIBRARY) if written else head
    dsfid = iso28560_2.DSFID

    if is_complete(head, dsfid=dsfid):
        known, whole = detect(head, dsfid=dsfid), detect(head + rest, dsfid=dsfid)
        assert replace(whole, problem=None) == replace(known, problem=None)

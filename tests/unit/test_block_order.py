"""Which way round a reader sends blocks, from what libraries write on tags."""

from __future__ import annotations

import pytest

from drivers.codecs.block_order import BlockOrder, detect_block_order

ISO_28560_2 = [
    # standard's example, item id 123456789012
    "9100051CBE991A140201D0140204B34607441CB6E2E335D6830207ACC09EBAA06F6B0000",
    "C10108653530D35C35E358000201A80302CCE96501126701BA00",
    # both ways round it begins like an item id
    "C102071100B0C30C30CA00000203A80008830203D6593F000025011037021040",
    "11030AA8AE00",
    # declares a fill byte and does not write it
    "A10104000007940201A8",
]
ISO_28560_3 = (
    "11010131313232333334340000000000000000"
    "513E444537303500000000000000"  # item 11223344, owner DE-705
)


@pytest.mark.parametrize("memory", [*ISO_28560_2, ISO_28560_3])
@pytest.mark.parametrize("order", BlockOrder)
def test_library_data_tells_the_order(memory: str, order: BlockOrder) -> None:
    in_tag = bytes.fromhex(memory).ljust(112, b"\0")

    assert detect_block_order(order.turn(in_tag, 4), 4) is order


@pytest.mark.parametrize("order", BlockOrder)
def test_blocks_of_eight_bytes_tell_the_order(order: BlockOrder) -> None:
    in_tag = bytes.fromhex(ISO_28560_3).ljust(64, b"\0")

    assert detect_block_order(order.turn(in_tag, 8), 8) is order


@pytest.mark.parametrize(
    "memory",
    [
        bytes(112),
        b"\x55" * 112,
        b"\xff" * 32,
        b"",
        b"\x11",
        bytes.fromhex(ISO_28560_3.replace("513E", "523E")).ljust(112, b"\0"),
    ],
    ids=["blank", "factory", "ones", "empty", "one byte", "wrong CRC"],
)
def test_other_data_tells_nothing(memory: bytes) -> None:
    assert detect_block_order(memory, 4) is None

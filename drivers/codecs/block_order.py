"""Which way round a reader sends blocks, and how what stands on a tag tells it.

The judgement needs far less than decoding: is there a stream of ISO 28560-2 elements
that begins with the item id, or the check sum of an ISO 28560-3 basic block?
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from drivers.codecs.crc import CCITT_FALSE

_BASIC_BLOCK = 34
_SHORT_BASIC_BLOCK = 32
_CRC_AT = 19

_ITEM_ID = 1
_HAS_OFFSET = 0x80
_LONG_OID = 0x0F
_COMPACTION = 0x70


class BlockOrder(enum.StrEnum):
    """How a reader sends the bytes of one block.

    STRAIGHT: as they stand in the tag. REVERSED: last byte first, the default of
    FEIG readers ("MSB first").
    """

    STRAIGHT = "straight"
    REVERSED = "reversed"

    def turn(self, blocks: bytes, block_size: int) -> bytes:
        """From the order of the wire to that of the tag, and back."""
        if self is BlockOrder.STRAIGHT or block_size < 1:
            return blocks
        starts = range(0, len(blocks), block_size)
        return b"".join(blocks[at : at + block_size][::-1] for at in starts)


def detect_block_order(as_sent: bytes, block_size: int) -> BlockOrder | None:
    """The order in which `as_sent` makes sense; None when both or neither do."""
    straight = _likeness(BlockOrder.STRAIGHT.turn(as_sent, block_size))
    reversed_ = _likeness(BlockOrder.REVERSED.turn(as_sent, block_size))
    if straight == reversed_:
        return None
    return BlockOrder.STRAIGHT if straight > reversed_ else BlockOrder.REVERSED


def _likeness(memory: bytes) -> tuple[int, int]:
    """How much `memory` is like library data: a grade, then the bytes it accounts for.

    Grades: 0 not at all, 1 begins with an item id, 2 all elements fit, 3 CRC right.
    Two orders may both fit, but the wrong one soon meets a 00 that ends its stream.
    """
    if _has_basic_block(memory):
        return 3, _BASIC_BLOCK
    first = _element(memory, 0)
    if first is None or first.oid != _ITEM_ID or not memory[0] & _COMPACTION:
        return 0, 0
    return _follow_elements(memory, first)


def _has_basic_block(memory: bytes) -> bool:
    """ISO 28560-3: a 32-byte tag counts as one whose last two bytes are 00."""
    if len(memory) < _SHORT_BASIC_BLOCK:
        return False
    sizes = (_BASIC_BLOCK, _SHORT_BASIC_BLOCK)
    return any(
        _crc_is_right(memory[:size].ljust(_BASIC_BLOCK, b"\0")) for size in sizes
    )


def _crc_is_right(block: bytes) -> bool:
    stored = int.from_bytes(block[_CRC_AT : _CRC_AT + 2], "little")
    return CCITT_FALSE(block[:_CRC_AT] + block[_CRC_AT + 2 :]) == stored


def _follow_elements(memory: bytes, first: _Element) -> tuple[int, int]:
    at, seen = first.end, {first.oid}
    while at < len(memory) and memory[at]:
        element = _element(memory, at)
        if element is None or element.oid in seen:
            return 1, at
        seen.add(element.oid)
        at = element.end
    return 2, at


class _Element(NamedTuple):
    oid: int
    end: int


def _element(memory: bytes, at: int) -> _Element | None:
    """The ISO 28560-2 element at offset `at`, or None when it does not fit.

    `precursor [OID - 15] [pad] length data pad`; a bit of the precursor says whether
    there is a pad byte, its low nibble F that the OID has a byte of its own.
    """
    # FF in place of what is missing: a length that never fits.
    head = memory[at : at + 4].ljust(4, b"\xff")
    oid, size_at, pad = head[0] & 0x0F, 1, 0
    if oid == _LONG_OID:
        oid, size_at = oid + head[size_at], size_at + 1
    if head[0] & _HAS_OFFSET:
        pad, size_at = head[size_at], size_at + 1
    end = at + size_at + 1 + head[size_at] + pad
    return _Element(oid, end) if end <= len(memory) else None

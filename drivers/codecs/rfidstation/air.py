"""RFIDStation (7E55): what a tag says of itself (28), and bytes passed to it (2F)."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.rfidstation.commands import Outcome

#: Bits of the information flags for DSFID, AFI, number and size of blocks, and IC.
_TOLD_BY = (0x01, 0x02, 0x04, 0x04, 0x08)
_ALL_TOLD = 0x0F
#: Sizes that blocks have; the byte of the tag itself says one less.
_BLOCK_SIZES = (4, 8, 16, 32)
_SIZE_BITS = 0x1F


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """What a tag says of itself; None for what it left out. `block_size` in bytes."""

    dsfid: int | None = None
    afi: int | None = None
    block_count: int | None = None
    block_size: int | None = None
    ic_ref: int | None = None


def system_info_reply(
    *, dsfid: int, afi: int, block_count: int, block_size: int, ic_ref: int
) -> bytes:
    """Parameters of a reply that leaves nothing out."""
    fields = [dsfid, afi, block_count - 1, block_size - 1, ic_ref]
    return Outcome().encode() + bytes([_ALL_TOLD, *fields])


def parse_system_info(params: bytes) -> tuple[SystemInfo, Outcome]:
    """Read `flag error info DSFID AFI blocks size IC`; empty when the command failed.

    Whether blocks and size are one less than the truth, as on the air, is not confirmed
    on hardware: a size that exists is taken as it is. A reply may end early. Raises
    BadFrame for one that is too long or too short.
    """
    reader = ByteReader(params, "7E55 system information")
    outcome = Outcome(reader.byte("flag"), reader.byte("error"))
    if not outcome.is_success:
        return SystemInfo(), outcome
    flags, fields = reader.byte("information flags"), reader.rest()
    if len(fields) > len(_TOLD_BY):
        raise BadFrame(f"7E55 system information is too long: {params.hex()}")
    pairs = zip(_TOLD_BY, fields, strict=False)
    told = [value if flags & bit else None for bit, value in pairs]
    told += [None] * (len(_TOLD_BY) - len(told))
    dsfid, afi, blocks, size, ic_ref = told
    return SystemInfo(dsfid, afi, *_shape(blocks, size), ic_ref), outcome


def _shape(blocks: int | None, size: int | None) -> tuple[int | None, int | None]:
    """Number and size of blocks, when the tag told them."""
    if blocks is None or size is None:
        return None, None
    if size in _BLOCK_SIZES:
        return blocks or None, size
    return blocks + 1, (size & _SIZE_BITS) + 1


@dataclass(frozen=True, slots=True)
class PassThrough:
    """Parameters of 2F: bytes for a tag without CRC, and how its answer is awaited."""

    air: bytes
    timeout_us: int
    most: int

    def encode(self) -> bytes:
        timeout = self.timeout_us.to_bytes(2, "little")
        return bytes([len(self.air)]) + self.air + timeout + bytes([self.most])


def parse_pass_through(params: bytes) -> PassThrough:
    """Raises BadFrame when the lengths do not add up."""
    reader = ByteReader(params, "7E55 pass through")
    air = reader.take(reader.byte("number of bytes"), "bytes for the tag")
    timeout_us = int.from_bytes(reader.take(2, "time-out"), "little")
    request = PassThrough(air, timeout_us, reader.byte("most bytes of an answer"))
    reader.finish()
    return request

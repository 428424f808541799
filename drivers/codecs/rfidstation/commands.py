"""Commands of RFIDStation readers (7E55) and what their parameters hold.

UIDs travel last byte first. Blocks come as they stand in the tag, four bytes each.
(RFIDStation communication protocol V1.1, chapters 3 and 4)
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader

UID_SIZE = 8
BLOCK_SIZE = 4
#: A reader takes or gives no more blocks in one command …
MAX_BLOCKS = 32
#: … and no more bytes of them than a short frame has room for.
MAX_BLOCK_BYTES = 0xFF - 18
MAX_TAGS = 25
#: A tag is given more than this to answer what is passed through to it.
MIN_AIR_TIMEOUT_US = 330

_AFTER_UID = 0xAA
_SUCCESS = 0x00


class Command(enum.IntEnum):
    """Commands of the host; TAG_ENTERED and EAS_ALARM are the reader's own."""

    RESET = 0x04
    TAG_ENTERED = 0x10
    QUERY_TAGS = 0x11
    EAS_ALARM = 0x13
    ISO14443A_UID = 0x16
    FELICA_UID = 0x18
    READ_BLOCKS = 0x22
    WRITE_BLOCKS = 0x23
    WRITE_AFI = 0x24
    LOCK_AFI = 0x25
    WRITE_DSFID = 0x26
    LOCK_DSFID = 0x27
    SYSTEM_INFO = 0x28
    LOCK_BLOCK = 0x2C
    PASS_THROUGH = 0x2F
    READ_TAGS = 0x30
    WRITE_TAGS = 0x31
    WRITE_AFIS = 0x32
    READ_BY_ANTENNA = 0x3F
    IDENTITY_CARD_UID = 0xA0
    SET_OUTPUTS = 0xE9
    GET_INPUTS = 0xEA
    RF_CONTROL = 0xF0
    TRIGGER = 0xF1
    ANTENNA = 0xF2
    SET_CONFIG = 0xF4
    GET_CONFIG = 0xF5
    VERSION = 0xF7
    CPU_ID = 0xF8
    POWER = 0xFA

    @property
    def title(self) -> str:
        return f"{self:02X} {self.name.lower().replace('_', ' ')}"


class QueryMode(enum.IntEnum):
    """Tags not told before, or the last reply once more."""

    NORMAL = 0x00
    REPEAT = 0x01


class Rf(enum.IntEnum):
    """What becomes of the field; RESET is off for 20 ms and on again."""

    OFF = 0x00
    ON = 0x01
    RESET = 0x02


class TagError(enum.IntEnum):
    """Last byte of a reply about a tag: why it failed."""

    NONE = 0x00
    REFUSED = 0x01
    CRC = 0x02
    NO_ANSWER = 0x03

    @property
    def title(self) -> str:
        return _TAG_ERRORS[self]


_TAG_ERRORS = {
    TagError.NONE: "no error",
    TagError.REFUSED: "tag reported an error",
    TagError.CRC: "CRC error in the tag's answer",
    TagError.NO_ANSWER: "tag not responding",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command to a tag ended: `flag` 0 is success, and `error` says why not."""

    flag: int = _SUCCESS
    error: int = TagError.NONE

    @property
    def is_success(self) -> bool:
        return self.flag == _SUCCESS

    def encode(self) -> bytes:
        return bytes([self.flag, self.error])

    def __str__(self) -> str:
        known = self.error in list(TagError)
        text = TagError(self.error).title if known else "unknown error"
        return f"{text} (flag {self.flag:02X}, error {self.error:02X})"


def uid_bytes(uid: str) -> bytes:
    """As a frame has it."""
    return bytes.fromhex(uid)[::-1]


def take_uid(reader: ByteReader) -> str:
    return reader.take(UID_SIZE, "UID")[::-1].hex().upper()


def rf_control(rf: Rf) -> bytes:
    return bytes([rf, 0])


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """Parameters of read (22) and write (23); `data` is what to write."""

    uid: str
    first: int
    count: int
    data: bytes = b""

    def encode(self) -> bytes:
        return uid_bytes(self.uid) + bytes([self.first, self.count]) + self.data


def parse_block_request(params: bytes, *, writes: bool) -> BlockRequest:
    """Raises BadFrame when the data to write is not whole blocks, or left out."""
    reader = ByteReader(params, "7E55 block request")
    uid, first = take_uid(reader), reader.byte("first block")
    count, data = reader.byte("number of blocks"), reader.rest()
    if len(data) % max(count, 1) or bool(data) is not (writes and count > 0):
        raise BadFrame(f"7E55: {len(data)} bytes for {count} blocks: {params.hex()}")
    return BlockRequest(uid, first, count, data)


@dataclass(frozen=True, slots=True)
class FoundTags:
    """Reply to a query (11): at most 25 tags, and how many are still to be told."""

    uids: tuple[str, ...] = ()
    remaining: int = 0

    def encode(self) -> bytes:
        tags = (uid_bytes(uid) + bytes([_AFTER_UID]) for uid in self.uids)
        return b"".join(tags) + bytes([self.remaining, 0])


def parse_found_tags(params: bytes) -> FoundTags:
    """Raises BadFrame when a tag is cut off or not followed by AA."""
    reader = ByteReader(params, "7E55 query reply")
    uids = []
    while reader.left > 2:
        uids.append(take_uid(reader))
        if (mark := reader.byte("mark after a UID")) != _AFTER_UID:
            raise BadFrame(
                f"7E55 query reply: {mark:02X} where AA stands: {params.hex()}"
            )
    remaining = reader.byte("number of tags remaining")
    reader.byte("reserved byte")
    return FoundTags(tuple(uids), remaining)


def parse_outcome(params: bytes) -> Outcome:
    """Reply of two bytes to a command that changes a tag."""
    if len(params) != 2:
        raise BadFrame(f"7E55 reply of {len(params)} bytes, not 2: {params.hex()}")
    return Outcome(*params)


def split_outcome(params: bytes) -> tuple[bytes, Outcome]:
    """What a tag said, and behind it how it ended (22 and 2F)."""
    if len(params) < 2:
        raise BadFrame(f"7E55 reply of {len(params)} bytes says no outcome")
    return params[:-2], Outcome(*params[-2:])


def parse_version(params: bytes) -> str:
    """The text before the first 00, such as "R321G 21042100 150503".

    Raises BadFrame when it is not ASCII.
    """
    try:
        return params.partition(b"\0")[0].decode("ascii").strip()
    except UnicodeDecodeError as err:
        raise BadFrame(f"7E55 version is no text: {params.hex()}") from err

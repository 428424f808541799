"""Commands and statuses of the UHFReader18 family, and the requests that address tags.

The names of most statuses are from one public source each, and the layout of read and
write is that of the UHFReader18: neither is confirmed on hardware.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader

PASSWORD_SIZE = 4
NO_PASSWORD = bytes(PASSWORD_SIZE)
#: Stands for a number of EPC words where a mask selects the tag instead.
BY_MASK = 0xFF


class Dialect(enum.StrEnum):
    """How a reader takes and tells an inventory: as the 18, or as 288M and 86 do."""

    OLD = "18"
    NEW = "288"


class Command(enum.IntEnum):
    """Every command that is known; the reply to each has the same code."""

    INVENTORY = 0x01
    READ = 0x02
    WRITE = 0x03
    WRITE_EPC = 0x04
    KILL = 0x05
    LOCK = 0x06
    ERASE = 0x07
    SET_READ_PROTECT = 0x08
    SET_READ_PROTECT_ANY = 0x09
    RESET_READ_PROTECT = 0x0A
    CHECK_READ_PROTECT = 0x0B
    SET_EAS = 0x0C
    CHECK_EAS = 0x0D
    LOCK_USER_BLOCK = 0x0E
    SINGLE_INVENTORY = 0x0F
    BLOCK_WRITE = 0x10
    READER_INFO = 0x21
    SET_REGION = 0x22
    SET_ADDRESS = 0x24
    SET_SCAN_TIME = 0x25
    SET_BAUD = 0x28
    SET_POWER = 0x2F
    LED_AND_BEEP = 0x33
    SET_WORK_MODE = 0x35
    GET_WORK_MODE = 0x36
    SET_ANTENNAS = 0x3F
    SET_REALTIME = 0x75
    SET_REALTIME_MODE = 0x76
    STOP = 0x93
    #: Never asked: what a reader in scan mode says of itself.
    REALTIME_REPORT = 0xEE


class Status(enum.IntEnum):
    """Statuses that the project tells apart; the rest stand in STATUS_TEXTS."""

    OK = 0x00
    INVENTORY_DONE = 0x01
    INVENTORY_TIME_OVER = 0x02
    INVENTORY_GOES_ON = 0x03
    INVENTORY_MEMORY_FULL = 0x04
    WRONG_PASSWORD = 0x05
    ANTENNA = 0xF8
    NO_TAG = 0xFB
    TAG_ERROR = 0xFC
    BAD_LENGTH = 0xFD
    BAD_COMMAND = 0xFE
    BAD_PARAMETER = 0xFF


#: Behind them stands what an inventory found.
FOUND = frozenset(
    {
        Status.INVENTORY_DONE,
        Status.INVENTORY_TIME_OVER,
        Status.INVENTORY_GOES_ON,
        Status.INVENTORY_MEMORY_FULL,
    }
)

STATUS_TEXTS: Mapping[int, str] = {
    0x00: "done",
    0x01: "inventory done",
    0x02: "inventory ended by its time limit",
    0x03: "inventory goes on in the next frame",
    0x04: "inventory ended, the reader's memory is full",
    0x05: "wrong access password",
    0x09: "killing the tag failed",
    0x0A: "the kill password must not be zero",
    0x0B: "the tag does not support this command",
    0x0C: "the access password must not be zero",
    0x0D: "the tag is read-protected already",
    0x0E: "the tag is not read-protected",
    0x0F: "the tag has protected blocks",
    0x10: "the tag's bytes are locked",
    0x11: "the tag's bytes can't be locked",
    0x12: "the tag's bytes are locked already",
    0x13: "done until the power goes off, saving failed",
    0x14: "cannot be adjusted",
    **dict.fromkeys(range(0x15, 0x1C), "ISO 18000-6B result"),
    0xF8: "antenna fault",
    0xF9: "carrying out the command failed",
    0xFA: "poor communication with the tag",
    0xFB: "no tag",
    0xFC: "error from the tag",
    0xFD: "bad length",
    0xFE: "unknown command, or not in answer mode",
    0xFF: "bad parameter",
}


def status_text(status: int) -> str:
    """The status in words, with the status itself."""
    return f"{STATUS_TEXTS.get(status, 'unknown status')} ({status:02X})"


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Words of a memory bank of the tag with this EPC. `mask`: as it stands behind."""

    epc: bytes
    bank: int
    word: int
    count: int
    password: bytes = NO_PASSWORD
    mask: bytes = b""

    def encode(self) -> bytes:
        place = bytes((self.bank, self.word, self.count))
        return _with_size(self.epc) + place + self.password + self.mask

    @classmethod
    def parse(cls, body: bytes) -> ReadRequest:
        reader = ByteReader(body, "UHFReader18 read")
        epc = _take_epc(reader, reader.byte("EPC words"))
        bank, word, count = reader.take(3, "bank, word and count")
        password = reader.take(PASSWORD_SIZE, "password")
        return cls(epc, bank, word, count, password, _take_mask(reader))


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Whole words into a memory bank of the tag with this EPC."""

    epc: bytes
    bank: int
    word: int
    words: bytes
    password: bytes = NO_PASSWORD
    mask: bytes = b""

    def encode(self) -> bytes:
        count = bytes((len(self.words) // 2,))
        place = _with_size(self.epc) + bytes((self.bank, self.word))
        return count + place + self.words + self.password + self.mask

    @classmethod
    def parse(cls, body: bytes) -> WriteRequest:
        reader = ByteReader(body, "UHFReader18 write")
        count = reader.byte("words")
        epc = _take_epc(reader, reader.byte("EPC words"))
        bank, word = reader.take(2, "bank and word")
        words = reader.take(2 * count, "words")
        password = reader.take(PASSWORD_SIZE, "password")
        return cls(epc, bank, word, words, password, _take_mask(reader))


def inventory_request(dialect: Dialect, q: int, session: int) -> bytes:
    """Body of INVENTORY. Old firmware would take `q` and `session` for a TID's place."""
    return b"" if dialect is Dialect.OLD else bytes((q, session))


def answer_mode_request(dialect: Dialect) -> tuple[Command, bytes]:
    """The command that ends scan mode, and its body.

    The 18 takes all its scan settings at once; only the first byte, "answer", counts.
    """
    if dialect is Dialect.OLD:
        return Command.SET_WORK_MODE, bytes((0x00, 0x02, 0x04, 0x02, 0x06, 0x00))
    return Command.SET_REALTIME_MODE, b"\0"


def _with_size(epc: bytes) -> bytes:
    return bytes((len(epc) // 2,)) + epc


def _take_epc(reader: ByteReader, words: int) -> bytes:
    return b"" if words == BY_MASK else reader.take(2 * words, "EPC")


def _take_mask(reader: ByteReader) -> bytes:
    """Nothing, or a place and length in bytes, or (newer) bank, place, bits and mask."""
    mask = reader.rest()
    is_new = len(mask) >= 4 and len(mask) == 4 + (mask[3] + 7) // 8
    if len(mask) not in {0, 2} and not is_new:
        raise BadFrame(f"UHFReader18: {mask.hex().upper()} is no mask")
    return mask

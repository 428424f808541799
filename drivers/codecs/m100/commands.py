"""Commands of M100 readers, and the requests that a pad needs (protocol V2.1)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.gen2 import Bank
from drivers.codecs.m100.frames import Frame, FrameType

#: Words of one write (of one read: what the longest frame can surely take).
MAX_WORDS = 32
NO_PASSWORD = bytes(4)
_RESERVED_OF_MULTI_POLL = 0x22
#: A mask has at most 255 bits; whole words of an EPC make 240.
_MAX_MASK = 30
#: Where the EPC begins in its bank, behind CRC and PC word.
_EPC_AT_BIT = 0x20


class Command(enum.IntEnum):
    INFO = 0x03
    SET_REGION = 0x07
    GET_REGION = 0x08
    GET_SELECT = 0x0B
    SET_SELECT = 0x0C
    GET_QUERY = 0x0D
    SET_QUERY = 0x0E
    SELECT_MODE = 0x12
    SLEEP = 0x17
    GPIO = 0x1A
    IDLE_MINUTES = 0x1D
    SINGLE_POLL = 0x22
    MULTI_POLL = 0x27
    STOP = 0x28
    READ = 0x39
    WRITE = 0x49
    KILL = 0x65
    LOCK = 0x82
    GET_CHANNEL = 0xAA
    SET_CHANNEL = 0xAB
    HOPPING = 0xAD
    CARRIER = 0xB0
    SET_POWER = 0xB6
    GET_POWER = 0xB7
    BLOCK_PERMALOCK = 0xD3
    NXP_CONFIG = 0xE0
    NXP_READ_PROTECT = 0xE1
    NXP_CHANGE_EAS = 0xE3
    NXP_EAS_ALARM = 0xE4
    MONZA_QT = 0xE5
    SET_MODEM = 0xF0
    GET_MODEM = 0xF1
    JAMMER_SCAN = 0xF2
    RSSI_SCAN = 0xF3


class Info(enum.IntEnum):
    HARDWARE = 0
    SOFTWARE = 1
    MAKER = 2


class SelectMode(enum.IntEnum):
    """When the reader selects by the mask before it talks to tags."""

    ALWAYS = 0
    NEVER = 1
    BUT_FOR_INVENTORY = 2


@dataclass(frozen=True, slots=True)
class Select:
    """A Gen2 Select: tags whose `bank` has `mask_bits` of `mask` from `pointer_bits` on."""

    mask: bytes
    mask_bits: int
    pointer_bits: int = _EPC_AT_BIT
    bank: int = Bank.EPC
    target: int = 0
    action: int = 0
    truncate: bool = False

    @classmethod
    def by_epc(cls, epc: bytes) -> Select:
        """By the whole EPC; of a very long one by its end, which differs most."""
        mask = epc[-_MAX_MASK:]
        pointer_bits = _EPC_AT_BIT + (len(epc) - len(mask)) * 8
        return cls(mask, len(mask) * 8, pointer_bits)

    def encode(self) -> bytes:
        head = bytes((self.target << 5 | self.action << 2 | self.bank,))
        truncate = 0x80 if self.truncate else 0
        sizes = self.pointer_bits.to_bytes(4) + bytes((self.mask_bits, truncate))
        return head + sizes + self.mask


@dataclass(frozen=True, slots=True)
class Access:
    """Where in a tag to read or write; `data` b"" for a read."""

    bank: int
    word: int
    words: int
    data: bytes = b""
    password: bytes = NO_PASSWORD

    def encode(self) -> bytes:
        place = self.word.to_bytes(2) + self.words.to_bytes(2)
        return self.password + bytes((self.bank,)) + place + self.data


def request(command: Command, params: bytes = b"") -> Frame:
    return Frame(FrameType.REQUEST, command, params)


def multi_poll(count: int) -> Frame:
    """`count` rounds of inventory, 65535 for a very long time."""
    reserved = bytes((_RESERVED_OF_MULTI_POLL,))
    return request(Command.MULTI_POLL, reserved + count.to_bytes(2))


def read(bank: Bank, word: int, words: int) -> Frame:
    return request(Command.READ, Access(bank, word, words).encode())


def write(bank: Bank, word: int, data: bytes) -> Frame:
    """`data` in whole words, MAX_WORDS at most."""
    access = Access(bank, word, len(data) // 2, data)
    return request(Command.WRITE, access.encode())


def set_power(centi_dbm: int) -> Frame:
    """Output of the chip; an amplifier on the module adds its gain."""
    return request(Command.SET_POWER, centi_dbm.to_bytes(2))


def parse_select(params: bytes) -> Select:
    """Raises BadFrame. A mask may be missing, as in the maker's own examples."""
    reader = ByteReader(params, "M100 select")
    head = reader.byte("parameter")
    pointer_bits = int.from_bytes(reader.take(4, "pointer"))
    mask_bits, truncate = reader.take(2, "length and truncation")
    mask = reader.rest()
    if mask and len(mask) != -(-mask_bits // 8):
        raise BadFrame(f"M100 select: {mask_bits} bits in mask {mask.hex().upper()}")
    return Select(
        mask,
        mask_bits,
        pointer_bits,
        bank=head & 3,
        target=head >> 5,
        action=head >> 2 & 7,
        truncate=bool(truncate & 0x80),
    )


def parse_access(params: bytes) -> Access:
    """Raises BadFrame for less than a place in a bank."""
    reader = ByteReader(params, "M100 access")
    password = reader.take(4, "password")
    bank = reader.byte("bank")
    word = int.from_bytes(reader.take(2, "address"))
    words = int.from_bytes(reader.take(2, "word count"))
    return Access(bank, word, words, reader.rest(), password)

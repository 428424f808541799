"""Commands and result codes of R2000 readers, and the requests that address tags.

The names of most codes are from one public source each: not confirmed on hardware.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader

PASSWORD_SIZE = 4
NO_PASSWORD = bytes(PASSWORD_SIZE)
#: EPC match: 00 and the EPC that a tag must have, or 01 for any tag.
MATCH_ON = 0x00
MATCH_OFF = 0x01


class Command(enum.IntEnum):
    """Every command that is known; the reply to each has the same code."""

    READ_GPIO = 0x60
    WRITE_GPIO = 0x61
    SET_TEMPORARY_POWER = 0x66
    SET_RF_PROFILE = 0x69
    GET_RF_PROFILE = 0x6A
    RESET = 0x70
    SET_BAUD = 0x71
    GET_FIRMWARE = 0x72
    SET_ADDRESS = 0x73
    SET_WORK_ANTENNA = 0x74
    GET_WORK_ANTENNA = 0x75
    SET_POWER = 0x76
    GET_POWER = 0x77
    SET_REGION = 0x78
    GET_REGION = 0x79
    SET_BEEPER = 0x7A
    GET_TEMPERATURE = 0x7B
    GET_RETURN_LOSS = 0x7E
    BUFFERED_INVENTORY = 0x80
    READ = 0x81
    WRITE = 0x82
    LOCK = 0x83
    KILL = 0x84
    SET_EPC_MATCH = 0x85
    GET_EPC_MATCH = 0x86
    INVENTORY = 0x89
    FAST_SWITCH_INVENTORY = 0x8A
    SESSION_INVENTORY = 0x8B
    GET_BUFFER = 0x90
    GET_AND_CLEAR_BUFFER = 0x91
    GET_BUFFER_COUNT = 0x92
    CLEAR_BUFFER = 0x93
    BLOCK_WRITE = 0x94
    GEN2_SELECT = 0x98


class Code(enum.IntEnum):
    """Results that the project tells apart; the rest stand in CODE_TEXTS."""

    DONE = 0x10
    FAILED = 0x11
    ANTENNA_MISSING = 0x22
    READ_FAILED = 0x32
    WRITE_FAILED = 0x33
    NO_TAG = 0x36
    ACCESS_FAILED = 0x37
    BAD_PARAMETER = 0x41
    BAD_WORD_COUNT = 0x42
    BAD_BANK = 0x43
    BAD_ANTENNA = 0x47
    BAD_POWER = 0x48
    BAD_REGION = 0x49
    BAD_BEEPER = 0x4B
    BAD_MATCH = 0x4E


CODE_TEXTS: Mapping[int, str] = {
    0x10: "done",
    0x11: "failed",
    0x20: "the reader's processor was reset",
    0x21: "the carrier could not be switched on",
    0x22: "antenna missing",
    0x23: "writing to flash failed",
    0x24: "reading from flash failed",
    0x25: "the power could not be set",
    0x31: "inventory failed",
    0x32: "reading the tag failed",
    0x33: "writing the tag failed",
    0x34: "locking the tag failed",
    0x35: "killing the tag failed",
    0x36: "no tag",
    0x37: "the tag was found but access to it failed",
    0x38: "the buffer is empty",
    0x3C: "the maker's own command failed",
    0x40: "wrong access password",
    0x41: "bad parameter",
    0x42: "bad number of words",
    0x43: "bad memory bank",
    0x44: "bad lock region",
    0x45: "bad lock type",
    0x46: "bad reader address",
    0x47: "bad antenna",
    0x48: "power out of range",
    0x49: "bad frequency region",
    0x4A: "bad baud rate",
    0x4B: "bad beeper mode",
    0x4C: "the EPC to match is too long",
    0x4D: "bad length of the EPC to match",
    0x4E: "bad EPC match mode",
    0x4F: "bad frequency range",
    0x50: "no RN16 from the tag",
    0x51: "bad dense reader mode",
    0x52: "the PLL did not lock",
    0x53: "the RF chip does not answer",
    0x54: "the wanted power is not reached",
    0x56: "the spectrum is not allowed",
    0xEE: "bad return loss of the antenna",
}


def code_text(code: int) -> str:
    """The code in words, with the code itself."""
    return f"{CODE_TEXTS.get(code, 'unknown code')} ({code:02X})"


@dataclass(frozen=True, slots=True)
class Region:
    """What a region command sets: a band and two of its channels."""

    band: int
    start: int
    stop: int

    def encode(self) -> bytes:
        return bytes((self.band, self.start, self.stop))


#: Channels are 500 kHz apart from 902.0 MHz (07) on, in Europe from 865.0 MHz (00).
#: From memory of the makers' table: not confirmed on hardware.
REGIONS: Mapping[str, Region] = {
    "fcc": Region(0x01, 0x07, 0x3B),
    "etsi": Region(0x02, 0x00, 0x06),
    "chn": Region(0x03, 0x2B, 0x35),
}


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Words of a memory bank. Older firmware takes no `password`."""

    bank: int
    word: int
    count: int
    password: bytes = b""

    def encode(self) -> bytes:
        return bytes((self.bank, self.word, self.count)) + self.password

    @classmethod
    def parse(cls, data: bytes) -> ReadRequest:
        reader = ByteReader(data, "R2000 read")
        bank, word, count = reader.take(3, "bank, word and count")
        if reader.left not in {0, PASSWORD_SIZE}:
            raise BadFrame(f"R2000 read {data.hex().upper()}: password of wrong size")
        return cls(bank, word, count, reader.rest())


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Whole words into a memory bank."""

    bank: int
    word: int
    words: bytes
    password: bytes = NO_PASSWORD

    def encode(self) -> bytes:
        head = bytes((self.bank, self.word, len(self.words) // 2))
        return self.password + head + self.words

    @classmethod
    def parse(cls, data: bytes) -> WriteRequest:
        reader = ByteReader(data, "R2000 write")
        password = reader.take(PASSWORD_SIZE, "password")
        bank, word, count = reader.take(3, "bank, word and count")
        words = reader.take(2 * count, "words")
        reader.finish()
        return cls(bank, word, words, password)


def match_epc(epc: bytes) -> bytes:
    """Data of SET_EPC_MATCH: the tag commands that follow reach this EPC alone."""
    return bytes((MATCH_ON, len(epc))) + epc


def match_any() -> bytes:
    """Data of SET_EPC_MATCH: the tag commands that follow reach every tag."""
    return bytes((MATCH_OFF,))


def parse_match(data: bytes) -> bytes | None:
    """The EPC of a match, None for "any tag"; request 85 and reply 86 look alike."""
    reader = ByteReader(data, "R2000 EPC match")
    mode = reader.byte("mode")
    if mode == MATCH_OFF:
        reader.finish()
        return None
    if mode != MATCH_ON:
        raise BadFrame(f"R2000 EPC match {data.hex().upper()}: mode {mode:02X}")
    epc = reader.take(reader.byte("length"), "EPC")
    reader.finish()
    return epc

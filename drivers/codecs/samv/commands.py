"""Commands and statuses of SAM_V, and how the content of a card comes."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from drivers.api import BadFrame

#: A card's text: UTF-16, low byte first, padded with spaces.
TEXT_SIZE = 256
#: The address that was added when somebody moved without getting a new card.
NEW_ADDRESS_SIZE = 70


class Command(enum.IntEnum):
    """CMD and PARA in one number."""

    RESET = 0x10FF
    STATUS = 0x11FF
    SAM_ID = 0x12FF
    FIND_CARD = 0x2001
    SELECT_CARD = 0x2002
    READ_TEXT_PHOTO = 0x3001
    READ_NEW_ADDRESS = 0x3003
    READ_TEXT_PHOTO_FINGERPRINT = 0x3010
    MAX_RF_BYTES = 0x61FF

    @property
    def words(self) -> str:
        return self.name.lower().replace("_", " ")


#: CMD of "set the baud rate"; the rate is in PARA: 0 is 115200, 4 is 9600.
SET_BAUD_RATE = 0x60


class Status(enum.IntEnum):
    """SW3."""

    CHECK_SUM = 0x10
    LENGTH = 0x11
    COMMAND = 0x21
    UNKNOWN = 0x24
    CARD_REJECTS_MODULE = 0x31
    MODULE_REJECTS_CARD = 0x32
    NOT_VERIFIED = 0x33
    WRONG_CARD = 0x40
    READ_FAILED = 0x41
    RANDOM_NUMBER = 0x47
    SELF_TEST = 0x60
    NOT_AUTHORISED = 0x66
    NO_CARD = 0x80
    SELECT_FAILED = 0x81
    OK = 0x90
    NO_SUCH_CONTENT = 0x91
    CARD_FOUND = 0x9F


_WORDS = {
    Status.CHECK_SUM: "wrong check sum received",
    Status.LENGTH: "wrong length received",
    Status.COMMAND: "wrong command received",
    Status.UNKNOWN: "unknown error",
    Status.CARD_REJECTS_MODULE: "the card does not accept the module",
    Status.MODULE_REJECTS_CARD: "the module does not accept the card",
    Status.NOT_VERIFIED: "verification failed",
    Status.WRONG_CARD: "unknown kind of card",
    Status.READ_FAILED: "the card could not be read",
    Status.RANDOM_NUMBER: "no random number",
    Status.SELF_TEST: "self test failed",
    Status.NOT_AUTHORISED: "the module is not authorised",
    Status.NO_CARD: "no card",
    Status.SELECT_FAILED: "the card could not be selected",
    Status.OK: "ok",
    Status.NO_SUCH_CONTENT: "the card has no such content",
    Status.CARD_FOUND: "card found",
}


def status_words(status: int) -> str:
    """SW3 in words, with its code."""
    known = status in set(Status)
    return f"{_WORDS[Status(status)] if known else 'not known'} ({status:02X})"


@dataclass(frozen=True, slots=True)
class CardContent:
    """The text of a card. Of photo and fingerprint only the sizes are kept."""

    text: bytes = field(repr=False)
    photo_size: int
    fingerprint_size: int = 0


def parse_content(data: bytes) -> CardContent:
    """Read the data of a read reply, with or without a fingerprint. Raises BadFrame.

    Two bytes each of text, photo and, if that was asked for, fingerprint length stand
    before the three of them.
    """
    for counted in (2, 3):
        sizes = [int.from_bytes(data[2 * at : 2 * at + 2]) for at in range(counted)]
        if sizes[0] == TEXT_SIZE and 2 * counted + sum(sizes) == len(data):
            text = data[2 * counted : 2 * counted + TEXT_SIZE]
            return CardContent(text, *sizes[1:])
    raise BadFrame(
        f"SAM_V card content of {len(data)} bytes with lengths "
        f"{data[:6].hex(' ').upper() or 'missing'}"
    )

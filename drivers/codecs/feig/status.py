"""Status and error bytes of FEIG OBID readers, and the names of their types."""

from __future__ import annotations

import enum

from drivers.codecs.iso15693 import iso_error_text


class Status(enum.IntEnum):
    """Status bytes that change what a host does next."""

    OK = 0x00
    NO_TAG = 0x01
    DATA_FALSE = 0x02
    WRITE_ERROR = 0x03
    COLLISION = 0x0B
    EEPROM_FAILURE = 0x10
    PARAMETER_RANGE = 0x11
    LOGIN_REQUIRED = 0x13
    UNKNOWN_COMMAND = 0x80
    LENGTH_ERROR = 0x81
    NOT_AVAILABLE = 0x82
    RF_ERROR = 0x83
    MORE_DATA = 0x94
    ISO_ERROR = 0x95


STATUS_TEXTS = {
    0x00: "ok",
    0x01: "no tag in the field",
    0x02: "checksum or parity error on the air",
    0x03: "write error",
    0x04: "address error",
    0x05: "wrong type of tag",
    0x08: "authentication error",
    0x0B: "collision",
    0x0E: "general error",
    0x10: "EEPROM failure",
    0x11: "parameter out of range",
    0x13: "login required",
    0x14: "login error",
    0x15: "read protected",
    0x16: "write protected",
    0x17: "firmware not activated",
    0x80: "unknown command",
    0x81: "length error",
    0x82: "command not available: the reader is in scan mode",
    0x83: "error in the radio communication",
    0x84: "antenna warning",
    0x93: "buffer overflow",
    0x94: "more data",
    0x95: "error from an ISO 15693 tag",
    0x96: "error from an ISO 14443 tag",
    0xF1: "hardware warning",
}

#: SW-TYPE, the model a reader says it is.
READER_TYPES = {
    40: "LR100",
    41: "LR200",
    42: "LR2000",
    43: "LR2500",
    44: "LR2500",
    45: "LR1002",
    54: "MRU102",
    60: "PRH",
    61: "PRH",
    62: "PRH",
    63: "PRH",
    64: "PRH",
    74: "MR100/PR100",
    75: "MR200",
    76: "MR101/PR101",
    77: "MR102",
    78: "MR101-U",
    80: "CPR.M02",
    81: "CPR.02",
    82: "CPR40",
    83: "CPR40",
    84: "CPR50",
    85: "CPR44",
    86: "CPR30",
    87: "CPR52",
    88: "CPR.04-U",
    89: "CPR46",
    91: "LRU",
    92: "LRU",
    93: "LRU",
    94: "LRU",
    100: "MAX50",
    111: "CPR47",
    114: "CPR74",
}

#: TR-TYPE, the air interface of a tag in an inventory.
TAG_TYPES = {
    0x00: "I-Code 1",
    0x01: "Tag-it HF",
    0x03: "ISO 15693",
    0x04: "ISO 14443A",
    0x05: "ISO 14443B",
    0x06: "I-Code EPC",
    0x08: "Jewel",
    0x09: "ISO 18000-3M3",
    0x84: "EPC Gen2",
}


def status_text(status: int, data: bytes = b"") -> str:
    """Say what a reply's status means; `data` holds the tag's own error after 95."""
    text = STATUS_TEXTS.get(status, "unknown status")
    if status == Status.ISO_ERROR and data:
        text = f"{text}: {iso_error_text(data[0])}"
    return f"{text} ({status:02X})"

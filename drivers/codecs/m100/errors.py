"""Error codes of M100 readers in words."""

from __future__ import annotations

import enum

from drivers.codecs.gen2 import TAG_ERROR_TEXTS, TagError


class Error(enum.IntEnum):
    """Codes that a driver tells apart."""

    NO_TAG_TO_READ = 0x09
    NO_TAG_TO_WRITE = 0x10
    NO_TAG_TO_LOCK = 0x13
    INVENTORY_EMPTY = 0x15
    WRONG_PASSWORD = 0x16
    BAD_COMMAND = 0x17
    HOPPING_FAILED = 0x20


_TEXTS: dict[int, str] = {
    Error.NO_TAG_TO_READ: "no tag answers the read",
    Error.NO_TAG_TO_WRITE: "no tag answers the write",
    Error.NO_TAG_TO_LOCK: "no tag answers the lock or kill",
    Error.INVENTORY_EMPTY: "no tag in the field",
    Error.WRONG_PASSWORD: "wrong access password",
    Error.BAD_COMMAND: "command error",
    Error.HOPPING_FAILED: "no free channel to hop to",
    0x1A: "NXP configuration failed",
    0x1B: "NXP EAS change failed",
    0x1D: "no EAS alarm",
    0x2A: "NXP read protection failed",
    0x2B: "NXP end of read protection failed",
    0x2E: "Monza QT command failed",
}
#: High half of a code whose low half is the tag's own answer.
_OF_THE_TAG = {0xA: "read", 0xB: "write", 0xC: "lock", 0xD: "kill", 0xE: "special"}


def tag_error(code: int) -> int | None:
    """What the tag itself answered (a TagError, if known); None when it was not asked."""
    return code & 0xF if code >> 4 in _OF_THE_TAG else None


def of_tag(family: int, error: TagError) -> int:
    """The code for a tag's answer; `family` is A for read, B for write and so on."""
    return family << 4 | error


def error_text(code: int) -> str:
    """The code in words, with the number for whoever has the manual."""
    answer = tag_error(code)
    if answer is None:
        text = _TEXTS.get(code, "unknown error")
    else:
        known = answer in list(TagError)
        reason = TAG_ERROR_TEXTS[TagError(answer)] if known else "unknown error"
        text = f"tag refuses the {_OF_THE_TAG[code >> 4]}: {reason}"
    return f"{text} ({code:02X})"

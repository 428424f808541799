"""How a 3M / Bibliotheca pad says that a command failed (protocol 1.0.0, appendix A)."""

from __future__ import annotations

import enum


class Status(enum.IntEnum):
    """The second byte of every reply."""

    OK = 0x00
    NOT_IMPLEMENTED = 0x02
    NO_TRANSPONDER = 0x06
    UNKNOWN = 0x0F
    NOT_AVAILABLE = 0x11
    LOCKED = 0x12
    NOT_READ = 0x15
    NOT_WRITTEN = 0x16
    TAG_SAYS_1 = 0x21
    TAG_SAYS_2 = 0x22
    TAG_SAYS_3 = 0x23
    NOT_SUPPORTED = 0x30
    BAD_OPTION = 0x31
    BAD_PARAMETER = 0x32
    CANCELLED = 0xFD
    OUT_OF_MEMORY = 0xFE


_TEXTS = {
    Status.OK: "ok",
    Status.NOT_IMPLEMENTED: "command not implemented",
    Status.NO_TRANSPONDER: "no transponder, or it did not confirm",
    Status.UNKNOWN: "unknown error of the tag",
    Status.NOT_AVAILABLE: "the tag has no such block or byte",
    Status.LOCKED: "locked on the tag",
    Status.NOT_READ: "block not read",
    Status.NOT_WRITTEN: "not written, too little power perhaps",
    Status.TAG_SAYS_1: "the tag answered error 01",
    Status.TAG_SAYS_2: "the tag answered error 02",
    Status.TAG_SAYS_3: "the tag answered error 03",
    Status.NOT_SUPPORTED: "not supported by the tag",
    Status.BAD_OPTION: "option not supported",
    Status.BAD_PARAMETER: "parameter not supported",
    Status.CANCELLED: "command cancelled",
    Status.OUT_OF_MEMORY: "reader out of memory",
}


def is_known(status: int) -> bool:
    return status in list(Status)


def status_text(status: int) -> str:
    """The code in hex and what it means."""
    known = _TEXTS[Status(status)] if is_known(status) else "unknown error"
    return f"{status:02X} {known}"

"""What an ESC/POS printer tells of itself, and how it is asked at any time.

DLE EOT n (10 04 n) is answered at once, even while the printer is off-line: n = 2
for why it is off-line, n = 4 for the roll. Every answer has bits 1 and 4 set and
bits 0 and 7 clear (Epson's ESC/POS command reference, "Transmit real-time status").
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.content import Content

ASK_OFFLINE = bytes.fromhex("10 04 02")
ASK_ROLL = bytes.fromhex("10 04 04")

_FIXED_BITS, _FIXED = 0x93, 0x12
_COVER_OPEN, _FEEDING, _STOPPED_FOR_PAPER, _ERROR = 0x04, 0x08, 0x20, 0x40
_NEARLY_OUT, _OUT = 0x0C, 0x60


@dataclass(frozen=True, slots=True)
class Offline:
    """Why a printer would not print now; all False: it would."""

    cover_open: bool
    feeding: bool
    no_paper: bool
    error: bool


@dataclass(frozen=True, slots=True)
class Roll:
    """How much paper is left. Printers without a sensor never say `nearly_out`."""

    nearly_out: bool
    out: bool


def parse_offline(answer: int) -> Offline:
    """Read the answer to ASK_OFFLINE. Raises BadFrame for a byte that is none."""
    _check(answer)
    return Offline(
        cover_open=bool(answer & _COVER_OPEN),
        feeding=bool(answer & _FEEDING),
        no_paper=bool(answer & _STOPPED_FOR_PAPER),
        error=bool(answer & _ERROR),
    )


def parse_roll(answer: int) -> Roll:
    """Read the answer to ASK_ROLL. Raises BadFrame for a byte that is none."""
    _check(answer)
    return Roll(nearly_out=bool(answer & _NEARLY_OUT), out=bool(answer & _OUT))


def is_status(byte: int) -> bool:
    """Whether this can be an answer at all; flow control and noise is not."""
    return byte & _FIXED_BITS == _FIXED


def describe(frame: bytes) -> Content:
    """One question or answer in words. An answer does not say to what: both are told."""
    if frame in {ASK_OFFLINE, ASK_ROLL}:
        return {"direction": "request", "asks": "offline" if frame[2] == 2 else "roll"}
    if len(frame) != 1:
        raise BadFrame(
            f"ESC/POS status: {frame.hex().upper() or 'no bytes'} is neither "
            "DLE EOT 2, DLE EOT 4 nor one byte"
        )
    offline, roll = parse_offline(frame[0]), parse_roll(frame[0])
    return {
        "direction": "response",
        "if_offline": {name: getattr(offline, name) for name in offline.__slots__},
        "if_roll": {name: getattr(roll, name) for name in roll.__slots__},
    }


def _check(answer: int) -> None:
    if not is_status(answer):
        raise BadFrame(
            f"ESC/POS status {answer:02X}: bits 7, 4, 1, 0 are not 0, 1, 1, 0"
        )

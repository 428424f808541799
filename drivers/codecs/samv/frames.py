"""Frames of SAM_V, the module that reads second-generation identity cards.

Request: `AA AA AA 96 69 LEN LEN CMD PARA data CHK`; reply: `AA AA AA 96 69 LEN LEN SW1
SW2 SW3 data CHK`. LEN, high byte first, counts what follows it; CHK is the XOR of LEN
and all that stands between. The USB version sends the same bytes, cut behind LEN.

What a reply carries is personal: no error text and no repr shows more than its head.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import xor

from drivers.api import BadFrame
from drivers.codecs.frame_finder import Frame, FrameFinder

PREAMBLE = b"\xaa\xaa\xaa\x96\x69"
#: Text, photo and fingerprint in one reply: the longest frame there is.
MAX_FRAME = 2321
#: SW1 and SW2 are 0 in every reply; no command is.
_REPLY_MARK = b"\x00\x00"
_HEAD = len(PREAMBLE) + 2
#: The beginning of a frame, up to SW3, which is all that an error shows of it.
_SHOWN = _HEAD + 3


@dataclass(frozen=True, slots=True)
class Request:
    """`command` is CMD and PARA in one number, as 0x2001 for "find card"."""

    command: int
    data: bytes = b""

    def encode(self) -> bytes:
        return _frame(self.command.to_bytes(2) + self.data)


@dataclass(frozen=True, slots=True)
class Reply:
    """`status` is SW3; what the module has to say of a card is in `data`."""

    status: int
    data: bytes = field(default=b"", repr=False)

    def encode(self) -> bytes:
        return _frame(_REPLY_MARK + bytes((self.status,)) + self.data)


class _PatientFinder(FrameFinder[Frame]):
    """Waits on when the line falls silent.

    A long reply may come with gaps, and noise does not look like a preamble.
    """

    def flush(self) -> list[Frame | BadFrame]:
        return []


def reply_finder() -> FrameFinder[Reply]:
    """Finds replies in what the line brings."""
    return _PatientFinder(PREAMBLE, _take_reply, MAX_FRAME)


def request_finder() -> FrameFinder[Request]:
    """Finds requests, as the module does."""
    return _PatientFinder(PREAMBLE, _take_request, MAX_FRAME)


def decode(frame: bytes) -> Request | Reply:
    """Read exactly one frame. Raises BadFrame that says what is wrong."""
    if not frame.startswith(PREAMBLE):
        raise BadFrame(f"SAM_V: {len(frame)} bytes that do not begin AA AA AA 96 69")
    taken = _take(frame)
    if taken is None:
        raise BadFrame(f"SAM_V {_shown(frame)}: ends within a frame")
    body, size = taken
    if len(frame) > size:
        raise BadFrame(
            f"SAM_V {_shown(frame)}: {len(frame) - size} bytes behind its end"
        )
    if body.startswith(_REPLY_MARK):
        return _reply(body)
    return _request(body)


def _take_reply(data: bytes) -> tuple[Reply, int] | None:
    taken = _take(data)
    return taken and (_reply(taken[0]), taken[1])


def _take_request(data: bytes) -> tuple[Request, int] | None:
    taken = _take(data)
    return taken and (_request(taken[0]), taken[1])


def _take(data: bytes) -> tuple[bytes, int] | None:
    """What stands between LEN and CHK, and the size of the frame; None: incomplete."""
    if len(data) < _HEAD:
        return None
    size = _HEAD + int.from_bytes(data[len(PREAMBLE) : _HEAD])
    if not _HEAD + 3 <= size <= MAX_FRAME:
        raise BadFrame(f"SAM_V {_shown(data)}: LEN makes a frame of {size} bytes")
    if len(data) < size:
        return None
    frame = data[:size]
    expected = _check_sum(frame[:-1])
    if frame[-1] != expected:
        raise BadFrame(
            f"SAM_V {_shown(frame)}: check sum {frame[-1]:02X}, expected {expected:02X}"
        )
    return frame[_HEAD:-1], size


def _reply(body: bytes) -> Reply:
    if len(body) < 3 or not body.startswith(_REPLY_MARK):
        raise BadFrame(f"SAM_V reply {body[:3].hex(' ').upper()}: no status 00 00 xx")
    return Reply(body[2], body[3:])


def _request(body: bytes) -> Request:
    return Request(int.from_bytes(body[:2]), body[2:])


def _frame(body: bytes) -> bytes:
    length = (len(body) + 1).to_bytes(2)
    frame = PREAMBLE + length + body
    return frame + bytes((_check_sum(frame),))


def _check_sum(frame: bytes) -> int:
    """The XOR of all that follows the preamble."""
    return reduce(xor, frame[len(PREAMBLE) :])


def _shown(frame: bytes) -> str:
    return f"{frame[:_SHOWN].hex(' ').upper()} ({len(frame)} bytes)"

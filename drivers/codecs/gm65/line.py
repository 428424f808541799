"""What a GM65 or GM861 sends: replies, plain codes, and codes in an envelope.

An envelope is `03 00 LEN text` (zone 0060 with bit 7). It has no check sum, so its
length must match what lies between it and the next control character or silence.
"""

from __future__ import annotations

import re

from drivers.api import BadFrame
from drivers.codecs.gm65.frames import (
    HEARTBEAT_START,
    LONGEST_REPLY,
    REPLY_START,
    Reply,
    decode_reply,
)
from drivers.codecs.lines import TERMINATORS, LineAssembler
from drivers.codecs.lines_mixed import MixedLine

_STARTS = REPLY_START[:1] + HEARTBEAT_START[:1]
_HEAD = 3
#: One more than an envelope, to see what follows it.
_LONGEST = max(LONGEST_REPLY, _HEAD + 0xFF + 1)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def gm65_line(lines: LineAssembler) -> MixedLine[Reply]:
    """Replies and codes, however cut and glued; `lines` judges the codes."""
    return MixedLine(_STARTS, _take, _LONGEST, lines)


def open_envelope(frame: bytes) -> bytes:
    """The text in exactly one envelope. Raises BadFrame."""
    text = frame[_HEAD:]
    if frame[:2] != HEARTBEAT_START or len(frame) <= _HEAD or len(text) != frame[2]:
        raise BadFrame(
            f"GM65 code {frame.hex().upper()} is not 0300, a length and as many bytes"
        )
    return text


def _take(data: bytes, silent: bool) -> tuple[Reply | bytes, int] | None:  # noqa: FBT001  (the shape of `Take`)
    if len(data) < _HEAD:
        return None
    if data[1]:
        raise BadFrame(f"GM65: no frame begins with {data[:2].hex().upper()}")
    if data[:2] == HEARTBEAT_START and data[2]:
        return _take_envelope(data, silent=silent)
    if len(data) < _HEAD + 1:
        return None
    size = _HEAD + 1 + data[3] + 2
    return (decode_reply(data[:size]), size) if len(data) >= size else None


def _take_envelope(data: bytes, *, silent: bool) -> tuple[bytes, int] | None:
    """The text; nothing, for an envelope with another length than it says."""
    end = _HEAD + data[2]
    control = _CONTROL.search(data, _HEAD)
    stop = control.start() if control else len(data)
    only_text = not data[stop:end].strip(TERMINATORS)
    # A longer text than announced is awaited as well: its rest is no code.
    if only_text and not silent and (len(data) <= end or not control):
        return None
    if only_text and stop <= end <= len(data):
        return data[_HEAD:end], end
    return b"", stop

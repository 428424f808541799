"""Packets of the Simple Serial Interface of Symbol, Zebra and the Grow GM67.

`LEN OPCODE SOURCE STATUS data SUM(2)`: LEN counts all before the sum; the sum is what
makes the 16-bit sum of the bytes before it 0, high byte first. A code of above 250
bytes comes as `FF F4 LEN(2) F4 SOURCE STATUS data SUM(2)` (seen with a GM67 alone).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.frame_finder import FrameFinder, read_whole
from drivers.codecs.shown import shown

DECODER, HOST = 0x00, 0x04
#: STATUS bits: sent before and not acknowledged; more of the same code follows;
#: a setting that outlasts the power.
RETRANSMIT, CONTINUED, PERMANENT = 0x01, 0x02, 0x08
#: Ends a decoder's sleep; it listens a moment later.
WAKE_UP = b"\x00"
WAKE_S = 0.05
#: LEN, OPCODE, SOURCE, STATUS.
HEAD = 4
LONG_MARK = b"\xff\xf4"
LONG_HEAD = 7
MAX_SHORT = 0xFF
#: More than the longest code that any option allows.
MAX_PACKET = 20_000


class Op(enum.IntEnum):
    """OPCODE; the names are Zebra's."""

    AIM_OFF = 0xC4
    AIM_ON = 0xC5
    PARAM_SEND = 0xC6
    PARAM_REQUEST = 0xC7
    PARAM_DEFAULTS = 0xC8
    REQUEST_REVISION = 0xA3
    REPLY_REVISION = 0xA4
    CMD_ACK = 0xD0
    CMD_NAK = 0xD1
    FLUSH_QUEUE = 0xD2
    CAPABILITIES_REQUEST = 0xD3
    CAPABILITIES_REPLY = 0xD4
    START_SESSION = 0xE4
    STOP_SESSION = 0xE5
    BEEP = 0xE6
    LED_ON = 0xE7
    LED_OFF = 0xE8
    SCAN_ENABLE = 0xE9
    SCAN_DISABLE = 0xEA
    SLEEP = 0xEB
    DECODE_DATA = 0xF3
    DECODE_DATA_LONG = 0xF4
    EVENT = 0xF6
    RESET = 0xFA


class Nak(enum.IntEnum):
    """The first data byte of a CMD_NAK: why."""

    RESEND = 0x01
    BAD_CONTEXT = 0x02
    DENIED = 0x06


_OPS = frozenset(Op)
_CODE_OPS = frozenset({Op.DECODE_DATA, Op.DECODE_DATA_LONG})


class BadSum(BadFrame):
    """A packet that is all there, but for some bits; it may be asked for again."""

    def __init__(self, text: str, op: Op) -> None:
        super().__init__(text)
        self.is_code = op in _CODE_OPS


@dataclass(frozen=True, slots=True)
class Packet:
    """`source` is DECODER or HOST; a GM67 answers as HOST, too."""

    op: Op
    data: bytes = b""
    source: int = HOST
    status: int = 0

    @property
    def is_code(self) -> bool:
        return self.op in _CODE_OPS


def encode(packet: Packet) -> bytes:
    """Make the bytes of a packet. Raises BadFrame for data that no packet can hold."""
    tail = bytes((packet.source, packet.status)) + packet.data
    if packet.op is Op.DECODE_DATA_LONG:
        size = LONG_HEAD + len(packet.data)
        if size > MAX_PACKET:
            raise BadFrame(f"SSI packet of {size} bytes; {MAX_PACKET} are the most")
        body = LONG_MARK + size.to_bytes(2) + bytes((packet.op,)) + tail
    else:
        size = HEAD + len(packet.data)
        if size >= MAX_SHORT:
            raise BadFrame(f"SSI packet of {size} bytes; {MAX_SHORT - 1} are the most")
        body = bytes((size, packet.op)) + tail
    return body + _sum(body)


def decode(frame: bytes) -> Packet:
    """Read exactly one packet. Raises BadFrame that says what is wrong where."""
    return read_whole(frame, take, "SSI")


def take(data: bytes) -> tuple[Packet, int] | None:
    """Read the packet that the bytes begin with, and how many bytes it takes.

    None while bytes are missing. Raises BadSum, or BadFrame when no packet begins here.
    """
    long = data[:2] == LONG_MARK
    head = LONG_HEAD if long else HEAD
    if not _may_begin(data, long=long):
        raise BadFrame(f"SSI: no packet begins with {shown(data[:head])}")
    if len(data) < head:
        return None
    size = int.from_bytes(data[2:4]) if long else data[0]
    if not head <= size <= MAX_PACKET:
        raise BadFrame(f"SSI packet of {size} bytes: not within {head} to {MAX_PACKET}")
    if len(data) < size + 2:
        return None
    body, found = data[:size], data[size : size + 2]
    op, source, status = body[head - 3 : head]
    if found != _sum(body):
        raise BadSum(
            f"SSI packet {shown(body)}: sum is {shown(found)}, "
            f"expected {shown(_sum(body))}",
            Op(op),
        )
    return Packet(Op(op), body[head:], source, status), size + 2


class PacketFinder(FrameFinder[Packet]):
    """Finds packets in what a line brings; what is none is dropped."""

    def __init__(self) -> None:
        super().__init__(b"", take, MAX_PACKET + 2)

    @property
    def pending(self) -> bool:
        return bool(self._buffer)

    def flush(self) -> list[Packet | BadFrame]:
        """The line fell silent: what is unfinished is noise, or will be sent again."""
        found = super().flush()
        self._buffer.clear()
        return found


def _may_begin(data: bytes, *, long: bool) -> bool:
    """Whether all of the head that is there could be one."""
    op_at = 4 if long else 1
    op, source = data[op_at : op_at + 1], data[op_at + 1 : op_at + 2]
    if source and source[0] not in {DECODER, HOST}:
        return False
    if long:
        return op in {b"", LONG_MARK[1:]}
    if data[:1] == LONG_MARK[:1]:
        return not op
    known = not op or (op[0] in _OPS and op != LONG_MARK[1:])
    return known and (not data or data[0] >= HEAD)


def _sum(body: bytes) -> bytes:
    return (-sum(body) & 0xFFFF).to_bytes(2)

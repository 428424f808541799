"""What an SSI decoder sends: codes to acknowledge, and answers to commands.

The layout of a code (its type, then its text) and the bit that says "more follows" are
Zebra's documents' alone, not confirmed on hardware.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import BadFrame
from drivers.codecs.lines import TERMINATORS, BadBarcode, LineAssembler, decoded
from drivers.codecs.lines_mixed import MixedLine
from drivers.codecs.ssi.packets import (
    CONTINUED,
    MAX_PACKET,
    RETRANSMIT,
    BadSum,
    Nak,
    Op,
    Packet,
    PacketFinder,
    encode,
    take,
)

#: Code type → name and AIM identifier. Above 40 hex: the same with an add-on.
CODE_TYPES: Mapping[int, tuple[str, str]] = {
    0x01: ("code39", "]A0"),
    0x02: ("codabar", "]F0"),
    0x03: ("code128", "]C0"),
    0x06: ("itf", "]I0"),
    0x07: ("code93", "]G0"),
    0x08: ("upc_a", "]E0"),
    0x0A: ("ean8", "]E4"),
    0x0B: ("ean13", "]E0"),
    0x0F: ("gs1_128", "]C1"),
    0x11: ("pdf417", "]L0"),
    0x16: ("bookland", "]E0"),
    0x1B: ("data_matrix", "]d1"),
    0x1C: ("qr", "]Q1"),
    0xF0: ("pdf417", "]L0"),
    0xF1: ("qr", "]Q1"),
    0xF2: ("data_matrix", "]d1"),
}
ACK = encode(Packet(Op.CMD_ACK))
NAK_RESEND = encode(Packet(Op.CMD_NAK, bytes((Nak.RESEND,))))
_ANSWERS = frozenset({Op.CMD_ACK, Op.CMD_NAK})
#: LEN of an ACK and of a NAK; neither is in a printed code.
_ANSWER_STARTS = b"\x04\x05"
_LONGEST_ANSWER = 7


class SsiReceiver:
    """Codes and answers of a decoder in packet mode; `lines` judges the codes.

    A code that the decoder sends once more, as it missed the acknowledgement, is
    acknowledged and dropped.
    """

    def __init__(self, lines: LineAssembler) -> None:
        self._lines = lines
        self._finder = PacketFinder()
        self._due = b""
        self._begun = b""
        self._last: Packet | None = None

    @property
    def pending(self) -> bool:
        """Whether a packet has begun and not ended."""
        return self._finder.pending

    def feed(self, data: bytes) -> list[Packet | str | BadBarcode]:
        """Return what `data` completed, in order."""
        return self._received(self._finder.feed(data))

    def flush(self) -> list[Packet | str | BadBarcode]:
        """The line fell silent: what is unfinished is noise."""
        return self._received(self._finder.flush())

    def due(self) -> bytes:
        """What must be sent to the decoder now; asking again gives nothing."""
        due, self._due = self._due, b""
        return due

    def _received(
        self, found: list[Packet | BadFrame]
    ) -> list[Packet | str | BadBarcode]:
        received: list[Packet | str | BadBarcode] = []
        for item in found:
            match item:
                case Packet(is_code=True):
                    self._due += ACK
                    received += self._code(item)
                case Packet():
                    self._due += ACK if item.op is Op.EVENT else b""
                    received.append(item)
                case BadSum(is_code=True):
                    self._due += NAK_RESEND
        return received

    def _code(self, packet: Packet) -> list[str | BadBarcode]:
        if packet.status & RETRANSMIT and self._last and _same(packet, self._last):
            return []
        self._last = packet
        text = (self._begun + packet.data[1:])[:MAX_PACKET]
        if packet.status & CONTINUED:
            self._begun = text
            return []
        self._begun = b""
        _, aim = CODE_TYPES.get(packet.data[0] if packet.data else 0, ("", None))
        try:
            return [self._lines.accept(decoded(text.rstrip(TERMINATORS)), aim)]
        except BadBarcode as err:
            return [err.with_traceback(None)]


def text_line(lines: LineAssembler) -> MixedLine[Packet]:
    """What a decoder sends that is set to plain lines: those, and answers."""
    return MixedLine(_ANSWER_STARTS, _take_answer, _LONGEST_ANSWER, lines)


def _take_answer(data: bytes, _silent: bool) -> tuple[Packet, int] | None:  # noqa: FBT001  (the shape of `Take`)
    if len(data) > 1 and data[1] not in _ANSWERS:
        raise BadFrame(f"SSI: no answer begins with {data[:2].hex().upper()}")
    return take(data)


def _same(again: Packet, last: Packet) -> bool:
    return (again.op, again.data) == (last.op, last.data)

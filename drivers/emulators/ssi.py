"""A scanner that speaks SSI and isn't there."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from drivers.api import BadFrame
from drivers.codecs.ssi.packets import (
    CONTINUED,
    DECODER,
    RETRANSMIT,
    WAKE_S,
    WAKE_UP,
    BadSum,
    Nak,
    Op,
    Packet,
    PacketFinder,
    encode,
)
from drivers.codecs.ssi.settings import parse_settings

EAN13, QR = 0x0B, 0x1C
PACKETS_PARAM, TRIGGER_PARAM, HOST_TRIGGER = b"\xee", b"\x8a", 0x08
#: A packet holds so much of a code, its type byte aside.
PART = 249
_PLAIN = frozenset({Op.SCAN_ENABLE, Op.SCAN_DISABLE, Op.START_SESSION, Op.STOP_SESSION})
_WITH_CODE = frozenset({Op.BEEP, Op.LED_ON, Op.LED_OFF})


class Fault(enum.StrEnum):
    """DEAF: takes no command. RESEND: asks for each command once more."""

    DEAF = "deaf"
    RESEND = "resend"


class SsiEmulator:
    """`answer` is the decoder's side of a `drivers.emulators.pty.Pty`.

    It sleeps until it is woken, scans when it is enabled, and holds the next packet
    back until the last is acknowledged. `says`: the source in its packets; a GM67 says
    HOST. `long_packets`: a long code comes in one, as from a GM67. All methods may be
    called from any thread.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        *,
        says: int = DECODER,
        long_packets: bool = False,
    ) -> None:
        self._send = send
        self._says = says
        self._long_packets = long_packets
        self._lock = threading.RLock()
        self.commands: list[Packet] = []
        self.faults: set[Fault] = set()
        self.lose_power()

    def lose_power(self) -> None:
        """Forget what is not permanent, and fall asleep."""
        with self._lock:
            self._finder = PacketFinder()
            self._outbox: list[Packet] = []
            self._shown: list[Packet] = []
            self._woken_at = float("inf")
            self._looking = False
            self.enabled = False
            self.params: dict[bytes, int] = {PACKETS_PARAM: 0}

    def scan(self, text: str, code_type: int = EAN13) -> None:
        """Hold a code before it."""
        code = text.encode()
        with self._lock:
            if not self.enabled:
                return
            if not self.params[PACKETS_PARAM]:
                self._send(code + b"\r")
            elif self.params.get(TRIGGER_PARAM) == HOST_TRIGGER and not self._looking:
                self._shown = self._packets(code, code_type)
            else:
                self._transmit(self._packets(code, code_type))

    def resend(self) -> None:
        """What a decoder does when no acknowledgement came in time."""
        with self._lock:
            for head in self._outbox[:1]:
                again = replace(head, status=head.status | RETRANSMIT)
                self._send(encode(again))

    @property
    def waits(self) -> bool:
        """Whether something was sent that is not acknowledged."""
        return bool(self._outbox)

    def answer(self, data: bytes) -> Iterator[bytes]:
        with self._lock:
            replies = list(self._replies(data))
        yield from replies

    def _replies(self, data: bytes) -> Iterator[bytes]:
        if data.startswith(WAKE_UP) and not self._awake:
            self._woken_at = time.monotonic()
            return
        if not self._awake or Fault.DEAF in self.faults:
            return
        for item in self._finder.feed(data):
            match item:
                case Packet():
                    yield from self._heard(item)
                case BadSum():
                    yield self._nak(Nak.RESEND)
                case BadFrame():
                    continue

    @property
    def _awake(self) -> bool:
        # On a loaded machine the wake-up may be heard late, what follows it in time.
        return time.monotonic() - self._woken_at >= WAKE_S * 0.5

    def _heard(self, packet: Packet) -> Iterator[bytes]:
        match packet.op:
            case Op.CMD_ACK:
                self._outbox = self._outbox[1:]
                yield from (encode(head) for head in self._outbox[:1])
            case Op.CMD_NAK:
                self.resend()
            case _ if Fault.RESEND in self.faults and not packet.status & RETRANSMIT:
                yield self._nak(Nak.RESEND)
            case _:
                yield from self._command(packet)

    def _command(self, packet: Packet) -> Iterator[bytes]:
        self.commands.append(packet)
        if not _well_formed(packet):
            yield self._nak(Nak.DENIED)
            return
        if packet.op in {Op.SCAN_ENABLE, Op.SCAN_DISABLE}:
            self.enabled = packet.op is Op.SCAN_ENABLE
        if packet.op is Op.PARAM_SEND:
            self.params |= parse_settings(packet.data)[1]
        self._looking = packet.op is Op.START_SESSION
        # Answer and code leave the decoder in one go.
        yield encode(Packet(Op.CMD_ACK, source=self._says)) + self._found()

    def _found(self) -> bytes:
        if not self._looking or not self._shown:
            return b""
        self._looking = False
        self._outbox, self._shown = self._shown, []
        return encode(self._outbox[0])

    def _transmit(self, packets: list[Packet]) -> None:
        waiting = bool(self._outbox)
        self._outbox = [*self._outbox, *packets]
        if not waiting:
            self._send(encode(self._outbox[0]))

    def _packets(self, code: bytes, code_type: int) -> list[Packet]:
        kind = bytes((code_type,))
        if self._long_packets and len(code) > PART:
            return [Packet(Op.DECODE_DATA_LONG, kind + code, self._says)]
        parts = [code[at : at + PART] for at in range(0, len(code), PART)]
        more = [CONTINUED] * (len(parts) - 1) + [0]
        return [
            Packet(Op.DECODE_DATA, kind + part, self._says, status)
            for part, status in zip(parts, more, strict=True)
        ]

    def _nak(self, why: Nak) -> bytes:
        return encode(Packet(Op.CMD_NAK, bytes((why,)), self._says))


def _well_formed(packet: Packet) -> bool:
    if packet.op in _PLAIN:
        return not packet.data
    if packet.op in _WITH_CODE:
        return len(packet.data) == 1
    try:
        return packet.op is Op.PARAM_SEND and bool(parse_settings(packet.data)[1])
    except BadFrame:
        return False

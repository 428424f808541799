"""Not yet tried on hardware. Scanners that speak SSI: Zebra (Symbol), Grow GM67.

A GM67 talks at 115,200 baud, a Zebra fresh from the box at 9600.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Literal

from drivers.api import (
    Beep,
    CommandRefused,
    Light,
)
from drivers.codecs.ssi.codes import SsiReceiver, text_line
from drivers.codecs.ssi.packets import (
    PERMANENT,
    RETRANSMIT,
    WAKE_S,
    WAKE_UP,
    Nak,
    Op,
    Packet,
    encode,
)
from drivers.scanners.line_options import Seconds, SerialOptions
from drivers.scanners.line_talk import ScannerLine
from drivers.scanners.serial_scanner import SerialScanner

#: Numbers of settings.
_TRIGGER_PARAM, _PACKETS_PARAM = 0x8A, 0xEE
_TRIGGERS: Mapping[str, int] = {"button": 0, "host": 8, "auto": 4, "sensing": 9}
#: What a decoder does when it has taken a setting: one short high beep.
_SETTING_BEEP = 0x00
_BEEPS: Mapping[Beep, int] = {Beep.DONE: 0x00, Beep.REFUSED: 0x01}
#: A decoder that spoke so shortly ago is not asleep again.
_AWAKE_S = 0.2
_LIT = frozenset({Light.ATTENTION, Light.FAULT})
_LED = b"\x01"


class SsiScanner(SerialScanner[Packet]):
    """Yields codes; `trigger` makes a decoder in mode `host` look for one.

    Its lamp is lit while somebody should look.
    """

    _KIND = "SSI scanner"

    class Options(SerialOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """`trigger`: what makes the decoder look for a code; `auto`: it always does.

        `keep` leaves it as it is. `format`: codes in packets, which are checked and
        acknowledged, or plain lines. `permanent`: settings outlast the power; the
        decoder's memory wears by each `open`.
        """

        trigger: Literal["keep", "button", "host", "auto", "sensing"] = "keep"
        format: Literal["packets", "lines"] = "packets"
        permanent: bool = False
        reply_timeout_s: Seconds = 0.5

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._options = options

    def trigger(self) -> None:
        self._command(Op.START_SESSION)

    def untrigger(self) -> None:
        self._command(Op.STOP_SESSION)

    def show(self, light: Light) -> None:
        self._command(Op.LED_ON if light in _LIT else Op.LED_OFF, _LED)

    def beep(self, beep: Beep) -> None:
        self._command(Op.BEEP, bytes((_BEEPS[beep],)))

    def _connect(self) -> ScannerLine[Packet]:
        options, lines = self._options, self._options.lines()
        if options.format == "lines":
            return ScannerLine(options, text_line(lines))
        receiver = SsiReceiver(lines)
        return ScannerLine(options, receiver, receiver.due)

    def _prepare(self) -> None:
        self._command(Op.SCAN_ENABLE)
        self._set(_PACKETS_PARAM, int(self._options.format == "packets"))
        if self._options.trigger != "keep":
            self._set(_TRIGGER_PARAM, _TRIGGERS[self._options.trigger])

    def _set(self, param: int, value: int) -> None:
        status = PERMANENT if self._options.permanent else 0
        self._command(Op.PARAM_SEND, bytes((_SETTING_BEEP, param, value)), status)

    def _command(self, op: Op, data: bytes = b"", status: int = 0) -> None:
        """Send until it is acknowledged. Raises NoAnswer, CommandRefused, DeviceLost."""
        packet = Packet(op, data, status=status)
        deadline = time.monotonic() + self._options.reply_timeout_s
        self._wake_up()
        while (why := self._refusal(packet, deadline)) == Nak.RESEND:
            packet = Packet(op, data, status=status | RETRANSMIT)
        if why is not None:
            raise CommandRefused(
                f"{self._options.port}: {op.name} refused ({why:02X})", status=why
            )

    def _wake_up(self) -> None:
        """What comes before the command goes out is no answer to it."""
        line, now = self._line, time.monotonic()
        if now - line.heard_at < _AWAKE_S:
            return
        awake_at = now + WAKE_S
        line.send(WAKE_UP)
        while (left_s := awake_at - time.monotonic()) > 0:
            line.replies(left_s)

    def _refusal(self, packet: Packet, deadline: float) -> int | None:
        """The reason of a NAK; None for an ACK. Raises NoAnswer."""
        left_s = deadline - time.monotonic()
        reply = self._line.ask(encode(packet), _is_verdict, left_s)
        if reply.op is Op.CMD_ACK:
            return None
        return reply.data[0] if reply.data else 0


def _is_verdict(packet: Packet) -> bool:
    return packet.op in {Op.CMD_ACK, Op.CMD_NAK}

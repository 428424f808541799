"""Not yet tried on hardware. Barcode modules Grow GM65 and GM861, and their kin.

Confirmed by nobody's device here: the modes `button` and `sensing`, `untrigger`, and
that a written zone holds until the power goes unless it is saved.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from msgspec import Meta

from drivers.api import (
    CodeScanned,
    CommandRefused,
    DeviceEvent,
    DeviceLost,
    NoAnswer,
)
from drivers.codecs.gm65.frames import (
    DONE,
    Reply,
    Request,
    Zone,
    encode_request,
    heartbeat,
    read_zone,
    save,
    write_zone,
)
from drivers.codecs.gm65.line import gm65_line
from drivers.scanners.line_options import Seconds, SerialOptions
from drivers.scanners.line_talk import ALIVE_S, ScannerLine
from drivers.scanners.serial_scanner import SerialScanner

#: Zone 0000, bits 1-0.
_MODE_BITS = 0x03
_MODES: Mapping[str, int] = {"button": 0, "host": 1, "auto": 2, "sensing": 3}
#: Zone 0060, bit 7: each code in an envelope.
_ENVELOPE_BIT = 0x80
#: Heartbeats in a row without an answer after which the module counts as lost.
_LOST_AFTER = 3


class Gm65Scanner(SerialScanner[Reply]):
    """Yields codes; `trigger` makes a module in mode `host` look for one."""

    _KIND = "GM65"

    class Options(SerialOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """`trigger`: what makes the module look for a code; `auto`: it always does.

        `envelope`: codes come with their length, without a terminator. `keep` leaves
        the module as it is. `save`: changes outlast the power; its flash wears by each.
        `probe`: ask for an answer at `open`. `heartbeat_s`: silence after which it is
        asked whether it is still there, 0 for never; not every module knows that.
        """

        trigger: Literal["keep", "button", "host", "auto", "sensing"] = "keep"
        envelope: Literal["keep", "on", "off"] = "keep"
        save: bool = False
        probe: bool = True
        reply_timeout_s: Seconds = 0.5
        heartbeat_s: Annotated[float, Meta(ge=0, le=60)] = 0.0

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._options = options
        self._missed = 0
        self._asked_at = 0.0

    def events(self) -> Iterator[DeviceEvent | None]:
        while True:
            codes = self._line.codes(self._patience_s())
            yield from [CodeScanned(code) for code in codes] or (None,)
            self._check_health()

    def trigger(self) -> None:
        self._ask(write_zone(Zone.TRIGGER, 1))

    def untrigger(self) -> None:
        self._ask(write_zone(Zone.TRIGGER, 0))

    def _connect(self) -> ScannerLine[Reply]:
        return ScannerLine(self._options, gm65_line(self._options.lines()))

    def _prepare(self) -> None:
        options = self._options
        self._missed, self._asked_at = 0, time.monotonic()
        if options.probe:
            self._zone(Zone.MODE)
        changed = False
        if options.trigger != "keep":
            changed |= self._set(Zone.MODE, _MODE_BITS, _MODES[options.trigger])
        if options.envelope != "keep":
            bit = _ENVELOPE_BIT if options.envelope == "on" else 0
            changed |= self._set(Zone.FORMAT, _ENVELOPE_BIT, bit)
        if changed and options.save:
            self._ask(save())

    def _set(self, zone: Zone, mask: int, bits: int) -> bool:
        """Set those bits of a zone; False when they were so already."""
        present = self._zone(zone)
        wanted = present & ~mask | bits
        if wanted != present:
            self._ask(write_zone(zone, wanted))
        return wanted != present

    def _zone(self, zone: Zone) -> int:
        return self._ask(read_zone(zone)).data[0]

    def _check_health(self) -> None:
        now, every_s = time.monotonic(), self._options.heartbeat_s
        heard_at = max(self._line.heard_at, self._asked_at)
        if not every_s or now - heard_at < every_s:
            return
        self._asked_at = now
        try:
            self._ask(heartbeat(), is_heartbeat=True)
            self._missed = 0
        except NoAnswer as err:
            self._missed += 1
            if self._missed == _LOST_AFTER:
                raise DeviceLost(f"{err}; {_LOST_AFTER} heartbeats missed") from err

    def _patience_s(self) -> float:
        return min(ALIVE_S, self._options.heartbeat_s or ALIVE_S)

    def _ask(self, request: Request, *, is_heartbeat: bool = False) -> Reply:
        """The reply; a reply has one byte at least, of which a command's is 0."""

        def answers(reply: Reply) -> bool:
            return reply.heartbeat == is_heartbeat and len(reply.data) == 1

        frame = encode_request(request)
        reply = self._line.ask(frame, answers, self._options.reply_timeout_s)
        if reply.status != DONE:
            raise CommandRefused(
                f"{self._options.port}: {frame.hex().upper()} refused",
                status=reply.status,
            )
        return reply

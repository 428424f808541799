"""A barcode scanner that sends plain lines: USB CDC (/dev/ttyACM*) or a UART."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.api import CodeScanned, DeviceEvent, DeviceLost
from drivers.codecs.lines import BadBarcode, LineAssembler
from drivers.transports import Transport
from drivers.transports.address import open_address
from drivers.transports.serial_port import SerialSettings

#: How long to wait for a scan before saying "alive, nothing new".
ALIVE_S = 0.5


class LineScanner:
    """Yields each code once; unusable scans are dropped, as the reader scans again.

    A code that comes again within `repeat_suppress_s` of its last sight is the same
    scan: a scanner on a stand repeats what lies before it.
    """

    #: `events` itself waits for input.
    poll_interval_s = 0.0

    class Options(
        msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
    ):
        """`idle_flush_s`: silence that ends a code. Lengths in characters.

        `aim_prefix`: the scanner is set to send the AIM identifier (`]E0`); drop it.
        """

        port: str
        baud: Annotated[int, Meta(ge=1200, le=921_600)] = 9600
        idle_flush_s: Annotated[float, Meta(gt=0, le=1)] = 0.08
        min_length: Annotated[int, Meta(ge=1, le=4096)] = 3
        max_length: Annotated[int, Meta(ge=1, le=4096)] = 256
        repeat_suppress_s: Annotated[float, Meta(ge=0, le=60)] = 1.0
        aim_prefix: bool = False

    def __init__(self, options: Options) -> None:
        self._options = options
        self._line: Transport | None = None

    def open(self) -> None:
        self.close()
        options = self._options
        self._line = open_address(options.port, SerialSettings(baud=options.baud))
        self._line.discard_input()

    def events(self) -> Iterator[DeviceEvent | None]:
        lines = self._assembler()
        repeats = _Repeats(self._options.repeat_suppress_s)
        while True:
            fresh = [
                CodeScanned(code)
                for code in self._scans(lines)
                if isinstance(code, str) and repeats.is_new(code, time.monotonic())
            ]
            yield from fresh or (None,)

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _assembler(self) -> LineAssembler:
        return LineAssembler(
            min_length=self._options.min_length,
            max_length=self._options.max_length,
            aim_prefix=self._options.aim_prefix,
        )

    def _scans(self, lines: LineAssembler) -> list[str | BadBarcode]:
        """Wait once for input: what it completed, or what a silence did."""
        if self._line is None:
            raise DeviceLost(f"{self._options.port}: the scanner is closed")
        wait_s = self._options.idle_flush_s if lines.pending else ALIVE_S
        arrived = self._line.read(wait_s)
        return lines.feed(arrived) if arrived else lines.flush()


class _Repeats:
    """Tells a repeated sight of the last code from a new scan."""

    def __init__(self, suppress_s: float) -> None:
        self._suppress_s = suppress_s
        self._code = ""
        self._seen_at = float("-inf")

    def is_new(self, code: str, now: float) -> bool:
        """`now`: monotonic seconds."""
        new = code != self._code or now - self._seen_at >= self._suppress_s
        self._code, self._seen_at = code, now
        return new

"""Not yet tried on hardware. A barcode scanner that types as a keyboard (USB HID)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

from msgspec import Meta

from drivers.api import CodeScanned, DeviceEvent, DeviceLost
from drivers.codecs.keymap import Country
from drivers.codecs.keys import KeyAssembler
from drivers.codecs.lines import BadBarcode
from drivers.repeats import Repeats
from drivers.scanners.line_options import CodeOptions
from drivers.typing_device import TypingDevice


class WedgeScanner:
    """Yields each code once; unusable scans are dropped, as the reader scans again."""

    #: `events` itself waits for input.
    poll_interval_s = 0.0

    class Options(CodeOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """`port`: usb:VID:PID (see `drivers.hotplug`), a path, or name:NAME.

        `keyboard`: the country that the scanner is set to. `idle_flush_s`: silence that
        ends a code, for one that presses no Enter. `aim_prefix`: it is set to send the
        AIM identifier (`]E0`); drop it.
        """

        port: str
        keyboard: Country = Country.US
        idle_flush_s: Annotated[float, Meta(gt=0, le=1)] = 0.08
        aim_prefix: bool = False

    def __init__(self, options: Options) -> None:
        self._options = options
        self._judge = options.assembler(aim_prefix=options.aim_prefix)
        self._wedge: TypingDevice | None = None

    def open(self) -> None:
        self.close()
        options = self._options
        keys = KeyAssembler(
            country=options.keyboard, min_length=1, max_length=options.max_length
        )
        self._wedge = TypingDevice(
            options.port, keys, idle_flush_s=options.idle_flush_s
        )

    def events(self) -> Iterator[DeviceEvent | None]:
        repeats = Repeats(self._options.repeat_suppress_s)
        while True:
            codes = self._accepted()
            fresh = [
                new for code in codes for new in repeats.new([code], time.monotonic())
            ]
            yield from [CodeScanned(code) for code in fresh] or (None,)

    def close(self) -> None:
        if self._wedge is not None:
            self._wedge.close()
            self._wedge = None

    def _accepted(self) -> list[str]:
        if self._wedge is None:
            raise DeviceLost(f"{self._options.port}: the scanner is closed")
        accepted: list[str] = []
        for code in self._wedge.codes():
            with suppress(BadBarcode):
                accepted.append(self._judge.accept(code))
        return accepted

"""Not yet tried on hardware. A barcode scanner that sends plain lines.

USB CDC (/dev/ttyACM*) or a UART. It only talks, so `open` can't tell it from others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from drivers.api import CodeScanned, DeviceEvent, DeviceLost
from drivers.scanners.line_options import SerialOptions
from drivers.scanners.line_talk import ScannerLine


class LineScanner:
    """Yields each code once; unusable scans are dropped, as the reader scans again.

    A code that comes again within `repeat_suppress_s` of its last sight is the same
    scan: a scanner on a stand repeats what lies before it.
    """

    #: `events` itself waits for input.
    poll_interval_s = 0.0

    class Options(SerialOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Those of every serial scanner."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._line: ScannerLine[Never] | None = None

    def open(self) -> None:
        self.close()
        lines = self._options.assembler(aim_prefix=self._options.aim_prefix)
        self._line = ScannerLine(self._options, lines)

    def events(self) -> Iterator[DeviceEvent | None]:
        while True:
            if self._line is None:
                raise DeviceLost(f"{self._options.port}: the scanner is closed")
            yield from [CodeScanned(code) for code in self._line.codes()] or (None,)

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

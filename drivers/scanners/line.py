"""Not yet tried on hardware. A barcode scanner that sends plain lines.

USB CDC (/dev/ttyACM*) or a UART. It only talks, so `open` can't tell it from others.
"""

from __future__ import annotations

from typing import Never

from drivers.scanners.line_options import SerialOptions
from drivers.scanners.line_talk import ScannerLine
from drivers.scanners.serial_scanner import SerialScanner


class LineScanner(SerialScanner[Never]):
    """Asks nothing and sets nothing."""

    class Options(SerialOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """Those of every serial scanner."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._options = options

    def _connect(self) -> ScannerLine[Never]:
        return ScannerLine(self._options, self._options.lines())

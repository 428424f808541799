"""What all scanners on a line have in common; a subclass gives the words they speak."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic

from drivers.api import CodeScanned, DeviceEvent, DeviceLost
from drivers.proving import proving
from drivers.scanners.line_options import SerialOptions
from drivers.scanners.line_talk import Reply, ScannerLine


class SerialScanner(ABC, Generic[Reply]):
    """Yields each code once; unusable scans are dropped, as the reader scans again.

    A code that comes again within `repeat_suppress_s` of its last sight is the same
    scan: a scanner on a stand repeats what lies before it.
    """

    #: `events` itself waits for input.
    poll_interval_s = 0.0
    #: What `open` says is not there.
    _KIND = "scanner"

    def __init__(self, options: SerialOptions) -> None:
        self._port = options.port
        self._open_line: ScannerLine[Reply] | None = None

    @abstractmethod
    def _connect(self) -> ScannerLine[Reply]:
        """Open the port. Raises DeviceLost."""

    def _prepare(self) -> None:
        """Prove an open scanner and set it up; one that only talks can't be asked."""

    def open(self) -> None:
        """Open the port and make the scanner ready. Raises DeviceLost."""
        self.close()
        self._open_line = self._connect()
        with proving(self, self._KIND):
            self._prepare()

    def events(self) -> Iterator[DeviceEvent | None]:
        while True:
            yield from [CodeScanned(code) for code in self._line.codes()] or (None,)

    def close(self) -> None:
        """Twice is fine."""
        if self._open_line is not None:
            self._open_line.close()
            self._open_line = None

    @property
    def _line(self) -> ScannerLine[Reply]:
        if self._open_line is None:
            raise DeviceLost(f"{self._port}: the scanner is closed")
        return self._open_line

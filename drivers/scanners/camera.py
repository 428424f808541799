"""Not yet tried on hardware. A camera that reads barcodes and QR codes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Annotated

from msgspec import Meta

from drivers.api import CodeScanned, DeviceEvent, DeviceLost, ProtocolError
from drivers.camera.frames import Frames
from drivers.camera.sources import ADDRESS, open_frames
from drivers.camera.symbols import Format, SymbolReader
from drivers.codecs.barcode import BarcodeRules
from drivers.codecs.lines import BadBarcode
from drivers.repeats import Repeats
from drivers.scanners.line_options import CodeOptions, Seconds

Pixels = Annotated[int, Meta(ge=160, le=4096, multiple_of=2)]


class CameraScanner:
    """Yields each code in sight once, and again after it was out of sight.

    A frame is looked at and let go of; none is ever stored or logged.
    """

    class Options(CodeOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """`port`: "picamera2:0", or a path of pictures. `width`, `height`: pixels.

        `frame_timeout_s`: a camera that gives no frame for so long is lost. Turned,
        very near and inverted codes are looked for only when asked for: it takes time.
        A Codabar number loses its start and stop letters unless `rules` say otherwise.
        """

        port: Annotated[str, Meta(pattern=ADDRESS)]
        formats: Annotated[tuple[Format, ...], Meta(min_length=1)] = (
            "EAN13", "Code39", "Code128", "Codabar", "QRCode",
        )  # fmt: skip
        width: Pixels = 1280
        height: Pixels = 720
        frame_interval_s: Seconds = 0.2
        frame_timeout_s: Seconds = 2.0
        try_rotate: bool = False
        try_downscale: bool = False
        try_invert: bool = False
        rules: BarcodeRules = BarcodeRules(codabar_letters_stripped=True)

    def __init__(
        self,
        options: Options,
        opener: Callable[[str, int, int], Frames] = open_frames,
    ) -> None:
        self._options = options
        self._opener = opener
        self._lines = options.assembler()
        self._repeats = Repeats(options.repeat_suppress_s)
        self._frames: Frames | None = None
        self._reader: SymbolReader | None = None
        #: About five frames a second: the caller waits in between.
        self.poll_interval_s = options.frame_interval_s

    def open(self) -> None:
        """Start the camera. Raises DeviceLost."""
        self.close()
        options = self._options
        self._reader = SymbolReader(
            options.formats,
            try_rotate=options.try_rotate,
            try_downscale=options.try_downscale,
            try_invert=options.try_invert,
        )
        self._repeats = Repeats(options.repeat_suppress_s)
        self._frames = self._opener(options.port, options.width, options.height)

    def events(self) -> Iterator[DeviceEvent | None]:
        while True:
            fresh = self._repeats.new(self._codes_in_sight(), time.monotonic())
            yield from [CodeScanned(code) for code in fresh] or (None,)

    def close(self) -> None:
        if self._frames is not None:
            self._frames.close()
            self._frames = None

    def _codes_in_sight(self) -> list[str]:
        """The usable codes in the next frame, which is gone when this returns."""
        if self._frames is None or self._reader is None:
            raise DeviceLost(f"{self._options.port}: the camera is closed")
        try:
            frame = self._frames.capture(self._options.frame_timeout_s)
        except ProtocolError:
            return []
        codes: list[str] = []
        for symbol in self._reader.read(frame) if frame else ():
            with suppress(BadBarcode):
                codes.append(self._lines.accept(symbol.text, symbol.aim))
        return codes

"""Finding barcodes and QR codes in a frame, by zxing-cpp."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from drivers.camera.frames import Frame

#: zxing-cpp's names. Its filter for ISBN finds nothing: those are EAN-13.
Format = Literal[
    "EAN13", "EAN8", "UPCA", "Code39", "Code93", "Code128", "Codabar", "ITF",
    "QRCode", "DataMatrix",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    """A code in a frame; `aim` is its AIM symbology identifier (`]E0`)."""

    text: str
    aim: str


class SymbolReader:
    """Looks for codes of some formats. Each `try_` costs time at every frame.

    `try_rotate`: codes that stand on end; `try_downscale`: those that are very near;
    `try_invert`: light ones on a dark ground.
    """

    def __init__(
        self,
        formats: Iterable[Format],
        *,
        try_rotate: bool,
        try_downscale: bool,
        try_invert: bool,
    ) -> None:
        import zxingcpp

        self._zxing = zxingcpp
        self._formats = zxingcpp.barcode_formats_from_str("|".join(formats))
        self._try_rotate = try_rotate
        self._try_downscale = try_downscale
        self._try_invert = try_invert

    def read(self, frame: Frame) -> list[Symbol]:
        """Every code that could be read whole, check sums included."""
        rows = memoryview(frame.luma).cast("B", shape=(frame.height, frame.width))
        found = self._zxing.read_barcodes(
            rows,
            formats=self._formats,
            try_rotate=self._try_rotate,
            try_downscale=self._try_downscale,
            try_invert=self._try_invert,
            text_mode=self._zxing.TextMode.Plain,
        )
        return [Symbol(code.text, code.symbology_identifier) for code in found]

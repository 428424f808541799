"""Not yet tried on hardware. RFID pads with M100, QM100, YRM100, R200 UHF readers."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from drivers.codecs.m100.frames import finder
from drivers.pads.m100_reader import HARMLESS, M100Reader
from drivers.pads.uhf_line import UhfLineOptions, open_line
from drivers.pads.uhf_pad import UhfPad
from drivers.pads.uhf_reader import UhfReader
from drivers.proving import proving

Region = Literal["china_920", "china_840", "us", "europe", "korea"]

_REGIONS: dict[Region, int] = {
    "china_920": 0x01,
    "us": 0x02,
    "europe": 0x03,
    "china_840": 0x04,
    "korea": 0x06,
}


class M100Pad(UhfPad):
    """See `UhfPad`; the modules come with 115200 baud, 8N1."""

    class Options(
        UhfLineOptions, frozen=True, forbid_unknown_fields=True, kw_only=True
    ):
        """`power_dbm` is the output of the chip; an amplifier on the module adds its gain.

        `region` and `power_dbm` stay as they are set in the module when not given.
        """

        region: Region | None = None
        power_dbm: Annotated[float, Meta(ge=0, le=33)] | None = None
        reply_timeout_s: Annotated[float, Meta(ge=0.1, le=5)] = 0.3
        write_timeout_s: Annotated[float, Meta(ge=0.1, le=5)] = 1.0

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._options = options

    def _connect(self) -> UhfReader:
        options = self._options
        line = open_line(options, finder, HARMLESS)
        reader = M100Reader(line, write_timeout_s=options.write_timeout_s)
        power, region = options.power_dbm, options.region
        with proving(reader, "M100 reader"):
            reader.start(
                region=None if region is None else _REGIONS[region],
                centi_dbm=None if power is None else round(power * 100),
            )
        return reader

"""Not yet tried on hardware. RFID pads with UHF readers of the "A0" protocol.

Readers with an Impinj R2000 under many names: Rodinbell, IND90x, Yanzeo, Invelion.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from drivers.codecs.r2000.commands import REGIONS, Command
from drivers.codecs.r2000.frames import PUBLIC_ADDRESS, finder
from drivers.pads.r2000_reader import R2000Reader, R2000Settings, question
from drivers.pads.uhf_line import UhfLineOptions, open_line
from drivers.pads.uhf_pad import UhfPad
from drivers.proving import proving

_NO_PASSWORD = "0" * 8


class R2000Pad(UhfPad):
    """A UHF pad on one antenna of the reader."""

    class Options(
        UhfLineOptions, frozen=True, forbid_unknown_fields=True, kw_only=True
    ):
        """`address` 255 asks any reader.

        `antenna` is counted from 0. `repeat`: rounds that the reader makes of one
        inventory. `power_dbm`, `region`: left as the reader has them unless given;
        the power is set until the reader is switched off, the region for ever.
        `access_password`: 8 hex digits, sent with every write; with reads, too, for
        firmware that wants it (`read_with_password`).
        """

        address: Annotated[int, Meta(ge=0, le=255)] = PUBLIC_ADDRESS
        antenna: Annotated[int, Meta(ge=0, le=7)] = 0
        repeat: Annotated[int, Meta(ge=1, le=15)] = 1
        power_dbm: Annotated[int, Meta(ge=0, le=33)] | None = None
        region: Literal["fcc", "etsi", "chn"] | None = None
        access_password: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{8}$")] = _NO_PASSWORD
        read_with_password: bool = False

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._options = options

    def _connect(self) -> R2000Reader:
        options = self._options
        harmless = question(options.address, Command.GET_FIRMWARE)
        line = open_line(options, finder, harmless)
        reader = R2000Reader(line, self._settings())
        with proving(reader, "R2000 reader"):
            self._prepare(reader)
        return reader

    def _settings(self) -> R2000Settings:
        options = self._options
        password = bytes.fromhex(options.access_password)
        return R2000Settings(
            address=options.address,
            antenna=options.antenna,
            repeat=options.repeat,
            password=password,
            read_password=password if options.read_with_password else b"",
        )

    def _prepare(self, reader: R2000Reader) -> None:
        reader.firmware()
        if self._options.power_dbm is not None:
            reader.set_power(self._options.power_dbm)
        if self._options.region is not None:
            reader.set_region(REGIONS[self._options.region])

"""Not yet tried on hardware. RFID pads with UHF readers of the UHFReader18 family.

Chafon, RRU9xxx, IQRFID and FRD readers, and many without a name. Dialect "18" is for
those; "288" for the newer ones that call themselves UHFReader288, 288M or 86.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from drivers.api import CommandRefused
from drivers.codecs.uhfreader18.commands import Command, Dialect, Status
from drivers.codecs.uhfreader18.frames import finder
from drivers.codecs.uhfreader18.replies import ReaderInfo
from drivers.pads.uhf_line import UhfLineOptions, open_line
from drivers.pads.uhf_pad import UhfPad
from drivers.pads.uhfreader18_reader import Reader18, Reader18Settings, question
from drivers.proving import proving

_NO_PASSWORD = "0" * 8


class UhfReader18Pad(UhfPad):
    """A UHF pad. A reader that was left in scan mode is set to answer for good."""

    class Options(
        UhfLineOptions, frozen=True, forbid_unknown_fields=True, kw_only=True
    ):
        """`port` as in `UhfLineOptions`; these readers come with 57600 baud.

        `q` (about two to the power of so many tags) and `session` are for dialect
        "288". `power_dbm`: left as the reader has it unless given; kept when it is
        switched off. `access_password`: 8 hex digits. `scan_margin_s`: what an
        inventory may take beyond the scan time that the reader tells.
        """

        baud: Literal[9600, 19200, 38400, 57600, 115200] = 57600
        address: Annotated[int, Meta(ge=0, le=254)] = 0
        dialect: Literal["18", "288"] = "18"
        q: Annotated[int, Meta(ge=0, le=15)] = 4
        session: Annotated[int, Meta(ge=0, le=3)] = 0
        power_dbm: Annotated[int, Meta(ge=0, le=33)] | None = None
        access_password: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{8}$")] = _NO_PASSWORD
        scan_margin_s: Annotated[float, Meta(ge=0.05, le=5)] = 0.5

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._options = options

    def _connect(self) -> Reader18:
        options = self._options
        harmless = question(options.address, Command.READER_INFO)
        line = open_line(options, finder, harmless)
        reader = Reader18(line, self._settings())
        with proving(reader, "UHFReader18"):
            self._prepare(reader)
        return reader

    def _settings(self) -> Reader18Settings:
        options = self._options
        return Reader18Settings(
            address=options.address,
            dialect=Dialect(options.dialect),
            q=options.q,
            session=options.session,
            password=bytes.fromhex(options.access_password),
            scan_margin_s=options.scan_margin_s,
        )

    def _prepare(self, reader: Reader18) -> None:
        power_dbm = _info_in_answer_mode(reader).power_dbm
        wanted_dbm = self._options.power_dbm
        if wanted_dbm is not None and wanted_dbm != power_dbm:
            reader.set_power(wanted_dbm)


def _info_in_answer_mode(reader: Reader18) -> ReaderInfo:
    try:
        return reader.info()
    except CommandRefused as err:
        if err.status != Status.BAD_COMMAND:
            raise
    reader.set_answer_mode()
    return reader.info()

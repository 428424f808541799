"""Not yet tried on hardware. RFID pads of 3M / Bibliotheca, models 210 and 810.

The protocol is the maker's "3M RFID Reader Protocol Specification" 1.0.0 and what
programs for the 810 are seen to send. Not confirmed on hardware: that a pad without
the EAS command takes it by pass through, that command 13 need not be answered, and how
many blocks fit in one command.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from drivers.pads.bibliotheca_link import BibliothecaLink
from drivers.pads.bibliotheca_reader import BibliothecaReader
from drivers.pads.hf_pad import HfOptions, HfPad
from drivers.proving import proving
from drivers.transports.address import open_address
from drivers.transports.serial_port import SerialSettings

_LINE = SerialSettings(baud=19200)


class BibliothecaPad(HfPad):
    """A pad on a serial line or behind its USB-to-serial chip, 19200 8N1."""

    class Options(HfOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
        """`port`: "/dev/…" or "tcp://host:port".

        `new_style_reads`: shorter answers with blocks, unknown to old firmware.
        """

        reply_timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 1.0
        new_style_reads: bool = False

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._options = options

    def _connect(self) -> BibliothecaReader:
        options = self._options
        timeout_s = options.reply_timeout_s
        transport = open_address(options.port, _LINE)
        link = BibliothecaLink(transport, options.port, timeout_s=timeout_s)
        with proving(link, "3M reader"):
            link.start()
        return BibliothecaReader(
            link, timeout_s=timeout_s, new_style=options.new_style_reads
        )

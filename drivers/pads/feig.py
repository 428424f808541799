"""Not yet tried on hardware. RFID pads with FEIG OBID readers (ISO host mode)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from drivers.codecs.feig.frames import ANY_READER, Framing
from drivers.pads.feig_link import FeigLink, find_framing
from drivers.pads.feig_tags import FeigReader
from drivers.pads.hf_pad import HfOptions, HfPad
from drivers.pads.hf_stack import BlockOrderOption
from drivers.proving import proving
from drivers.transports.address import open_address
from drivers.transports.serial_port import Parity, SerialSettings


class FeigPad(HfPad):
    """A pad with a FEIG reader on a serial line, on USB or in the network."""

    class Options(HfOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
        """`port`: "/dev/…", "tcp://host:port" or, for a reader on USB, "usb://0AB1:0004".

        `address` 255 asks any reader.

        `frames` "auto" tries standard frames, then advanced ones. `block_order`
        "auto" judges by each tag's content.
        """

        baud: Literal[9600, 19200, 38400, 57600, 115200, 230400] = 38400
        parity: Parity = "E"
        frames: Literal["auto", "standard", "advanced"] = "auto"
        block_order: BlockOrderOption = "auto"
        address: Annotated[int, Meta(ge=0, le=255)] = ANY_READER
        reply_timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 1.5

    def __init__(self, options: Options) -> None:
        super().__init__(options, options.block_order)
        self._options = options

    def _connect(self) -> FeigReader:
        """Find out the framing, too."""
        options = self._options
        transport = open_address(
            options.port, SerialSettings(options.baud, options.parity)
        )
        with proving(transport, "FEIG reader"):
            framing = find_framing(
                transport, options.port, options.address, self._framings()
            )
        link = FeigLink(
            transport,
            options.port,
            framing=framing,
            address=options.address,
            timeout_s=options.reply_timeout_s,
        )
        return FeigReader(link)

    def _framings(self) -> list[Framing]:
        wanted = self._options.frames
        return list(Framing) if wanted == "auto" else [Framing(wanted)]

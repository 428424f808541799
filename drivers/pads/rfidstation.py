"""Not yet tried on hardware. RFIDStation pads (7E55), such as the AnyID R321."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from drivers.codecs.rfidstation.frames import ANY_READER
from drivers.hotplug import USB, Subsystem, find_node
from drivers.pads.hf_pad import HfOptions, HfPad
from drivers.pads.rfidstation_reader import RfidstationReader
from drivers.proving import proving
from drivers.transports import Transport
from drivers.transports.address import open_address
from drivers.transports.hidraw import HidrawPort
from drivers.transports.paced import PacedTransport
from drivers.transports.serial_port import SerialSettings

#: How the reader with a USB plug of its own names itself.
_HID_DEVICE = f"{USB}0505:5050"
_HID_NODE = "/dev/hidraw"


class RfidstationPad(HfPad):
    """A pad with such a reader, on a serial line or with a USB plug of its own (HID)."""

    class Options(HfOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
        """`port`: "/dev/ttyUSB0", "/dev/hidraw0", "usb:0505:5050" or "tcp://host:port".

        `line` "auto" takes /dev/hidraw… and usb:0505:5050 for HID, all else for serial.
        `address` 65535 asks any reader. `gap_ms`: the least between two requests.
        """

        line: Literal["auto", "serial", "hid"] = "auto"
        baud: Literal[9600, 38400, 115200] = 38400
        address: Annotated[int, Meta(ge=0, le=0xFFFF)] = ANY_READER
        gap_ms: Annotated[int, Meta(ge=0, le=1000)] = 50
        reply_timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 0.4

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._options = options

    def _connect(self) -> RfidstationReader:
        options = self._options
        transport = PacedTransport(self._open_port(), options.gap_ms / 1000)
        reader = RfidstationReader(
            transport, options.port, options.address, options.reply_timeout_s
        )
        with proving(reader, "7E55 reader"):
            reader.start()
        return reader

    def _open_port(self) -> Transport:
        options = self._options
        if not self._is_hid():
            return open_address(options.port, SerialSettings(options.baud))
        if options.port.startswith(USB):
            return HidrawPort(find_node(options.port, Subsystem.HIDRAW))
        return HidrawPort(options.port)

    def _is_hid(self) -> bool:
        if self._options.line != "auto":
            return self._options.line == "hid"
        return self._options.port.lower().startswith((_HID_NODE, _HID_DEVICE))

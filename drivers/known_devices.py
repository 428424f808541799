"""What a USB device is by its numbers: the driver for it, and where that driver finds it.

Numbers tell only what a maker says of itself. A serial adapter says nothing of what hangs
behind it, so that has to be asked (`PROBE`). None of these was tried on hardware.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: What a device is for; "" while that is to be asked.
Role = Literal["pad", "card", "scanner", "printer", ""]


class Bus(enum.StrEnum):
    """How a driver reaches a device; the first three are nodes of the kernel's name.

    USB: by libusb, without a node. PCSC: through pcscd. USBLP: the kernel's printer node,
    which the driver takes over by libusb.
    """

    TTY = "tty"
    INPUT = "input"
    HIDRAW = "hidraw"
    USB = "usb"
    PCSC = "pcsc"
    USBLP = "usblp"


#: In place of a driver: some serial device, ask it; and none that we have.
PROBE, NO_DRIVER = "?", ""
#: The class of a USB interface that prints.
PRINTER_CLASS = "07"


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """Four hex digits each; an empty `product` is any, an empty `interface` any (two)."""

    vendor: str
    product: str
    bus: Bus
    driver: str
    role: Role
    words: str
    interface: str = ""
    options: Mapping[str, object] = field(default_factory=dict)


KNOWN: tuple[KnownDevice, ...] = (
    # Seen with product 0004 (CPR40, CPR74); the readers differ, the frames do not.
    KnownDevice("0AB1", "", Bus.USB, "feig_obid", "pad", "FEIG OBID reader"),
    KnownDevice("0505", "5050", Bus.HIDRAW, "rfidstation", "pad", "AnyID R321 pad"),
    KnownDevice(
        "072F",
        "2200",
        Bus.PCSC,
        "pcsc",
        "card",
        "ACS ACR122U card reader; the kernel's pn533_usb must not take it first",
        options={"reader": "ACR122"},
    ),
    # Its USB plug speaks through two pairs of pipes; our driver wants its serial line.
    KnownDevice(
        "0400",
        "C35A",
        Bus.USB,
        NO_DRIVER,
        "card",
        "identity card module (SAM_V) on USB; use its serial line",
    ),
    KnownDevice("FFFF", "0035", Bus.INPUT, "wedge_card", "card", "typing card reader"),
    KnownDevice(
        "08FF", "0009", Bus.INPUT, "wedge_card", "card", "Sycreader typing card reader"
    ),
    KnownDevice("413D", "2107", Bus.INPUT, "wedge_card", "card", "typing card reader"),
    KnownDevice("0403", "6001", Bus.TTY, PROBE, "", "FTDI serial adapter"),
    KnownDevice("10C4", "EA60", Bus.TTY, PROBE, "", "CP210x serial adapter"),
    KnownDevice("1A86", "7523", Bus.TTY, PROBE, "", "CH340 serial adapter"),
    KnownDevice("067B", "2303", Bus.TTY, PROBE, "", "PL2303 serial adapter"),
)


def look_up(
    vendor: str, product: str, bus: Bus, interface: str = ""
) -> KnownDevice | None:
    """The device with these numbers on that bus; the closest entry wins."""
    fitting = [
        known
        for known in KNOWN
        if known.bus is bus
        and known.vendor == vendor.upper()
        and known.product in ("", product.upper())
        and known.interface in ("", interface)
    ]
    return max(fitting, key=lambda one: (one.product, one.interface), default=None)

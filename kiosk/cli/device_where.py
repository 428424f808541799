"""Where the address of a configured device leads, without opening the device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drivers.api import DriverError
from drivers.hotplug import NAME, USB, Subsystem, find_named_input, find_node
from drivers.transports.address import RECORD, REPLAY
from drivers.transports.usb_bulk import USB_BULK, parse_usb_address
from kiosk.cli.device_plugged import usb_devices

_TYPING = frozenset({"wedge_card", "wedge_scanner"})
#: How the only reader of a HID driver names itself.
_HID_DRIVER, _HID_READER = "rfidstation", f"{USB}0505:5050"

Options = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """`node`: the path that the address means now. `there` None: it was not looked for."""

    address: str
    node: str = ""
    there: bool | None = None
    reason: str = ""


def locate(driver: str, options: Options) -> Place:
    """Look for a device without a word to it."""
    address = str(options.get("port", ""))
    try:
        return _locate(address, subsystem_of(driver, options))
    except (DriverError, OSError) as err:
        return Place(address, there=False, reason=str(err))


def subsystem_of(driver: str, options: Options) -> Subsystem:
    """Among which nodes this driver looks for `usb:` addresses."""
    if driver in _TYPING:
        return Subsystem.INPUT
    line = options.get("line", "auto")
    by_itself = str(options.get("port", "")).lower().startswith(_HID_READER)
    if driver == _HID_DRIVER and (line == "hid" or (line == "auto" and by_itself)):
        return Subsystem.HIDRAW
    return Subsystem.TTY


def _locate(address: str, subsystem: Subsystem) -> Place:
    if address.startswith(REPLAY):
        return _file(address, Path(address.removeprefix(REPLAY)))
    if address.startswith(RECORD):
        recorded = address.removeprefix(RECORD).partition(":")[2]
        return _locate(recorded, subsystem)
    if address.startswith("/"):
        return _file(address, Path(address))
    if address.startswith(USB_BULK):
        return _on_usb(address)
    if address.startswith(USB):
        return Place(address, find_node(address, subsystem), there=True)
    if address.startswith(NAME):
        return Place(address, find_named_input(address), there=True)
    return Place(address, reason="only a test tells")


def _file(address: str, path: Path) -> Place:
    node = path.resolve()
    if not node.exists():
        return Place(address, there=False, reason="no such file")
    return Place(address, str(node), there=True)


def _on_usb(address: str) -> Place:
    wanted = parse_usb_address(address)
    for device in usb_devices():
        numbers = (int(device.vendor, 16), int(device.product, 16))
        if numbers == (wanted.vendor, wanted.product) and wanted.serial in (
            "",
            device.serial,
        ):
            return Place(address, device.says, there=True)
    return Place(address, there=False, reason="no such USB device is plugged in")

"""What is plugged into USB, and addresses for it that last; all from /sys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drivers.api import DriverError
from drivers.hotplug import USB, Node, Subsystem, find_node, nodes
from drivers.known_devices import PRINTER_CLASS, Bus, KnownDevice, look_up

_USB_DEVICES = Path("/sys/bus/usb/devices")
_BUSES = {
    Subsystem.TTY: Bus.TTY,
    Subsystem.INPUT: Bus.INPUT,
    Subsystem.HIDRAW: Bus.HIDRAW,
}


@dataclass(frozen=True, slots=True)
class Plugged:
    """A device with a node: `path` for now, `address` for the configuration.

    `says`: what it calls itself, and where it is.
    """

    path: str
    address: str
    says: str
    known: KnownDevice | None


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A device on USB, with or without a node; numbers in upper-case hex."""

    vendor: str
    product: str
    serial: str
    says: str
    prints: bool


def plugged_in(subsystem: Subsystem) -> list[Plugged]:
    """Every node of a USB device there; inputs only if they type digits."""
    return [_plugged(node, subsystem) for node in nodes(subsystem)]


def plugged_at(path: str) -> Plugged | None:
    """The USB serial port that a path or a link to it means; None for any other."""
    meant = str(Path(path).resolve())
    found = plugged_in(Subsystem.TTY)
    return next((one for one in found if one.path == meant), None)


def usb_devices() -> list[UsbDevice]:
    """Every device, hubs among them."""
    return [
        made
        for folder in sorted(_USB_DEVICES.glob("*"))
        if (made := _usb_device(folder)) is not None
    ]


def usb_address(device: UsbDevice, all_devices: Sequence[UsbDevice]) -> str:
    """For libusb; with its serial number only where there are several."""
    plain = f"usb://{device.vendor}:{device.product}"
    twins = [
        one
        for one in all_devices
        if (one.vendor, one.product) == (device.vendor, device.product)
    ]
    return f"{plain}/{device.serial}" if len(twins) > 1 and device.serial else plain


def _plugged(node: Node, subsystem: Subsystem) -> Plugged:
    interface = node.place.rpartition(".")[2].zfill(2)
    known = look_up(node.vendor, node.product, _BUSES[subsystem], interface)
    calls_itself = _words(node, subsystem) or (known.words if known else "device")
    return Plugged(
        node.path,
        _stable_address(node, subsystem),
        f"{calls_itself} ({node.vendor}:{node.product}) at {node.place}",
        known,
    )


def _stable_address(node: Node, subsystem: Subsystem) -> str:
    """The shortest that means this node alone, so that a spare one takes its place.

    An adapter is known by its serial number, if it has one: the next adapter to be
    plugged in may well be of the same kind.
    """
    plain = f"{USB}{node.vendor}:{node.product}"
    numbered = f"{plain}:{node.serial}" if node.serial else plain
    forms = [plain, numbered] if subsystem is not Subsystem.TTY else [numbered, plain]
    for address in (*forms, f"{plain}@{node.place.partition(':')[0]}"):
        with suppress(DriverError):
            if find_node(address, subsystem) == node.path:
                return address
    return f"{plain}@{node.place}"


def _words(node: Node, subsystem: Subsystem) -> str:
    """What an input calls itself."""
    if subsystem is not Subsystem.INPUT:
        return ""
    return _text(Path("/sys/class/input", Path(node.path).name, "device/name"))


def _usb_device(folder: Path) -> UsbDevice | None:
    """None for an interface, and for what vanishes while it is looked at."""
    vendor, product = _text(folder / "idVendor"), _text(folder / "idProduct")
    if not vendor or not product:
        return None
    says = " ".join(filter(None, map(_text, _names(folder))))
    classes = map(_text, folder.glob(f"{folder.name}:*/bInterfaceClass"))
    return UsbDevice(
        vendor.upper(),
        product.upper(),
        _text(folder / "serial"),
        f"{says or 'device'} ({vendor.upper()}:{product.upper()}) at {folder.name}",
        PRINTER_CLASS in classes,
    )


def _names(folder: Path) -> Iterator[Path]:
    yield folder / "manufacturer"
    yield folder / "product"


def _text(path: Path) -> str:
    """One line of text, whatever a device put there; "" when there is none."""
    with suppress(OSError):
        raw = path.read_text("utf-8", "replace").strip()
        return "".join(one if one.isprintable() else " " for one in raw)
    return ""

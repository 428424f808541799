"""From an address in the configuration to an open transport."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from drivers.api import BadOptions
from drivers.hotplug import USB, Subsystem, find_node
from drivers.transports import Transport
from drivers.transports.hidraw import HidrawPort
from drivers.transports.serial_port import SerialPort, SerialSettings
from drivers.transports.tcp import TcpStream
from drivers.transports.trace import FileRecorder, open_trace
from drivers.transports.usb_bulk import USB_BULK, UsbBulk

RECORD, REPLAY = "record:", "replay:"
HIDRAW_NODE = "/dev/hidraw"
_TCP = "tcp://"
_FORMS = (
    "/dev/…, usb:VID:PID, usb://VID:PID, tcp://host:port, record:FILE:ADDRESS, "
    "replay:FILE"
)


def open_address(
    address: str, settings: SerialSettings | None = None, *, personal: bool = False
) -> Transport:
    """Open "/dev/…" or "usb:VID:PID" with `settings`, or "tcp://host:port".

    `drivers.hotplug` says what follows "usb:". "usb://VID:PID" or "usb://VID:PID/SERIAL"
    is a device without a node, reached by libusb. "record:FILE:ADDRESS" writes down what
    passes, "replay:FILE" is a device that says it again; FILE has no colon. What a
    `personal` device says is not written down.
    Raises DeviceLost when the device is not there, BadOptions for any other address.
    """
    if address.startswith(REPLAY):
        return open_trace(Path(address.removeprefix(REPLAY)))
    if address.startswith(RECORD):
        if personal:
            raise BadOptions(f"{address}: what this device says is personal; no record")
        path, _, recorded = address.removeprefix(RECORD).partition(":")
        return FileRecorder(open_address(recorded, settings), Path(path))
    if address.startswith(_TCP):
        return TcpStream(*_host_and_port(address))
    if address.startswith(HIDRAW_NODE):
        return HidrawPort(address)
    if address.startswith("/"):
        return SerialPort(address, settings)
    if address.startswith(USB_BULK):
        return UsbBulk(address)
    if address.startswith(USB):
        return SerialPort(find_node(address, Subsystem.TTY), settings)
    raise BadOptions(f"address {address!r} is none of {_FORMS}")


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as err:
        raise BadOptions(f"address {address!r}: {err}") from err
    if not host or not port or parts.path:
        raise BadOptions(f"address {address!r} is not tcp://host:port")
    return host, port

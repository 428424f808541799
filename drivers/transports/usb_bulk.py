"""A USB device of the vendor's own class: bytes through two bulk endpoints.

FEIG's USB readers are such: no serial port, but the same frames. Not yet tried on
hardware.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.api import BadOptions, DeviceLost

if TYPE_CHECKING:
    import usb1

USB_BULK = "usb://"
_ADDRESS = re.compile(
    r"usb://(?P<vendor>[0-9A-F]{4}):(?P<product>[0-9A-F]{4})(?:/(?P<serial>[^/]+))?",
    re.IGNORECASE,
)
_INTERFACE = 0
_BULK, _KIND = 0x02, 0x03
_IN = 0x80
#: libusb takes 0 for "for ever", and a packet that is there takes a frame or two of 1 ms.
_SHORTEST_MS = 5
#: A device that takes nothing for so long is out of order.
_WRITE_TIMEOUT_MS = 2000
#: What one device may have to say unasked; more is a flood, and would never end.
_MOST_DISCARDED = 256


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """Numbers as the device tells them; `serial` "" stands for any."""

    vendor: int
    product: int
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint as its descriptor tells; the largest packet in bytes."""

    address: int
    attributes: int
    packet_size: int


@dataclass(frozen=True, slots=True)
class BulkPair:
    """Where to write to and to read from."""

    out: int
    in_: int
    packet_size: int


def parse_usb_address(text: str) -> UsbAddress:
    """Read "usb://VID:PID" (hex) or "usb://VID:PID/SERIAL". Raises BadOptions."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise BadOptions(f"address {text!r} is not usb://VID:PID or usb://VID:PID/…")
    vendor, product = int(found["vendor"], 16), int(found["product"], 16)
    return UsbAddress(vendor, product, found["serial"] or "")


def find_bulk_pair(endpoints: Iterable[Endpoint]) -> BulkPair | None:
    """The first bulk endpoint of each direction; None when one is missing."""
    bulk = [e for e in endpoints if e.attributes & _KIND == _BULK]
    out = next((e for e in bulk if not e.address & _IN), None)
    in_ = next((e for e in bulk if e.address & _IN), None)
    if out is None or in_ is None:
        return None
    return BulkPair(out.address, in_.address, in_.packet_size)


class UsbBulk:
    """An open device that nobody else can use; every fault of it is DeviceLost."""

    def __init__(self, address: str) -> None:
        """Open "usb://VID:PID[/SERIAL]". Raises BadOptions, or DeviceLost."""
        import usb1

        self._name = address
        wanted = parse_usb_address(address)
        self._context = usb1.USBContext()
        self._handle: usb1.USBDeviceHandle | None = None
        try:
            with self._lost_if_it_fails():
                self._context.open()
                self._handle = self._find(wanted)
                self._pair = self._claim(self._handle)
        except DeviceLost:
            self.close()
            raise
        except OSError as err:
            raise DeviceLost(f"{address}: libusb is missing: {err}") from err

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived, waiting at most `timeout_s`; b"" means nothing."""
        import usb1

        timeout_ms = max(round(timeout_s * 1000), _SHORTEST_MS)
        with self._lost_if_it_fails():
            try:
                # One packet at a time: a longer read waits on behind a full packet.
                received = self._open_handle.bulkRead(
                    self._pair.in_, self._pair.packet_size, timeout_ms
                )
            except usb1.USBErrorTimeout as err:
                received = err.received
        return bytes(received)

    def write(self, data: bytes) -> None:
        """Send all of it."""
        with self._lost_if_it_fails():
            self._open_handle.bulkWrite(self._pair.out, data, _WRITE_TIMEOUT_MS)

    def discard_input(self) -> None:
        """Forget what has arrived."""
        for _ in range(_MOST_DISCARDED):
            if not self.read(0):
                return

    def close(self) -> None:
        """Twice is fine, and so is a device that is already gone."""
        import usb1

        if self._handle is not None:
            with suppress(usb1.USBError):
                self._handle.releaseInterface(_INTERFACE)
            self._handle.close()
        self._handle = None
        self._context.close()

    @property
    def _open_handle(self) -> usb1.USBDeviceHandle:
        if self._handle is None:
            raise DeviceLost(f"{self._name}: not open")
        return self._handle

    def _find(self, wanted: UsbAddress) -> usb1.USBDeviceHandle:
        for device in self._context.getDeviceIterator(skip_on_error=True):
            if (device.getVendorID(), device.getProductID()) == (
                wanted.vendor,
                wanted.product,
            ):
                handle = device.open()
                if not wanted.serial or wanted.serial == _serial(handle):
                    return handle
                handle.close()
        raise DeviceLost(f"{self._name}: no such device")

    def _claim(self, handle: usb1.USBDeviceHandle) -> BulkPair:
        handle.setAutoDetachKernelDriver(True)
        handle.claimInterface(_INTERFACE)
        pair = find_bulk_pair(_endpoints(handle.getDevice()))
        if pair is None:
            raise DeviceLost(f"{self._name}: no bulk endpoints on interface 0")
        return pair

    @contextmanager
    def _lost_if_it_fails(self) -> Iterator[None]:
        import usb1

        try:
            yield
        except usb1.USBError as err:
            raise DeviceLost(f"{self._name}: {_reason(err)}") from err


def _endpoints(device: usb1.USBDevice) -> Iterator[Endpoint]:
    """Of interface 0 as it is when nobody has chosen an alternate setting."""
    for setting in device.iterSettings():
        if setting.getNumber() == _INTERFACE and setting.getAlternateSetting() == 0:
            for endpoint in setting:
                yield Endpoint(
                    endpoint.getAddress(),
                    endpoint.getAttributes(),
                    endpoint.getMaxPacketSize(),
                )


def _serial(handle: usb1.USBDeviceHandle) -> str:
    """What the device says; "" when it fails to."""
    import usb1

    with suppress(usb1.USBError):
        return handle.getSerialNumber() or ""
    return ""


def _reason(err: usb1.USBError) -> str:
    import usb1

    words = {
        usb1.ERROR_NO_DEVICE: "unplugged",
        usb1.ERROR_ACCESS: "no permission; a udev rule must give it",
        usb1.ERROR_BUSY: "in use by another program",
        usb1.ERROR_TIMEOUT: "takes no more bytes",
    }
    return words.get(err.value, str(err))

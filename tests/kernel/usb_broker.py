"""Test beds with FEIG readers on USB, which have no node but that of usbdevfs.

Run as `broker.py` is. Behind the bulk endpoints is the project's own emulated reader.
"""

from __future__ import annotations

import enum
import errno
import struct
import sys
from collections import deque
from pathlib import Path

from broker import Bed, UMockdev, main

sys.path.append(str(Path(__file__).parents[2]))
from drivers.emulators.feig import FeigEmulator
from drivers.emulators.tag import VirtualTag

VENDOR, PRODUCT = 0x0AB1, 0x0004
PACKET = 64
OUT, IN = 0x02, 0x81

CONTROL, BULK = 2, 3
#: struct usbdevfs_urb on a 64-bit machine.
URB_BYTES = 56
POINTER_BYTES = 8
STATUS_AT, BUFFER_AT, ACTUAL_AT = 4, 16, 28
CANCELLED, SHUT_DOWN = -errno.ENOENT, -errno.ESHUTDOWN


class Usbfs(enum.IntEnum):
    """Numbers of ioctls (linux/usbdevice_fs.h); their sizes do not matter here.

    PASS_ON goes to the driver of the kernel; libusb uses it to give that back.
    """

    SUBMIT = 10
    DISCARD = 11
    REAP = 12
    REAP_NO_WAIT = 13
    CLAIM = 15
    RELEASE = 16
    PASS_ON = 18
    CAPABILITIES = 26
    DISCONNECT_CLAIM = 27


def descriptors() -> bytes:
    """A device, one configuration, one interface of the vendor's class, two endpoints."""
    device = struct.pack(
        "<BBHBBBBHHHBBBB", 18, 1, 0x200, 0, 0, 0, 64, VENDOR, PRODUCT, 0x100, 1, 2, 3, 1
    )
    interface = bytes([9, 4, 0, 0, 2, 0xFF, 0, 0, 0])
    endpoints = b"".join(
        struct.pack("<BBBBHB", 7, 5, address, BULK - 1, PACKET, 0)
        for address in (OUT, IN)
    )
    total = 9 + len(interface) + len(endpoints)
    configuration = struct.pack("<BBHBBBBB", 9, 2, total, 1, 1, 0, 0x80, 50)
    return device + configuration + interface + endpoints


def description(number: int) -> str:
    """The folder in /sys of the device with this number, and its node."""
    content = descriptors().hex().upper()
    lines = (
        f"P: /devices/pci0000:00/usb1/1-{number}",
        f"N: bus/usb/001/{number:03}={content}",
        f"E: DEVNAME=/dev/bus/usb/001/{number:03}",
        "E: DEVTYPE=usb_device",
        "E: SUBSYSTEM=usb",
        f"E: BUSNUM=001\nE: DEVNUM={number:03}",
        f"E: MAJOR=189\nE: MINOR={number - 1}",
        f"A: busnum=1\\n\nA: devnum={number}\\n",
        "A: speed=12\\n\nA: bConfigurationValue=1\\n",
        f"H: descriptors={content}",
    )
    return "\n".join(lines) + "\n"


class Urb:
    """A transfer that the host has submitted, in the host's own memory."""

    def __init__(self, address: int, memory: UMockdev.IoctlData) -> None:
        self.address = address
        self.memory = memory
        head = bytes(memory.retrieve())
        self.kind, self.endpoint = head[0], head[1]
        (self.size,) = struct.unpack_from("<i", head, BUFFER_AT + 8)
        self._buffer = memory.resolve(BUFFER_AT, self.size)
        self.content = bytes(self._buffer.retrieve())

    def finish(self, status: int, received: bytes = b"", actual: int = 0) -> None:
        """Tell the host how it ended; control transfers keep their set-up before it."""
        at = 8 if self.kind == CONTROL else 0
        if received:
            self._buffer.update(at, received)
        self.memory.update(STATUS_AT, struct.pack("<i", status))
        self.memory.update(ACTUAL_AT, struct.pack("<i", actual or len(received)))


class UsbReader:
    """usbdevfs of one device, with an emulated reader behind its bulk endpoints."""

    def __init__(self, serial: str) -> None:
        self.reader = FeigEmulator()
        self._serial = serial
        self.ioctls = UMockdev.IoctlBase()
        self.ioctls.connect("handle-ioctl", self._on_ioctl)
        self.gone = False
        self._claimed = False
        #: A driver of the kernel, to be put aside before the interface can be claimed.
        self._has_driver = True
        self._said: deque[bytes] = deque()
        self._waiting: list[Urb] = []
        self._ended: deque[tuple[Urb, int, bytes, int]] = deque()

    def say(self, data: bytes) -> None:
        """Bytes for the host, packet by packet."""
        self._said.extend(data[at : at + PACKET] for at in range(0, len(data), PACKET))

    def _on_ioctl(self, _base: object, client: UMockdev.IoctlClient) -> bool:
        request = client.get_request()
        number, kind = request & 0xFF, request >> 8 & 0xFF
        if kind != ord("U"):
            return False
        try:
            client.complete(self._ioctl(number, client.get_arg()), 0)
        except OSError as err:
            client.complete(-1, err.errno or errno.EIO)
        return True

    def _ioctl(self, number: int, arg: UMockdev.IoctlData) -> int:
        if number in (Usbfs.REAP, Usbfs.REAP_NO_WAIT):
            return self._reap(arg)
        if self.gone:
            raise OSError(errno.ENODEV, "gone")
        match number:
            case Usbfs.CAPABILITIES:
                arg.resolve(0, 4).update(0, struct.pack("<I", 0))
            case Usbfs.SUBMIT:
                self._submit(arg)
            case Usbfs.DISCARD:
                self._discard(_pointer(arg))
            case Usbfs.CLAIM | Usbfs.DISCONNECT_CLAIM:
                if self._claimed or (self._has_driver and number == Usbfs.CLAIM):
                    raise OSError(errno.EBUSY, "claimed")
                self._claimed, self._has_driver = True, False
            case Usbfs.RELEASE:
                self._claimed = False
            case Usbfs.PASS_ON:
                self._has_driver = True
            case _:
                raise OSError(errno.ENOTTY, f"ioctl {number}")
        return 0

    def _submit(self, arg: UMockdev.IoctlData) -> None:
        urb = Urb(_pointer(arg), arg.resolve(0, URB_BYTES))
        if urb.kind == CONTROL:
            self._ended.append((urb, 0, _string(urb.content, self._serial), 0))
        elif urb.endpoint == OUT:
            for reply in self.reader.answer(urb.content):
                self.say(reply)
            self._ended.append((urb, 0, b"", urb.size))
        else:
            self._waiting.append(urb)

    def _discard(self, address: int) -> None:
        for urb in self._waiting:
            if urb.address == address:
                self._waiting.remove(urb)
                self._ended.append((urb, CANCELLED, b"", 0))
                return
        raise OSError(errno.EINVAL, "no such transfer")

    def _reap(self, arg: UMockdev.IoctlData) -> int:
        while self._waiting and (self.gone or self._said):
            urb = self._waiting.pop(0)
            if self.gone:
                self._ended.append((urb, SHUT_DOWN, b"", 0))
            else:
                self._ended.append((urb, 0, self._said.popleft(), 0))
        if not self._ended:
            raise OSError(errno.ENODEV if self.gone else errno.EAGAIN, "nothing ended")
        urb, status, received, actual = self._ended.popleft()
        urb.finish(status, received, actual)
        # This also takes what has changed in it back to the host.
        arg.resolve(0, POINTER_BYTES).set_ptr(0, urb.memory)
        return 0


def _pointer(arg: UMockdev.IoctlData) -> int:
    return int.from_bytes(bytes(arg.retrieve())[:POINTER_BYTES], "little")


def _string(setup: bytes, serial: str) -> bytes:
    """Answer "get descriptor" for a string; 0 is the list of languages."""
    number = setup[2]
    text = b"\x09\x04" if number == 0 else serial.encode("utf-16-le")
    return bytes([2 + len(text), 3]) + text


class UsbBed(Bed):
    """Also carries out orders about readers, by the number of the device."""

    def __init__(self) -> None:
        super().__init__()
        self._readers: dict[int, UsbReader] = {}

    def plug_reader(self, serial: str) -> dict[str, object]:
        self._number += 1
        number, usb = self._number, UsbReader(serial)
        self._readers[number] = usb
        self.testbed.attach_ioctl(f"/dev/bus/usb/001/{number:03}", usb.ioctls)
        self.testbed.add_from_string(description(number))
        return {"number": number}

    def unplug_reader(self, number: int) -> dict[str, object]:
        """Who waits for an answer is told that the device has shut down."""
        folder = f"/sys/devices/pci0000:00/usb1/1-{number}"
        self._readers.pop(number).gone = True
        self.testbed.uevent(folder, "remove")
        self.testbed.remove_device(folder)
        return {}

    def clear(self) -> dict[str, object]:
        for number in list(self._readers):
            self.unplug_reader(number)
        return super().clear()

    def place(self, number: int, uid: str, memory: str) -> dict[str, object]:
        tag = VirtualTag(uid, afi=0x07, memory=bytes.fromhex(memory))
        self._readers[number].reader.place(tag)
        return {}

    def say(self, number: int, data: str) -> dict[str, object]:
        """The reader says something unasked."""
        self._readers[number].say(bytes.fromhex(data))
        return {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], UsbBed()))

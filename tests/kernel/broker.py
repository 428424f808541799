"""Keeps a test bed of USB devices for the one program that it starts as its child.

Run by Debian's Python (python3-gi, gir1.2-umockdev-1.0) below umockdev-wrapper:

    umockdev-wrapper /usr/bin/python3 broker.py PROGRAM ARGUMENT...

The child sees the devices in /dev, /sys and udev. It plugs and unplugs them through the
socket whose number is in BED_SOCKET: one JSON object a line there and back again.
"""

from __future__ import annotations

import errno
import json
import os
import queue
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import Any

try:
    import gi

    gi.require_version("UMockdev", "1.0")
    from gi.repository import GLib, UMockdev
except (ImportError, ValueError) as err:
    sys.exit(f"{err}; apt-get install gir1.2-umockdev-1.0 python3-gi")

SOCKET = "BED_SOCKET"
EV_SYN, EV_KEY, EV_MSC, EV_LED, EV_REP = 0, 1, 4, 17, 20
SYN_REPORT = 0
EVENT = struct.Struct("llHHi")
BUS_USB = 3
#: Events that nobody reads for so long are lost, as in the kernel's full buffer.
UNREAD_S = 1.0
MOST_UNREAD = 32
PAUSE_S = 0.001


class InputIoctls:
    """Answers what a program asks of one input device, and knows who has grabbed it."""

    def __init__(self, device: dict[str, Any]) -> None:
        self._device = device
        self._holder: Any = None
        self.gone = False
        # A subclass in Python would never get the signals.
        self.base = UMockdev.IoctlBase()
        self.base.connect("handle-ioctl", self._asked)

    def _asked(self, _base: Any, client: Any) -> bool:
        request = client.get_request()
        size, kind, number = request >> 16 & 0x3FFF, request >> 8 & 0xFF, request & 0xFF
        if kind != ord("E"):
            return False
        if self.gone:
            client.complete(-1, errno.ENODEV)
        elif number == 0x90:
            error = self._grab(client)
            client.complete(-1 if error else 0, error)
        else:
            self._answer(client, number, size)
        return True

    def _grab(self, client: Any) -> int:
        wanted = any(bytes(client.get_arg().retrieve()))
        # The kernel lets go of a device when the file is closed that has grabbed it.
        held = self._holder is not None and self._holder.props.connected
        if wanted and held and self._holder != client:
            return errno.EBUSY
        if not wanted and self._holder != client:
            return errno.EINVAL
        self._holder = client if wanted else None
        return 0

    def _answer(self, client: Any, number: int, size: int) -> None:
        content = self._content(number, size)
        if content is None:
            client.complete(-1, errno.ENOTTY)
            return
        client.get_arg().resolve(0, size).update(0, content[:size].ljust(size, b"\0"))
        client.complete(min(len(content), size), 0)

    def _content(self, number: int, size: int) -> bytes | None:
        device = self._device
        texts = {0x06: device["name"], 0x07: device["place"], 0x08: device["serial"]}
        if number in texts:
            return texts[number].encode() + b"\0"
        if number == 0x01:
            return struct.pack("<i", 0x010001)
        if number == 0x02:
            usb = (int(device["vendor"], 16), int(device["product"], 16))
            return struct.pack("<4H", BUS_USB, *usb, 0x0111)
        if number == 0x03:
            return struct.pack("<2I", 250, 33)
        if number in (0x09, 0x18, 0x19, 0x84):
            return bytes(size)
        if 0x20 <= number < 0x40:
            return self._bits(number - 0x20, size)
        return None

    def _bits(self, kind: int, size: int) -> bytes:
        known = {
            0: (EV_SYN, EV_KEY, EV_MSC, EV_LED, EV_REP),
            EV_KEY: self._device["keys"],
        }
        bits = sum(1 << code for code in known.get(kind, ()))
        return bits.to_bytes(96, "little")[:size]


class Bed:
    """The devices that are plugged in, by the number in the name of their node."""

    def __init__(self) -> None:
        self.testbed = UMockdev.Testbed.new()
        self.child = 0
        # A node's name is never used twice: umockdev does not survive it.
        self._number = 4
        self._ioctls: dict[int, InputIoctls] = {}
        self._folders: dict[int, list[str]] = {}
        self._fingers: dict[int, Fingers] = {}

    def plug(self, **device: Any) -> dict[str, object]:
        """Add a device with one node; udev says "add" for each of its folders."""
        self._number += 1
        number, kind = self._number, device["subsystem"]
        node = {"input": f"/dev/input/event{number}", "hidraw": f"/dev/hidraw{number}"}
        path = node.get(kind, f"/dev/ttyUSB{number}")
        if kind == "input":
            self._ioctls[number] = InputIoctls(device)
            self.testbed.attach_ioctl(path, self._ioctls[number].base)
        # Another node of the same device may have made some of them.
        folders = [
            (folder, lines)
            for folder, lines in _folders(device, number, path)
            if not Path(self.testbed.get_root_dir(), "sys", folder[1:]).exists()
        ]
        self._folders[number] = [f"/sys{folder}" for folder, _ in folders]
        for folder, lines in folders:
            self.testbed.add_from_string("\n".join([f"P: {folder}", *lines, ""]))
        if kind == "input":
            terminal = self._note(number).name.replace("_", "/")
            self._fingers[number] = Fingers(self.testbed.get_dev_fd(path), terminal)
        return {"number": number, "path": path}

    def unplug(self, number: int) -> dict[str, object]:
        """Remove it from the inside out; who has it open gets a hang-up."""
        folders = self._folders.pop(number)
        for folder in reversed(folders):
            self.testbed.uevent(folder, "remove")
        if number in self._ioctls:
            self._ioctls.pop(number).gone = True
            self.testbed.detach_ioctl(f"/dev/input/event{number}")
        for folder in reversed(folders):
            self.testbed.remove_device(folder)
        if number in self._fingers:
            self._fingers.pop(number).stop()
            # umockdev keeps the note, and trips when the terminal is used again.
            self._note(number).unlink()
        return {}

    def clear(self) -> dict[str, object]:
        """Unplug all, in the reverse order: one may be plugged into another's folders."""
        for number in reversed(list(self._folders)):
            self.unplug(number)
        return {}

    def press(self, number: int, events: list[list[int]]) -> dict[str, object]:
        """Send [type, code, value] events; returns before all of them are out.

        The kernel keeps none for a device that nobody has open.
        """
        if _has_open(self.child, self._fingers[number].terminal):
            self._fingers[number].events.put(events)
        return {}

    def _note(self, number: int) -> Path:
        """umockdev's note of the pseudo-terminal that stands in for an input device."""
        notes = Path(self.testbed.get_root_dir(), "dev/.ptymap").iterdir()
        return next(
            note for note in notes if str(note.readlink()) == f"13:{64 + number}"
        )


class Fingers:
    """A thread that types on one device as fast as it is read."""

    def __init__(self, end: int, terminal: str) -> None:
        self.events: queue.Queue[list[list[int]] | None] = queue.Queue()
        self.terminal = terminal
        self._end = end
        self._read_end = os.open(terminal, os.O_RDONLY | os.O_NOCTTY)
        self._thread = threading.Thread(target=self._type, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hang up when all is typed, or nobody reads it."""
        self.events.put(None)
        self._thread.join()
        os.close(self._read_end)
        os.close(self._end)

    def _type(self) -> None:
        while (events := self.events.get()) is not None:
            for first in range(0, len(events), MOST_UNREAD):
                self._wait_for_the_reader()
                some = map(_reported, events[first : first + MOST_UNREAD])
                os.write(self._end, b"".join(some))

    def _wait_for_the_reader(self) -> None:
        """A terminal that is full would cut an event in two."""
        patient_until = time.monotonic() + UNREAD_S
        while any(select.select([self._read_end], [], [], 0)):
            if time.monotonic() > patient_until:
                termios.tcflush(self._read_end, termios.TCIFLUSH)
                return
            time.sleep(PAUSE_S)


def _has_open(process: int, path: str) -> bool:
    files = Path(f"/proc/{process}/fd").iterdir()
    return any(file.is_symlink() and str(file.readlink()) == path for file in files)


def _reported(event: list[int]) -> bytes:
    now = time.time()
    stamp = int(now), int(now % 1 * 1e6)
    return EVENT.pack(*stamp, *event) + EVENT.pack(*stamp, EV_SYN, SYN_REPORT, 0)


def _folders(
    device: dict[str, Any], number: int, path: str
) -> list[tuple[str, list[str]]]:
    """The folders of /sys that a USB device fills, from the outside in."""
    port = f"/devices/platform/soc/usb1/1-1/{device['place'].partition(':')[0]}"
    serial = [f"A: serial={device['serial']}"] if device["serial"] else []
    usb = [f"A: idVendor={device['vendor'].lower()}"]
    usb += [f"A: idProduct={device['product'].lower()}", *serial]
    interface = f"{port}/{device['place']}"
    return [
        (port, ["E: SUBSYSTEM=usb", "E: DEVTYPE=usb_device", *usb]),
        (interface, ["E: SUBSYSTEM=usb", "E: DEVTYPE=usb_interface"]),
        *_inner_folders(device, number, interface, path),
    ]


def _inner_folders(
    device: dict[str, Any], number: int, interface: str, path: str
) -> list[tuple[str, list[str]]]:
    name = path.removeprefix("/dev/")
    node = [f"E: DEVNAME={path}", f"E: SUBSYSTEM={device['subsystem']}"]
    if device["subsystem"] != "input":
        # Not for a serial port: a test that needs one links a pseudo-terminal there.
        node += [f"N: {name}"] if device["subsystem"] == "hidraw" else []
        return [(f"{interface}/{device['subsystem']}/{name}", node)]
    keys = sum(1 << code for code in device["keys"])
    words = [f"{keys >> shift & (1 << 64) - 1:x}" for shift in range(704, -1, -64)]
    above = f"{interface}/0003:{number:04X}/input/input{number}"
    about = [f"A: name={device['name']}", f"A: capabilities/key={' '.join(words)}"]
    dev = f"13:{64 + number}"
    return [
        (above, ["E: SUBSYSTEM=input", *about]),
        (
            f"{above}/event{number}",
            [*node, f"N: {name}", f"A: dev={dev}", f"L: device=../../input{number}"],
        ),
    ]


def serve(bed: Bed, connection: socket.socket) -> None:
    """Do what the child asks until it has ended."""
    with connection, connection.makefile("rw") as lines:
        for line in lines:
            order = json.loads(line)
            answer = getattr(bed, order.pop("do"))(**order)
            lines.write(json.dumps(answer) + "\n")
            lines.flush()


def main(command: list[str], bed: Bed) -> int:
    loop = GLib.MainLoop()
    threading.Thread(target=loop.run, daemon=True).start()
    ours, theirs = socket.socketpair()
    # The environment of the wrapper does not name the test bed that it made for us.
    environment = {
        **os.environ,
        "UMOCKDEV_DIR": bed.testbed.get_root_dir(),
        SOCKET: str(theirs.fileno()),
    }
    child = subprocess.Popen(command, env=environment, pass_fds=[theirs.fileno()])
    bed.child = child.pid
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    theirs.close()
    serve(bed, ours)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Bed()))

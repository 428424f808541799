"""Finds the node of a USB device by what stays the same when it is plugged in again.

`usb:VID:PID` (hex), `usb:VID:PID:SERIAL` or `usb:VID:PID@PLACE`, where PLACE is a port
("1-1.3": hub 1, its port 1, port 3 of the hub there) or one interface of a device
that has several ("1-1.3:1.0"). It is looked up when a device is opened, so devices
keep their roles whatever order they come in and whichever socket they are in.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drivers.api import BadOptions, DeviceLost

USB = "usb:"
#: An input device by the name that it gives itself, for those that are not on USB.
NAME = "name:"
_ADDRESS = re.compile(
    r"usb:(?P<vendor>[0-9A-F]{4}):(?P<product>[0-9A-F]{4})"
    r"(?::(?P<serial>[^@]+)|@(?P<place>[0-9.:-]+))?",
    re.IGNORECASE,
)
#: Codes of the digit keys, from 1 to 0, and of Enter: what every wedge types.
_DIGIT_KEYS = range(2, 12)
_ENTER = 28


class Subsystem(enum.StrEnum):
    """A kind of node in /dev, by the kernel's name for it."""

    TTY = "tty"
    INPUT = "input"
    HIDRAW = "hidraw"


_NODES = {
    Subsystem.TTY: ("tty[A-Z]*", "/dev"),
    Subsystem.INPUT: ("event*", "/dev/input"),
    Subsystem.HIDRAW: ("hidraw*", "/dev"),
}


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a USB device; numbers in upper-case hex, `serial` may be empty.

    `place` is the interface, such as "1-1.3:1.0"; what precedes the colon is the port.
    """

    path: str
    vendor: str
    product: str
    serial: str
    place: str

    def __str__(self) -> str:
        serial = f":{self.serial}" if self.serial else ""
        return f"{USB}{self.vendor}:{self.product}{serial} at {self.place}"


def find_node(address: str, subsystem: Subsystem) -> str:
    """Path of the one node that the address means. Raises DeviceLost or BadOptions."""
    wanted = _parsed(address)
    found = [node for node in nodes(subsystem) if _is(node, wanted)]
    if not found:
        raise DeviceLost(f"{address}: no such {subsystem} device is plugged in")
    if len(found) > 1:
        rivals = ", ".join(map(str, found))
        raise DeviceLost(
            f"{address}: {len(found)} of them, name one by place: {rivals}"
        )
    return found[0].path


def find_named_input(address: str) -> str:
    """Path of the one input that types digits and is called so. Raises DeviceLost."""
    entries = [
        entry for entry in _entries(Subsystem.INPUT) if _is_called(entry, address)
    ]
    if len(entries) != 1:
        found = ", ".join(entry.name for entry in entries) or "none"
        raise DeviceLost(f"{address}: one such input is needed, found {found}")
    return f"{_NODES[Subsystem.INPUT][1]}/{entries[0].name}"


def nodes(subsystem: Subsystem) -> list[Node]:
    """Every node of a USB device in that subsystem; inputs only if they type digits."""
    made = (_node(entry, _NODES[subsystem][1]) for entry in _entries(subsystem))
    return [node for node in made if node is not None]


def _entries(subsystem: Subsystem) -> list[Path]:
    return sorted(Path("/sys/class", subsystem).glob(_NODES[subsystem][0]))


def _parsed(address: str) -> dict[str, str]:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise BadOptions(
            f"address {address!r} is not usb:VID:PID, usb:VID:PID:SERIAL or "
            "usb:VID:PID@PORT, VID and PID being four hex digits"
        )
    return {part: text for part, text in match.groupdict().items() if text is not None}


def _is(node: Node, wanted: dict[str, str]) -> bool:
    if (node.vendor, node.product) != (
        wanted["vendor"].upper(),
        wanted["product"].upper(),
    ):
        return False
    places = {node.place, node.place.partition(":")[0]}
    return (
        wanted.get("serial", node.serial) == node.serial
        and wanted.get("place", node.place) in places
    )


def _node(entry: Path, folder: str) -> Node | None:
    """None for what hangs on no USB device, or vanishes while it is looked at."""
    with suppress(OSError, ValueError):
        if entry.name.startswith("event") and not _types_digits(entry):
            return None
        device, interface = _usb_device(entry)
        return Node(
            f"{folder}/{entry.name}",
            _attribute(device, "idVendor").upper(),
            _attribute(device, "idProduct").upper(),
            _attribute(device, "serial"),
            interface.name,
        )
    return None


def _is_called(entry: Path, address: str) -> bool:
    with suppress(OSError, ValueError):
        name = _attribute(entry / "device", "name")
        return name == address.removeprefix(NAME) and _types_digits(entry)
    return False


def _usb_device(entry: Path) -> tuple[Path, Path]:
    """The USB device that a node hangs on, and the interface of it."""
    below = entry.resolve(strict=True)
    for folder in below.parents:
        if (folder / "idVendor").exists():
            return folder, below
        below = folder
    raise FileNotFoundError(f"{entry} is no USB device")


def _attribute(device: Path, name: str) -> str:
    path = device / name
    return path.read_text("utf-8", "replace").strip() if path.exists() else ""


def _types_digits(entry: Path) -> bool:
    """A scanner's other inputs, such as its volume keys, are no keyboards."""
    keys = set(_key_codes((entry / "device/capabilities/key").read_text("ascii")))
    return {*_DIGIT_KEYS, _ENTER} <= keys


def _key_codes(bitmap: str) -> Iterator[int]:
    """Codes in the kernel's bitmap: words in hex, the highest first.

    All that is asked for are codes below 32, which stand in the last word on any CPU.
    """
    lowest = int(bitmap.rstrip().rpartition(" ")[2], 16)
    return (code for code in range(lowest.bit_length()) if lowest >> code & 1)

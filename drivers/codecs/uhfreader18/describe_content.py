"""What is inside UHFReader18 requests and replies, in words, by command."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import BadFrame
from drivers.codecs.content import Content, Reading, numbers
from drivers.codecs.uhfreader18 import describe_reader as of_reader
from drivers.codecs.uhfreader18 import describe_tags as of_tag
from drivers.codecs.uhfreader18.commands import (
    FOUND,
    Command,
    Dialect,
    Status,
    status_text,
)
from drivers.codecs.uhfreader18.replies import parse_found

_VARIANTS = {Dialect.OLD: "18", Dialect.NEW: "288M"}


def request_content(cmd: int, body: bytes) -> Content:
    """Raises BadFrame for a body that no request of this command has."""
    return _REQUESTS[cmd](body) if cmd in _REQUESTS else {}


def reply_content(cmd: int, body: bytes) -> Content:
    """Raises BadFrame for a body that no reply to this command has.

    "status" is a number where it tells that, or how far, a command was done (0 to 4),
    and the code in hex of a failure.
    """
    if not body:
        raise BadFrame(f"UHFReader18 reply to {cmd:02X} without its status")
    status, content = body[0], body[1:]
    told: Content = {
        "status": status if status in {Status.OK, *FOUND} else f"{status:02X}",
        "status_text": status_text(status),
    }
    if status == Status.TAG_ERROR and content:
        return told | of_tag.tag_error(content)
    if cmd in _INVENTORIES and status in FOUND:
        found, dialect = parse_found(content)
        return told | of_tag.found_tags(found) | {"variant": _VARIANTS[dialect]}
    if status == Status.OK and cmd in _REPLIES:
        return told | _REPLIES[cmd](content)
    if content and cmd in set(Command):
        raise BadFrame(
            f"UHFReader18 reply to {cmd:02X}: {content.hex().upper()} behind "
            f"status {status:02X}"
        )
    return told


def _anything(body: bytes) -> Content:  # noqa: ARG001  (a Reading)
    return {}


_INVENTORIES = (Command.INVENTORY, Command.SINGLE_INVENTORY)
_NOTHING = numbers("UHFReader18")

_REQUESTS: Mapping[int, Reading] = {
    **dict.fromkeys(Command, _NOTHING),
    Command.INVENTORY: of_tag.inventory,
    Command.READ: of_tag.read,
    Command.WRITE: of_tag.write,
    Command.BLOCK_WRITE: of_tag.write,
    Command.WRITE_EPC: of_tag.write_epc,
    Command.KILL: of_tag.to_tag(password_first=True),
    Command.LOCK: of_tag.to_tag("select", "protect", password_first=False),
    Command.ERASE: of_tag.read,
    Command.SET_READ_PROTECT: of_tag.to_tag(password_first=True),
    Command.SET_READ_PROTECT_ANY: of_tag.password,
    Command.RESET_READ_PROTECT: of_tag.password,
    Command.SET_EAS: of_tag.to_tag("eas", password_first=True),
    Command.LOCK_USER_BLOCK: of_tag.to_tag("block", password_first=True),
    Command.SET_REGION: of_reader.region,
    Command.SET_ADDRESS: numbers("UHFReader18", "address"),
    Command.SET_SCAN_TIME: of_reader.scan_time,
    Command.SET_BAUD: of_reader.baud,
    Command.SET_POWER: numbers("UHFReader18", "power"),
    Command.LED_AND_BEEP: numbers("UHFReader18", "on_x50ms", "off_x50ms", "times"),
    Command.SET_WORK_MODE: of_reader.work_mode,
    Command.SET_ANTENNAS: numbers("UHFReader18", "antennas"),
    Command.SET_REALTIME: _anything,
    Command.SET_REALTIME_MODE: numbers("UHFReader18", "mode"),
}

_REPLIES: Mapping[int, Reading] = {
    Command.READ: of_tag.words,
    Command.READER_INFO: of_reader.info,
    Command.GET_WORK_MODE: of_reader.work_mode_told,
    Command.CHECK_READ_PROTECT: numbers("UHFReader18", "read_protect"),
    Command.REALTIME_REPORT: of_tag.report,
}

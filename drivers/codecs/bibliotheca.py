"""Whole 3M / Bibliotheca frames in words, for `tongjie frame decode`.

Nothing in a frame says who sent it, so each is read both ways. Where both make sense,
the way whose UID looks like one is taken (E0 first, or four zeros before the number of
an old Tag-it tag), and then the reply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.api import BadFrame
from drivers.codecs import bibliotheca_replies, bibliotheca_requests
from drivers.codecs.bibliotheca_frames import Frame, Layer, decode, shown
from drivers.codecs.bibliotheca_replies import Reply
from drivers.codecs.bibliotheca_requests import (
    ADDRESSED,
    BLOCK_BYTES,
    BOOT_VERSION,
    UID_BYTES,
    Command,
)
from drivers.codecs.bibliotheca_status import Status, is_known, status_text

Content = dict[str, object]

#: Names of the bits of a tag's information.
_PARTS = ("DSFID", "AFI", "MEM_SIZE", "IC_REF")
#: A frame of these says how long it is; where that is wrong the frame is worthless.
_COUNTED = frozenset(
    {
        Command.INVENTORY,
        Command.READ_BLOCKS,
        Command.WRITE_BLOCKS,
        Command.TAG_INFO,
        Command.PASS_THROUGH,
    }
)


def describe(frame: bytes) -> Content:
    """Decoded content of one whole frame. Codes are hex, counts and numbers decimal.

    Raises BadFrame for a frame that is none, and for one that contradicts itself. What
    this protocol's document does not explain is told as it is, direction "unknown".
    """
    found = decode(frame)
    content = {"layer": f"{found.layer:02X}", **_head(found)}
    if found.layer is Layer.BOOT:
        return content | _boot(found.body)
    return content | _either(found.body)


def _head(frame: Frame) -> Content:
    code, boot = frame.body[0], frame.layer is Layer.BOOT
    known = code in list(Command) and not boot
    name = Command(code).title if known else "unknown"
    return {"cmd": f"{code:02X}", "name": "boot" if boot else name}


def _boot(body: bytes) -> Content:
    if not body.startswith(BOOT_VERSION):
        return {"direction": "unknown", "data": _hex(body)}
    if body == BOOT_VERSION:
        return {"direction": "request", "data": _hex(body)}
    version = bibliotheca_replies.parse_version(body[len(BOOT_VERSION) :])
    return {"direction": "response", "data": _hex(body), "version": str(version)}


def _either(body: bytes) -> Content:
    reply, request = _attempt(_reply, body), _attempt(_request, body)
    if isinstance(reply, BadFrame):
        return (
            _unexplained(body, request, reply)
            if isinstance(request, BadFrame)
            else request
        )
    if isinstance(request, BadFrame) or _looks_right(reply):
        return reply
    return request if _looks_right(request) else reply


def _unexplained(body: bytes, request: BadFrame, reply: BadFrame) -> Content:
    if body[0] in _COUNTED:
        raise BadFrame(f"neither a request ({request}) nor a reply ({reply})")
    return {"direction": "unknown", "data": _hex(body[1:])}


def _attempt(reading: Callable[[bytes], Content], body: bytes) -> Content | BadFrame:
    try:
        return reading(body)
    except BadFrame as err:
        return err


def _looks_right(content: Content) -> bool:
    return str(content.get("uid", "E0")).startswith(("E0", "00000000"))


def _request(body: bytes) -> Content:
    request = bibliotheca_requests.parse_request(body)
    content: Content = {"direction": "request", "data": _hex(body[1:])}
    if request.uid:
        content["uid"] = request.uid
    explain = _REQUESTS.get(request.command)
    return content | (explain(request.tail) if explain else {})


def _reply(body: bytes) -> Content:
    reply = bibliotheca_replies.parse_reply(body)
    content: Content = {
        "direction": "response",
        "status": f"{reply.status:02X}",
        "data": _hex(reply.data),
    }
    if reply.status != Status.OK:
        return content | _error(reply)
    if reply.command not in list(Command):
        return content
    command, data = Command(reply.command), reply.data
    if command in ADDRESSED:
        content["uid"], data = bibliotheca_replies.split_uid(data)
    return content | _REPLIES.get(command, _nothing)(data)


def _error(reply: Reply) -> Content:
    """Only a short reply is believed to tell an error that nobody knows."""
    if reply.data and not is_known(reply.status):
        raise BadFrame(f"3M reply: status {reply.status:02X} is unknown")
    content: Content = {"error": status_text(reply.status)}
    if reply.command in ADDRESSED and len(reply.data) >= UID_BYTES:
        content["uid"], _ = bibliotheca_replies.split_uid(reply.data)
    return content


def _nothing(data: bytes) -> Content:
    if data:
        raise BadFrame(f"3M reply: {shown(data)} is too much")
    return {}


def _inventory_request(tail: bytes) -> Content:
    return {"afi": f"{tail[0]:02X}", "options": f"{tail[1]:02X}"}


def _block_range(tail: bytes) -> Content:
    content: Content = {"first": tail[0], "count": tail[1]}
    return content | ({"options": f"{tail[2]:02X}"} if tail[2:] else {})


def _blocks_to_write(tail: bytes) -> Content:
    data = tail[3:]
    blocks = [data[at : at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES)]
    return {"first": tail[0], "count": tail[1], "blocks": _numbered(tail[0], blocks)}


def _block_to_write(tail: bytes) -> Content:
    return {"first": tail[0], "count": 1, "blocks": _numbered(tail[0], [tail[1:]])}


def _wanted(tail: bytes) -> Content:
    return {"want": _parts(tail[0])}


def _to_pass(tail: bytes) -> Content:
    found = bibliotheca_requests.parse_pass_through(tail)
    return {
        "most": found.most,
        "control": f"{found.control:04X}",
        "air": _hex(found.air),
    }


def _inventory(data: bytes) -> Content:
    found = bibliotheca_replies.parse_inventory(data)
    content: Content = {
        "afi": f"{found.afi:02X}",
        "options": f"{found.options:02X}",
        "tags": [record.uid for record in found.records if record.uid],
    }
    dsfids = [f"{r.dsfid:02X}" for r in found.records if r.dsfid is not None]
    return content | ({"dsfids": dsfids} if dsfids else {})


def _version(data: bytes) -> Content:
    return {"version": str(bibliotheca_replies.parse_version(data))}


def _blocks(data: bytes) -> Content:
    found = bibliotheca_replies.parse_blocks(data)
    return {
        "style": str(found.style),
        "first": found.first,
        "count": len(found.blocks),
        "blocks": _numbered(found.first, found.blocks),
        "locks": [f"{lock:02X}" for lock in found.locks],
    }


def _written(data: bytes) -> Content:
    return {"next_block": bibliotheca_replies.parse_byte(data, "block")} if data else {}


def _information(data: bytes) -> Content:
    found = bibliotheca_replies.parse_tag_information(data)
    content: Content = {"have": _parts(data[0])}
    if found.dsfid is not None:
        content["dsfid"] = f"{found.dsfid:02X}"
    if found.afi is not None:
        content["afi"] = f"{found.afi:02X}"
    if found.block_count is not None:
        content |= {"block_size": found.block_size, "block_count": found.block_count}
    if found.ic_ref is not None:
        content["ic_ref"] = _hex(found.ic_ref)
    return content


def _passed(data: bytes) -> Content:
    found = bibliotheca_replies.parse_air_reply(data)
    return {"flags": f"{found.flags:02X}", "air": _hex(found.air)}


def _raw(_data: bytes) -> Content:
    return {}


def _hex_byte(field: str) -> Callable[[bytes], Content]:
    def explain(data: bytes) -> Content:
        return {field: f"{bibliotheca_replies.parse_byte(data, field):02X}"}

    return explain


def _parts(bits: int) -> list[str]:
    return [name for place, name in enumerate(_PARTS) if bits >> place & 1]


def _numbered(first: int, blocks: list[bytes] | tuple[bytes, ...]) -> dict[str, str]:
    return {str(first + place): _hex(block) for place, block in enumerate(blocks)}


def _hex(data: bytes) -> str:
    return data.hex().upper()


_REQUESTS: Mapping[Command, Callable[[bytes], Content]] = {
    Command.INVENTORY: _inventory_request,
    Command.READ_BLOCKS: _block_range,
    Command.WRITE_BLOCKS: _blocks_to_write,
    Command.WRITE_BLOCK: _block_to_write,
    Command.WRITE_AND_LOCK_BLOCK: _block_to_write,
    Command.LOCK_BLOCK: lambda tail: {"first": tail[0], "count": 1},
    Command.WRITE_AFI: _hex_byte("afi"),
    Command.WRITE_DSFID: _hex_byte("dsfid"),
    Command.WRITE_EAS: _hex_byte("eas"),
    Command.TAG_INFO: _wanted,
    Command.PASS_THROUGH: _to_pass,
}
#: What follows status OK and, for a command to one tag, its UID; else nothing does.
_REPLIES: Mapping[Command, Callable[[bytes], Content]] = {
    Command.INVENTORY: _inventory,
    Command.VERSION: _version,
    Command.READ_BLOCKS: _blocks,
    Command.WRITE_BLOCKS: _written,
    Command.GET_AFI: _hex_byte("afi"),
    Command.GET_DSFID: _hex_byte("dsfid"),
    Command.CHECK_EAS: _hex_byte("eas"),
    Command.TAG_INFO: _information,
    Command.PASS_THROUGH: _passed,
    Command.SET_UP: _raw,
}

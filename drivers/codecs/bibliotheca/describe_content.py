"""What is inside requests and replies of 3M / Bibliotheca pads, in words."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import BadFrame
from drivers.codecs.bibliotheca import replies, requests
from drivers.codecs.bibliotheca.requests import BLOCK_BYTES, Command
from drivers.codecs.content import Content, Reading, to_hex
from drivers.codecs.shown import shown

#: Names of the bits of a tag's information.
_PARTS = ("DSFID", "AFI", "MEM_SIZE", "IC_REF")


def nothing(data: bytes) -> Content:
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
    found = requests.parse_pass_through(tail)
    return {
        "most": found.most,
        "control": f"{found.control:04X}",
        "air": to_hex(found.air),
    }


def _inventory(data: bytes) -> Content:
    found = replies.parse_inventory(data)
    content: Content = {
        "afi": f"{found.afi:02X}",
        "options": f"{found.options:02X}",
        "tags": [record.uid for record in found.records if record.uid],
    }
    dsfids = [f"{r.dsfid:02X}" for r in found.records if r.dsfid is not None]
    return content | ({"dsfids": dsfids} if dsfids else {})


def _version(data: bytes) -> Content:
    return {"version": str(replies.parse_version(data))}


def _blocks(data: bytes) -> Content:
    found = replies.parse_blocks(data)
    return {
        "style": str(found.style),
        "first": found.first,
        "count": len(found.blocks),
        "blocks": _numbered(found.first, found.blocks),
        "locks": [f"{lock:02X}" for lock in found.locks],
    }


def _written(data: bytes) -> Content:
    return {"next_block": replies.parse_byte(data, "block")} if data else {}


def _information(data: bytes) -> Content:
    found = replies.parse_tag_information(data)
    content: Content = {"have": _parts(data[0])}
    if found.dsfid is not None:
        content["dsfid"] = f"{found.dsfid:02X}"
    if found.afi is not None:
        content["afi"] = f"{found.afi:02X}"
    if found.block_count is not None:
        content |= {"block_size": found.block_size, "block_count": found.block_count}
    if found.ic_ref is not None:
        content["ic_ref"] = to_hex(found.ic_ref)
    return content


def _passed(data: bytes) -> Content:
    found = replies.parse_air_reply(data)
    return {"flags": f"{found.flags:02X}", "air": to_hex(found.air)}


def _raw(_data: bytes) -> Content:
    return {}


def _hex_byte(field: str) -> Reading:
    def explain(data: bytes) -> Content:
        return {field: f"{replies.parse_byte(data, field):02X}"}

    return explain


def _parts(bits: int) -> list[str]:
    return [name for place, name in enumerate(_PARTS) if bits >> place & 1]


def _numbered(first: int, blocks: list[bytes] | tuple[bytes, ...]) -> dict[str, str]:
    return {str(first + place): to_hex(block) for place, block in enumerate(blocks)}


REQUESTS: Mapping[Command, Reading] = {
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
REPLIES: Mapping[Command, Reading] = {
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

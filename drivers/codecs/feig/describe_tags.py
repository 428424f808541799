"""Requests about tags and their replies (commands B0 and B1) as `describe` shows them."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.api import BadFrame
from drivers.codecs.block_order import BlockOrder
from drivers.codecs.content import Content, to_hex
from drivers.codecs.feig import replies, requests
from drivers.codecs.feig.frames import Frame
from drivers.codecs.feig.requests import ISO_HOST, Sub
from drivers.codecs.feig.status import TAG_TYPES, Status
from drivers.codecs.iso15693 import iso_error_text

#: Antenna warning, buffer overflow, errors of a tag: what follows is not ours to check.
_STATUS_WITH_DATA = (0x84, 0x93, 0x96)


def iso_request(data: bytes) -> Content:
    """Data of B0. Raises BadFrame, as all of this module does."""
    return dict(_iso_request(data))


def _iso_request(data: bytes) -> Iterator[tuple[str, object]]:
    request = requests.parse_iso_request(data)
    yield "sub", request.sub.title
    yield "mode", f"{data[1]:02X}"
    if request.uid:
        yield "uid", request.uid
    match request.sub:
        case Sub.INVENTORY:
            yield "more", bool(request.mode & requests.MODE_MORE)
        case Sub.WRITE_AFI:
            yield "afi", f"{request.value:02X}"
        case Sub.WRITE_DSFID:
            yield "dsfid", f"{request.value:02X}"
        case Sub.LOCK_BLOCKS | Sub.READ_BLOCKS | Sub.WRITE_BLOCKS | Sub.BLOCK_SECURITY:
            yield "first_block", request.first_block
            yield "count", request.count
    if request.sub is Sub.READ_BLOCKS:
        yield "security", bool(request.mode & requests.MODE_SECURITY)
    if request.sub is Sub.WRITE_BLOCKS:
        size = request.block_size
        yield "db_size", size
        yield "data_as_sent", to_hex(request.blocks)
        yield (
            "data_memory_order",
            to_hex(BlockOrder.REVERSED.turn(request.blocks, size)),
        )


def eas_request(data: bytes) -> Content:
    """Data of B1."""
    request = requests.parse_eas_request(data)
    content: Content = {"mfr": f"{request.maker:02X}", "sub": request.sub.title}
    return content | ({"uid": request.uid} if request.uid else {})


def tag_reply(frame: Frame) -> Content:
    """Content of a reply to B0 or B1, whose question has to be guessed."""
    data = frame.data
    match frame.status:
        case Status.NO_TAG if not data:
            return {"tags": []} if frame.cmd == ISO_HOST else {"eas_alarm": False}
        case Status.WRITE_ERROR | Status.ISO_ERROR:
            return _failure(frame.status, data)
        case Status.MORE_DATA:
            return _inventory(data)
        case Status.OK if data and frame.cmd == ISO_HOST:
            return _guess_reply(data)
        case status if data and status not in _STATUS_WITH_DATA:
            raise BadFrame(f"FEIG reply has data that nobody asked for: {to_hex(data)}")
        case _:
            return {}


def _failure(status: int, data: bytes) -> Content:
    failure = replies.parse_block_failure(status, data)
    content: Content = {}
    if failure.iso_error is not None:
        content["iso_error"] = f"{failure.iso_error:02X}"
        content["iso_error_text"] = iso_error_text(failure.iso_error)
    if failure.block is not None:
        content["failed_block"] = failure.block
    return content


def _guess_reply(data: bytes) -> Content:
    """The kinds of reply can't have the same bytes; the last one takes what it can."""
    kinds = (_system_info, _whole_inventory, _blocks, _security, _inventory)
    for kind in kinds:
        try:
            return kind(data)
        except BadFrame:
            continue
    raise BadFrame(f"FEIG reply fits no command that reads tags: {to_hex(data)}")


def _system_info(data: bytes) -> Content:
    info = replies.parse_system_info(data)
    if not info.uid.startswith("E0"):
        raise BadFrame(f"FEIG system information: {info.uid} is no ISO 15693 UID")
    return {
        "dsfid": f"{info.dsfid:02X}",
        "uid": info.uid,
        "afi": f"{info.afi:02X}",
        "mem_size_raw": to_hex(data[10:12]),
        "block_size": info.block_size,
        "block_count": info.block_count,
        "ic_ref": f"{info.ic_ref:02X}",
    }


def _inventory(data: bytes) -> Content:
    found = replies.parse_inventory(data)
    if found.unread and found.unread[0] not in TAG_TYPES:
        raise BadFrame(f"FEIG inventory: unknown type of tag: {to_hex(found.unread)}")
    content: Content = {"tags": [_record(record) for record in found.records]}
    if found.unread:
        content["unread"] = to_hex(found.unread)
    return content


def _whole_inventory(data: bytes) -> Content:
    content = _inventory(data)
    if "unread" in content:
        raise BadFrame(f"FEIG inventory of an unknown type of tag: {to_hex(data)}")
    return content


def _record(record: replies.InventoryRecord) -> Content:
    content: Content = {"tr_type": record.tr_type}
    if record.dsfid is not None:
        content["dsfid"] = f"{record.dsfid:02X}"
    if record.info:
        content["tr_info"] = f"{record.info[0]:02X}"
    return content | {"uid": record.uid}


def _blocks(data: bytes) -> Content:
    blocks = replies.parse_blocks(data)
    return {
        "db_n": len(blocks.blocks),
        "db_size": blocks.block_size,
        "security": [f"{lock:02X}" for lock in blocks.security],
        "blocks_as_sent": [to_hex(block) for block in blocks.blocks],
        "blocks_memory_order": [to_hex(block[::-1]) for block in blocks.blocks],
    }


def _security(data: bytes) -> Content:
    security = replies.parse_security(data)
    return {"db_n": len(security), "security": [f"{lock:02X}" for lock in security]}

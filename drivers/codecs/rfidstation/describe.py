"""Whole RFIDStation frames (7E55) in words, for `tongjie frame decode`."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.content import Content, Reading, to_hex
from drivers.codecs.rfidstation import air, commands
from drivers.codecs.rfidstation.commands import (
    BLOCK_SIZE,
    Command,
    Outcome,
    QueryMode,
    Rf,
    TagError,
)
from drivers.codecs.rfidstation.frames import Frame, decode


def describe(frame: bytes) -> Content:
    """Decode one whole frame. Codes are hex, addresses as numbers, counts decimal.

    Raises BadFrame for a frame that is none, or whose content contradicts its command.
    """
    found = decode(frame)
    content = _head(found)
    readings = _REPLIES if found.is_reply else _REQUESTS
    reading = readings.get(found.command)
    return content | reading(found.params) if reading else content


def _head(frame: Frame) -> Content:
    known = frame.command in list(Command)
    return {
        "framing": "long" if frame.is_long else "short",
        "direction": "response" if frame.is_reply else "request",
        "src": f"{frame.source:04X}",
        "dst": f"{frame.target:04X}",
        "cmd": f"{frame.command:02X}",
        "name": Command(frame.command).name.lower() if known else "unknown",
        "data": to_hex(frame.params),
    }


def _nothing(params: bytes) -> Content:
    if params:
        raise BadFrame(f"7E55: nobody asked for the parameters {params.hex()}")
    return {}


def _query(params: bytes) -> Content:
    mode = _only_byte(params)
    known = mode in list(QueryMode)
    return {"mode": QueryMode(mode).name.lower() if known else f"{mode:02X}"}


def _rf(params: bytes) -> Content:
    state = params[0] if params else -1
    if state not in list(Rf):
        raise BadFrame(f"7E55: no RF control: {params.hex() or 'nothing'}")
    return {"rf": Rf(state).name.lower()}


def _read(params: bytes) -> Content:
    request = commands.parse_block_request(params, writes=False)
    return {"uid": request.uid, "first": request.first, "count": request.count}


def _write(params: bytes) -> Content:
    request = commands.parse_block_request(params, writes=True)
    range_ = {"uid": request.uid, "first": request.first, "count": request.count}
    size = len(request.data) // max(request.count, 1)
    return range_ | {"blocks": _blocks(request.data, size)}


def _to_tag(field: str = "") -> Reading:
    """A UID, and behind it a byte that is called `field`."""

    def reading(params: bytes) -> Content:
        reader = ByteReader(params, "7E55 request about a tag")
        content: Content = {"uid": commands.take_uid(reader)}
        if field:
            value = reader.byte(field)
            content[field] = value if field == "block" else f"{value:02X}"
        reader.finish()
        return content

    return reading


def _reported(params: bytes) -> Content:
    """What a reader tells unasked: `00 UID 00 00`."""
    reader = ByteReader(params, "7E55 report")
    reader.byte("reserved byte")
    uid = commands.take_uid(reader)
    reader.take(2, "reserved bytes")
    reader.finish()
    return {"uid": uid}


def _passed(params: bytes) -> Content:
    request = air.parse_pass_through(params)
    return {
        "air": to_hex(request.air),
        "timeout_us": request.timeout_us,
        "most": request.most,
    }


def _version(params: bytes) -> Content:
    text, _ = commands.split_outcome(params)
    return {"text": commands.parse_version(text)}


def _found(params: bytes) -> Content:
    found = commands.parse_found_tags(params)
    return {"uids": list(found.uids), "remaining": found.remaining}


def _done(params: bytes) -> Content:
    return _outcome(commands.parse_outcome(params))


def _were_read(params: bytes) -> Content:
    memory, outcome = commands.split_outcome(params)
    return {"blocks": _blocks(memory, BLOCK_SIZE)} | _outcome(outcome)


def _answered(params: bytes) -> Content:
    air, outcome = commands.split_outcome(params)
    return {"air": to_hex(air)} | _outcome(outcome)


def _info(params: bytes) -> Content:
    info, outcome = air.parse_system_info(params)
    codes = {"dsfid": info.dsfid, "afi": info.afi, "ic_ref": info.ic_ref}
    told = {name: f"{code:02X}" for name, code in codes.items() if code is not None}
    counts = {"block_count": info.block_count, "block_size": info.block_size}
    return _outcome(outcome) | told | {k: v for k, v in counts.items() if v}


def _outcome(outcome: Outcome) -> Content:
    content: Content = {"flag": outcome.flag, "error": outcome.error}
    if outcome.error != TagError.NONE and outcome.error in list(TagError):
        content["meaning"] = TagError(outcome.error).title
    return content


def _blocks(memory: bytes, size: int) -> list[str]:
    starts = range(0, len(memory), max(size, 1))
    return [to_hex(memory[at : at + size]) for at in starts]


def _only_byte(params: bytes) -> int:
    if len(params) != 1:
        raise BadFrame(
            f"7E55: {len(params)} parameters where one stands: {params.hex()}"
        )
    return params[0]


Readings = Mapping[int, Reading]

_REQUESTS: Readings = {
    Command.VERSION: _nothing,
    Command.QUERY_TAGS: _query,
    Command.RF_CONTROL: _rf,
    Command.TAG_ENTERED: _reported,
    Command.EAS_ALARM: _reported,
    Command.READ_BLOCKS: _read,
    Command.WRITE_BLOCKS: _write,
    Command.WRITE_AFI: _to_tag("afi"),
    Command.LOCK_AFI: _to_tag(),
    Command.WRITE_DSFID: _to_tag("dsfid"),
    Command.LOCK_DSFID: _to_tag(),
    Command.SYSTEM_INFO: _to_tag(),
    Command.LOCK_BLOCK: _to_tag("block"),
    Command.PASS_THROUGH: _passed,
}
_REPLIES: Readings = {
    Command.VERSION: _version,
    Command.QUERY_TAGS: _found,
    Command.READ_BLOCKS: _were_read,
    Command.PASS_THROUGH: _answered,
    Command.SYSTEM_INFO: _info,
    **dict.fromkeys(
        (
            Command.WRITE_BLOCKS,
            Command.WRITE_AFI,
            Command.LOCK_AFI,
            Command.WRITE_DSFID,
            Command.LOCK_DSFID,
            Command.LOCK_BLOCK,
            Command.TAG_ENTERED,
            Command.EAS_ALARM,
            Command.RF_CONTROL,
            Command.ANTENNA,
        ),
        _done,
    ),
}

"""R2000 requests and replies about tags, in words."""

from __future__ import annotations

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.content import Content
from drivers.codecs.r2000.commands import ReadRequest, WriteRequest, parse_match
from drivers.codecs.r2000.describe_reader import result
from drivers.codecs.r2000.replies import (
    Result,
    RoundEnd,
    Sight,
    TagReply,
    parse_inventory,
    parse_read,
    parse_write,
)

#: What a lock command locks, and how.
_REGIONS = {1: "user", 2: "TID", 3: "EPC", 4: "access", 5: "kill"}
_LOCKS = {0: "open", 1: "lock", 2: "open for ever", 3: "lock for ever"}


def lock(data: bytes) -> Content:
    reader = ByteReader(data, "R2000 lock")
    password = reader.take(4, "password").hex().upper()
    bank, kind = reader.take(2, "bank and type")
    reader.finish()
    return {
        "pwd": password,
        "region": _REGIONS.get(bank, f"{bank:02X}"),
        "lock": _LOCKS.get(kind, f"{kind:02X}"),
    }


def kill(data: bytes) -> Content:
    reader = ByteReader(data, "R2000 kill")
    content: Content = {"pwd": reader.take(4, "password").hex().upper()}
    reader.finish()
    return content


def session(data: bytes) -> Content:
    """Between target and repeat, newer firmware has the SL flag and the phase."""
    reader = ByteReader(data, "R2000 session inventory")
    session, target = reader.take(2, "session and target")
    options = reader.take(max(reader.left - 1, 0), "options")
    if len(options) > 2:
        raise BadFrame(f"R2000 session inventory {data.hex().upper()} is too long")
    repeat = reader.byte("repeat")
    content: Content = {"session": session, "target": "AB"[target & 1]}
    return content | {"options": options.hex().upper(), "repeat": repeat}


def fast_switch(data: bytes) -> Content:
    """Pairs of antenna and rounds, then the pause between rounds and the repeats."""
    if len(data) < 4 or len(data) % 2:
        raise BadFrame(f"R2000 fast switch {data.hex().upper()} is not pairs")
    *pairs, interval, repeat = data
    turns = [
        {"antenna": antenna, "rounds": rounds}
        for antenna, rounds in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    return {"turns": turns, "interval_ms": interval, "repeat": repeat}


def match(data: bytes) -> Content:
    epc = parse_match(data)
    return {"match": "any tag"} if epc is None else {"match": epc.hex().upper()}


def match_reply(data: bytes) -> Content:
    return result(data[0]) if data[:1] >= b"\x10" else match(data)


def read_request(data: bytes) -> Content:
    asked = ReadRequest.parse(data)
    content: Content = {"bank": asked.bank, "word": asked.word, "count": asked.count}
    return content | ({"pwd": asked.password.hex().upper()} if asked.password else {})


def write_request(data: bytes) -> Content:
    asked = WriteRequest.parse(data)
    return {
        "pwd": asked.password.hex().upper(),
        "bank": asked.bank,
        "word": asked.word,
        "count": len(asked.words) // 2,
        "data": asked.words.hex().upper(),
    }


def inventory_reply(data: bytes) -> Content:
    match parse_inventory(data):
        case Result(code):
            return result(code)
        case RoundEnd() as end:
            content: Content = {"antenna": end.antenna, "total": end.total}
            rate = end.read_rate
            return content | ({} if rate is None else {"read_rate": rate})
        case Sight() as sight:
            return {
                "freq_ant": f"{sight.freq_ant:02X}",
                "channel": sight.channel,
                "antenna": sight.antenna,
                "pc": f"{sight.pc:04X}",
                "epc": sight.epc.hex().upper(),
                "rssi": sight.rssi,
                "rssi_dbm": sight.rssi_dbm,
            }


def fast_switch_reply(data: bytes) -> Content:
    """The end of all turns has a layout of its own."""
    if len(data) != 7:
        return inventory_reply(data)
    return {
        "total": int.from_bytes(data[:3]),
        "duration_ms": int.from_bytes(data[3:]),
    }


def buffered_reply(data: bytes) -> Content:
    if len(data) == 1:
        return result(data[0])
    reader = ByteReader(data, "R2000 buffered inventory reply")
    content: Content = {
        "antenna": reader.byte("antenna"),
        "tag_count": int.from_bytes(reader.take(2, "number of tags")),
        "read_rate": int.from_bytes(reader.take(2, "read rate")),
        "total": int.from_bytes(reader.take(4, "total")),
    }
    reader.finish()
    return content


def read_reply(data: bytes) -> Content:
    reply = parse_read(data)
    if isinstance(reply, Result):
        return result(reply.code)
    return _tag(reply) | {"data": reply.words.hex().upper()}


def write_reply(data: bytes) -> Content:
    reply = parse_write(data)
    if isinstance(reply, Result):
        return result(reply.code)
    return _tag(reply) | result(reply.result)


def buffer_reply(data: bytes) -> Content:
    """Where a read has the size of its words, a buffered tag has its RSSI."""
    if len(data) == 1:
        return result(data[0])
    reader = ByteReader(data, "R2000 buffer reply")
    count = int.from_bytes(reader.take(2, "number of tags"))
    tag = reader.take(reader.byte("size"), "tag")
    if len(tag) < 4:
        raise BadFrame(f"R2000 buffer reply {data.hex().upper()}: tag is cut")
    rssi, freq_ant, times = reader.take(3, "RSSI, antenna and count")
    reader.finish()
    return {
        "tag_count": count,
        "pc": tag[:2].hex().upper(),
        "epc": tag[2:-2].hex().upper(),
        "crc": tag[-2:].hex().upper(),
        "rssi": rssi,
        "freq_ant": f"{freq_ant:02X}",
        "times": times,
    }


def count(data: bytes) -> Content:
    if len(data) != 2:
        raise BadFrame(f"R2000: {data.hex().upper()} is no number of tags")
    return {"tag_count": int.from_bytes(data)}


def _tag(reply: TagReply) -> Content:
    return {
        "tag_count": reply.tag_count,
        "pc": f"{reply.pc:04X}",
        "epc": reply.epc.hex().upper(),
        "crc": reply.crc.hex().upper(),
        "antenna": reply.antenna,
        "times": reply.times,
    }

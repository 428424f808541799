"""What is inside R2000 requests and replies, in words, by command."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.r2000_commands import (
    CODE_TEXTS,
    Code,
    Command,
    ReadRequest,
    WriteRequest,
    code_text,
    parse_match,
)
from drivers.codecs.r2000_replies import (
    Result,
    RoundEnd,
    Sight,
    TagReply,
    parse_inventory,
    parse_read,
    parse_write,
)

Content = dict[str, object]
Reading = Callable[[bytes], Content]

_BAUDS = {0x03: 38400, 0x04: 115200}
_ANTENNAS_OF_POWER = {1, 4, 8}


def request_content(cmd: int, data: bytes) -> Content:
    """Raises BadFrame for data that no request of this command has."""
    return _REQUESTS[cmd](data) if cmd in _REQUESTS else {}


def reply_content(cmd: int, data: bytes) -> Content:
    """Raises BadFrame for data that no reply to this command has."""
    if cmd in _REPLIES:
        return _REPLIES[cmd](data)
    if cmd not in set(Command):
        return {}
    if len(data) != 1 or data[0] not in CODE_TEXTS:
        raise BadFrame(f"R2000 reply to {cmd:02X}: {data.hex().upper()} is no result")
    return _result(data[0])


def _numbers(*names: str) -> Reading:
    """One byte each, as a decimal number."""

    def read(data: bytes) -> Content:
        if len(data) != len(names):
            raise BadFrame(f"R2000: {data.hex().upper()} is not {', '.join(names)}")
        return dict(zip(names, data, strict=True))

    return read


def _baud(data: bytes) -> Content:
    (code,) = _numbers("code")(data).values()
    if code not in _BAUDS:
        raise BadFrame(f"R2000: {code:02X} is no baud rate")
    return {"baud": _BAUDS[data[0]]}


def _powers(data: bytes) -> Content:
    """One value for all antennas, or one for each."""
    if len(data) not in _ANTENNAS_OF_POWER:
        raise BadFrame(f"R2000: {data.hex().upper()} is not the power of 1, 4 or 8")
    return {"power_dbm": list(data)}


def _lock(data: bytes) -> Content:
    reader = ByteReader(data, "R2000 lock")
    password = reader.take(4, "password").hex().upper()
    bank, kind = reader.take(2, "bank and type")
    reader.finish()
    names = {1: "user", 2: "TID", 3: "EPC", 4: "access", 5: "kill"}
    kinds = {0: "open", 1: "lock", 2: "open for ever", 3: "lock for ever"}
    return {
        "pwd": password,
        "region": names.get(bank, f"{bank:02X}"),
        "lock": kinds.get(kind, f"{kind:02X}"),
    }


def _kill(data: bytes) -> Content:
    reader = ByteReader(data, "R2000 kill")
    content: Content = {"pwd": reader.take(4, "password").hex().upper()}
    reader.finish()
    return content


def _session(data: bytes) -> Content:
    """Between target and repeat, newer firmware has the SL flag and the phase."""
    reader = ByteReader(data, "R2000 session inventory")
    session, target = reader.take(2, "session and target")
    options = reader.take(max(reader.left - 1, 0), "options")
    if len(options) > 2:
        raise BadFrame(f"R2000 session inventory {data.hex().upper()} is too long")
    repeat = reader.byte("repeat")
    content: Content = {"session": session, "target": "AB"[target & 1]}
    return content | {"options": options.hex().upper(), "repeat": repeat}


def _fast_switch(data: bytes) -> Content:
    """Pairs of antenna and rounds, then the pause between rounds and the repeats."""
    if len(data) < 4 or len(data) % 2:
        raise BadFrame(f"R2000 fast switch {data.hex().upper()} is not pairs")
    *pairs, interval, repeat = data
    turns = [
        {"antenna": antenna, "rounds": rounds}
        for antenna, rounds in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    return {"turns": turns, "interval_ms": interval, "repeat": repeat}


def _match(data: bytes) -> Content:
    epc = parse_match(data)
    return {"match": "any tag"} if epc is None else {"match": epc.hex().upper()}


def _match_reply(data: bytes) -> Content:
    return _result(data[0]) if data[:1] >= b"\x10" else _match(data)


def _read_request(data: bytes) -> Content:
    asked = ReadRequest.parse(data)
    content: Content = {"bank": asked.bank, "word": asked.word, "count": asked.count}
    return content | ({"pwd": asked.password.hex().upper()} if asked.password else {})


def _write_request(data: bytes) -> Content:
    asked = WriteRequest.parse(data)
    return {
        "pwd": asked.password.hex().upper(),
        "bank": asked.bank,
        "word": asked.word,
        "count": len(asked.words) // 2,
        "data": asked.words.hex().upper(),
    }


def _anything(data: bytes) -> Content:  # noqa: ARG001  (a Reading)
    return {}


def _inventory_reply(data: bytes) -> Content:
    match parse_inventory(data):
        case Result(code):
            return _result(code)
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


def _fast_switch_reply(data: bytes) -> Content:
    """The end of all turns has a layout of its own."""
    if len(data) != 7:
        return _inventory_reply(data)
    return {
        "total": int.from_bytes(data[:3]),
        "duration_ms": int.from_bytes(data[3:]),
    }


def _buffered_reply(data: bytes) -> Content:
    if len(data) == 1:
        return _result(data[0])
    reader = ByteReader(data, "R2000 buffered inventory reply")
    content: Content = {
        "antenna": reader.byte("antenna"),
        "tag_count": int.from_bytes(reader.take(2, "number of tags")),
        "read_rate": int.from_bytes(reader.take(2, "read rate")),
        "total": int.from_bytes(reader.take(4, "total")),
    }
    reader.finish()
    return content


def _read_reply(data: bytes) -> Content:
    reply = parse_read(data)
    if isinstance(reply, Result):
        return _result(reply.code)
    return _tag(reply) | {"data": reply.words.hex().upper()}


def _write_reply(data: bytes) -> Content:
    reply = parse_write(data)
    if isinstance(reply, Result):
        return _result(reply.code)
    return _tag(reply) | _result(reply.result)


def _tag(reply: TagReply) -> Content:
    return {
        "tag_count": reply.tag_count,
        "pc": f"{reply.pc:04X}",
        "epc": reply.epc.hex().upper(),
        "crc": reply.crc.hex().upper(),
        "antenna": reply.antenna,
        "times": reply.times,
    }


def _buffer_reply(data: bytes) -> Content:
    """Where a read has the size of its words, a buffered tag has its RSSI."""
    if len(data) == 1:
        return _result(data[0])
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


def _or_result(reading: Reading) -> Reading:
    """An answer in full, or one byte that says why there is none."""

    def read(data: bytes) -> Content:
        return _result(data[0]) if len(data) == 1 else reading(data)

    return read


def _temperature(data: bytes) -> Content:
    sign, degrees = _numbers("sign", "degrees")(data).values()
    return {"celsius": degrees if sign else -int.from_bytes(data[1:])}


def _count(data: bytes) -> Content:
    if len(data) != 2:
        raise BadFrame(f"R2000: {data.hex().upper()} is no number of tags")
    return {"tag_count": int.from_bytes(data)}


def _region(data: bytes) -> Content:
    """A band with its first and last channel, or frequencies of one's own."""
    if len(data) == 3:
        return _numbers("region", "start", "stop")(data)
    reader = ByteReader(data, "R2000 region")
    region, spacing, quantity = reader.take(3, "region, spacing and quantity")
    start = int.from_bytes(reader.take(3, "start"))
    reader.finish()
    return {
        "region": region,
        "spacing_khz": spacing * 10,
        "quantity": quantity,
        "start_khz": start,
    }


def _result(code: int) -> Content:
    key = "result" if code == Code.DONE else "error"
    return {key: f"{code:02X}", "text": code_text(code)}


_NOTHING = _numbers()

_REQUESTS: Mapping[int, Reading] = {
    **dict.fromkeys(Command, _NOTHING),
    Command.WRITE_GPIO: _numbers("gpio", "level"),
    Command.SET_TEMPORARY_POWER: _powers,
    Command.SET_RF_PROFILE: _numbers("profile"),
    Command.SET_BAUD: _baud,
    Command.SET_ADDRESS: _numbers("address"),
    Command.SET_WORK_ANTENNA: _numbers("antenna"),
    Command.SET_POWER: _powers,
    Command.SET_REGION: _region,
    Command.SET_BEEPER: _numbers("beeper"),
    Command.GET_RETURN_LOSS: _numbers("channel"),
    Command.BUFFERED_INVENTORY: _numbers("repeat"),
    Command.READ: _read_request,
    Command.WRITE: _write_request,
    Command.BLOCK_WRITE: _write_request,
    Command.LOCK: _lock,
    Command.KILL: _kill,
    Command.SET_EPC_MATCH: _match,
    Command.INVENTORY: _numbers("repeat"),
    Command.FAST_SWITCH_INVENTORY: _fast_switch,
    Command.SESSION_INVENTORY: _session,
    Command.GEN2_SELECT: _anything,
}

_REPLIES: Mapping[int, Reading] = {
    Command.READ_GPIO: _or_result(_numbers("gpio1", "gpio2")),
    Command.GET_RF_PROFILE: _numbers("profile"),
    Command.GET_FIRMWARE: _or_result(_numbers("major", "minor")),
    Command.GET_WORK_ANTENNA: _numbers("antenna"),
    Command.GET_POWER: _powers,
    Command.GET_REGION: _or_result(_region),
    Command.GET_TEMPERATURE: _or_result(_temperature),
    Command.GET_RETURN_LOSS: _numbers("return_loss_db"),
    Command.BUFFERED_INVENTORY: _buffered_reply,
    Command.READ: _read_reply,
    Command.WRITE: _write_reply,
    Command.BLOCK_WRITE: _write_reply,
    Command.LOCK: _write_reply,
    Command.KILL: _write_reply,
    Command.GET_EPC_MATCH: _match_reply,
    Command.INVENTORY: _inventory_reply,
    Command.FAST_SWITCH_INVENTORY: _fast_switch_reply,
    Command.SESSION_INVENTORY: _inventory_reply,
    Command.GET_BUFFER: _buffer_reply,
    Command.GET_AND_CLEAR_BUFFER: _buffer_reply,
    Command.GET_BUFFER_COUNT: _or_result(_count),
}

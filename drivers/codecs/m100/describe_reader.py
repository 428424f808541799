"""What is inside M100 frames about the reader itself, in words."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.content import Content, to_hex

REGIONS: Mapping[int, str] = {
    0x01: "China 920-925",
    0x02: "US",
    0x03: "EU",
    0x04: "China 840-845",
    0x06: "Korea",
}
_SELECT_MODES = ("always", "never", "but for inventory")
_DIVIDE_RATIOS = ("8", "64/3")
_ENCODINGS = (1, 2, 4, 8)


def info_request(params: bytes) -> Content:
    return {"kind": number(params, 1, "kind of information")}


def info_reply(params: bytes) -> Content:
    reader = ByteReader(params, "M100 information")
    kind = reader.byte("kind")
    return {"kind": kind, "text": reader.rest().decode("ascii", "backslashreplace")}


def multi_poll_request(params: bytes) -> Content:
    reader = ByteReader(params, "M100 multi poll")
    reader.byte("reserved byte")
    content: Content = {"count": int.from_bytes(reader.take(2, "count"))}
    reader.finish()
    return content


def select_mode_request(params: bytes) -> Content:
    mode = number(params, 1, "select mode")
    known = mode < len(_SELECT_MODES)
    return {"mode": mode, "mode_text": _SELECT_MODES[mode] if known else "unknown"}


def region(params: bytes) -> Content:
    code = number(params, 1, "region")
    return {"region": f"{code:02X} {REGIONS.get(code, 'unknown')}"}


def channel(params: bytes) -> Content:
    return {"channel": number(params, 1, "channel")}


def switch(params: bytes) -> Content:
    return {"on": number(params, 1, "switch") == 0xFF}


def power(params: bytes) -> Content:
    return {"centi_dbm": number(params, 2, "power")}


def idle_minutes(params: bytes) -> Content:
    return {"minutes": number(params, 1, "minutes")}


def eas_alarm_reply(params: bytes) -> Content:
    return {"eas_code": f"{number(params, 8, 'EAS code'):016X}"}


def query(params: bytes) -> Content:
    """How an inventory opens: bits of DR 1, M 2, TRext 1, Sel 2, S 2, target 1, Q 4."""
    word = number(params, 2, "query")
    return {
        "dr": _DIVIDE_RATIOS[word >> 15],
        "m": _ENCODINGS[word >> 13 & 3],
        "trext": word >> 12 & 1,
        "sel": word >> 10 & 3,
        "session": word >> 8 & 3,
        "inventory_target": "AB"[word >> 7 & 1],
        "q": word >> 3 & 0xF,
    }


def result(params: bytes) -> Content:
    return {"result": number(params, 1, "result")}


def number(params: bytes, size: int, field: str) -> int:
    if len(params) != size:
        raise BadFrame(f"M100 {field}: {size} bytes, found {to_hex(params) or 'none'}")
    return int.from_bytes(params)

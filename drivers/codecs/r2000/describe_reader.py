"""R2000 requests and replies about the reader itself, in words."""

from __future__ import annotations

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.content import Content, Reading, numbers
from drivers.codecs.r2000.commands import Code, code_text

_BAUDS = {0x03: 38400, 0x04: 115200}
_ANTENNAS_OF_POWER = {1, 4, 8}


def result(code: int) -> Content:
    key = "result" if code == Code.DONE else "error"
    return {key: f"{code:02X}", "text": code_text(code)}


def or_result(reading: Reading) -> Reading:
    """An answer in full, or one byte that says why there is none."""

    def read(data: bytes) -> Content:
        return result(data[0]) if len(data) == 1 else reading(data)

    return read


def baud(data: bytes) -> Content:
    (code,) = numbers("R2000", "code")(data).values()
    if code not in _BAUDS:
        raise BadFrame(f"R2000: {code:02X} is no baud rate")
    return {"baud": _BAUDS[data[0]]}


def powers(data: bytes) -> Content:
    """One value for all antennas, or one for each."""
    if len(data) not in _ANTENNAS_OF_POWER:
        raise BadFrame(f"R2000: {data.hex().upper()} is not the power of 1, 4 or 8")
    return {"power_dbm": list(data)}


def region(data: bytes) -> Content:
    """A band with its first and last channel, or frequencies of one's own."""
    if len(data) == 3:
        return numbers("R2000", "region", "start", "stop")(data)
    reader = ByteReader(data, "R2000 region")
    band, spacing, quantity = reader.take(3, "region, spacing and quantity")
    start = int.from_bytes(reader.take(3, "start"))
    reader.finish()
    return {
        "region": band,
        "spacing_khz": spacing * 10,
        "quantity": quantity,
        "start_khz": start,
    }


def temperature(data: bytes) -> Content:
    sign, degrees = numbers("R2000", "sign", "degrees")(data).values()
    return {"celsius": degrees if sign else -int.from_bytes(data[1:])}

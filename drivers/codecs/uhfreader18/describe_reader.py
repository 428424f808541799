"""UHFReader18 requests and replies about the reader itself, in words."""

from __future__ import annotations

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.content import Content, numbers
from drivers.codecs.uhfreader18.replies import ReaderInfo

_BAUDS = {0: 9600, 1: 19200, 2: 38400, 5: 57600, 6: 115200}
_BEEPER = {0x80: "off", 0x81: "on"}
_WORK_MODE_SIZE = 6

_scan_settings = numbers(
    "UHFReader18",
    "read_mode",
    "mode_state",
    "mem_inven",
    "first_adr",
    "word_num",
    "tag_time",
)


def scan_time(body: bytes) -> Content:
    return {"x100ms": numbers("UHFReader18", "time")(body)["time"]}


def baud(body: bytes) -> Content:
    (code,) = numbers("UHFReader18", "code")(body).values()
    if code not in _BAUDS:
        raise BadFrame(f"UHFReader18: {code} is no baud rate")
    return {"baud": _BAUDS[body[0]]}


def region(body: bytes) -> Content:
    if len(body) != 2:
        raise BadFrame(f"UHFReader18: {body.hex().upper()} is no region")
    return {"dmaxfre": f"{body[0]:02X}", "dminfre": f"{body[1]:02X}"}


def work_mode(body: bytes) -> Content:
    """The settings of scan mode; or, on other types, one byte for the beeper."""
    if len(body) == 1:
        if body[0] not in _BEEPER:
            raise BadFrame(f"UHFReader18: {body.hex().upper()} is no work mode")
        return {"beeper": _BEEPER[body[0]]}
    return _scan_settings(body)


def info(content: bytes) -> Content:
    info = ReaderInfo.parse(content)
    return {
        "version": "{}.{}".format(*info.version),
        "type": f"{info.type:02X}",
        "tr_type": f"{info.protocols:02X}",
        "dmaxfre": f"{info.highest_frequency:02X}",
        "dminfre": f"{info.lowest_frequency:02X}",
        "power": info.power_dbm,
        "scan_time": info.scan_time,
        "more": info.more.hex().upper(),
    }


def work_mode_told(content: bytes) -> Content:
    reader = ByteReader(content, "UHFReader18 work mode")
    wiegand = reader.take(4, "Wiegand settings").hex().upper()
    settings = _scan_settings(reader.take(_WORK_MODE_SIZE, "scan settings"))
    accuracy, offset = reader.take(2, "accuracy and offset")
    reader.finish()
    return {"wg": wiegand, **settings, "accuracy": accuracy, "offset": offset}

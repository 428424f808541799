"""What is inside M100 frames about tags, in words."""

from __future__ import annotations

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.content import Content, to_hex
from drivers.codecs.m100.commands import parse_access, parse_select
from drivers.codecs.m100.describe_reader import result
from drivers.codecs.m100.errors import error_text
from drivers.codecs.m100.replies import parse_accessed, parse_failure, parse_sight


def error_report(params: bytes) -> Content:
    failure = parse_failure(params)
    content: Content = {
        "error": f"{failure.code:02X}",
        "error_text": error_text(failure.code),
    }
    if failure.pc is None or failure.epc is None:
        return content
    return content | _tag(failure.pc, failure.epc)


def tag_notice(params: bytes) -> Content:
    sight = parse_sight(params)
    signal: Content = {"rssi_raw": to_hex(params[:1]), "rssi_dbm": sight.rssi_dbm}
    return signal | _tag(sight.pc, sight.epc) | {"crc": to_hex(sight.crc)}


def read_request(params: bytes) -> Content:
    access = parse_access(params)
    content: Content = {
        "pwd": to_hex(access.password),
        "bank": access.bank,
        "addr": access.word,
        "words": access.words,
    }
    return content | {"data": to_hex(access.data)} if access.data else content


def write_request(params: bytes) -> Content:
    access = parse_access(params)
    if len(access.data) != access.words * 2:
        raise BadFrame(
            f"M100 write: {access.words} words announced, "
            f"data {to_hex(access.data) or 'missing'}"
        )
    return read_request(params)


def read_reply(params: bytes) -> Content:
    answer = parse_accessed(params)
    return _tag(answer.pc, answer.epc) | {"data": to_hex(answer.rest)}


def change_reply(params: bytes) -> Content:
    answer = parse_accessed(params)
    return _tag(answer.pc, answer.epc) | result(answer.rest)


def select(params: bytes) -> Content:
    select = parse_select(params)
    return {
        "target": select.target,
        "action": select.action,
        "bank": select.bank,
        "pointer_bits": select.pointer_bits,
        "mask_bits": select.mask_bits,
        "truncate": int(select.truncate),
        "mask": to_hex(select.mask),
    }


def lock_request(params: bytes) -> Content:
    """Twenty bits: which of the ten lock bits to set, and to what."""
    reader = ByteReader(params, "M100 lock")
    password = reader.take(4, "password")
    payload = int.from_bytes(reader.take(3, "mask and action"))
    reader.finish()
    mask, action = payload >> 10 & 0x3FF, payload & 0x3FF
    return {"pwd": to_hex(password), "mask": f"{mask:03X}", "action": f"{action:03X}"}


def kill_request(params: bytes) -> Content:
    reader = ByteReader(params, "M100 kill")
    content: Content = {"pwd": to_hex(reader.take(4, "password"))}
    reader.finish()
    return content


def change_eas_request(params: bytes) -> Content:
    reader = ByteReader(params, "M100 change of EAS")
    password = reader.take(4, "password")
    content: Content = {"pwd": to_hex(password), "armed": bool(reader.byte("switch"))}
    reader.finish()
    return content


def _tag(pc: int, epc: bytes) -> Content:
    return {"pc": f"{pc:04X}", "epc": to_hex(epc)}

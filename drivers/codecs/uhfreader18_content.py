"""What is inside UHFReader18 requests and replies, in words, by command."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.gen2 import TAG_ERROR_TEXTS
from drivers.codecs.uhfreader18_commands import (
    FOUND,
    Command,
    Dialect,
    ReadRequest,
    Status,
    WriteRequest,
    status_text,
)
from drivers.codecs.uhfreader18_replies import (
    Found,
    ReaderInfo,
    parse_found,
    parse_report,
)

Content = dict[str, object]
Reading = Callable[[bytes], Content]

_BAUDS = {0: 9600, 1: 19200, 2: 38400, 5: 57600, 6: 115200}
_VARIANTS = {Dialect.OLD: "18", Dialect.NEW: "288M"}
_BEEPER = {0x80: "off", 0x81: "on"}
_WORK_MODE_SIZE = 6


def request_content(cmd: int, body: bytes) -> Content:
    """Raises BadFrame for a body that no request of this command has."""
    return _REQUESTS[cmd](body) if cmd in _REQUESTS else {}


def reply_content(cmd: int, body: bytes) -> Content:
    """Raises BadFrame for a body that no reply to this command has.

    "status" is a number where it tells that, or how far, a command was done (0 to 4),
    and the code in hex of a failure.
    """
    if not body:
        raise BadFrame(f"UHFReader18 reply to {cmd:02X} without its status")
    status, content = body[0], body[1:]
    told: Content = {
        "status": status if status in {Status.OK, *FOUND} else f"{status:02X}",
        "status_text": status_text(status),
    }
    if status == Status.TAG_ERROR and content:
        return told | _tag_error(content)
    if cmd in _INVENTORIES and status in FOUND:
        found, dialect = parse_found(content)
        return told | _found(found) | {"variant": _VARIANTS[dialect]}
    if status == Status.OK and cmd in _REPLIES:
        return told | _REPLIES[cmd](content)
    if content and cmd in set(Command):
        raise BadFrame(
            f"UHFReader18 reply to {cmd:02X}: {content.hex().upper()} behind "
            f"status {status:02X}"
        )
    return told


def _numbers(*names: str) -> Reading:
    """One byte each, as a decimal number."""

    def read(body: bytes) -> Content:
        if len(body) != len(names):
            raise BadFrame(f"UHFReader18: {body.hex().upper()} is not {names}")
        return dict(zip(names, body, strict=True))

    return read


def _inventory(body: bytes) -> Content:
    """Nothing, or Q and session, a mask, and how long to look on which antenna."""
    if not body:
        return {}
    reader = ByteReader(body, "UHFReader18 inventory")
    q, session = reader.take(2, "Q and session")
    content: Content = {"q": q & 0x0F, "session": session}
    if reader.left > 3:
        content |= _mask(reader)
    if reader.left:
        target, antenna, scan_time = reader.take(3, "target, antenna and time")
        content |= {"target": "AB"[target & 1], "antenna": (antenna & 0x0F) + 1}
        content["scan_time"] = scan_time
    reader.finish()
    return content


def _mask(reader: ByteReader) -> Content:
    bank = reader.byte("bank of the mask")
    if bank not in {1, 2, 3}:
        raise BadFrame(f"UHFReader18: bank {bank} of a mask")
    at = int.from_bytes(reader.take(2, "place of the mask"))
    bits = reader.byte("bits of the mask")
    mask = reader.take((bits + 7) // 8, "mask")
    return {
        "mask_bank": bank,
        "mask_at": at,
        "mask_bits": bits,
        "mask": mask.hex().upper(),
    }


def _read(body: bytes) -> Content:
    asked = ReadRequest.parse(body)
    content: Content = {
        **_addressed(asked.epc, asked.password),
        "mem": asked.bank,
        "word_ptr": asked.word,
        "num": asked.count,
    }
    return content | ({"mask": asked.mask.hex().upper()} if asked.mask else {})


def _write(body: bytes) -> Content:
    asked = WriteRequest.parse(body)
    content: Content = {
        "WNum": len(asked.words) // 2,
        **_addressed(asked.epc, asked.password),
        "mem": asked.bank,
        "word_ptr": asked.word,
        "data": asked.words.hex().upper(),
    }
    return content | ({"mask": asked.mask.hex().upper()} if asked.mask else {})


def _addressed(epc: bytes, password: bytes) -> Content:
    return {
        "ENum": len(epc) // 2,
        "epc": epc.hex().upper(),
        "pwd": password.hex().upper(),
    }


def _write_epc(body: bytes) -> Content:
    reader = ByteReader(body, "UHFReader18 write EPC")
    words = reader.byte("EPC words")
    password = reader.take(4, "password")
    epc = reader.take(2 * words, "EPC")
    reader.finish()
    return _addressed(epc, password)


def _to_tag(*names: str, password_first: bool) -> Reading:
    """`ENum EPC`, and behind them a password and further bytes, in that order or not."""

    def read(body: bytes) -> Content:
        reader = ByteReader(body, "UHFReader18 tag command")
        epc = reader.take(2 * reader.byte("EPC words"), "EPC")
        password = reader.take(4, "password") if password_first else b""
        numbers = dict(zip(names, reader.take(len(names), "fields"), strict=True))
        content: Content = {
            **_addressed(epc, password or reader.take(4, "password")),
            **numbers,
        }
        return content | ({"mask": reader.rest().hex().upper()} if reader.left else {})

    return read


def _password(body: bytes) -> Content:
    reader = ByteReader(body, "UHFReader18 password")
    content: Content = {"pwd": reader.take(4, "password").hex().upper()}
    reader.finish()
    return content


def _scan_time(body: bytes) -> Content:
    return {"x100ms": _numbers("time")(body)["time"]}


def _baud(body: bytes) -> Content:
    (code,) = _numbers("code")(body).values()
    if code not in _BAUDS:
        raise BadFrame(f"UHFReader18: {code} is no baud rate")
    return {"baud": _BAUDS[body[0]]}


def _region(body: bytes) -> Content:
    if len(body) != 2:
        raise BadFrame(f"UHFReader18: {body.hex().upper()} is no region")
    return {"dmaxfre": f"{body[0]:02X}", "dminfre": f"{body[1]:02X}"}


def _work_mode(body: bytes) -> Content:
    """The settings of scan mode; or, on other types, one byte for the beeper."""
    if len(body) == 1:
        if body[0] not in _BEEPER:
            raise BadFrame(f"UHFReader18: {body.hex().upper()} is no work mode")
        return {"beeper": _BEEPER[body[0]]}
    return _scan_settings(body)


_scan_settings = _numbers(
    "read_mode", "mode_state", "mem_inven", "first_adr", "word_num", "tag_time"
)


def _anything(body: bytes) -> Content:  # noqa: ARG001  (a Reading)
    return {}


def _tag_error(content: bytes) -> Content:
    if len(content) != 1:
        raise BadFrame(f"UHFReader18: {content.hex().upper()} is no tag error")
    text = {int(code): text for code, text in TAG_ERROR_TEXTS.items()}
    return {
        "tag_error": f"{content[0]:02X}",
        "tag_error_text": text.get(content[0], "unknown error"),
    }


def _found(found: Found) -> Content:
    content: Content = {
        "num": len(found.tags),
        "epcs": [tag.epc.hex().upper() for tag in found.tags],
    }
    if found.antennas is None:
        return content
    return content | {
        "antenna": found.antenna,
        "antennas": f"{found.antennas:02X}",
        "rssi": [tag.rssi for tag in found.tags],
    }


def _report(content: bytes) -> Content:
    return _found(parse_report(content))


def _info(content: bytes) -> Content:
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


def _work_mode_told(content: bytes) -> Content:
    reader = ByteReader(content, "UHFReader18 work mode")
    wiegand = reader.take(4, "Wiegand settings").hex().upper()
    settings = _scan_settings(reader.take(_WORK_MODE_SIZE, "scan settings"))
    accuracy, offset = reader.take(2, "accuracy and offset")
    reader.finish()
    return {"wg": wiegand, **settings, "accuracy": accuracy, "offset": offset}


def _words(content: bytes) -> Content:
    if not content or len(content) % 2:
        raise BadFrame(f"UHFReader18: {content.hex().upper()} is not whole words")
    return {"data": content.hex().upper()}


_INVENTORIES = (Command.INVENTORY, Command.SINGLE_INVENTORY)
_NOTHING = _numbers()

_REQUESTS: Mapping[int, Reading] = {
    **dict.fromkeys(Command, _NOTHING),
    Command.INVENTORY: _inventory,
    Command.READ: _read,
    Command.WRITE: _write,
    Command.BLOCK_WRITE: _write,
    Command.WRITE_EPC: _write_epc,
    Command.KILL: _to_tag(password_first=True),
    Command.LOCK: _to_tag("select", "protect", password_first=False),
    Command.ERASE: _read,
    Command.SET_READ_PROTECT: _to_tag(password_first=True),
    Command.SET_READ_PROTECT_ANY: _password,
    Command.RESET_READ_PROTECT: _password,
    Command.SET_EAS: _to_tag("eas", password_first=True),
    Command.LOCK_USER_BLOCK: _to_tag("block", password_first=True),
    Command.SET_REGION: _region,
    Command.SET_ADDRESS: _numbers("address"),
    Command.SET_SCAN_TIME: _scan_time,
    Command.SET_BAUD: _baud,
    Command.SET_POWER: _numbers("power"),
    Command.LED_AND_BEEP: _numbers("on_x50ms", "off_x50ms", "times"),
    Command.SET_WORK_MODE: _work_mode,
    Command.SET_ANTENNAS: _numbers("antennas"),
    Command.SET_REALTIME: _anything,
    Command.SET_REALTIME_MODE: _numbers("mode"),
}

_REPLIES: Mapping[int, Reading] = {
    Command.READ: _words,
    Command.READER_INFO: _info,
    Command.GET_WORK_MODE: _work_mode_told,
    Command.CHECK_READ_PROTECT: _numbers("read_protect"),
    Command.REALTIME_REPORT: _report,
}

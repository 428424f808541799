"""UHFReader18 requests and replies about tags, in words."""

from __future__ import annotations

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.content import Content, Reading
from drivers.codecs.gen2 import TAG_ERROR_TEXTS
from drivers.codecs.uhfreader18.commands import ReadRequest, WriteRequest
from drivers.codecs.uhfreader18.replies import Found, parse_report


def inventory(body: bytes) -> Content:
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


def read(body: bytes) -> Content:
    asked = ReadRequest.parse(body)
    content: Content = {
        **_addressed(asked.epc, asked.password),
        "mem": asked.bank,
        "word_ptr": asked.word,
        "num": asked.count,
    }
    return content | ({"mask": asked.mask.hex().upper()} if asked.mask else {})


def write(body: bytes) -> Content:
    asked = WriteRequest.parse(body)
    content: Content = {
        "WNum": len(asked.words) // 2,
        **_addressed(asked.epc, asked.password),
        "mem": asked.bank,
        "word_ptr": asked.word,
        "data": asked.words.hex().upper(),
    }
    return content | ({"mask": asked.mask.hex().upper()} if asked.mask else {})


def write_epc(body: bytes) -> Content:
    reader = ByteReader(body, "UHFReader18 write EPC")
    words = reader.byte("EPC words")
    password = reader.take(4, "password")
    epc = reader.take(2 * words, "EPC")
    reader.finish()
    return _addressed(epc, password)


def to_tag(*names: str, password_first: bool) -> Reading:
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


def password(body: bytes) -> Content:
    reader = ByteReader(body, "UHFReader18 password")
    content: Content = {"pwd": reader.take(4, "password").hex().upper()}
    reader.finish()
    return content


def tag_error(content: bytes) -> Content:
    if len(content) != 1:
        raise BadFrame(f"UHFReader18: {content.hex().upper()} is no tag error")
    text = {int(code): text for code, text in TAG_ERROR_TEXTS.items()}
    return {
        "tag_error": f"{content[0]:02X}",
        "tag_error_text": text.get(content[0], "unknown error"),
    }


def found_tags(found: Found) -> Content:
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


def report(content: bytes) -> Content:
    return found_tags(parse_report(content))


def words(content: bytes) -> Content:
    if not content or len(content) % 2:
        raise BadFrame(f"UHFReader18: {content.hex().upper()} is not whole words")
    return {"data": content.hex().upper()}


def _addressed(epc: bytes, password: bytes) -> Content:
    return {
        "ENum": len(epc) // 2,
        "epc": epc.hex().upper(),
        "pwd": password.hex().upper(),
    }


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

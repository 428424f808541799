"""What a tag of unknown making says: the one question the kiosk has."""

from __future__ import annotations

import re

from drivers.api import Tag
from drivers.tagdata import elements, iso28560_2, iso28560_3, library, plain, rfid501
from drivers.tagdata.compaction import Scheme
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.iso28560_3_extensions import parse_extensions
from drivers.tagdata.tag_content import Model, TagContent
from drivers.tagdata.uhf_detect import detect_uhf

__all__ = ["Model", "TagContent", "detect", "is_blank", "read_tag"]

_FACTORY_FILL = 0x55
#: An identifier is never as long as this; in a plain barcode the byte is a character.
_FIRST_PRINTABLE = 0x20
#: What a barcode in plain text looks like when nobody says that it is one.
_BARCODE = re.compile("[0-9A-Za-z][0-9A-Za-z. $/+%:_-]{3,31}")


def read_tag(tag: Tag) -> TagContent:
    """Read what a pad saw of a tag, HF or UHF. Never raises.

    A tag that says nothing readable is UNKNOWN; it may be known by its UID elsewhere.
    """
    if tag.epc_bank:
        return detect_uhf(tag.epc_bank, tag.memory)
    return detect(tag.memory, dsfid=tag.dsfid, block_size=max(tag.block_size, 1))


def detect(
    memory: bytes, *, dsfid: int | None = None, block_size: int = 4
) -> TagContent:
    """Read an HF tag's memory. Never raises, whatever the bytes; `block_size` is ≥ 1.

    Order: blank; ISO 28560-2 where the DSFID says so; ISO 28560-3, whose CRC hardly
    ever fits by chance; ISO 28560-2 by its looks; RFID 501; a barcode in plain text.
    The CRC comes before the looks, as a set's part after ISO 28560-3 may look like a
    short ISO 28560-2 identifier.
    """
    if not memory:
        return TagContent(Model.UNKNOWN, problem="the memory was not read")
    if is_blank(memory):
        return TagContent(Model.BLANK)
    reading = iso28560_2.salvage(memory)
    if dsfid == iso28560_2.DSFID and _item(reading):
        return _library_content(reading)
    upright = iso28560_3.straighten(memory, block_size)
    danish = None
    if iso28560_3.has_valid_checksum(upright):
        danish = _danish_content(upright)
    if danish and danish.item:
        return danish
    if _looks_right(memory, reading) and not iso28560_3.looks_damaged(memory):
        return _library_content(reading)
    if danish:
        return danish
    return _old_content(memory) or TagContent(
        Model.UNKNOWN, problem=_why_unknown(memory, dsfid, reading)
    )


def is_blank(memory: bytes) -> bool:
    """Whether nobody has written the tag yet: all 00, or 55 as some makers deliver."""
    return set(memory.rstrip(b"\0")) <= {_FACTORY_FILL}


def _looks_right(memory: bytes, reading: iso28560_2.Reading) -> bool:
    """Whether this is ISO 28560-2 though no DSFID says so.

    The identifier comes first. The content parameter behind it is proof enough; else
    all must be well, short, and followed by 00 alone: plain text and damaged tags of
    other models may look like elements, too.
    """
    found = reading.elements
    if not found or found[0].oid != elements.PII or not _item(reading):
        return False
    if len(found[0].data) >= _FIRST_PRINTABLE:
        return False
    if len(found) > 1 and found[1].oid == elements.CONTENT_PARAMETER:
        return found[1].compaction is Scheme.APPLICATION
    return (
        reading.problem is None
        and all(len(element.data) < _FIRST_PRINTABLE for element in found)
        and not any(memory[reading.placed[-1].end :])
    )


def _item(reading: iso28560_2.Reading) -> str:
    """Return the identifier if it is text that a barcode could be, else nothing."""
    element = reading.first(elements.PII)
    if element is None or element.compaction is Scheme.APPLICATION:
        return ""
    return library.clean(element.text)


def _library_content(reading: iso28560_2.Reading) -> TagContent:
    parts, part = library.members(reading)
    return TagContent(
        Model.ISO28560_2,
        item=_item(reading),
        owner=library.owner(reading),
        usage=library.usage(reading),
        part=part,
        parts=parts,
        problem=str(reading.problem) if reading.problem else None,
    )


def _danish_content(memory: bytes) -> TagContent:
    try:
        block = iso28560_3.read_unchecked(memory)
    except BadTagData as err:
        return TagContent(Model.UNKNOWN, problem=str(err))
    parts, part = _members(block)
    item = block.item.strip()
    readable = bool(item) and item.isprintable()
    return TagContent(
        Model.ISO28560_3,
        item=item if readable else "",
        owner=block.isil,
        usage=block.usage << 4,
        part=part,
        parts=parts,
        problem=_danish_problem(memory) if readable else "no item identifier",
    )


def _members(block: iso28560_3.BasicBlock) -> tuple[int, int]:
    """Return (parts, part); some software writes them the other way round, or 0."""
    parts, part = max(block.parts, block.part), min(block.parts, block.part)
    return (parts, part) if part else (1, 1)


def _danish_problem(memory: bytes) -> str | None:
    try:
        parse_extensions(memory, iso28560_3.LONG_BLOCK)
    except BadTagData as err:
        return str(err)
    return None


def _old_content(memory: bytes) -> TagContent | None:
    """Read the models that came before the standards; nothing marks them but looks."""
    try:
        record = rfid501.parse(memory)
    except BadTagData:
        return _plain_content(memory)
    is_set = 1 <= record.part <= record.parts
    part, parts = (record.part, record.parts) if is_set else (1, 1)
    return TagContent(Model.RFID501, item=record.item.strip(), part=part, parts=parts)


def _plain_content(memory: bytes) -> TagContent | None:
    try:
        text = plain.decode(memory)
    except BadTagData:
        return None
    if any(memory.partition(b"\0")[2]) or not _BARCODE.fullmatch(text):
        return None
    return TagContent(Model.PLAIN, item=text)


def _why_unknown(memory: bytes, dsfid: int | None, reading: iso28560_2.Reading) -> str:
    if dsfid == iso28560_2.DSFID or memory[0] & 0x0F == elements.PII:
        if iso28560_3.looks_damaged(memory):
            return "looks like ISO 28560-3, but its CRC is wrong"
        return str(reading.problem or "no item identifier")
    return "no known data model"

"""What `tongjie tag decode` says about a tag, for each data model."""

from __future__ import annotations

from drivers.tagdata import detect, elements, iso28560_2, iso28560_3, plain, rfid501
from drivers.tagdata.elements import Element
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.iso28560_3_extensions import Extension
from drivers.tagdata.tag_content import Model
from kiosk.cli.lines import PartlyDecoded

Report = dict[str, object]


def auto_report(memory: bytes, dsfid: int | None, block_size: int) -> Report:
    """Find out the model and report. Raises BadTagData or PartlyDecoded."""
    content = detect.detect(memory, dsfid=dsfid, block_size=block_size)
    match content.model:
        case Model.BLANK:
            return {"model": content.model, "item": None, "owner": None}
        case Model.ISO28560_2:
            return library_report(memory)
        case Model.ISO28560_3:
            return danish_report(memory, block_size)
        case Model.RFID501:
            return rfid501_report(memory)
        case Model.PLAIN:
            return plain_report(memory)
        case _:
            if iso28560_3.looks_damaged(memory):
                return danish_report(memory, block_size)
            raise BadTagData(content.problem or "no known data model")


def library_report(memory: bytes) -> Report:
    """Report ISO 28560-2. Raises PartlyDecoded with all that could be read."""
    reading = iso28560_2.salvage(memory)
    report: Report = {"model": Model.ISO28560_2, **library_fields(reading)}
    if reading.problem:
        raise PartlyDecoded(str(reading.problem), report)
    return report


def library_fields(reading: iso28560_2.Reading) -> Report:
    """List a row of elements, what matters most in front."""
    return {
        "item": _text(reading, elements.PII),
        "owner": _text(reading, elements.OWNER, elements.ALTERNATIVE_OWNER),
        "usage": _text(reading, elements.TYPE_OF_USAGE),
        **_members(reading),
        "elements": [_element(element) for element in reading.elements],
    }


def danish_report(memory: bytes, block_size: int) -> Report:
    """Report ISO 28560-3. Raises BadTagData, or PartlyDecoded for a wrong CRC or end."""
    try:
        record = iso28560_3.parse(memory, block_size)
    except BadTagData as err:
        upright = iso28560_3.straighten(memory, block_size)
        found = _block(iso28560_3.read_unchecked(upright))
        raise PartlyDecoded(str(err), found) from err
    return {
        **_block(record.basic),
        "reversed": record.reversed_blocks,
        "extensions": [_extension(extension) for extension in record.extensions],
    }


def rfid501_report(memory: bytes) -> Report:
    """Report 3M's RFID 501. Raises BadTagData."""
    record = rfid501.parse(memory)
    return {
        "model": Model.RFID501,
        "item": record.item,
        "owner": None,
        "content": record.item,
        "parts": record.parts,
        "part": record.part,
        "set": record.part,
        "total": record.parts,
        "type": record.media,
        "media": rfid501.MEDIA.get(record.media),
        "branch": record.branch,
        "library": record.library,
        "custom": record.custom,
    }


def plain_report(memory: bytes) -> Report:
    """Report a barcode in plain text. Raises BadTagData."""
    return {"model": Model.PLAIN, "item": plain.decode(memory), "owner": None}


def _text(reading: iso28560_2.Reading, *oids: int) -> object:
    """Return the text of the first of these elements that the tag has."""
    found = (reading.first(oid) for oid in oids)
    return next((element.text for element in found if element), None)


def _members(reading: iso28560_2.Reading) -> Report:
    element = reading.first(elements.SET_INFORMATION)
    members = elements.set_members(element) if element else None
    parts, part = members or (None, None)
    return {"parts": parts, "part": part}


def _element(element: Element) -> Report:
    return {
        "oid": element.oid,
        "name": element.name,
        "compaction": int(element.compaction),
        "pad": element.pad,
        "data": element.data.hex().upper(),
        "text": element.text,
    }


def _block(block: iso28560_3.BasicBlock) -> Report:
    return {
        "model": Model.ISO28560_3,
        "version": block.version,
        "usage": block.usage,
        "parts": block.parts,
        "part": block.part,
        "item": block.item,
        "owner": block.owner,
        "isil": block.isil,
    }


def _extension(extension: Extension) -> Report:
    return {
        "len": extension.length,
        "id": extension.id,
        "xor": f"{extension.xor:02X}",
        **extension.fields,
    }

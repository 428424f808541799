"""What M100 readers answer about tags (communication protocol V2.1)."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.gen2 import epc_size

#: The command code of an error report; it does not say which command failed.
ERROR = 0xFF
#: What a command without anything to tell answers.
DONE = b"\0"
#: Set by a tag that puts one more word (XPC) between PC word and EPC.
_EXTENDED_PC = 0x0200


@dataclass(frozen=True, slots=True)
class Sight:
    """A tag as an inventory reports it; `crc` is what the tag sent, unchecked."""

    pc: int
    epc: bytes
    rssi_dbm: int
    crc: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """An error report; `epc` of the tag that it is about, if one was found."""

    code: int
    pc: int | None = None
    epc: bytes | None = None


@dataclass(frozen=True, slots=True)
class Accessed:
    """The answer of one tag to an access, and what stands behind its PC and EPC."""

    pc: int
    epc: bytes
    rest: bytes


def parse_sight(params: bytes) -> Sight:
    """Raises BadFrame when the length of the EPC contradicts the PC word."""
    reader = ByteReader(params, "M100 tag")
    rssi = int.from_bytes(reader.take(1, "RSSI"), signed=True)
    pc = int.from_bytes(reader.take(2, "PC word"))
    epc = _epc(pc, reader.take(max(reader.left - 2, 0), "EPC"))
    return Sight(pc, epc, rssi, reader.take(2, "CRC"))


def parse_accessed(params: bytes) -> Accessed:
    """Raises BadFrame."""
    reader = ByteReader(params, "M100 answer of a tag")
    pc, epc = _tag(reader)
    return Accessed(pc, epc, reader.rest())


def parse_failure(params: bytes) -> Failure:
    """Raises BadFrame."""
    reader = ByteReader(params, "M100 error")
    code = reader.byte("code")
    if not reader.left:
        return Failure(code)
    pc, epc = _tag(reader)
    reader.finish()
    return Failure(code, pc, epc)


def _tag(reader: ByteReader) -> tuple[int, bytes]:
    """PC and EPC behind their common length."""
    size = reader.byte("length of PC and EPC")
    tag = ByteReader(reader.take(size, "PC and EPC"), "M100 PC and EPC")
    pc = int.from_bytes(tag.take(2, "PC word"))
    return pc, _epc(pc, tag.rest())


def _epc(pc: int, found: bytes) -> bytes:
    """The EPC without the XPC word that may stand before it."""
    size = epc_size(pc)
    if pc & _EXTENDED_PC and len(found) == size + 2:
        return found[2:]
    if len(found) != size:
        raise BadFrame(
            f"M100: PC {pc:04X} announces {size} bytes of EPC, found "
            f"{found.hex().upper() or 'none'}"
        )
    return found

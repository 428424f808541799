"""What R2000 readers answer about tags: inventory, read, write.

Every data may also be one byte, the code of a failure (or of success, 10).
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.gen2 import epc_size
from drivers.codecs.r2000.commands import Code

#: RSSI of most firmware: dBm = raw - 129. Not confirmed on hardware.
_RSSI_OFFSET_DBM = 129
#: The highest bit of RSSI and of a read count means antennas 5 to 8.
_LOW_BITS = 0x7F
_PC_SIZE = 2
_CRC_SIZE = 2
#: FreqAnt, PC and RSSI around an EPC.
_SIGHT_OVERHEAD = 1 + _PC_SIZE + 1
_END_SIZE = 7
_OLD_END_SIZE = 5


@dataclass(frozen=True, slots=True)
class Sight:
    """One sight of a tag; a round has many of the same tag. `rssi` is raw."""

    freq_ant: int
    pc: int
    epc: bytes
    rssi: int

    @property
    def channel(self) -> int:
        return self.freq_ant >> 2

    @property
    def antenna(self) -> int:
        """Counted from 0."""
        return self.freq_ant & 0b11

    @property
    def rssi_dbm(self) -> int:
        return (self.rssi & _LOW_BITS) - _RSSI_OFFSET_DBM

    def encode(self) -> bytes:
        head = bytes((self.freq_ant,)) + self.pc.to_bytes(2)
        return head + self.epc + bytes((self.rssi,))


@dataclass(frozen=True, slots=True)
class RoundEnd:
    """No more sights in this round. `read_rate` is None in the older layout."""

    antenna: int
    total: int
    read_rate: int | None = None

    def encode(self) -> bytes:
        rate = b"" if self.read_rate is None else self.read_rate.to_bytes(2)
        return bytes((self.antenna,)) + rate + self.total.to_bytes(4)


@dataclass(frozen=True, slots=True)
class Result:
    """The whole data of a reply that says only how it went."""

    code: int

    @property
    def done(self) -> bool:
        return self.code == Code.DONE


@dataclass(frozen=True, slots=True)
class TagReply:
    """What a read or write did with one of `tag_count` tags, a frame each.

    `words` is empty for a write. `antenna` (from 0) and `times` are None where the
    firmware leaves them out.
    """

    tag_count: int
    pc: int
    epc: bytes
    crc: bytes
    words: bytes = b""
    result: int = Code.DONE
    antenna: int | None = 0
    times: int | None = 1

    def encode_read(self) -> bytes:
        return self._encode(len(self.words))

    def encode_write(self) -> bytes:
        return self._encode(self.result)

    def _encode(self, third_last: int) -> bytes:
        tag = self.pc.to_bytes(2) + self.epc + self.crc + self.words
        tail = (third_last, self.antenna or 0, self.times or 0)
        return self.tag_count.to_bytes(2) + bytes((len(tag),)) + tag + bytes(tail)


def parse_inventory(data: bytes) -> Sight | RoundEnd | Result:
    """Read a reply to an inventory. Its length alone tells which of the three it is.

    Sights have an even number of bytes, as an EPC is whole words.
    """
    match len(data):
        case 1:
            return Result(data[0])
        case size if size == _OLD_END_SIZE:
            return RoundEnd(data[0], int.from_bytes(data[1:]))
        case size if size == _END_SIZE:
            rate, total = int.from_bytes(data[1:3]), int.from_bytes(data[3:])
            return RoundEnd(data[0], total, rate)
        case _:
            return _sight(data)


def parse_read(data: bytes) -> TagReply | Result:
    """Read a reply to a read."""
    if len(data) == 1:
        return Result(data[0])
    reader = ByteReader(data, "R2000 read reply")
    count, pc, epc, rest = _tag_head(reader)
    if len(rest) < _CRC_SIZE:
        raise BadFrame(f"R2000 read reply {data.hex().upper()}: the CRC is missing")
    crc, words = rest[:_CRC_SIZE], rest[_CRC_SIZE:]
    size = reader.byte("size of the words")
    if size != len(words):
        raise BadFrame(
            f"R2000 read reply {data.hex().upper()}: {len(words)} bytes read, "
            f"said to be {size}"
        )
    antenna, times = _antenna_and_times(reader)
    return TagReply(count, pc, epc, crc, words, antenna=antenna, times=times)


def parse_write(data: bytes) -> TagReply | Result:
    """Read a reply to a write."""
    if len(data) == 1:
        return Result(data[0])
    reader = ByteReader(data, "R2000 write reply")
    count, pc, epc, crc = _tag_head(reader)
    if len(crc) != _CRC_SIZE:
        raise BadFrame(f"R2000 write reply {data.hex().upper()}: CRC of wrong size")
    result = reader.byte("result")
    antenna, times = _antenna_and_times(reader)
    return TagReply(count, pc, epc, crc, b"", result, antenna, times)


def _sight(data: bytes) -> Sight:
    if len(data) < _SIGHT_OVERHEAD or len(data) % 2:
        raise BadFrame(
            f"R2000 inventory reply {data.hex().upper()}: {len(data)} bytes are "
            "neither a tag nor the end of a round nor a code"
        )
    sight = Sight(data[0], int.from_bytes(data[1:3]), data[3:-1], data[-1])
    if epc_size(sight.pc) != len(sight.epc):
        raise BadFrame(
            f"R2000 inventory reply {data.hex().upper()}: PC {sight.pc:04X} tells of "
            f"{epc_size(sight.pc)} bytes of EPC, there are {len(sight.epc)}"
        )
    return sight


def _tag_head(reader: ByteReader) -> tuple[int, int, bytes, bytes]:
    """Number of tags, PC, EPC, and the rest of the tag's part."""
    count = int.from_bytes(reader.take(2, "number of tags"))
    part = ByteReader(reader.take(reader.byte("size"), "tag"), "R2000 tag")
    pc = int.from_bytes(part.take(_PC_SIZE, "PC"))
    return count, pc, part.take(epc_size(pc), "EPC"), part.rest()


def _antenna_and_times(reader: ByteReader) -> tuple[int | None, int | None]:
    if not reader.left:
        return None, None
    antenna, times = reader.take(2, "antenna and count")
    reader.finish()
    return antenna & 0b11, times & _LOW_BITS

"""What readers of the UHFReader18 family answer about themselves and about tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.uhfreader18.commands import Dialect

_INFO_SIZE = 8
_SCAN_TIME_UNIT_S = 0.1


@dataclass(frozen=True, slots=True)
class ReaderInfo:
    """Which reader answers and how it is set; `more` is what newer ones add.

    `protocols`: bit 0 ISO 18000-6B, bit 1 Gen2. Two bits of the highest and two of
    the lowest frequency are the band.
    """

    version: tuple[int, int]
    type: int
    protocols: int
    highest_frequency: int
    lowest_frequency: int
    power_dbm: int
    scan_time: int
    more: bytes = b""

    @property
    def scan_time_s(self) -> float:
        """How long an inventory may take."""
        return self.scan_time * _SCAN_TIME_UNIT_S

    def encode(self) -> bytes:
        fields = (
            *self.version,
            self.type,
            self.protocols,
            self.highest_frequency,
            self.lowest_frequency,
            self.power_dbm,
            self.scan_time,
        )
        return bytes(fields) + self.more

    @classmethod
    def parse(cls, content: bytes) -> ReaderInfo:
        reader = ByteReader(content, "UHFReader18 information")
        major, minor, kind, protocols, highest, lowest, power_dbm, scan_time = (
            reader.take(_INFO_SIZE, "fields")
        )
        return cls(
            (major, minor),
            kind,
            protocols,
            highest,
            lowest,
            power_dbm,
            scan_time,
            reader.rest(),
        )


@dataclass(frozen=True, slots=True)
class FoundTag:
    """A tag that answered an inventory; `rssi` is raw, None where it is not told."""

    epc: bytes
    rssi: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The content of one inventory reply. `antennas`: bit 0 is antenna 1."""

    tags: tuple[FoundTag, ...]
    antennas: int | None = None

    @property
    def antenna(self) -> int | None:
        """Counted from 1; the lowest of them."""
        if not self.antennas:
            return None
        return (self.antennas & -self.antennas).bit_length()

    def encode(self) -> bytes:
        head = () if self.antennas is None else (self.antennas,)
        listed = b"".join(_encode_tag(tag) for tag in self.tags)
        return bytes((*head, len(self.tags))) + listed

    @classmethod
    def parse(cls, content: bytes, dialect: Dialect) -> Found:
        reader = ByteReader(content, f"UHFReader18 inventory ({dialect})")
        is_new = dialect is Dialect.NEW
        antennas = reader.byte("antennas") if is_new else None
        count = reader.byte("number of tags")
        tags = tuple(_take_tag(reader, with_rssi=is_new) for _ in range(count))
        reader.finish()
        return cls(tags, antennas)


def parse_found(content: bytes) -> tuple[Found, Dialect]:
    """Work out the dialect, too. Raises BadFrame when the content fits none.

    Where both fit, the one in which every tag has an EPC.
    """
    fitting: list[tuple[Found, Dialect]] = []
    for dialect in Dialect:
        try:
            fitting.append((Found.parse(content, dialect), dialect))
        except BadFrame:
            continue
    if not fitting:
        raise BadFrame(f"UHFReader18: {content.hex().upper()} is no list of tags")
    return min(fitting, key=lambda fit: _without_epc(fit[0].tags))


def parse_report(content: bytes) -> Found:
    """Read a report of scan mode: one tag, without a number of tags."""
    reader = ByteReader(content, "UHFReader18 report")
    antennas = reader.byte("antennas")
    tag = _take_tag(reader, with_rssi=True)
    reader.finish()
    return Found((tag,), antennas)


def encode_report(found: Found) -> bytes:
    """The content of a report; the other way round of `parse_report`."""
    (tag,) = found.tags
    return bytes((found.antennas or 1,)) + _encode_tag(tag)


def _take_tag(reader: ByteReader, *, with_rssi: bool) -> FoundTag:
    size = reader.byte("size of the EPC")
    if size % 2:
        raise BadFrame(f"UHFReader18: an EPC of {size} bytes is not whole words")
    epc = reader.take(size, "EPC")
    return FoundTag(epc, reader.byte("RSSI") if with_rssi else None)


def _encode_tag(tag: FoundTag) -> bytes:
    rssi = b"" if tag.rssi is None else bytes((tag.rssi,))
    return bytes((len(tag.epc),)) + tag.epc + rssi


def _without_epc(tags: Sequence[FoundTag]) -> int:
    return sum(not tag.epc for tag in tags)

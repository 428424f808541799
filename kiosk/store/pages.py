"""Reads the pages of a SQLite database and its WAL without SQLite.

For a file that SQLite refuses or reads in part: a damaged header or B-tree node
hides rows that are still there whole. Layouts: sqlite.org/fileformat2.html,
sections 1.5, 1.6, 2.1 and 4. Nothing here trusts a byte; what comes out must be
checked by its hash.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_DB_HEADER_BYTES = 100
_WAL_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">6I")
#: The last bit of a WAL's magic number says how its check sums read words.
_WAL_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
_TABLE_LEAF = 0x0D
_MASK = 0xFFFFFFFF

Pages = Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class Frame:
    """One page in a WAL. `valid`: SQLite would replay it; `commit` ends a transaction."""

    page: int
    image: bytes
    commit: bool
    valid: bool


def read_pages(path: Path, page_bytes: int) -> dict[int, bytes]:
    """The pages of a database file by number; a last one cut short is zero-filled."""
    if not path.exists():
        return {}
    content = path.read_bytes()
    return {
        start // page_bytes + 1: content[start : start + page_bytes].ljust(
            page_bytes, b"\0"
        )
        for start in range(0, len(content), page_bytes)
    }


def read_frames(path: Path, page_bytes: int) -> list[Frame]:
    """The frames of a WAL since its last reset, broken ones included; [] without one."""
    content = path.read_bytes() if path.exists() else b""
    if len(content) < _WAL_HEADER.size:
        return []
    magic, _, _, _, *salts, sum_1, sum_2 = _WAL_HEADER.unpack_from(content)
    order = _WAL_MAGIC.get(magic, "<")
    sums = _checksum(order, content[: _WAL_HEADER.size - 8], (0, 0))
    good = magic in _WAL_MAGIC and sums == (sum_1, sum_2)
    frames = []
    step = _FRAME_HEADER.size + page_bytes
    for start in range(_WAL_HEADER.size, len(content) - step + 1, step):
        page, size, salt_1, salt_2, *wanted = _FRAME_HEADER.unpack_from(content, start)
        if [salt_1, salt_2] != salts:
            good = False  # left over from before the reset, or overwritten
            continue
        image = content[start + _FRAME_HEADER.size : start + step]
        if good:
            sums = _checksum(order, content[start : start + 8] + image, sums)
            good = sums == tuple(wanted)
        frames.append(Frame(page, image, size > 0, good))
    return frames


def is_broken(frames: Sequence[Frame]) -> bool:
    """Tell whether SQLite would silently drop transactions that were synced.

    A power cut may tear the last transaction only: each one is synced before the
    next begins. So a second transaction behind the break proves damage.
    """
    behind = [frame for frame in frames if not frame.valid]
    commits = [index for index, frame in enumerate(behind) if frame.commit]
    return bool(commits) and commits[0] < len(behind) - 1


def rows(pages: Pages) -> Iterator[tuple[int, list[bytes]]]:
    """Every row of every table leaf: its row id and the raw bytes of its columns."""
    for number, page in pages.items():
        start = _DB_HEADER_BYTES if number == 1 else 0
        if page[start] != _TABLE_LEAF:
            continue
        count = int.from_bytes(page[start + 3 : start + 5])
        for slot in range(start + 8, min(start + 8 + 2 * count, len(page) - 1), 2):
            offset = int.from_bytes(page[slot : slot + 2])
            try:
                row_id, payload = _cell(pages, page, offset)
                yield row_id, _columns(payload)
            except IndexError:
                continue  # the cell points out of its page: not a row any more


def _cell(pages: Pages, page: bytes, offset: int) -> tuple[int, bytes]:
    size, offset = _varint(page, offset)
    row_id, offset = _varint(page, offset)
    local = _local_bytes(size, len(page))
    payload = page[offset : offset + local]
    if local < size:
        following = int.from_bytes(page[offset + local : offset + local + 4])
        payload += _overflow(pages, following, size - local)
    return row_id, payload


def _local_bytes(size: int, page_bytes: int) -> int:
    """How much of a payload stays in the leaf; the rest is in overflow pages."""
    most = page_bytes - 35
    if size <= most:
        return size
    least = (page_bytes - 12) * 32 // 255 - 23
    wanted = least + (size - least) % (page_bytes - 4)
    return wanted if wanted <= most else least


def _overflow(pages: Pages, number: int, wanted: int) -> bytes:
    parts: list[bytes] = []
    while wanted > 0 and number in pages and len(parts) <= len(pages):
        page = pages[number]
        parts.append(page[4 : 4 + wanted])
        wanted -= len(parts[-1])
        number = int.from_bytes(page[:4])
    return b"".join(parts)


def _columns(payload: bytes) -> list[bytes]:
    end, offset = _varint(payload, 0)
    sizes = []
    while offset < end:
        kind, offset = _varint(payload, offset)
        sizes.append(_column_bytes(kind))
    columns = []
    for size in sizes:
        columns.append(payload[offset : offset + size])
        offset += size
    return columns


def _column_bytes(kind: int) -> int:
    """Size of a column by its serial type; 12 and up are blobs and texts."""
    if kind >= 12:
        return (kind - 12) // 2
    return (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]


def _varint(content: bytes, offset: int) -> tuple[int, int]:
    """A big-endian number in 7-bit steps; the ninth byte counts whole."""
    value = 0
    for index in range(8):
        byte = content[offset + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, offset + index + 1
    return value << 8 | content[offset + 8], offset + 9


def _checksum(order: str, content: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    for one, two in struct.iter_unpack(f"{order}2I", content):
        first = (first + one + second) & _MASK
        second = (second + two + first) & _MASK
    return first, second

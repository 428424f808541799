"""New content for a written tag, around the blocks that are locked.

`rebuild` is for ISO 28560-2, whose elements may move; `overwrite` for all models that
have everything at its place, and for the banks of UHF tags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.tagdata.elements import PII, Element
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.iso28560_2 import Placed, padded, salvage, to_bytes
from drivers.tagdata.layout import aligned, image, new_elements

#: An offset byte, and as many 00 as it can announce.
_FILL_MAX = 256


@dataclass(frozen=True, slots=True)
class WrittenTag:
    """A tag as it is: whole memory, and a flag per block, absent ones being unlocked."""

    memory: bytes
    locked: Sequence[bool]
    block_size: int = 4


def rebuild(tag: WrittenTag, values: Mapping[int, str]) -> bytes:
    """Return what the memory shall be: locked blocks as they are, the rest new.

    An element that reaches into a locked block stays where it is; everything else is
    gone, vendor's residue too. Raises BadTagData when a locked element says something
    else than `values`, or when the rest can't be laid out.
    """
    kept = _kept(tag)
    waiting = _unwritten(values, [place.element for place in kept])
    new = bytearray(len(tag.memory))
    at = 0
    for place in kept:
        waiting = _fill_gap(new, at, place.start, waiting)
        new[place.start : place.end] = tag.memory[place.start : place.end]
        at = place.end
    _append(new, at, _room(tag, at), aligned(waiting, [PII], tag.block_size, start=at))
    _restore_locked(tag, new, at)
    return bytes(new)


def overwrite(tag: WrittenTag, content: bytes) -> bytes:
    """Return what the memory shall be: `content`, then 00 in place of what was there.

    Raises BadTagData when `content` is too long, or naming the first locked block that
    says something else than what would be written there.
    """
    new = image(content, len(tag.memory))
    for block, locked in enumerate(tag.locked):
        span = slice(block * tag.block_size, (block + 1) * tag.block_size)
        there, wanted = tag.memory[span], new[span]
        if locked and there != wanted:
            raise BadTagData(
                f"block {block} is locked and holds {there.hex().upper()}, "
                f"not {wanted.hex().upper()}",
                offset=span.start,
            )
    return new


def _kept(tag: WrittenTag) -> list[Placed]:
    kept = []
    for place in salvage(tag.memory).placed:
        last = (place.end - 1) // tag.block_size
        if any(tag.locked[place.start // tag.block_size : last + 1]):
            kept.append(place)
    return kept


def _unwritten(values: Mapping[int, str], kept: Sequence[Element]) -> list[Element]:
    for element in kept:
        if values.get(element.oid, element.text) != element.text:
            raise BadTagData(f"is locked and says {element.text!a}", oid=element.oid)
    there = {element.oid for element in kept}
    return [
        element
        for element in new_elements(values, listed=there)
        if element.oid not in there
    ]


def _fill_gap(
    new: bytearray, start: int, end: int, waiting: Sequence[Element]
) -> list[Element]:
    """Fill the bytes before a locked element to the last one; return what is left over.

    An empty place would end the row there, so the last element is padded to the border.
    """
    chosen: list[Element] = []
    left_over: list[Element] = []
    room = end - start
    for element in waiting:
        size = len(to_bytes(element))
        if size <= room:
            chosen.append(element)
            room -= size
        else:
            left_over.append(element)
    if room > (_FILL_MAX if chosen else 0):
        raise BadTagData(
            f"nothing fills bytes {start} to {end - 1} before a locked one"
        )
    if chosen:
        chosen[-1] = padded(chosen[-1], room)
    new[start:end] = b"".join(map(to_bytes, chosen))
    return left_over


def _room(tag: WrittenTag, start: int) -> int:
    """Bytes from `start` to the end, or to the 00 needed before a locked block."""
    size = tag.block_size
    for block in range(-(-start // size), len(tag.memory) // size):
        if any(tag.locked[block : block + 1]):
            return max(block * size - start - 1, 0)
    return len(tag.memory) - start


def _append(new: bytearray, start: int, room: int, elements: list[Element]) -> None:
    row = b"".join(map(to_bytes, elements))
    if len(row) > room:
        raise BadTagData(f"{len(row)} bytes don't fit into the {room} from {start} on")
    new[start : start + len(row)] = row


def _restore_locked(tag: WrittenTag, new: bytearray, start: int) -> None:
    """Show locked blocks behind the row as they are. Raises BadTagData for one inside."""
    for block, locked in enumerate(tag.locked):
        span = slice(block * tag.block_size, (block + 1) * tag.block_size)
        if not locked or new[span] == tag.memory[span]:
            continue
        if span.start < start:
            raise BadTagData("a locked block can't be read", offset=span.start)
        new[span] = tag.memory[span]

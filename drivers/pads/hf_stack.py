"""What lies on an HF pad, and what has been learnt of each tag so far."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from drivers.api import CommandRefused, ProtocolError, Tag
from drivers.codecs.block_order import BlockOrder, detect_block_order
from drivers.pads.hf_reader import HfReader, Sighting
from drivers.tagdata.complete import is_complete

#: A tag that some rounds missed is read afresh only after so many.
_FORGET_AFTER_ROUNDS = 5
#: New tags are read for so long in one round; the others wait for the next, so that
#: a high stack does not hold up the events of those already known.
_READ_BUDGET_S = 1.0
#: A tag that keeps its size to itself has room for an ISO 28560-3 basic block.
_USUAL_BLOCK_SIZE = 4
_BLOCKS_OF_UNKNOWN = 8
#: Times that a tag is asked for its information; some never answer that, but are read.
_ASKED_FOR_INFO = 2
#: Most library tags have said all in so many blocks; the rest need not cross the line.
_FIRST_LOOK = 8

BlockOrderOption = Literal["auto", "straight", "reversed"]


@dataclass(slots=True)
class SeenTag:
    """A tag on the pad, or one that was there a moment ago; `order` of its blocks."""

    tag: Tag
    order: BlockOrder = BlockOrder.STRAIGHT
    rounds_missed: int = 0
    failures: int = 0

    def read(self, reader: HfReader, first: int, count: int) -> bytes:
        """`count` blocks in the order of the tag. Raises as HfReader does."""
        size = self.tag.block_size
        return self.order.turn(reader.read(self.tag.uid, first, count, size), size)


class HfStack:
    """The tags of the last rounds; one that was missed for long is forgotten.

    `read_blocks_count`: blocks read of a new tag, never more than it has nor, where its
    beginning is enough (`drivers.tagdata.complete`), more than that. A method
    that takes the `reader` talks to it and raises as HfReader does.
    """

    def __init__(self, block_order: BlockOrderOption, read_blocks_count: int) -> None:
        self._judges_order = block_order == "auto"
        self._usual_order = BlockOrder(
            BlockOrder.REVERSED if self._judges_order else block_order
        )
        self._read_blocks_count = read_blocks_count
        self._seen: dict[str, SeenTag] = {}

    def tags(self, uids: Iterable[str]) -> tuple[Tag, ...]:
        """Those tags of the last round, with what is known of them."""
        return tuple(self._seen[uid].tag for uid in uids)

    def clear(self) -> None:
        """Forget every tag, but not in which order their blocks usually come."""
        self._seen.clear()

    def forget(self, uid: str) -> None:
        """Read this tag afresh when it is seen again."""
        self._seen.pop(uid, None)

    def note_round(self, sightings: Iterable[Sighting]) -> None:
        """Remember who is here, and forget who has been away for long."""
        for seen in self._seen.values():
            seen.rounds_missed += 1
        for sighting in sightings:
            new = SeenTag(Tag(sighting.uid, dsfid=sighting.dsfid))
            self._seen.setdefault(sighting.uid, new).rounds_missed = 0
        self._seen = {
            uid: seen
            for uid, seen in self._seen.items()
            if seen.rounds_missed <= _FORGET_AFTER_ROUNDS
        }

    def note_afi(self, uid: str, afi: int) -> None:
        """Show a new AFI in the next event."""
        if uid in self._seen:
            self._seen[uid].tag = replace(self._seen[uid].tag, afi=afi)

    def read_new(self, reader: HfReader, uids: Sequence[str]) -> None:
        """Read those without memory; one that failed before waits for the others."""
        on_pad = [self._seen[uid] for uid in uids]
        unread = [seen for seen in on_pad if not seen.tag.memory]
        deadline = time.monotonic() + _READ_BUDGET_S
        for seen in sorted(unread, key=lambda seen: seen.failures):
            if time.monotonic() > deadline:
                return
            try:
                self._learn(reader, seen)
            except (CommandRefused, ProtocolError):
                seen.failures += 1

    def known(self, reader: HfReader, uid: str) -> SeenTag:
        """A tag whose block size and order are known, read now if need be."""
        seen = self._seen.get(uid) or SeenTag(Tag(uid))
        if not seen.tag.memory:
            self._learn(reader, seen)
        return seen

    def _learn(self, reader: HfReader, seen: SeenTag) -> None:
        """Read a tag's information and memory into `seen`, as far as it says anything."""
        count = min(_identify(reader, seen), self._read_blocks_count)
        look = min(count, _FIRST_LOOK)
        self._read(reader, seen, 0, look)
        tag = seen.tag
        if look < count and not is_complete(
            tag.memory, dsfid=tag.dsfid, block_size=tag.block_size
        ):
            self._read(reader, seen, look, count - look)

    def _read(self, reader: HfReader, seen: SeenTag, first: int, count: int) -> None:
        """Read blocks behind those that are known; all together tell their order."""
        tag, size = seen.tag, seen.tag.block_size
        known = seen.order.turn(tag.memory, size)
        as_sent = known + reader.read(tag.uid, first, count, size)
        seen.order = self._order_of(as_sent, size)
        seen.tag = replace(tag, memory=seen.order.turn(as_sent, size))

    def _order_of(self, as_sent: bytes, block_size: int) -> BlockOrder:
        """As configured, or as this tag's content tells, or as the tag before it."""
        if self._judges_order:
            detected = detect_block_order(as_sent, block_size)
            self._usual_order = detected or self._usual_order
        return self._usual_order


def _identify(reader: HfReader, seen: SeenTag) -> int:
    """Read what the tag says of itself into `seen`; returns the number of blocks."""
    asked_enough = seen.failures >= _ASKED_FOR_INFO
    info = None if asked_enough else reader.tag_info(seen.tag.uid)
    if info is None:
        # Old tags have no system information, but memory all the same.
        return _BLOCKS_OF_UNKNOWN
    seen.tag = Tag(
        info.uid,
        info.afi,
        seen.tag.dsfid if info.dsfid is None else info.dsfid,
        block_size=info.block_size or _USUAL_BLOCK_SIZE,
    )
    return info.block_count or _BLOCKS_OF_UNKNOWN

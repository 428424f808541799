"""RFID pads for HF tags (ISO 15693): rounds and commands, whatever the reader speaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.api import (
    CommandRefused,
    DeviceLost,
    DriverError,
    NoAnswer,
    ProtocolError,
    TagsOnPad,
)
from drivers.pace import Pace
from drivers.pads.hf_reader import HfReader, Sighting
from drivers.pads.hf_stack import BlockOrderOption, HfStack

#: CommandRefused.status of our own, above the status bytes of all readers: no usable
#: answer came; the tag does not tell its AFI; something else was read back.
NO_ANSWER, NO_AFI, READ_BACK_DIFFERS = 0x100, 0x101, 0x102

#: Rounds in a row that the reader refuses before it counts as lost.
_REFUSED_LIMIT = 20


class HfOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every HF pad can be told.

    `port` is the reader's address. `read_blocks_count`: blocks read of a new tag,
    never more than it has.
    """

    port: Annotated[str, Meta(min_length=1)]
    poll_interval_s: Annotated[float, Meta(ge=0.02, le=2)] = 0.15
    read_blocks_count: Annotated[int, Meta(ge=1, le=256)] = 28


class HfPad(ABC):
    """A pad: one round of inventory a step, and each tag's memory once.

    Tags in an event carry memory as soon as it could be read; a tag that could not be
    read is there without, and is tried again in the next round.
    """

    def __init__(
        self, options: HfOptions, block_order: BlockOrderOption = "straight"
    ) -> None:
        """`block_order`: how the reader sends a block; "auto" judges by the content."""
        self._pace = Pace(options.poll_interval_s, slower=3)
        self._port = options.port
        self._open_reader: HfReader | None = None
        self._stack = HfStack(block_order, options.read_blocks_count)
        self._refused = 0

    @property
    def poll_interval_s(self) -> float:
        """Longer while what lies on the pad does not change."""
        return self._pace.interval_s

    @abstractmethod
    def _connect(self) -> HfReader:
        """Open the port and prove that the reader answers.

        Raises DeviceLost, and lets go of the port, when it does not.
        """

    def open(self) -> None:
        """Connect. Raises DeviceLost when nobody answers."""
        self.close()
        self._open_reader = self._connect()

    def events(self) -> Iterator[TagsOnPad | None]:
        """One round a step; None when the reader gave no usable answer this time."""
        while True:
            yield self._round()

    def close(self) -> None:
        """Twice is fine."""
        if self._open_reader is not None:
            self._open_reader.close()
        self._open_reader = None
        self._stack.clear()
        self._refused = 0

    def read_blocks(self, uid: str, first: int, count: int) -> bytes:
        """`count` blocks in the order of the tag."""
        with _refusing():
            reader = self._reader
            return self._stack.known(reader, uid).read(reader, first, count)

    def read_afi(self, uid: str) -> int:
        """The AFI as the tag tells it now."""
        with _refusing():
            info = self._reader.tag_info(uid)
        if info is None or info.afi is None:
            raise CommandRefused(
                f"{self._port}: {uid} does not tell its AFI", status=NO_AFI
            )
        self._stack.note_afi(uid, info.afi)
        return info.afi

    def write_afi(self, uid: str, afi: int) -> int:
        """Write the AFI and read it back; returns the value read."""
        with _refusing():
            self._reader.write_afi(uid, afi)
        return self.read_afi(uid)

    def write_eas(self, uid: str, *, armed: bool) -> None:
        """Switch the EAS bit. A lost answer is a refusal: the bit can't be read back."""
        with _refusing():
            self._reader.write_eas(uid, armed=armed)

    def write_blocks(self, uid: str, first: int, data: bytes) -> None:
        """Write whole blocks in the order of the tag and read them back.

        Raises ValueError when `data` is not whole blocks, and CommandRefused when
        something else stands on the tag afterwards.
        """
        with _refusing():
            reader = self._reader
            seen = self._stack.known(reader, uid)
            size = seen.tag.block_size
            if len(data) % size:
                raise ValueError(f"{len(data)} bytes are not whole blocks of {size}")
            # It says something else from now on: the next round reads it afresh.
            self._stack.forget(uid)
            reader.write(uid, first, seen.order.turn(data, size), size)
            found = seen.read(reader, first, len(data) // size)
        if found != data:
            raise CommandRefused(
                f"{self._port}: wrote {data.hex().upper()} to {uid} from block "
                f"{first}, read back {found.hex().upper()}",
                status=READ_BACK_DIFFERS,
            )

    @property
    def _reader(self) -> HfReader:
        if self._open_reader is None:
            raise DeviceLost(f"{self._port}: not open")
        return self._open_reader

    def _round(self) -> TagsOnPad | None:
        sightings = self._take_inventory()
        if sightings is None:
            return None
        self._stack.note_round(sightings)
        uids = [sighting.uid for sighting in sightings]
        self._pace.looked(set(uids))
        self._stack.read_new(self._reader, uids)
        return TagsOnPad(self._stack.tags(uids))

    def _take_inventory(self) -> list[Sighting] | None:
        """Who is in the field; None when the reader does not tell this time."""
        try:
            found = self._reader.inventory()
        except (CommandRefused, ProtocolError) as err:
            self._count_refused(err)
            return None
        self._refused = 0
        return found

    def _count_refused(self, err: DriverError) -> None:
        # A reader that stays silent is counted, and lost sooner, by its line.
        self._refused += not isinstance(err, NoAnswer)
        if self._refused >= _REFUSED_LIMIT:
            raise DeviceLost(f"{err}; {self._refused} rounds in a row") from err


@contextmanager
def _refusing() -> Iterator[None]:
    """For a caller's command, an answer that fails to come is a refusal too."""
    try:
        yield
    except ProtocolError as err:
        raise CommandRefused(str(err), status=NO_ANSWER) from err

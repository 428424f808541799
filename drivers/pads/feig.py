"""RFID pads with FEIG OBID readers (ISO host mode). Not yet tried on hardware."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

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
from drivers.codecs.feig_frames import ANY_READER, Framing
from drivers.codecs.feig_reader import Command
from drivers.codecs.feig_replies import TYPE_ISO15693, InventoryRecord
from drivers.codecs.feig_status import Status
from drivers.pads.feig_link import FeigLink, find_framing
from drivers.pads.feig_stack import BlockOrderOption, FeigStack
from drivers.pads.feig_tags import FeigTags
from drivers.transports.address import open_address
from drivers.transports.serial_port import Parity, SerialSettings

#: CommandRefused.status when no usable answer came; not a status byte of the reader.
NO_ANSWER = 0x100

#: Rounds in a row that the reader refuses before it counts as lost.
_REFUSED_LIMIT = 20


class FeigPad:
    """A pad: one round of inventory a step, and each tag's memory once.

    Tags in an event carry memory as soon as it could be read; a tag that could not be
    read is there without, and is tried again in the next round.
    """

    class Options(
        msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
    ):
        """`port`: "/dev/…" or "tcp://host:port". `address` 255 asks any reader.

        `frames` "auto" tries standard frames, then advanced ones. `block_order`
        "auto" judges by each tag's content. `read_blocks_count`: blocks read of a new
        tag, never more than it has.
        """

        port: Annotated[str, Meta(min_length=1)]
        baud: Literal[9600, 19200, 38400, 57600, 115200, 230400] = 38400
        parity: Parity = "E"
        frames: Literal["auto", "standard", "advanced"] = "auto"
        block_order: BlockOrderOption = "auto"
        address: Annotated[int, Meta(ge=0, le=255)] = ANY_READER
        poll_interval_s: Annotated[float, Meta(ge=0.02, le=2)] = 0.15
        reply_timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 1.5
        read_blocks_count: Annotated[int, Meta(ge=1, le=256)] = 28

    def __init__(self, options: Options) -> None:
        self.poll_interval_s = options.poll_interval_s
        self._options = options
        self._link: FeigLink | None = None
        self._stack = FeigStack(options.block_order, options.read_blocks_count)
        self._refused = 0

    def open(self) -> None:
        """Connect and find out the framing. Raises DeviceLost when nobody answers."""
        self.close()
        options = self._options
        transport = open_address(
            options.port, SerialSettings(options.baud, options.parity)
        )
        try:
            framing = find_framing(
                transport, options.port, options.address, self._framings()
            )
        except DriverError:
            transport.close()
            raise
        self._link = FeigLink(
            transport,
            options.port,
            framing=framing,
            address=options.address,
            timeout_s=options.reply_timeout_s,
        )

    def events(self) -> Iterator[TagsOnPad | None]:
        """One round a step; None when the reader gave no usable answer this time."""
        while True:
            yield self._round()

    def close(self) -> None:
        """Twice is fine."""
        if self._link is not None:
            self._link.close()
        self._link = None
        self._stack.clear()
        self._refused = 0

    def read_blocks(self, uid: str, first: int, count: int) -> bytes:
        """`count` blocks in the order of the tag."""
        with self._refusing():
            reader = self._tags
            return self._stack.known(reader, uid).read(reader, first, count)

    def read_afi(self, uid: str) -> int:
        """The AFI as the tag tells it now."""
        with self._refusing():
            afi = self._tags.system_info(uid).afi
        self._stack.note_afi(uid, afi)
        return afi

    def write_afi(self, uid: str, afi: int) -> int:
        """Write the AFI and read it back; returns the value read."""
        with self._refusing():
            self._tags.write_afi(uid, afi)
        return self.read_afi(uid)

    def write_blocks(self, uid: str, first: int, data: bytes) -> None:
        """Write whole blocks in the order of the tag and read them back.

        Raises ValueError when `data` is not whole blocks, and CommandRefused when
        something else stands on the tag afterwards.
        """
        with self._refusing():
            reader = self._tags
            seen = self._stack.known(reader, uid)
            size = seen.tag.block_size
            if len(data) % size:
                raise ValueError(f"{len(data)} bytes are not whole blocks of {size}")
            # Until it is read back, nobody knows what stands on the tag.
            self._stack.forget(uid)
            reader.write(uid, first, seen.order.turn(data, size), size)
            found = seen.read(reader, first, len(data) // size)
        if found != data:
            raise CommandRefused(
                f"{self._options.port}: wrote {data.hex().upper()} to {uid} from block "
                f"{first}, read back {found.hex().upper()}",
                status=Status.WRITE_ERROR,
            )
        self._stack.note_memory(seen, first, data)

    @property
    def _tags(self) -> FeigTags:
        return FeigTags(self._line)

    @property
    def _line(self) -> FeigLink:
        if self._link is None:
            raise DeviceLost(f"{self._options.port}: not open")
        return self._link

    def _framings(self) -> list[Framing]:
        wanted = self._options.frames
        return list(Framing) if wanted == "auto" else [Framing(wanted)]

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """For a caller's command, an answer that fails to come is a refusal too."""
        try:
            yield
        except ProtocolError as err:
            raise CommandRefused(str(err), status=NO_ANSWER) from err

    def _round(self) -> TagsOnPad | None:
        try:
            records = self._take_inventory()
        except (CommandRefused, ProtocolError) as err:
            self._count_refused(err)
            return None
        self._refused = 0
        self._stack.note_round(records)
        uids = [record.uid for record in records]
        self._stack.read_new(self._tags, uids)
        return TagsOnPad(self._stack.tags(uids))

    def _take_inventory(self) -> list[InventoryRecord]:
        # Without a reset a reader may report a tag only once while it stays.
        self._line.ask(Command.RF_RESET)
        found = self._tags.inventory()
        return [record for record in found if record.tr_type == TYPE_ISO15693]

    def _count_refused(self, err: DriverError) -> None:
        self._refused += not isinstance(err, NoAnswer)
        if self._refused >= _REFUSED_LIMIT:
            raise DeviceLost(f"{err}; {self._refused} rounds in a row") from err

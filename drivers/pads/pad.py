"""What all pads have in common: rounds that may fail, and commands that are refused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from drivers.api import (
    CommandRefused,
    DeviceLost,
    DriverError,
    NoAnswer,
    ProtocolError,
    Tag,
    TagsOnPad,
)
from drivers.pace import Pace
from drivers.proving import Closable

#: CommandRefused.status of our own, above the status bytes of all readers: no usable
#: answer came; the tag has no AFI or does not tell it; something else was read back;
#: the tag is not in the field; another tag can't be told from it; no tag has so many
#: blocks.
NO_ANSWER, NO_AFI, READ_BACK_DIFFERS, NO_TAG, AMBIGUOUS, NO_BLOCK = range(0x100, 0x106)

#: A command names a block, or a word, by one byte.
_NAMEABLE = 256
#: Rounds in a row that the reader refuses before it counts as lost.
_REFUSED_LIMIT = 20
#: So many times longer a pad waits between two rounds while nothing changes on it.
_SLOWER = 3

Reader = TypeVar("Reader", bound=Closable)


class PadOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every pad can be told; `port` is the reader's address."""

    port: Annotated[str, Meta(min_length=1)]
    poll_interval_s: Annotated[float, Meta(ge=0.02, le=2)] = 0.15


class Pad(ABC, Generic[Reader]):
    """One round of inventory a step of `events`."""

    def __init__(self, options: PadOptions) -> None:
        self._port = options.port
        self._pace = Pace(options.poll_interval_s, _SLOWER)
        self._open_reader: Reader | None = None
        self._refused = 0

    @property
    def poll_interval_s(self) -> float:
        """Longer while what lies on the pad does not change."""
        return self._pace.interval_s

    @abstractmethod
    def _connect(self) -> Reader:
        """Open the port and prove that the reader answers.

        Raises DeviceLost, and lets go of the port, when it does not.
        """

    @abstractmethod
    def _look(self) -> tuple[Tag, ...]:
        """The tags of one round. Raises as the reader does."""

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
        self._refused = 0

    @property
    def _reader(self) -> Reader:
        if self._open_reader is None:
            raise DeviceLost(f"{self._port}: not open")
        return self._open_reader

    def _round(self) -> TagsOnPad | None:
        try:
            tags = self._look()
        except (CommandRefused, ProtocolError) as err:
            self._count_refused(err)
            return None
        self._refused = 0
        self._pace.looked({tag.uid for tag in tags})
        return TagsOnPad(tags)

    def _count_refused(self, err: DriverError) -> None:
        # A reader that stays silent is counted, and lost sooner, by its line.
        self._refused += not isinstance(err, NoAnswer)
        if self._refused >= _REFUSED_LIMIT:
            raise DeviceLost(f"{err}; {self._refused} rounds in a row") from err

    def _check_nameable(self, uid: str, first: int, count: int) -> None:
        if first < 0 or count < 0 or first + count > _NAMEABLE:
            raise CommandRefused(
                f"{self._port}: {count} blocks from {first} on can't be named to {uid}",
                status=NO_BLOCK,
            )

    def _check_read_back(self, uid: str, first: int, data: bytes, found: bytes) -> None:
        if found != data:
            raise CommandRefused(
                f"{self._port}: wrote {data.hex().upper()} to {uid} from {first} on, "
                f"read back {found.hex().upper()}",
                status=READ_BACK_DIFFERS,
            )


@contextmanager
def refusing() -> Iterator[None]:
    """For a caller's command, an answer that fails to come is a refusal too."""
    try:
        yield
    except ProtocolError as err:
        raise CommandRefused(str(err), status=NO_ANSWER) from err

"""What must hold for every codec, whatever the bytes."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from types import FrameType

import msgspec

from drivers.api import ProtocolError
from tests.fuzz.streams import Stream
from tests.fuzz.surface import Reader

#: What a UART brings at a time.
PIECE = 64
#: Bytes; the longest frames, and an error for each byte of one that was none.
MEMORY_LIMIT = 1_000_000
#: Twice the bytes are twice the work, and more where the first half is awaited only.
WORK_RATIO_LIMIT = 3

Make = Callable[[], Stream]


class Defect(AssertionError):
    """A codec that does not do what it promises."""


def check_reader(reader: Reader, raw: bytes, choices: bytes = b"") -> None:
    """Only a ProtocolError comes out, not even that if the function says so."""
    try:
        content = reader.read(raw, choices)
    except ProtocolError as err:
        if reader.never_raises:
            raise Defect(f"{reader.name} says that it never raises: {err}") from err
    else:
        if reader.name.endswith(":describe"):
            msgspec.json.encode(content)


def check_pieces(make: Make, raw: bytes, sizes: Iterable[int]) -> None:
    """Bytes fed in pieces of these sizes give what they give at once."""
    whole = found(make(), [raw])
    cut = found(make(), pieces(raw, sizes))
    if cut != whole:
        raise Defect(f"{raw.hex()} gives {whole} at once, but {cut} in pieces")


def check_glue(make: Make, frames: Iterable[bytes]) -> None:
    """Frames that a decoder knows are found behind one another, too."""
    known = [frame for frame in frames if _is_known(make(), frame)]
    alone = [item for frame in known for item in make().feed(frame)]
    glued = found(make(), [b"".join(known)])
    if glued != [item for item in alone if not isinstance(item, int)]:
        raise Defect(f"{[frame.hex() for frame in known]} glued give {glued}")


def check_memory(make: Make, flood: bytes) -> None:
    """A flood is forgotten as it comes.

    Without the garbage collector, as it may be late: nothing may need it.
    """
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        stream = make()
        for piece in pieces(flood, [PIECE]):
            stream.feed(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.enable()
    if peak > MEMORY_LIMIT:
        raise Defect(f"{len(flood)} bytes took up to {peak} bytes of memory")


def check_work(make: Make, flood: bytes) -> None:
    """Work grows with the number of bytes, not with its square; counted in calls."""
    half = _calls(make(), flood[: len(flood) // 2])
    whole = _calls(make(), flood)
    if whole > WORK_RATIO_LIMIT * half:
        raise Defect(f"{len(flood)} bytes: {whole} calls, half of them: {half}")


def found(stream: Stream, parts: Iterable[bytes]) -> list[object]:
    """What comes of the parts and a silence; of errors, their kind."""
    items = [item for part in parts for item in stream.feed(part)] + stream.flush()
    return [type(item) if isinstance(item, ProtocolError) else item for item in items]


def pieces(raw: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    """Cut into pieces of these sizes, over and over; a size below 1 is 1."""
    wanted = [max(size, 1) for size in sizes] or [1]
    at = turn = 0
    while at < len(raw):
        size = wanted[turn % len(wanted)]
        yield raw[at : at + size]
        at, turn = at + size, turn + 1


def _is_known(stream: Stream, frame: bytes) -> bool:
    """Whether it gives something good and leaves nothing behind."""
    items = stream.feed(frame)
    broken = any(isinstance(item, ProtocolError) for item in items)
    return bool(items) and not broken and not stream.flush()


def _calls(stream: Stream, flood: bytes) -> int:
    count = 0

    def counted(_frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        found(stream, pieces(flood, [PIECE]))
    finally:
        sys.setprofile(None)
    return count

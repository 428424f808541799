"""Finds whole frames in what a line brings, however cut and with noise in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from drivers.api import BadFrame
from drivers.codecs.shown import shown

Frame = TypeVar("Frame")

#: Reads the frame that the bytes begin with and how many bytes it takes; None while
#: bytes are missing. Raises BadFrame when no frame can begin here.
Take = Callable[[bytes], tuple[Frame, int] | None]


class FrameFinder(Generic[Frame]):
    """Holds one unfinished frame at most.

    `start`: how every frame begins; b"" when any byte may begin one. `longest`: the
    bytes of the longest frame; what needs more is noise.
    """

    def __init__(self, start: bytes, take: Take[Frame], longest: int) -> None:
        self._start = start
        self._take = take
        self._longest = longest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame | BadFrame]:
        """Return what `data` completed, in order; a broken frame as a BadFrame value."""
        self._buffer += data
        found: list[Frame | BadFrame] = []
        while self._skip_noise():
            try:
                taken = self._take(bytes(self._buffer[: self._longest]))
            except BadFrame as err:
                # Without its traceback, which would keep all that was read so far.
                found.append(err.with_traceback(None))
                # A good frame may begin inside of the bad one.
                del self._buffer[:1]
                continue
            if taken is None and len(self._buffer) < self._longest:
                break
            frame, size = taken or (None, 1)
            found += [frame] if frame is not None else []
            del self._buffer[:size]
        return found

    def flush(self) -> list[Frame | BadFrame]:
        """The line fell silent: take what is whole behind an unfinished start.

        What is unfinished stays, as the line may only be slow.
        """
        found: list[Frame | BadFrame] = []
        unfinished = bytes(self._buffer)
        while self._buffer:
            del self._buffer[:1]
            whole = [part for part in self.feed(b"") if not isinstance(part, BadFrame)]
            if whole:
                found += whole
                unfinished = bytes(self._buffer)
        self._buffer += unfinished
        return found

    def _skip_noise(self) -> bool:
        """Drop what stands before a start, but not bytes at the end that may begin it."""
        place = self._buffer.find(self._start)
        if place >= 0:
            del self._buffer[:place]
            return bool(self._buffer)
        kept = next(
            size
            for size in range(len(self._start) - 1, -1, -1)
            if self._buffer.endswith(self._start[:size])
        )
        del self._buffer[: len(self._buffer) - kept]
        return False


def read_whole(raw: bytes, take: Take[Frame], name: str, start: bytes = b"") -> Frame:
    """Read exactly one frame of the family `name`, which begins with `start`.

    Raises BadFrame that says what is wrong where.
    """
    if not raw.startswith(start):
        raise BadFrame(f"{name}: {shown(raw)} does not begin with {shown(start)}")
    taken = take(raw)
    if taken is None:
        raise BadFrame(f"{name}: {shown(raw)} ends within a frame")
    frame, size = taken
    if size < len(raw):
        raise BadFrame(
            f"{name}: {shown(raw[size:])} behind the frame {shown(raw[:size])}"
        )
    return frame

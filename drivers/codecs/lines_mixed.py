"""Codes and replies on one line: control frames are told by their signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from drivers.api import BadFrame
from drivers.codecs.lines import BadBarcode, LineAssembler

Frame = TypeVar("Frame")
#: Reads the frame that the bytes begin with and how many bytes it takes; plain bytes
#: are a code that came in an envelope. None while bytes are missing; `silent` says that
#: no more will come. Raises BadFrame when no frame begins here.
Take = Callable[[bytes, bool], tuple[Frame | bytes, int] | None]


class MixedLine(Generic[Frame]):
    """Parts what a scanner sends into control frames and codes; holds one of each.

    Every frame begins with one of `starts`, which no printed code contains; what only
    looks like a frame goes to `lines` and spoils the code that it stands in.
    """

    def __init__(
        self, starts: bytes, take: Take[Frame], longest: int, lines: LineAssembler
    ) -> None:
        """`longest`: the bytes of the longest frame; what needs more is none."""
        self._starts = frozenset(starts)
        self._take = take
        self._longest = longest
        self._lines = lines
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """Whether a frame or a code has begun and not ended."""
        return bool(self._buffer) or self._lines.pending

    def feed(self, data: bytes) -> list[Frame | str | BadBarcode]:
        """Return what `data` completed, in order."""
        self._buffer += data
        return self._parted(silent=False)

    def flush(self) -> list[Frame | str | BadBarcode]:
        """End frame and code now, as after a silence."""
        return [*self._parted(silent=True), *self._lines.flush()]

    def _parted(self, *, silent: bool) -> list[Frame | str | BadBarcode]:
        found: list[Frame | str | BadBarcode] = []
        while self._buffer:
            found += self._lines.feed(self._text_before_a_start())
            try:
                taken = self._take(bytes(self._buffer[: self._longest]), silent)
            except BadFrame:
                found += self._lines.feed(self._cut(1))
                continue
            if taken is not None:
                frame, size = taken
                self._cut(size)
                # No scanner interrupts a code: what stood before a frame is a whole one.
                found += [*self._lines.flush(), *self._opened(frame)]
            elif silent or len(self._buffer) >= self._longest:
                found += self._lines.feed(self._cut(1))
            else:
                break
        return found

    def _opened(self, frame: Frame | bytes) -> list[Frame | str | BadBarcode]:
        if isinstance(frame, bytes):
            return [*self._lines.feed(frame), *self._lines.flush()]
        return [frame]

    def _text_before_a_start(self) -> bytes:
        size = next(
            (at for at, byte in enumerate(self._buffer) if byte in self._starts),
            len(self._buffer),
        )
        return self._cut(size)

    def _cut(self, size: int) -> bytes:
        cut = bytes(self._buffer[:size])
        del self._buffer[:size]
        return cut

"""The port between a camera and who looks at its frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Frame:
    """One grey picture: `height` rows of `width` bytes, 00 black, FF white.

    It may show a reader's face: look at it, let go of it, never store or log it.
    """

    width: int
    height: int
    luma: bytes

    def __post_init__(self) -> None:
        if self.width < 1 or len(self.luma) != self.width * self.height:
            raise ValueError(
                f"{len(self.luma)} bytes are not {self.height} rows of {self.width}"
            )

    def __repr__(self) -> str:
        return f"Frame({self.width}x{self.height})"


class Frames(Protocol):
    """A source of frames that is open."""

    def capture(self, timeout_s: float) -> Frame | None:
        """The next frame; None at once from a source that has nothing new to show.

        Raises DeviceLost when a camera gives no frame in time, ProtocolError for one
        picture that can't be read.
        """

    def close(self) -> None:
        """Twice is fine."""

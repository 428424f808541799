"""Taking a message apart from front to back, with errors that name the place."""

from __future__ import annotations

from drivers.api import BadFrame


class ByteReader:
    """Reads fields of `raw` in turn; `name` stands in the text of every error."""

    def __init__(self, raw: bytes, name: str) -> None:
        self._raw = raw
        self._name = name
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes have not been taken."""
        return len(self._raw) - self._at

    def peek(self) -> int | None:
        """The next byte, which stays; None at the end."""
        return self._raw[self._at] if self.left else None

    def byte(self, field: str) -> int:
        """The next byte. Raises BadFrame at the end."""
        return self.take(1, field)[0]

    def take(self, size: int, field: str) -> bytes:
        """The next `size` bytes. Raises BadFrame when fewer than `size` bytes are left."""
        if size > self.left:
            raise BadFrame(
                f"{self._name}: {field} needs {size} bytes at offset {self._at}, "
                f"{self.left} left: {self._shown}"
            )
        self._at += size
        return self._raw[self._at - size : self._at]

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.left, "rest")

    def finish(self) -> None:
        """Raises BadFrame when something is left."""
        if self.left:
            raise BadFrame(
                f"{self._name}: {self.left} bytes too many at offset {self._at}: "
                f"{self._shown}"
            )

    @property
    def _shown(self) -> str:
        return self._raw.hex(" ").upper() or "empty"

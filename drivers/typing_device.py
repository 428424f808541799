"""A device that types as a keyboard does: its keys in, its codes out."""

from __future__ import annotations

from drivers.codecs.keys import KeyAssembler
from drivers.transports.evdev_keys import open_keys

#: How long to wait for a code before saying "alive, nothing new".
_ALIVE_S = 0.5


class TypingDevice:
    """An open wedge; what makes no sense is dropped, as the reader will come again."""

    def __init__(self, port: str, keys: KeyAssembler, *, idle_flush_s: float) -> None:
        """Open and grab it. `idle_flush_s`: silence that ends a code.

        Raises DeviceLost or BadOptions.
        """
        self._assembler = keys
        self._idle_flush_s = idle_flush_s
        self._keys = open_keys(port)

    def codes(self) -> list[str]:
        """Wait once for keys: the codes that they or a silence ended. Raises DeviceLost."""
        wait_s = self._idle_flush_s if self._assembler.pending else _ALIVE_S
        keys = self._keys.read(wait_s)
        ended = [] if keys else self._assembler.flush()
        for key in keys:
            if key is None:
                self._assembler.lose()
            else:
                ended += self._assembler.feed(*key)
        return [code for code in ended if isinstance(code, str)]

    def close(self) -> None:
        """Twice is fine."""
        self._keys.close()

"""What a bad cable does to the replies of any emulated device."""

from __future__ import annotations

import enum
import random
import threading
import time
from collections.abc import Callable, Iterator

from drivers.emulators.pty import Answer
from drivers.emulators.strikes import Strikes

#: The longest pause between two bytes of one frame that a reader may make.
PAUSE_S = 0.012
_NOISE_BYTES = 11


class Trouble(enum.StrEnum):
    """What can be wrong with a line; each counts once a reply.

    BYTEWISE: one byte at a time. PAUSES: pieces with up to 12 ms between. NOISE:
    garbage before the reply. LOSS: one byte missing. DAMAGE: one byte changed.
    SILENCE: no reply. LATE: a reply after `late_s`. GLUED: a reply that is held back
    and arrives together with the next one.
    """

    BYTEWISE = "bytewise"
    PAUSES = "pauses"
    NOISE = "noise"
    LOSS = "loss"
    DAMAGE = "damage"
    SILENCE = "silence"
    LATE = "late"
    GLUED = "glued"


class BadLine:
    """An `Answer` for `drivers.emulators.pty.Pty`, around that of a device.

    `seed` makes the damage repeatable. All methods may be called from any thread.
    """

    def __init__(self, answer: Answer, *, seed: int = 0, late_s: float = 0.5) -> None:
        self._answer = answer
        self._random = random.Random(seed)  # noqa: S311  (noise, no secret)
        self._late_s = late_s
        self._lock = threading.Lock()
        self._troubles = Strikes[Trouble]()
        self._held = b""

    def trouble(self, kind: Trouble, times: int | None = None) -> None:
        """Spoil the next `times` replies; None: all until `mend`."""
        with self._lock:
            self._troubles.begin(kind, times)

    def mend(self) -> None:
        """Be a good line again; what was held back is gone."""
        with self._lock:
            self._troubles.end()
            self._held = b""

    def __call__(self, received: bytes) -> Iterator[bytes]:
        """What goes back; a slow or late line sleeps between two pieces."""
        for reply in self._answer(received):
            if reply:
                yield from self._spoil(reply)

    def _spoil(self, reply: bytes) -> Iterator[bytes]:
        with self._lock:
            struck = {kind for kind in Trouble if self._troubles.strikes(kind)}
            if Trouble.SILENCE in struck:
                return
            held, self._held = self._held, b""
            if Trouble.GLUED in struck and not held:
                self._held = reply
                return
        reply = held + reply
        if Trouble.LATE in struck:
            time.sleep(self._late_s)
        for kind in sorted(struck):
            reply = _DAMAGES.get(kind, _unharmed)(reply, self._random)
        yield from self._in_pieces(reply, struck)

    def _in_pieces(self, reply: bytes, struck: set[Trouble]) -> Iterator[bytes]:
        if Trouble.BYTEWISE in struck:
            yield from (bytes((byte,)) for byte in reply)
        elif Trouble.PAUSES in struck:
            while reply:
                size = self._random.randint(1, 8)
                yield reply[:size]
                reply = reply[size:]
                time.sleep(self._random.uniform(0, PAUSE_S))
        else:
            yield reply


def _unharmed(reply: bytes, _random: random.Random) -> bytes:
    return reply


def _noise(reply: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.randint(1, _NOISE_BYTES)) + reply


def _loss(reply: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(reply))
    return reply[:at] + reply[at + 1 :]


def _damage(reply: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(reply))
    return reply[:at] + bytes((reply[at] ^ chance.randint(1, 255),)) + reply[at + 1 :]


_DAMAGES: dict[Trouble, Callable[[bytes, random.Random], bytes]] = {
    Trouble.NOISE: _noise,
    Trouble.LOSS: _loss,
    Trouble.DAMAGE: _damage,
}

"""A Honeywell scanner on a serial port that isn't there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from drivers.codecs.honeywell import MENU, TRIGGER, UNTRIGGER, Verdict

#: Settings it knows, by tag and sub-tag, and the values each takes.
SETTINGS = {"PAPHHF": {""}, "TRGMOD": {"0", "3"}, "232BAD": set("0123456789")}
#: In place of a value: what is it now? Changes nothing (not confirmed on hardware).
ASK_VALUE = "?"
_COMMAND = re.compile(
    rb"%b|%b|%b([ -~]+?)([.!])" % (TRIGGER, UNTRIGGER, MENU), re.DOTALL
)
_TAG_SIZE = 6
_MAX_COMMAND = 256


class HoneywellEmulator:
    """`answer` is the scanner's side of a `drivers.emulators.pty.Pty`.

    `by_hand`: it reads what is held before it at once, else at the next trigger.
    `settings`: what menu commands have set; `saved`: which of them for good.
    """

    def __init__(self, send: Callable[[bytes], None], *, by_hand: bool = True) -> None:
        self._send = send
        self._by_hand = by_hand
        self._looking = False
        self._shown: list[bytes] = []
        self._received = b""
        self.settings: dict[str, str] = {}
        self.saved: set[str] = set()

    def scan(self, text: str) -> None:
        """Hold a code before it."""
        code = text.encode() + b"\r"
        if self._by_hand or self._looking:
            self._looking = False
            self._send(code)
        else:
            self._shown.append(code)

    def answer(self, data: bytes) -> Iterator[bytes]:
        self._received = (self._received + data)[-_MAX_COMMAND:]
        while found := _COMMAND.search(self._received):
            self._received = self._received[found.end() :]
            if found.group(1) is None:
                yield from self._look(found.group() == TRIGGER)
            else:
                yield self._set(found.group(1).decode(), found.group(2).decode())

    def _look(self, wanted: bool) -> Iterator[bytes]:  # noqa: FBT001  (what the one command says)
        self._looking = wanted and not self._shown
        if wanted and self._shown:
            yield self._shown.pop(0)

    def _set(self, command: str, storage: str) -> bytes:
        name, value = command[:_TAG_SIZE].upper(), command[_TAG_SIZE:]
        verdict = Verdict.ACK if value in SETTINGS.get(name, ()) else Verdict.NAK
        if name not in SETTINGS:
            verdict = Verdict.ENQ
        elif value == ASK_VALUE:
            told = name + self.settings.get(name, "")
            return told.encode() + bytes((Verdict.ACK,)) + storage.encode()
        if verdict is Verdict.ACK:
            self.settings[name] = value
            self.saved |= {name} if storage == "." else set()
        return command.encode() + bytes((verdict,)) + storage.encode()

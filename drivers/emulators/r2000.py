"""A UHF reader of the "A0" protocol that isn't there: the same bytes on the line."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.codecs.r2000 import frames
from drivers.codecs.r2000.commands import Code, Command
from drivers.codecs.r2000.frames import PUBLIC_ADDRESS, Frame
from drivers.emulators.r2000_settings import R2000Settings
from drivers.emulators.r2000_tags import R2000Tags
from drivers.emulators.uhf_tag import UhfField

_FIRMWARE = (1, 9)


class R2000Emulator:
    """`answer` is the reader's side of a `drivers.emulators.pty.Pty`.

    The tags of `field` lie before antenna 0; there are `antennas` in all. `old_end`:
    the end of a round as older firmware tells it. `wants_read_password`: firmware
    that takes no read without one.
    """

    def __init__(
        self,
        *,
        address: int = 0x01,
        antennas: int = 2,
        old_end: bool = False,
        wants_read_password: bool = False,
    ) -> None:
        self.field = UhfField()
        self.settings = R2000Settings()
        self._tags = R2000Tags(
            self.field, old_end=old_end, wants_read_password=wants_read_password
        )
        self._address = address
        self._antennas = antennas
        self._failures: list[int] = []
        self._finder = frames.finder()

    def fail(self, code: int, times: int = 1) -> None:
        """Answer the next `times` commands, but for the firmware's, with this code."""
        self._failures += [code] * times

    def answer(self, received: bytes) -> Iterator[bytes]:
        """What goes back, frame by frame; nothing to a frame that is broken."""
        for frame in self._finder.feed(received):
            if isinstance(frame, Frame) and self._is_for_us(frame):
                for content in self._carry_out(frame):
                    yield Frame(self._address, frame.cmd, content).encode()

    def _is_for_us(self, frame: Frame) -> bool:
        return frame.adr in (self._address, PUBLIC_ADDRESS)

    def _carry_out(self, request: Frame) -> Iterator[bytes]:
        if request.cmd == Command.GET_FIRMWARE:
            yield bytes(_FIRMWARE)
        elif self._failures:
            yield bytes((self._failures.pop(0),))
        elif (result := self.settings.change(request.cmd, request.data)) is not None:
            yield bytes((result,))
        elif (told := self.settings.told(request.cmd)) is not None:
            yield told
        elif request.cmd == Command.INVENTORY:
            yield from self._inventory(request.data)
        else:
            yield from self._tags.access(request)

    def _inventory(self, content: bytes) -> Iterator[bytes]:
        if len(content) != 1:
            yield bytes((Code.BAD_PARAMETER,))
        elif self.settings.antenna >= self._antennas:
            yield bytes((Code.ANTENNA_MISSING,))
        else:
            yield from self._tags.inventory(content[0], self.settings.antenna)

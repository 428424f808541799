"""Every decoder that is fed piece by piece, in one shape."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from drivers.codecs.feig.frames import Decoder as FeigDecoder
from drivers.codecs.frame_finder import FrameFinder
from drivers.codecs.keys import KeyAssembler
from drivers.codecs.lines import LineAssembler
from drivers.codecs.lines_mixed import MixedLine
from drivers.codecs.ssi.codes import SsiReceiver
from tests.fuzz.surface import Function, family, modules, name_of, stream_makers

#: They need a protocol to be made; the protocols make them.
GENERIC = (FrameFinder, MixedLine)
#: Bit of a byte that says that the key in the others is released.
_RELEASED = 0x80
#: By family: what, over and over, keeps a decoder waiting or has it check the most.
ENDLESS: Mapping[str, str] = {
    "bibliotheca": "D6 08F0",
    "feig": "02 0FFF",
    "gm65": "0200 00 FF",
    "honeywell": "06",
    "keys": "02",
    "lines": "39",
    "m100": "BB 01 22 0250",
    "pn532": "00FF FFFF 0109 F6",
    "r2000": "A0 FF",
    "rfidstation": "7E55 00 00000000 F700 E803",
    "samv": "AAAAAA9669 0900",
    "ssi": "FFF4 4000 F4 0000",
    "uhfreader18": "FF",
}


class Stream(Protocol):
    """What a decoder finds in bytes; what is broken comes as a ProtocolError value."""

    def feed(self, data: bytes) -> list[object]: ...

    def flush(self) -> list[object]:
        """The line fell silent."""


@dataclass(frozen=True, slots=True)
class Case:
    """A decoder, by what of its codec makes it."""

    source: Function

    @property
    def name(self) -> str:
        return name_of(self.source)

    @property
    def endless(self) -> bytes:
        return bytes.fromhex(ENDLESS[family(self.source.__module__)])

    def make(self) -> Stream:
        """A new one; codes on its line are judged as they come."""
        adapted = _ADAPTED.get(self.source)
        if adapted is not None:
            return adapted()
        wants = inspect.signature(self.source).parameters
        lines = {"lines": LineAssembler()} if "lines" in wants else {}
        return cast(Stream, self.source(**lines))


def cases() -> list[Case]:
    """Every decoder there is."""
    makers = [maker for module in modules() for maker in stream_makers(module)]
    return [Case(maker) for maker in makers if maker not in GENERIC]


class _Feig:
    """Its frames are fetched one by one."""

    def __init__(self) -> None:
        self._decoder = FeigDecoder()

    def feed(self, data: bytes) -> list[object]:
        self._decoder.receive_data(data)
        return self._fetched(line_is_quiet=False)

    def flush(self) -> list[object]:
        return self._fetched(line_is_quiet=True)

    def _fetched(self, *, line_is_quiet: bool) -> list[object]:
        fetch = partial(self._decoder.next_frame, line_is_quiet=line_is_quiet)
        return list(iter(fetch, None))


class _Ssi:
    """Its acknowledgements are fetched and sent at once."""

    def __init__(self) -> None:
        self._receiver = SsiReceiver(LineAssembler())

    def feed(self, data: bytes) -> list[object]:
        found = self._receiver.feed(data)
        self._receiver.due()
        return [*found]

    def flush(self) -> list[object]:
        return [*self._receiver.flush()]


class _Keys:
    """Each byte is a key that is pressed or released."""

    def __init__(self) -> None:
        self._keys = KeyAssembler()

    def feed(self, data: bytes) -> list[object]:
        return [
            code
            for byte in data
            for code in self._keys.feed(byte & ~_RELEASED, byte < _RELEASED)
        ]

    def flush(self) -> list[object]:
        return [*self._keys.flush()]


_ADAPTED: Mapping[Function, Callable[[], Stream]] = {
    FeigDecoder: _Feig,
    SsiReceiver: _Ssi,
    KeyAssembler: _Keys,
}

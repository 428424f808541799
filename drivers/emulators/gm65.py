"""A GM65 or GM861 barcode module that isn't there."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Iterator

from drivers.codecs.frame_finder import FrameFinder
from drivers.codecs.gm65.frames import (
    REQUEST_START,
    Kind,
    Reply,
    Request,
    Zone,
    decode_request,
    encode_reply,
)

#: As a GM861 tells them fresh from the factory, but set to its serial port.
FACTORY_ZONES = {
    Zone.MODE: 0xD6,
    Zone.INTERFACE: 0xA0,
    Zone.BAUD: 0x39,
    Zone.BAUD + 1: 0x01,
    Zone.FORMAT: 0x01,
}
MODE_BITS, HOST_MODE = 0x03, 0x01
ENVELOPE_BIT, AIM_BIT = 0x80, 0x80
FACTORY_RESET = b"\x50"
MAX_REQUEST = 2 + 2 + 2 + 0xFF + 2


class Fault(enum.StrEnum):
    """DEAF: takes no command. NO_HEARTBEAT: an older module that does not know it."""

    DEAF = "deaf"
    NO_HEARTBEAT = "no_heartbeat"


class Gm65Emulator:
    """`answer` is the module's side of a `drivers.emulators.pty.Pty`.

    `scan` shows it a code: it is sent at once through `send`, or in host mode with
    the reply to the next trigger. A request with a wrong CRC gets no reply.
    `zones`: the settings; `saves`: how often they were written to flash. All methods
    may be called from any thread.
    """

    def __init__(
        self, send: Callable[[bytes], None], *, encoding: str = "utf-8"
    ) -> None:
        self._send = send
        self._encoding = encoding
        self._finder = FrameFinder(REQUEST_START, _take, MAX_REQUEST)
        self._lock = threading.Lock()
        self._shown: list[str] = []
        self.zones: dict[int, int] = dict(FACTORY_ZONES)
        self.writes: list[tuple[int, int]] = []
        self.saves = 0
        self.faults: set[Fault] = set()

    def scan(self, text: str, aim: str = "]E0") -> None:
        """Hold a code before it."""
        with self._lock:
            printed = self._aim(aim) + text
            if self.zones[Zone.MODE] & MODE_BITS == HOST_MODE and not self._looking:
                self._shown.append(printed)
                return
            self.zones[Zone.TRIGGER] = 0
            self._send(self._wrapped(printed))

    def answer(self, data: bytes) -> Iterator[bytes]:
        for request in self._finder.feed(data):
            if isinstance(request, Request) and Fault.DEAF not in self.faults:
                with self._lock:
                    replies = list(self._replies(request))
                yield from replies

    @property
    def _looking(self) -> bool:
        return bool(self.zones.get(Zone.TRIGGER, 0) & 1)

    def _replies(self, request: Request) -> Iterator[bytes]:
        match request.kind:
            case Kind.READ_ZONE:
                yield encode_reply(Reply(self._read(request)))
            case Kind.WRITE_ZONE:
                self._write(request)
                # Reply and code leave the module in one go.
                yield encode_reply(Reply(b"\0")) + self._triggered()
            case Kind.SAVE:
                self.saves += 1
                yield encode_reply(Reply(b"\0"))
            case Kind.HEARTBEAT if Fault.NO_HEARTBEAT not in self.faults:
                yield encode_reply(Reply(b"\0", heartbeat=True))

    def _read(self, request: Request) -> bytes:
        first, count = request.address, request.data[0]
        return bytes(self.zones.get(zone, 0) for zone in range(first, first + count))

    def _write(self, request: Request) -> None:
        for zone, value in enumerate(request.data, request.address):
            self.zones[zone] = value
            self.writes.append((zone, value))
        if (request.address, request.data[:1]) == (Zone.SYSTEM, FACTORY_RESET):
            self.zones = dict(FACTORY_ZONES)

    def _triggered(self) -> bytes:
        if not self._looking or not self._shown:
            return b""
        self.zones[Zone.TRIGGER] = 0
        return self._wrapped(self._shown.pop(0))

    def _aim(self, aim: str) -> str:
        return aim if self.zones.get(Zone.AIM, 0) & AIM_BIT else ""

    def _wrapped(self, text: str) -> bytes:
        code = text.encode(self._encoding)
        if self.zones[Zone.FORMAT] & ENVELOPE_BIT:
            return b"\x03\x00" + bytes((len(code),)) + code
        return code + b"\r"


def _take(data: bytes) -> tuple[Request, int] | None:
    if len(data) < 4:
        return None
    size = 2 + 2 + 2 + data[3] + 2
    if len(data) < size:
        return None
    return decode_request(data[:size]), size

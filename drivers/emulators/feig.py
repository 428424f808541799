"""A FEIG OBID pad that isn't there: the same bytes, and the same troubles."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Iterator

from drivers.api import BadFrame
from drivers.codecs.feig_frames import ANY_READER, Decoder, Frame, Framing
from drivers.codecs.feig_replies import BlockOrder
from drivers.codecs.feig_requests import ISO_HOST, IsoRequest, Sub, parse_iso_request
from drivers.codecs.feig_status import Status
from drivers.emulators.feig_reader import EmulatedReader
from drivers.emulators.tag import VirtualTag

#: A reader forgets a request that stops for longer than this (12 ms on a real line).
_GAP_S = 0.1
#: What a bad cable adds: 00, an absurd length, half a frame, the mark of a long one.
_NOISE = bytes.fromhex("00 02 FF FF 0D 00 65 00 FF 02 00")
#: A slow line: so many bytes, then a pause.
_SLOW_CHUNK = 5
_SLOW_PAUSE_S = 0.01
#: What a reader in scan mode sends unasked.
_SCAN_MODE_FLOOD = b"E00401500A1B2C3D\r\n" * 3


class Fault(enum.StrEnum):
    """What can be wrong with a pad; each counts where it strikes.

    FLICKER: an inventory misses one tag, another one each time. PARTIAL_READ: memory
    can't be read. WRITE_FAILS: a write ends with status 03. SLOW_LINE, NOISE,
    WRONG_CRC: a reply in pieces, behind garbage, damaged. SILENT: no reply.
    LATE: a reply after `late_s`. SCAN_MODE: only floods, and status 82.
    """

    FLICKER = "flicker"
    PARTIAL_READ = "partial_read"
    WRITE_FAILS = "write_fails"
    SLOW_LINE = "slow_line"
    NOISE = "noise"
    WRONG_CRC = "wrong_crc"
    SILENT = "silent"
    LATE = "late"
    SCAN_MODE = "scan_mode"


_OF_THE_LINE = (Fault.LATE, Fault.NOISE, Fault.WRONG_CRC, Fault.SLOW_LINE)
_WRITING = frozenset(
    {
        Sub.WRITE_BLOCKS,
        Sub.LOCK_BLOCKS,
        Sub.WRITE_AFI,
        Sub.LOCK_AFI,
        Sub.WRITE_DSFID,
        Sub.LOCK_DSFID,
    }
)


class FeigEmulator:
    """`answer` is the device's side of a `drivers.emulators.pty.Pty`.

    All other methods may be called from any thread.
    """

    def __init__(
        self,
        *,
        block_order: BlockOrder = BlockOrder.REVERSED,
        framings: frozenset[Framing] = frozenset(Framing),
        tags_per_reply: int = 24,
        reports_once: bool = False,
        address: int = 0,
        late_s: float = 2.0,
    ) -> None:
        self._reader = EmulatedReader(
            block_order=block_order,
            tags_per_reply=tags_per_reply,
            reports_once=reports_once,
        )
        self._framings = framings
        self._address = address
        self._late_s = late_s
        self._lock = threading.Lock()
        self._decoder = Decoder()
        self._heard_at = 0.0
        self._faults: dict[Fault, int | None] = {}
        self._flickers = 0
        self._memory_told_at: dict[str, float] = {}

    @property
    def tags(self) -> tuple[VirtualTag, ...]:
        """The tags on the pad, in the order they were placed."""
        with self._lock:
            return tuple(self._reader.tags.values())

    def place(self, tag: VirtualTag) -> None:
        """Lay a tag on the pad."""
        with self._lock:
            self._memory_told_at.pop(tag.uid, None)
            self._reader.tags[tag.uid] = tag

    def lift(self, uid: str) -> None:
        """Take a tag away; nothing happens when it is not there."""
        with self._lock:
            self._reader.tags.pop(uid, None)

    def fault(self, kind: Fault, times: int | None = None) -> None:
        """Misbehave `times` times from now on; None: until `mend`."""
        with self._lock:
            self._faults[kind] = times

    def mend(self) -> None:
        """End all faults."""
        with self._lock:
            self._faults.clear()

    def memory_told_at(self, uid: str) -> float | None:
        """When the last byte of the first reply with the tag's memory was written.

        By `time.monotonic`, since the tag was placed; None when that is still to come.
        """
        with self._lock:
            return self._memory_told_at.get(uid)

    def answer(self, received: bytes) -> Iterator[bytes]:
        """What goes back, chunk by chunk; a slow line sleeps between two."""
        now = time.monotonic()
        if now - self._heard_at > _GAP_S:
            self._decoder.reset()
        if received:
            self._heard_at = now
            self._decoder.receive_data(received)
        while request := self._decoder.next_frame():
            if self._hears(request):
                yield from self._serve(request)

    def _hears(self, request: Frame) -> bool:
        to_us = request.adr in (ANY_READER, self._address)
        return to_us and request.framing in self._framings

    def _serve(self, request: Frame) -> Iterator[bytes]:
        with self._lock:
            body = self._execute(request)
            silent = self._strikes(Fault.SILENT)
        if silent:
            return
        yield from self._send(self._reply(request, body).encode())
        self._note_memory_told(request, body[0])

    def _reply(self, request: Frame, body: bytes) -> Frame:
        reply = Frame(self._address, request.cmd, body, request.framing)
        too_long = len(body) + Framing.STANDARD.overhead > 0xFF
        if too_long and Framing.ADVANCED in self._framings:
            return Frame(self._address, request.cmd, body, Framing.ADVANCED)
        return reply

    def _execute(self, request: Frame) -> bytes:
        if Fault.SCAN_MODE in self._faults and self._strikes(Fault.SCAN_MODE):
            return bytes([Status.NOT_AVAILABLE])
        about_tags = _iso_request(request)
        if about_tags is None:
            return self._reader.execute(request)
        if about_tags.sub is Sub.READ_BLOCKS and self._strikes(Fault.PARTIAL_READ):
            return bytes([Status.RF_ERROR])
        if about_tags.sub in _WRITING and self._strikes(Fault.WRITE_FAILS):
            return bytes([Status.WRITE_ERROR]) + _failed_block(about_tags)
        if about_tags.sub is Sub.INVENTORY:
            self._reader.hidden = self._next_hidden()
        return self._reader.execute(request)

    def _next_hidden(self) -> frozenset[str]:
        uids = list(self._reader.tags)
        if not uids or not self._strikes(Fault.FLICKER):
            return frozenset()
        self._flickers += 1
        return frozenset({uids[self._flickers % len(uids)]})

    def _send(self, reply: bytes) -> Iterator[bytes]:
        with self._lock:
            struck = {kind for kind in _OF_THE_LINE if self._strikes(kind)}
            flooding = Fault.SCAN_MODE in self._faults
        if Fault.LATE in struck:
            time.sleep(self._late_s)
        if Fault.NOISE in struck:
            reply = _NOISE + reply
        if Fault.WRONG_CRC in struck:
            reply = reply[:-1] + bytes([reply[-1] ^ 0xFF])
        if flooding:
            reply = _SCAN_MODE_FLOOD + reply
        if Fault.SLOW_LINE in struck:
            yield from _slowly(reply)
        else:
            yield reply

    def _strikes(self, kind: Fault) -> bool:
        """Count one strike of a fault that is on; the lock is held."""
        if kind not in self._faults:
            return False
        left = self._faults[kind]
        if left is not None and left <= 1:
            del self._faults[kind]
        elif left is not None:
            self._faults[kind] = left - 1
        return left is None or left > 0

    def _note_memory_told(self, request: Frame, status: int) -> None:
        about_tags = _iso_request(request)
        told = about_tags is not None and about_tags.sub is Sub.READ_BLOCKS
        if about_tags is not None and told and status == Status.OK:
            with self._lock:
                self._memory_told_at.setdefault(about_tags.uid, time.monotonic())


def _iso_request(request: Frame) -> IsoRequest | None:
    if request.cmd != ISO_HOST:
        return None
    try:
        return parse_iso_request(request.body)
    except BadFrame:
        return None


def _failed_block(request: IsoRequest) -> bytes:
    return bytes([request.first_block]) if request.sub is Sub.WRITE_BLOCKS else b""


def _slowly(reply: bytes) -> Iterator[bytes]:
    for at in range(0, len(reply), _SLOW_CHUNK):
        if at:
            time.sleep(_SLOW_PAUSE_S)
        yield reply[at : at + _SLOW_CHUNK]

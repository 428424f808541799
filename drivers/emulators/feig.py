"""A FEIG OBID pad that isn't there: the same bytes, and the same troubles."""

from __future__ import annotations

import time
from collections.abc import Iterator

from drivers.api import BadFrame
from drivers.codecs.block_order import BlockOrder
from drivers.codecs.feig.frames import ANY_READER, Decoder, Frame, Framing
from drivers.codecs.feig.requests import ISO_HOST, IsoRequest, Sub, parse_iso_request
from drivers.codecs.feig.status import Status
from drivers.emulators.feig_reader import EmulatedReader
from drivers.emulators.hf_field import Fault, HfField

#: A reader forgets a request that stops for longer than this (12 ms on a real line).
_GAP_S = 0.1
#: What a reader in scan mode sends unasked.
_SCAN_MODE_FLOOD = b"E00401500A1B2C3D\r\n" * 3

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


class FeigEmulator(HfField):
    """`answer` is the device's side of a `drivers.emulators.pty.Pty`.

    A reader that `scans` is in scan mode: it floods, and refuses with status 82.
    """

    def __init__(
        self,
        *,
        block_order: BlockOrder = BlockOrder.REVERSED,
        framings: frozenset[Framing] = frozenset(Framing),
        tags_per_reply: int = 24,
        reports_once: bool = False,
        address: int = 0,
        has_eas: bool = True,
    ) -> None:
        super().__init__()
        self.scans = False
        self._reader = EmulatedReader(
            self.on_pad,
            block_order=block_order,
            tags_per_reply=tags_per_reply,
            reports_once=reports_once,
            has_eas=has_eas,
        )
        self._framings = framings
        self._address = address
        self._decoder = Decoder()
        self._heard_at = 0.0

    def answer(self, received: bytes) -> Iterator[bytes]:
        """What goes back, reply by reply."""
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
        with self.lock:
            body = self._execute(request)
        reply = self._reply(request, body).encode()
        yield _SCAN_MODE_FLOOD + reply if self.scans else reply
        about_tags = _iso_request(request)
        if about_tags and about_tags.sub is Sub.READ_BLOCKS and body[0] == Status.OK:
            self.note_memory_told(about_tags.uid)

    def _reply(self, request: Frame, body: bytes) -> Frame:
        reply = Frame(self._address, request.cmd, body, request.framing)
        too_long = len(body) + Framing.STANDARD.overhead > 0xFF
        if too_long and Framing.ADVANCED in self._framings:
            return Frame(self._address, request.cmd, body, Framing.ADVANCED)
        return reply

    def _execute(self, request: Frame) -> bytes:
        if self.scans:
            return bytes([Status.NOT_AVAILABLE])
        about_tags = _iso_request(request)
        if about_tags is None:
            return self._reader.execute(request)
        if about_tags.sub is Sub.READ_BLOCKS and self.strikes(Fault.PARTIAL_READ):
            return bytes([Status.RF_ERROR])
        if about_tags.sub in _WRITING and self.strikes(Fault.WRITE_FAILS):
            return bytes([Status.WRITE_ERROR]) + _failed_block(about_tags)
        if about_tags.sub is Sub.INVENTORY:
            self._reader.hidden = self.missed_now()
        return self._reader.execute(request)


def _iso_request(request: Frame) -> IsoRequest | None:
    if request.cmd != ISO_HOST:
        return None
    try:
        return parse_iso_request(request.body)
    except BadFrame:
        return None


def _failed_block(request: IsoRequest) -> bytes:
    return bytes([request.first_block]) if request.sub is Sub.WRITE_BLOCKS else b""

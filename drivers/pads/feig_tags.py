"""A FEIG reader as an `HfReader`: what it can do with tags, command by command."""

from __future__ import annotations

from drivers.api import BadFrame, CommandRefused, NoAnswer
from drivers.codecs.feig import replies, requests
from drivers.codecs.feig.frames import Frame
from drivers.codecs.feig.reader_commands import Command
from drivers.codecs.feig.replies import TYPE_ISO15693
from drivers.codecs.feig.requests import (
    ISO_CUSTOM,
    ISO_HOST,
    MAX_BLOCK_BYTES,
    Addressing,
    EasRequest,
    EasSub,
    IsoRequest,
    Sub,
)
from drivers.codecs.feig.status import Status, status_text
from drivers.pads.feig_link import FeigLink
from drivers.pads.hf_reader import Sighting, TagInfo
from drivers.pads.pieces import data_pieces, pieces

#: No field holds so many tags; a reader that goes on saying "more" is broken.
_MOST_PARTS = 32
#: The longest reply in a standard frame, less what surrounds its blocks.
_REPLY_ROOM = 255 - 8


class FeigReader:
    """Refusals carry the reader's status byte."""

    def __init__(self, link: FeigLink) -> None:
        self.name = link.name
        self._link = link

    def inventory(self) -> list[Sighting]:
        """Every ISO 15693 tag in the field; the reader sends many in several parts."""
        # Without a reset a reader may report a tag only once while it stays.
        self._link.ask(Command.RF_RESET)
        found: dict[str, Sighting] = {}
        for part in range(_MOST_PARTS):
            request = requests.inventory(more=part > 0)
            reply = self._link.ask(ISO_HOST, request.encode())
            if reply.status == Status.NO_TAG:
                break
            if reply.status not in (Status.OK, Status.MORE_DATA):
                raise self._refusal(reply, "inventory")
            for record in replies.parse_inventory(reply.data).records:
                if record.tr_type == TYPE_ISO15693:
                    found[record.uid] = Sighting(record.uid, record.dsfid)
            if reply.status == Status.OK:
                break
        return list(found.values())

    def tag_info(self, uid: str) -> TagInfo | None:
        """What the tag says of itself; None when it refuses to."""
        request = requests.addressed(Sub.SYSTEM_INFO, uid)
        reply = self._link.ask(ISO_HOST, request.encode())
        if reply.status == Status.ISO_ERROR:
            return None
        self._check(reply, f"{request.sub.title} of {uid}")
        info = replies.parse_system_info(reply.data)
        if info.uid != uid:
            raise BadFrame(f"{self.name}: asked {uid}, answer from {info.uid}")
        return TagInfo(uid, info.afi, info.dsfid, info.block_size, info.block_count)

    def read(self, uid: str, first: int, count: int, block_size: int) -> bytes:
        """Blocks as the wire orders them, in as many commands as it takes."""
        room = min(MAX_BLOCK_BYTES // block_size, _REPLY_ROOM // (block_size + 1))
        return b"".join(
            self._read_chunk(uid, at, blocks, block_size)
            for at, blocks in pieces(first, count, room)
        )

    def write(self, uid: str, first: int, as_sent: bytes, block_size: int) -> None:
        """Write whole blocks, in as many commands as it takes."""
        room = MAX_BLOCK_BYTES // block_size
        for at, blocks in data_pieces(first, as_sent, block_size, room):
            count = len(blocks) // block_size
            self._change(requests.write_blocks(uid, at, count, blocks))

    def write_afi(self, uid: str, afi: int) -> None:
        """Write the AFI."""
        self._change(requests.addressed(Sub.WRITE_AFI, uid, value=afi))

    def write_eas(self, uid: str, *, armed: bool) -> None:
        """Set or reset the EAS bit of an ICODE tag. Many readers refuse command B1."""
        sub = EasSub.SET_EAS if armed else EasSub.RESET_EAS
        request = EasRequest(sub, uid, Addressing.BY_UID)
        reply = self._link.ask(ISO_CUSTOM, request.encode())
        self._check(reply, f"{sub.title} of {uid}")

    def close(self) -> None:
        """Twice is fine."""
        self._link.close()

    def _read_chunk(self, uid: str, first: int, count: int, block_size: int) -> bytes:
        reply = self._ask(requests.read_blocks(uid, first, count))
        blocks = replies.parse_blocks(reply.data)
        if len(blocks.blocks) != count or blocks.block_size != block_size:
            raise BadFrame(
                f"{self.name}: asked {uid} for {count} blocks of {block_size} "
                f"bytes, got {len(blocks.blocks)} of {blocks.block_size}"
            )
        return b"".join(blocks.blocks)

    def _change(self, request: IsoRequest) -> None:
        """A change whose answer got lost is no failure: only reading back tells."""
        try:
            self._ask(request)
        except NoAnswer:
            return

    def _ask(self, request: IsoRequest) -> Frame:
        reply = self._link.ask(ISO_HOST, request.encode())
        self._check(reply, f"{request.sub.title} of {request.uid}")
        return reply

    def _check(self, reply: Frame, what: str) -> None:
        if reply.status != Status.OK:
            raise self._refusal(reply, what)

    def _refusal(self, reply: Frame, what: str) -> CommandRefused:
        text = status_text(reply.status, reply.data)
        return CommandRefused(f"{self.name}: {what}: {text}", status=reply.status)

"""What a FEIG reader can do with tags, command by command, in the order of the wire."""

from __future__ import annotations

from drivers.api import BadFrame, CommandRefused, NoAnswer
from drivers.codecs import feig_replies, feig_requests
from drivers.codecs.feig_frames import Frame
from drivers.codecs.feig_replies import InventoryRecord, SystemInfo
from drivers.codecs.feig_requests import ISO_HOST, MAX_BLOCK_BYTES, IsoRequest, Sub
from drivers.codecs.feig_status import Status, status_text
from drivers.pads.feig_link import FeigLink

#: No field holds so many tags; a reader that goes on saying "more" is broken.
_MOST_PARTS = 32
#: The longest reply in a standard frame, less what surrounds its blocks.
_REPLY_ROOM = 255 - 8


class FeigTags:
    """Commands to the tags in the field.

    Each raises CommandRefused with the reader's status, NoAnswer, BadFrame for an
    answer that makes no sense, or DeviceLost.
    """

    def __init__(self, link: FeigLink) -> None:
        self._link = link

    def inventory(self) -> list[InventoryRecord]:
        """Every tag in the field, once; the reader sends many in several parts."""
        found: dict[str, InventoryRecord] = {}
        for part in range(_MOST_PARTS):
            request = feig_requests.inventory(more=part > 0)
            reply = self._link.ask(ISO_HOST, request.encode())
            if reply.status == Status.NO_TAG:
                break
            if reply.status not in (Status.OK, Status.MORE_DATA):
                raise self._refusal(reply, "inventory")
            records = feig_replies.parse_inventory(reply.data).records
            found.update((record.uid, record) for record in records)
            if reply.status == Status.OK:
                break
        return list(found.values())

    def system_info(self, uid: str) -> SystemInfo:
        """What the tag says of itself."""
        reply = self._ask(feig_requests.addressed(Sub.SYSTEM_INFO, uid))
        info = feig_replies.parse_system_info(reply.data)
        if info.uid != uid:
            raise BadFrame(f"{self._link.name}: asked {uid}, answer from {info.uid}")
        return info

    def read(self, uid: str, first: int, count: int, block_size: int) -> bytes:
        """Blocks as the wire orders them, in as many commands as it takes."""
        room = min(MAX_BLOCK_BYTES // block_size, _REPLY_ROOM // (block_size + 1))
        chunks = []
        for at in range(first, first + count, room):
            wanted = min(room, first + count - at)
            chunks.append(self._read_chunk(uid, at, wanted, block_size))
        return b"".join(chunks)

    def write(self, uid: str, first: int, as_sent: bytes, block_size: int) -> None:
        """Write whole blocks given as the wire orders them.

        An answer that got lost is no failure: only reading back tells what stands.
        """
        room = MAX_BLOCK_BYTES // block_size * block_size
        for at in range(0, len(as_sent), room):
            chunk = as_sent[at : at + room]
            block, count = first + at // block_size, len(chunk) // block_size
            self._change(feig_requests.write_blocks(uid, block, count, chunk))

    def write_afi(self, uid: str, afi: int) -> None:
        """Write the AFI; a lost answer is no failure, as with `write`."""
        self._change(feig_requests.addressed(Sub.WRITE_AFI, uid, value=afi))

    def _read_chunk(self, uid: str, first: int, count: int, block_size: int) -> bytes:
        reply = self._ask(feig_requests.read_blocks(uid, first, count))
        blocks = feig_replies.parse_blocks(reply.data)
        if len(blocks.blocks) != count or blocks.block_size != block_size:
            raise BadFrame(
                f"{self._link.name}: asked {uid} for {count} blocks of {block_size} "
                f"bytes, got {len(blocks.blocks)} of {blocks.block_size}"
            )
        return b"".join(blocks.blocks)

    def _change(self, request: IsoRequest) -> None:
        try:
            self._ask(request)
        except NoAnswer:
            return

    def _ask(self, request: IsoRequest) -> Frame:
        reply = self._link.ask(ISO_HOST, request.encode())
        if reply.status != Status.OK:
            raise self._refusal(reply, f"{request.sub.title} of {request.uid}")
        return reply

    def _refusal(self, reply: Frame, what: str) -> CommandRefused:
        text = status_text(reply.status, reply.data)
        return CommandRefused(f"{self._link.name}: {what}: {text}", status=reply.status)

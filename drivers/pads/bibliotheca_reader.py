"""What a 3M / Bibliotheca pad can do with tags, command by command."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from drivers.api import BadFrame, CommandRefused, NoAnswer
from drivers.codecs.bibliotheca import replies, requests
from drivers.codecs.bibliotheca.replies import MAX_LOCK
from drivers.codecs.bibliotheca.requests import (
    BLOCK_BYTES,
    NEW_STYLE,
    WANT_AFI,
    WANT_DSFID,
    WANT_MEMORY,
    WITHOUT_LOCKS,
    Command,
    Request,
)
from drivers.codecs.bibliotheca.status import Status
from drivers.codecs.iso15693 import iso_error_text, nxp_eas_request, refusal_in
from drivers.pads.bibliotheca_link import BibliothecaLink
from drivers.pads.hf_reader import Sighting, TagInfo
from drivers.pads.pieces import data_pieces, pieces

#: What programs in the field ask for in one command.
_BLOCKS_AT_ONCE = 8
_WANTED = WANT_DSFID | WANT_AFI | WANT_MEMORY
#: The tag was too far away to be heard; the change may stand all the same.
_UNCONFIRMED = (Status.NO_TRANSPONDER, Status.NOT_WRITTEN)
#: An acknowledgement over the air: flags, and an error byte if it is none.
_AIR_ANSWER_BYTES = 2


class BibliothecaReader:
    """Refusals carry the reader's status byte.

    `new_style` asks for blocks without their numbers and locks, which is shorter but
    unknown to old firmware. Answers are understood in any style.
    """

    def __init__(
        self, link: BibliothecaLink, *, timeout_s: float, new_style: bool
    ) -> None:
        """`timeout_s`: how long a change is repeated that the tag does not confirm."""
        self.name = link.name
        self._link = link
        self._timeout_s = timeout_s
        self._read_options = NEW_STYLE | WITHOUT_LOCKS if new_style else 0

    def inventory(self) -> list[Sighting]:
        """Every tag once; one that missed its "quiet" stands in the answer twice."""
        try:
            reply = self._link.ask(requests.inventory())
        except CommandRefused as err:
            if err.status != Status.NO_TRANSPONDER:
                raise
            return []
        records = replies.parse_inventory(reply.data).records
        uids = dict.fromkeys(record.uid for record in records if record.uid)
        return [Sighting(uid) for uid in uids]

    def tag_info(self, uid: str) -> TagInfo | None:
        """What the tag says of itself; of old tags and old firmware the AFI alone."""
        want = Request(Command.TAG_INFO, uid, bytes([_WANTED]))
        try:
            data = self._link.ask_tag(want)
        except CommandRefused as err:
            if err.status not in (Status.NO_TRANSPONDER, Status.NOT_IMPLEMENTED):
                raise
            return self._afi_alone(uid)
        info = replies.parse_tag_information(data)
        return TagInfo(uid, info.afi, info.dsfid, info.block_size, info.block_count)

    def read(self, uid: str, first: int, count: int, block_size: int) -> bytes:
        """Blocks in the order of the tag."""
        self._check_block_size(uid, block_size)
        return b"".join(
            self._read_chunk(uid, at, blocks)
            for at, blocks in pieces(first, count, _BLOCKS_AT_ONCE)
        )

    def write(self, uid: str, first: int, as_sent: bytes, block_size: int) -> None:
        """Write whole blocks; each command is repeated until the tag confirms it."""
        self._check_block_size(uid, block_size)
        for at, blocks in data_pieces(first, as_sent, BLOCK_BYTES, _BLOCKS_AT_ONCE):
            self._write_chunk(uid, at, blocks)

    def write_afi(self, uid: str, afi: int) -> None:
        """Write the AFI; repeated, as these readers often miss the confirmation."""
        request = Request(Command.WRITE_AFI, uid, bytes([afi]))
        with suppress(NoAnswer):
            self._insist(request, lambda: self._afi(uid) == afi)

    def write_eas(self, uid: str, *, armed: bool) -> None:
        """Set or reset the EAS bit; firmware without the command passes it through."""
        try:
            self._insist(Request(Command.WRITE_EAS, uid, bytes([armed])), _never)
        except CommandRefused as err:
            if err.status != Status.NOT_IMPLEMENTED:
                raise
            self._pass(nxp_eas_request(uid, armed=armed), f"EAS of {uid}")

    def close(self) -> None:
        """Twice is fine."""
        self._link.close()

    def _afi_alone(self, uid: str) -> TagInfo | None:
        try:
            return TagInfo(uid, self._afi(uid), None, None, None)
        except CommandRefused as err:
            if err.status == Status.NO_TRANSPONDER:
                raise
            return None

    def _afi(self, uid: str) -> int:
        data = self._link.ask_tag(Request(Command.GET_AFI, uid))
        return replies.parse_byte(data, "AFI")

    def _read_chunk(self, uid: str, first: int, count: int) -> bytes:
        options = self._read_options
        data = self._link.ask_tag(requests.read_blocks(uid, first, count, options))
        found = replies.parse_blocks(data)
        if (found.first, len(found.blocks)) != (first, count):
            raise BadFrame(
                f"{self.name}: asked {uid} for {count} blocks from {first}, got "
                f"{len(found.blocks)} from {found.first}"
            )
        for lock in found.locks:
            if lock > MAX_LOCK:
                raise self._link.refusal(lock, f"a block from {first} on of {uid}")
        return b"".join(found.blocks)

    def _write_chunk(self, uid: str, first: int, blocks: bytes) -> None:
        count = len(blocks) // BLOCK_BYTES
        with suppress(NoAnswer):
            self._insist(
                requests.write_blocks(uid, first, blocks),
                lambda: self._read_chunk(uid, first, count) == blocks,
            )

    def _insist(self, request: Request, stands: Callable[[], bool]) -> None:
        """Repeat an unconfirmed change until it `stands`, or the time is up."""
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                self._link.ask_tag(request)
            except CommandRefused as err:
                if err.status not in _UNCONFIRMED or time.monotonic() > deadline:
                    raise
            else:
                return
            with suppress(CommandRefused):
                if stands():
                    return

    def _pass(self, air: bytes, what: str) -> None:
        """Send a command of the tag's own, and take its acknowledgement."""
        request = requests.pass_through(air, _AIR_ANSWER_BYTES)
        reply = self._link.ask(request)
        answer = replies.parse_air_reply(reply.data).air
        if not answer:
            raise self._link.refusal(Status.NO_TRANSPONDER, what)
        error = refusal_in(answer)
        if error is not None:
            text = iso_error_text(error)
            raise CommandRefused(f"{self.name}: {what}: {text}", status=Status.UNKNOWN)

    def _check_block_size(self, uid: str, size: int) -> None:
        if size != BLOCK_BYTES:
            what = f"blocks of {size} bytes of {uid}"
            raise self._link.refusal(Status.NOT_SUPPORTED, what)


def _never() -> bool:
    return False

"""What an emulated reader of the UHFReader18 family does with tags."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.api import BadFrame
from drivers.codecs.gen2 import Bank
from drivers.codecs.uhfreader18.commands import (
    Command,
    Dialect,
    ReadRequest,
    Status,
    WriteRequest,
)
from drivers.codecs.uhfreader18.frames import Frame
from drivers.codecs.uhfreader18.replies import Found, FoundTag
from drivers.emulators.uhf_tag import TagRefused, UhfField, VirtualUhfTag

#: Tags that an old reader tells in one frame; a newer one tells each in its own.
_TAGS_A_FRAME = 8
_MOST_WORDS = 120
#: Where the EPC begins in its bank: behind CRC and PC.
_EPC_BIT = 32
_RSSI_AT_0_DBM = 180
_ANTENNA_1 = 0x01


class Reader18Tags:
    """An EPC selects the first tag whose EPC begins with it."""

    def __init__(self, field: UhfField, dialect: Dialect) -> None:
        self._field = field
        self._dialect = dialect

    def access(self, request: Frame) -> Iterator[bytes]:
        """The bodies of the replies."""
        try:
            match request.cmd:
                case Command.INVENTORY:
                    yield from self._inventory(request.body)
                case Command.READ:
                    yield self._read(ReadRequest.parse(request.body))
                case Command.WRITE:
                    yield self._write(WriteRequest.parse(request.body))
                case _:
                    yield _only(Status.BAD_COMMAND)
        except BadFrame:
            yield _only(Status.BAD_LENGTH)

    def _inventory(self, body: bytes) -> Iterator[bytes]:
        """Where old firmware takes a TID for an EPC, it finds none on these tags."""
        if self._dialect is Dialect.OLD:
            yield from self._old_inventory() if not body else (_only(Status.NO_TAG),)
        elif len(body) < 2:
            yield _only(Status.BAD_LENGTH)
        elif body[0] > 0x0F or body[1] > 3:
            yield _only(Status.BAD_PARAMETER)
        else:
            yield from self._new_inventory()

    def _old_inventory(self) -> Iterator[bytes]:
        with self._field.guard:
            found = [FoundTag(tag.epc) for tag in self._field.tags]
        if not found:
            yield _only(Status.NO_TAG)
        for at in range(0, len(found), _TAGS_A_FRAME):
            is_last = at + _TAGS_A_FRAME >= len(found)
            status = Status.INVENTORY_DONE if is_last else Status.INVENTORY_GOES_ON
            frame = Found(tuple(found[at : at + _TAGS_A_FRAME]))
            yield bytes((status,)) + frame.encode()

    def _new_inventory(self) -> Iterator[bytes]:
        with self._field.guard:
            found = [
                FoundTag(tag.epc, _RSSI_AT_0_DBM + tag.rssi_dbm)
                for tag in self._field.tags
            ]
        for tag in found:
            listed = Found((tag,), _ANTENNA_1).encode()
            yield bytes((Status.INVENTORY_GOES_ON,)) + listed
        yield bytes((Status.INVENTORY_DONE,)) + Found((), _ANTENNA_1).encode()

    def _read(self, asked: ReadRequest) -> bytes:
        if asked.bank not in set(Bank) or not 0 < asked.count <= _MOST_WORDS:
            return _only(Status.BAD_PARAMETER)
        with self._field.guard:
            tag = self._selected(asked.epc)
            if tag is None:
                return _only(Status.NO_TAG)
            try:
                words = tag.read(Bank(asked.bank), asked.word, asked.count)
            except TagRefused as refused:
                return bytes((Status.TAG_ERROR, refused.error))
        return bytes((Status.OK,)) + words

    def _write(self, asked: WriteRequest) -> bytes:
        if asked.bank not in set(Bank) or not asked.words:
            return _only(Status.BAD_PARAMETER)
        with self._field.guard:
            tag = self._selected(asked.epc)
            if tag is None:
                return _only(Status.NO_TAG)
            if not tag.opens_with(asked.password):
                return _only(Status.WRONG_PASSWORD)
            try:
                tag.write(Bank(asked.bank), asked.word, asked.words)
            except TagRefused as refused:
                return bytes((Status.TAG_ERROR, refused.error))
        return _only(Status.OK)

    def _selected(self, epc: bytes) -> VirtualUhfTag | None:
        """The guard of the field is held. Without an EPC, any tag."""
        bits = len(epc) * 8
        for tag in self._field.tags:
            if not epc or tag.answers_to(Bank.EPC, _EPC_BIT, bits, epc):
                return tag
        return None


def _only(status: Status) -> bytes:
    return bytes((status,))

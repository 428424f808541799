"""A UHF pad on a reader that has no line: it reaches the tags of a field at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.api import (
    CommandRefused,
    Tag,
    TagsOnPad,
)
from drivers.codecs.gen2 import Bank, TagError
from drivers.emulators.uhf_tag import TagRefused, UhfField, VirtualUhfTag
from drivers.pads.uhf_pad import UhfOptions, UhfPad
from drivers.pads.uhf_reader import BankEnds, UhfReader, UhfSighting
from tests.contract.uhf_rig import (
    CULTU_USER_READ,
    ISO_USER_READ,
    MODELS,
    TagModel,
)

IN_STOCK, ON_LOAN = 0x07, 0xC2
ISO, CULTU = MODELS
READ = {ISO: ISO_USER_READ, CULTU: CULTU_USER_READ}
#: A maker's number, as on a tag that no library has written.
FOREIGN = bytes.fromhex("3000E28011700000020FEBEAD3B5")
ONE_TAG_STATUS = 0x09


class DirectReader:
    """Reaches the tags of a field at once; counts what it was asked."""

    name = "reader"

    def __init__(self, *, tells_pc: bool = True, tells_rssi: bool = True) -> None:
        self.field = UhfField()
        self.reads: list[tuple[bytes, Bank, int, int]] = []
        self.writes: list[tuple[bytes, Bank, int, bytes]] = []
        self.fails: Callable[[Bank], Exception | None] = lambda _bank: None
        self.loses_writes = False
        self.closed = False
        self._tells_pc = tells_pc
        self._tells_rssi = tells_rssi

    def inventory(self) -> list[UhfSighting]:
        return [
            UhfSighting(
                tag.epc,
                tag.pc if self._tells_pc else None,
                tag.rssi_dbm if self._tells_rssi else None,
            )
            for tag in self.field.tags
        ]

    def read_bank(self, epc: bytes, bank: Bank, word: int, count: int) -> bytes:
        self.reads.append((epc, bank, word, count))
        if error := self.fails(bank):
            raise error
        try:
            return self._reach(epc).read(bank, word, count)
        except TagRefused as err:
            kind = BankEnds if err.error is TagError.OVERRUN else CommandRefused
            raise kind("refused", status=err.error) from err

    def write_bank(self, epc: bytes, bank: Bank, word: int, data: bytes) -> None:
        self.writes.append((epc, bank, word, data))
        tag = self._reach(epc)
        if self.loses_writes:
            return
        try:
            tag.write(bank, word, data)
        except TagRefused as err:
            raise CommandRefused("refused", status=err.error) from err

    def close(self) -> None:
        self.closed = True

    def _reach(self, epc: bytes) -> VirtualUhfTag:
        for tag in self.field.tags:
            if tag.epc.startswith(epc):
                return tag
        raise CommandRefused("no tag", status=ONE_TAG_STATUS)


class DirectPad(UhfPad):
    def __init__(self, options: UhfOptions, reader: DirectReader) -> None:
        super().__init__(options)
        self.reader = reader

    def _connect(self) -> UhfReader:
        return self.reader


def make_pad(
    reader: DirectReader | None = None,
    *,
    user_words: int = 32,
    min_rssi_dbm: int | None = None,
) -> DirectPad:
    options = UhfOptions(
        port="/dev/pad", user_words=user_words, min_rssi_dbm=min_rssi_dbm
    )
    pad = DirectPad(options, reader or DirectReader())
    pad.open()
    return pad


def place(pad: DirectPad, tag: VirtualUhfTag) -> VirtualUhfTag:
    pad.reader.field.place(tag)
    return tag


def one_round(pad: DirectPad) -> dict[str, Tag]:
    event = next(pad.events())
    assert isinstance(event, TagsOnPad)
    return {tag.uid: tag for tag in event.tags}


def uid_of(model: TagModel, number: int) -> str:
    return model.make(number, IN_STOCK).epc.hex().upper()


@pytest.fixture
def pad() -> DirectPad:
    return make_pad()


both_models = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
both_ways = pytest.mark.parametrize("tells_pc", [True, False], ids=["PC", "no PC"])

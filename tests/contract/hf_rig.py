"""A rig of `pad_contract` for HF pads: library tags on an emulated reader."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import Tag
from drivers.emulators.bad_line import BadLine
from drivers.emulators.hf_field import HfField
from drivers.emulators.pty import Pty
from drivers.emulators.tag import VirtualTag
from drivers.pads.hf_pad import HfPad
from drivers.tagdata import elements, iso28560_2
from drivers.tagdata.detect import detect
from tests.contract.pad_contract import IN_STOCK


@dataclass
class HfRig:
    """A pad driver that is open, and the reader at the other end of its line."""

    pad: HfPad
    field: HfField
    line: BadLine
    pty: Pty
    longest_call_s: float

    def place(self, number: int, *, afi: int = IN_STOCK) -> str:
        item = elements.make(elements.PII, self.item_of(number))
        tag = VirtualTag(
            f"E00401500000{number:04X}",
            afi=afi,
            dsfid=iso28560_2.DSFID,
            memory=iso28560_2.to_bytes(item),
        )
        self.field.place(tag)
        return tag.uid

    def lift(self, uid: str) -> None:
        self.field.lift(uid)

    def item_on(self, tag: Tag) -> str:
        return detect(tag.memory, dsfid=tag.dsfid, block_size=tag.block_size).item

    def item_of(self, number: int) -> str:
        return f"B{number:08}"

    def afi_on_tag(self, uid: str) -> int:
        return self.field.on_pad[uid].afi

    def lock_security(self, uid: str) -> None:
        self.field.on_pad[uid].afi_locked = True

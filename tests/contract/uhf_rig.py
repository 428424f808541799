"""What `PadContract` needs of any UHF reader: tags of both models in a field, and a rig.

A test module's `rig` fixture yields from `uhf_rig`, with tags of either model. They are
written by hand here, so that a wrong decoder can't agree with itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from drivers import registry
from drivers.api import Tag
from drivers.codecs.gen2 import Bank
from drivers.emulators.bad_line import BadLine
from drivers.emulators.pty import Answer, Pty
from drivers.emulators.uhf_tag import UhfField, VirtualUhfTag
from drivers.pads.uhf_pad import UhfPad
from tests.contract.pad_contract import IN_STOCK, ON_LOAN, Pad

#: DSFID 06, then elements of ISO 28560-2: type of use, set information, shelf, owner.
ISO_USER_BANK = bytes.fromhex(
    "060201D0140204B34607441CB6E2E335D65308AB4D6C9DD556CDEB000000000000"
).ljust(64, b"\0")
#: University 10248, part 1 of 1.
CULTU_USER_BANK = bytes.fromhex("0C022808100400010001").ljust(32, b"\0")
#: So much of them a pad reads, eight words at a time, until the row of elements ends.
ISO_USER_READ, CULTU_USER_READ = ISO_USER_BANK[:32], CULTU_USER_BANK[:16]
_CODE40 = "\0ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"
#: PC words with room for an AFI, and for none; both say that the user bank is in use.
_ISO_PC, _CULTU_PC = 0x0500, 0x0400
_CULTU_HEAD = bytes.fromhex("17030003")
_CULTU_ON_LOAN = 0x80


class TagModel(Protocol):
    """How a library writes its tags."""

    name: str

    def make(self, number: int, afi: int) -> VirtualUhfTag: ...

    def item_of(self, number: int) -> str: ...

    def item_in(self, epc_bank: bytes) -> str:
        """From the PC word on."""

    def afi_in(self, epc_bank: bytes) -> int: ...


class IsoTags:
    """ISO/TS 28560-4: the item in URN Code 40, the AFI in the PC word."""

    name = "iso28560-4"

    def make(self, number: int, afi: int) -> VirtualUhfTag:
        epc = _to_code40(self.item_of(number))
        pc = len(epc) // 2 << 11 | _ISO_PC | afi
        return VirtualUhfTag(pc.to_bytes(2) + epc, ISO_USER_BANK)

    def item_of(self, number: int) -> str:
        return f"CN-440100-1.{number:06}"

    def item_in(self, epc_bank: bytes) -> str:
        return _from_code40(epc_bank[2:])

    def afi_in(self, epc_bank: bytes) -> int:
        return epc_bank[1]


class CultuTags:
    """CULTU: the item as seven characters, one bit of the EPC set while on loan."""

    name = "cultu"

    def make(self, number: int, afi: int) -> VirtualUhfTag:
        item = self.item_of(number).encode()
        epc = bytearray(_CULTU_HEAD + bytes((len(item),)) + item)
        epc[0] |= _CULTU_ON_LOAN if afi == ON_LOAN else 0
        pc = len(epc) // 2 << 11 | _CULTU_PC
        return VirtualUhfTag(pc.to_bytes(2) + epc, CULTU_USER_BANK)

    def item_of(self, number: int) -> str:
        return f"B{number:06}"

    def item_in(self, epc_bank: bytes) -> str:
        return epc_bank[7 : 7 + epc_bank[6]].decode()

    def afi_in(self, epc_bank: bytes) -> int:
        return ON_LOAN if epc_bank[2] & _CULTU_ON_LOAN else IN_STOCK


ISO_TAGS, CULTU_TAGS = IsoTags(), CultuTags()
MODELS: tuple[TagModel, ...] = (ISO_TAGS, CULTU_TAGS)


class UhfEmulator(Protocol):
    """A reader that isn't there, with the tags before its antenna."""

    field: UhfField

    def answer(self, received: bytes) -> Iterable[bytes]: ...


@dataclass
class UhfRig:
    """See `tests.contract.pad_contract.PadRig`."""

    pad: Pad
    emulator: UhfEmulator
    line: BadLine
    pty: Pty
    longest_call_s: float
    model: TagModel
    _placed: dict[str, VirtualUhfTag] = field(default_factory=dict)

    def place(self, number: int, *, afi: int = IN_STOCK) -> str:
        uid = self.model.make(number, IN_STOCK).epc.hex().upper()
        self._placed[uid] = self.model.make(number, afi)
        self.emulator.field.place(self._placed[uid])
        return uid

    def lift(self, uid: str) -> None:
        self.emulator.field.lift(self._placed[uid])

    def tag(self, uid: str) -> VirtualUhfTag:
        """The tag itself, to look at and to spoil."""
        return self._placed[uid]

    def item_on(self, tag: Tag) -> str:
        return self.model.item_in(tag.epc_bank)

    def item_of(self, number: int) -> str:
        return self.model.item_of(number)

    def afi_on_tag(self, uid: str) -> int:
        with self.emulator.field.guard:
            return self.model.afi_in(self._placed[uid].pc_and_epc)

    def lock_security(self, uid: str) -> None:
        with self.emulator.field.guard:
            self._placed[uid].locked.add(Bank.EPC)


@contextmanager
def uhf_rig(
    driver: str,
    emulator: UhfEmulator,
    tmp_path: Path,
    *,
    options: Mapping[str, object],
    model: TagModel = ISO_TAGS,
    longest_call_s: float = 2.0,
    late_s: float = 0.25,
    answer: Answer | None = None,
) -> Iterator[UhfRig]:
    """An open driver of that name, on a pseudo-terminal behind a bad line.

    `late_s`: more than a reply may take, and less than two. `answer`: what is said
    instead of what the emulator would say.
    """
    line = BadLine(answer or emulator.answer, late_s=late_s)
    pty = Pty(tmp_path / "pad", line)
    pty.start()
    pad = registry.create(driver, {"port": str(pty.path), **options})
    assert isinstance(pad, UhfPad)
    try:
        pad.open()
        yield UhfRig(pad, emulator, line, pty, longest_call_s, model)
    finally:
        pad.close()
        pty.stop()


def _to_code40(text: str) -> bytes:
    text = text.ljust(-len(text) // 3 * -3, "\0")
    words = []
    for at in range(0, len(text), 3):
        a, b, c = (_CODE40.index(character) for character in text[at : at + 3])
        words.append((1600 * a + 40 * b + c + 1).to_bytes(2))
    return b"".join(words)


def _from_code40(epc: bytes) -> str:
    text = ""
    for at in range(0, len(epc), 2):
        value = int.from_bytes(epc[at : at + 2]) - 1
        text += "".join(_CODE40[value // power % 40] for power in (1600, 40, 1))
    return text.rstrip("\0")

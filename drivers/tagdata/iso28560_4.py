"""ISO/TS 28560-4 = GB/T 35660.3, UHF: the item in the EPC bank, the rest in the user bank.

    EPC bank   PC word with toggle 1 and the AFI, then the UII: `[ISIL.]item` in URN
               Code 40, filled up to a whole word with 00
    user bank  only with UMI set: DSFID 06, then elements as ISO 28560-2 has them, but
               no primary item identifier; 00 ends the row

A first dot parts owner and item, so an item with a dot needs an owner before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.tagdata import elements, epc_bank, iso28560_2, urn_code40
from drivers.tagdata.elements import OWNER, PII
from drivers.tagdata.epc_bank import WORD, Banks
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.iso28560_2 import Reading
from drivers.tagdata.uhf_security import IN_STOCK

DSFID = iso28560_2.DSFID
_SEPARATOR = "."


@dataclass(frozen=True, slots=True)
class Uii:
    """The unique item identifier; `owner` is empty where the user bank has it."""

    item: str
    owner: str = ""

    @property
    def text(self) -> str:
        return f"{self.owner}{_SEPARATOR}{self.item}" if self.owner else self.item


def parse_uii(epc: bytes) -> Uii:
    """Read the EPC of an ISO tag. Raises BadTagData when it holds no item."""
    text = urn_code40.decode(epc)
    owner, separator, item = text.partition(_SEPARATOR)
    if not separator:
        owner, item = "", text
    if not item or not text.isprintable():
        raise BadTagData(f"UII {text!a} holds no item")
    return Uii(item, owner)


def read_user_bank(user: bytes) -> Reading:
    """Read all that makes sense of a user bank; never raises. Zeros are an empty row.

    Places in the result count from the byte behind the DSFID.
    """
    if any(user) and user[0] != DSFID:
        problem = f"user bank begins with {user[0]:02X}, not with DSFID {DSFID:02X}"
        return Reading((), BadTagData(problem))
    return iso28560_2.salvage(user[1:])


def make(values: Mapping[int, str], *, afi: int = IN_STOCK) -> Banks:
    """Code `values`; item and owner go into the UII, all else into the user bank.

    Raises BadTagData naming a value that can't be.
    """
    uii = Uii(values.get(PII, ""), values.get(OWNER, ""))
    others = {oid: text for oid, text in values.items() if oid not in (PII, OWNER)}
    epc = _whole_words(uii_bytes(uii))
    bank = epc_bank.make(epc, has_user_memory=bool(others), afi=afi)
    return Banks(bank.to_bytes(), user_bank(others) if others else b"")


def uii_bytes(uii: Uii) -> bytes:
    """Return the UII in URN Code 40, not yet filled up. Raises BadTagData."""
    if not uii.item:
        raise BadTagData("a tag needs a primary item identifier", oid=PII)
    if _SEPARATOR in uii.owner:
        raise BadTagData(f"a dot ends the owner in {uii.owner!a}", oid=OWNER)
    if _SEPARATOR in uii.item and not uii.owner:
        raise BadTagData(f"{uii.item!a} with a dot needs an owner before it", oid=PII)
    return urn_code40.encode(uii.text)


def user_bank(values: Mapping[int, str]) -> bytes:
    """Return DSFID, content parameter, `values` in their order, 00, in whole words."""
    if PII in values:
        raise BadTagData("goes into the EPC bank", oid=PII)
    row = [elements.make(oid, text) for oid, text in values.items()]
    index = elements.make_content_parameter(values)
    stream = b"".join(map(iso28560_2.to_bytes, [index, *row]))
    return _whole_words(bytes([DSFID]) + stream + b"\0")


def _whole_words(data: bytes) -> bytes:
    return data + bytes(-len(data) % WORD)

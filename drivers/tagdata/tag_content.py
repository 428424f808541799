"""What a tag says, whatever its data model: the answer to the kiosk's one question."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Model(enum.StrEnum):
    """How a tag's memory is to be read."""

    ISO28560_2 = "iso28560-2"
    ISO28560_3 = "iso28560-3"
    ISO28560_4 = "iso28560-4"
    CULTU = "cultu"
    RFID501 = "rfid501"
    PLAIN = "plain"
    BLANK = "blank"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TagContent:
    """What a tag says, whatever its model.

    `item`: empty when it could not be read. `owner`: ISIL where the model has one, else
    the vendor's code; empty if not given. `usage`: high nibble main use (1 circulating,
    8 patron card …), low nibble qualifier; None if not given. `part` of `parts`: 1 of 1
    unless the tag says that it belongs to a set. `problem`: why something is missing,
    for staff; the item may be right all the same.
    """

    model: Model
    item: str = ""
    owner: str = ""
    usage: int | None = None
    part: int = 1
    parts: int = 1
    problem: str | None = None

"""Whether the beginning of a tag's memory says all that there is to know."""

from __future__ import annotations

from drivers.tagdata import iso28560_2, iso28560_3
from drivers.tagdata.detect import Model, detect


def is_complete(memory: bytes, *, dsfid: int | None, block_size: int = 4) -> bool:
    """Whether `detect` would tell the same if more of the memory were read.

    Certain for ISO 28560-2 up to its terminator, if the DSFID says that it is one, and
    for a basic block of ISO 28560-3; everything else must be read to its end.
    """
    if len(memory) < iso28560_3.SHORT_BLOCK:
        return False
    content = detect(memory, dsfid=dsfid, block_size=block_size)
    if content.model is Model.ISO28560_2 and dsfid == iso28560_2.DSFID:
        reading = iso28560_2.salvage(memory)
        return reading.problem is None and reading.placed[-1].end < len(memory)
    return content.model is Model.ISO28560_3 and content.problem is None

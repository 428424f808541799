"""Tags that carry nothing but the item's barcode, as text from byte 0."""

from __future__ import annotations

from drivers.tagdata.errors import BadTagData


def decode(memory: bytes) -> str:
    """Return the text up to the first 00 or the end, without blanks around it.

    Raises BadTagData unless it is printable ASCII, which every barcode is.
    """
    raw = memory.partition(b"\0")[0]
    for offset, byte in enumerate(raw):
        if not 0x20 <= byte < 0x7F:
            raise BadTagData(f"{byte:02X} is not in a barcode", offset=offset)
    text = raw.decode("ascii").strip()
    if not text:
        raise BadTagData("there is no text", offset=0)
    return text


def encode(item: str) -> bytes:
    """Return the text with a 00 behind it. Raises BadTagData for other than ASCII."""
    memory = item.encode("ascii", errors="replace") + b"\0"
    if decode(memory) != item:
        raise BadTagData(f"{item!a} is no barcode of printable ASCII")
    return memory

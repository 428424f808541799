"""The row of elements of a new ISO 28560-2 tag: whole blocks for what shall be locked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from drivers.tagdata.elements import PII, Element, make, make_content_parameter
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.iso28560_2 import padded, to_bytes


def compose(
    values: Mapping[int, str],
    *,
    lock: Collection[int] = (PII,),
    block_size: int = 4,
) -> bytes:
    """Return the memory of a new tag, up to the last element.

    The primary item identifier comes first, then the content parameter where there is
    anything to list, then `values` in their order. Every element of `lock` gets whole
    blocks, so that it can be locked alone. Raises BadTagData naming a bad value.
    """
    elements = new_elements(values)
    return b"".join(map(to_bytes, aligned(elements, lock, block_size)))


def image(stream: bytes, size: int) -> bytes:
    """Fill `stream` up to a memory of `size` bytes. Raises BadTagData if it can't fit."""
    if len(stream) > size:
        raise BadTagData(f"{len(stream)} bytes don't fit into a memory of {size}")
    return stream.ljust(size, b"\0")


def new_elements(
    values: Mapping[int, str], *, listed: Collection[int] = ()
) -> list[Element]:
    """Code `values`, the identifier and the content parameter in front.

    `listed`: OIDs that are on the tag already and belong in the content parameter.
    Raises BadTagData naming a bad value.
    """
    if not values.get(PII):
        raise BadTagData("a tag needs a primary item identifier", oid=PII)
    others = [make(oid, text) for oid, text in values.items() if oid != PII]
    content = make_content_parameter([*listed, *(element.oid for element in others)])
    index = [content] if content.text else []
    return [make(PII, values[PII]), *index, *others]


def aligned(
    elements: Sequence[Element],
    lock: Collection[int],
    block_size: int,
    *,
    start: int = 0,
) -> list[Element]:
    """Pad so that each element of `lock` begins and ends on a block's border.

    `start`: the byte of the memory where the first one goes.
    """
    result = []
    at = start
    for element, following in zip(elements, [*elements, None][1:], strict=True):
        at += len(to_bytes(element))
        border = element.oid in lock or (following and following.oid in lock)
        fill = -at % block_size if border else 0
        result.append(padded(element, fill))
        at += fill
    return result

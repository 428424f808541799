"""What the `describe` modules make of the bytes in a frame: names and values."""

from __future__ import annotations

from collections.abc import Callable

from drivers.api import BadFrame

#: JSON by its types; codes are hex, counts and numbers decimal.
Content = dict[str, object]
#: Explains what one command carries. Raises BadFrame for what it can't carry.
Reading = Callable[[bytes], Content]


def to_hex(data: bytes) -> str:
    """Upper case, without spaces."""
    return data.hex().upper()


def numbers(family: str, *names: str) -> Reading:
    """One byte each, as a decimal number."""

    def read(data: bytes) -> Content:
        if len(data) != len(names):
            wanted = ", ".join(names) or "nothing"
            raise BadFrame(f"{family}: {to_hex(data) or 'nothing'} is not {wanted}")
        return dict(zip(names, data, strict=True))

    return read

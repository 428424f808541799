"""Makes the arguments of a codec's functions from bytes and one drawn number each."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from drivers.api import Tag
from drivers.codecs.feig.frames import Frame as FeigFrame
from drivers.tagdata.epc_bank import EpcBank
from drivers.tagdata.rebuild import WrittenTag

#: What carries bytes from outside.
CARRIERS = frozenset({bytes, Tag, WrittenTag, EpcBank, FeigFrame})


def can_make(kind: Any) -> bool:
    """Whether `make` knows this type."""
    if kind in _MAKERS or get_origin(kind) is Literal or _is_enum(kind):
        return True
    return _is_union(kind) and all(map(can_make, get_args(kind)))


def make(name: str, kind: Any, raw: bytes, drawn: int) -> object:
    """Make an argument. TypeError for a type that is new and needs a line here."""
    options = get_args(kind)
    if name == "block_size":
        return 1 + drawn % 32
    if get_origin(kind) is Literal:
        return options[drawn % len(options)]
    if _is_union(kind):
        return make(name, options[drawn % len(options)], raw, drawn)
    if _is_enum(kind):
        return list(kind)[drawn % len(kind)]
    if kind not in _MAKERS:
        raise TypeError(f"no way to make {name}: {kind}")
    return _MAKERS[kind](raw, drawn)


def _is_union(kind: object) -> bool:
    return get_origin(kind) in {Union, UnionType}


def _is_enum(kind: object) -> bool:
    return inspect.isclass(kind) and issubclass(kind, enum.Enum)


def _tag(raw: bytes, drawn: int) -> Tag:
    if drawn & 1:
        return Tag("E2", memory=raw[32:], epc_bank=raw[:32] or b"\0")
    dsfid = (None, 0x06, drawn)[drawn % 3]
    return Tag("E0", dsfid=dsfid, memory=raw, block_size=1 + drawn % 8)


def _written_tag(raw: bytes, drawn: int) -> WrittenTag:
    blocks = raw[: drawn % 20]
    return WrittenTag(raw, [bool(byte & 1) for byte in blocks])


_MAKERS: Mapping[object, Callable[[bytes, int], object]] = {
    bytes: lambda raw, _drawn: raw,
    bool: lambda _raw, drawn: bool(drawn & 1),
    int: lambda _raw, drawn: drawn,
    str: lambda _raw, _drawn: "field",
    NoneType: lambda _raw, _drawn: None,
    Mapping[int, str]: lambda _raw, drawn: {1: f"A{drawn:05}", 5: "x" * (drawn % 30)},
    Tag: _tag,
    WrittenTag: _written_tag,
    EpcBank: lambda raw, drawn: EpcBank(drawn << 8 | drawn, raw[:62]),
    FeigFrame: lambda raw, drawn: FeigFrame(drawn, 0xB0 + drawn % 8, raw),
}

"""What drivers there are, what each can be told, and whether its library is there."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import msgspec
from msgspec import inspect

from drivers.api import BadOptions
from drivers.registry import names, options_of

#: What a driver imports when its device is opened; the others need nothing of their own.
LIBRARIES: Mapping[str, str] = {
    "camera": "zxingcpp",
    "escpos": "escpos",
    "gpio": "gpiozero",
    "pcsc": "smartcard",
    "wedge_card": "evdev",
    "wedge_scanner": "evdev",
}


class Option(msgspec.Struct, frozen=True):
    """`takes`: type and range in words."""

    name: str
    takes: str
    required: bool
    default: object = None


class DriverFacts(msgspec.Struct, frozen=True):
    """`library`: empty when it needs none. `installed`: whether it could be imported.

    `problem`: why the driver itself can't be; empty when it can.
    """

    name: str
    library: str
    installed: bool
    options: list[Option]
    problem: str = ""


def drivers() -> list[DriverFacts]:
    """Every driver that can be configured."""
    return [_facts(name) for name in names()]


def _facts(name: str) -> DriverFacts:
    library = LIBRARIES.get(name, "")
    try:
        described = inspect.type_info(options_of(name))
    except BadOptions as err:
        return DriverFacts(name, library, installed=False, options=[], problem=str(err))
    options = (
        [_option(field) for field in described.fields]
        if isinstance(described, inspect.StructType)
        else []
    )
    installed = not library or find_spec(library) is not None
    return DriverFacts(name, library, installed, options)


def _option(field: inspect.Field) -> Option:
    takes = words(field.type)
    if field.required:
        return Option(field.name, takes, required=True)
    default = field.default
    if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    return Option(field.name, takes, False, msgspec.to_builtins(default))


def words(kind: inspect.Type) -> str:
    """A type and its range, such as "whole number 1 to 50"."""
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"whole number{_range(kind)}"
        case inspect.FloatType():
            return f"number{_range(kind)}"
        case inspect.StrType():
            return "text" + (f" like {kind.pattern}" if kind.pattern else "")
        case inspect.LiteralType():
            return " or ".join(map(str, kind.values))
        case inspect.EnumType():
            return " or ".join(str(member.value) for member in kind.cls)
        case inspect.UnionType():
            some = (one for one in kind.types if not isinstance(one, inspect.NoneType))
            return " or ".join(map(words, some))
        case inspect.VarTupleType() | inspect.ListType():
            return f"list of {words(kind.item_type)}"
        case inspect.StructType():
            inner = (f"{one.name}: {words(one.type)}" for one in kind.fields)
            return f"{{ {', '.join(inner)} }}"
        case _:
            return type(kind).__name__.removesuffix("Type").lower()


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    limits = (
        ("from", kind.ge),
        ("above", kind.gt),
        ("to", kind.le),
        ("below", kind.lt),
    )
    return "".join(f" {word} {limit}" for word, limit in limits if limit is not None)

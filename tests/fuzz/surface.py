"""Every place in drivers.codecs and drivers.tagdata where bytes from outside come in.

Found by walking the packages, so that no codec is forgotten.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle
from types import ModuleType
from typing import Any, get_origin, get_type_hints

import drivers.codecs
import drivers.tagdata
from drivers.codecs import card_number_wiegand, frame_finder
from drivers.codecs.bibliotheca import requests as bibliotheca_requests
from drivers.codecs.m100 import commands as m100_commands
from drivers.codecs.r2000 import commands as r2000_commands
from tests.fuzz.arguments import CARRIERS, can_make, make

Function = Callable[..., Any]


PACKAGES = (drivers.codecs, drivers.tagdata)
#: They need a protocol, or make bytes from values of our own, which are right.
LEFT_OUT: Sequence[Function] = (
    bibliotheca_requests.pass_through,
    bibliotheca_requests.write_blocks,
    card_number_wiegand.write_wiegand,
    frame_finder.read_whole,
    m100_commands.Select.by_epc,
    m100_commands.write,
    r2000_commands.match_epc,
)


@dataclass(frozen=True, slots=True)
class Reader:
    """A function of bytes from outside; `kinds` are the types of its arguments."""

    function: Function
    kinds: Mapping[str, object]

    @property
    def name(self) -> str:
        return name_of(self.function)

    @property
    def never_raises(self) -> bool:
        """Whether it says so of itself."""
        return "never raises" in (self.function.__doc__ or "").lower()

    def read(self, raw: bytes, choices: bytes = b"\0") -> object:
        """Call it with `raw`; `choices` pick its other arguments."""
        drawn = zip(self.kinds.items(), cycle(choices or b"\0"), strict=False)
        arguments = {name: make(name, kind, raw, one) for (name, kind), one in drawn}
        return self.function(**arguments)


def name_of(function: Function) -> str:
    """Where it is defined, as "module:name"."""
    return f"{function.__module__}:{function.__qualname__}"


def modules() -> list[ModuleType]:
    """Every codec and every module of tag data."""
    return [
        import_module(found.name)
        for package in PACKAGES
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]


def readers(module: ModuleType) -> list[Reader]:
    """What of a module takes bytes from outside."""
    found = map(reader, _functions(module))
    return [
        one
        for one in found
        if one.function not in LEFT_OUT and CARRIERS & set(one.kinds.values())
    ]


def reader(function: Function) -> Reader:
    """What this function wants; arguments that nobody can make keep their defaults."""
    kinds = get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    return Reader(
        function,
        {
            each.name: kinds[each.name]
            for each in parameters
            if each.default is each.empty or can_make(kinds[each.name])
        },
    )


def stream_makers(module: ModuleType) -> list[Function]:
    """What of a module is fed piece by piece, or makes such a thing."""
    makers = [
        function
        for function in _functions(module)
        if _is_stream(get_type_hints(function).get("return"))
    ]
    return makers + [thing for thing in _own(module) if _is_stream(thing)]


def family(module: str) -> str:
    """The part of a module's name that says which codec it belongs to."""
    return module.split(".")[2]


def _is_stream(thing: object) -> bool:
    kind = get_origin(thing) or thing
    feeds = hasattr(kind, "feed") or hasattr(kind, "receive_data")
    return inspect.isclass(kind) and feeds


def _functions(module: ModuleType) -> Iterator[Function]:
    """Public functions and class methods of this module."""
    for thing in _own(module):
        if inspect.isfunction(thing):
            yield thing
        elif inspect.isclass(thing):
            for name, method in inspect.getmembers(thing, inspect.ismethod):
                if not name.startswith("_"):
                    yield method


def _own(module: ModuleType) -> list[Any]:
    """What is public in a module and defined there."""
    return [
        thing
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and getattr(thing, "__module__", "") == module.__name__
    ]

"""Lists that are turned by the number of the page, where no key leads on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

#: Lines of a page: as much as somebody carries on a cart.
PAGE = 100
_LAST = 100_000
Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Part(Generic[Line]):
    """A page of a list. `name`: what an address calls its number, from 1."""

    name: str
    number: int
    lines: Sequence[Line]
    more: bool


def page_asked(name: str) -> int:
    """The number of the page that the request names; 1 if it makes no sense."""
    number = request.values.get(name, 1, type=int)
    return number if 1 <= number <= _LAST else 1


def first_line(name: str) -> int:
    """How many lines come before the page that the request names."""
    return (page_asked(name) - 1) * PAGE


def part_of(name: str, whole: Sequence[Line]) -> Part[Line]:
    """The page of a short list that the request names."""
    first = first_line(name)
    return part(name, whole[first : first + PAGE + 1])


def part(name: str, found: Sequence[Line]) -> Part[Line]:
    """The page of which one line more than it shows was `found`."""
    return Part(name, page_asked(name), found[:PAGE], len(found) > PAGE)

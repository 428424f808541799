"""Suggested devices as tables for kiosk.toml."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import msgspec

from kiosk.config import Role


class Suggestion(msgspec.Struct, frozen=True):
    """One device. `certain` False: somebody must say whether it is this."""

    name: str
    role: Role
    driver: str
    options: Mapping[str, object]
    words: str
    certain: bool = True


def table(suggestion: Suggestion) -> str:
    """A table with a remark above it; one that is not certain is all remarks."""
    lines = [
        "[[device]]",
        f"name = {_value(suggestion.name)}",
        f"role = {_value(suggestion.role.value)}",
        f"driver = {_value(suggestion.driver)}",
        f"options = {{ {_pairs(suggestion.options)} }}",
    ]
    if not suggestion.certain:
        lines = [remark(line) for line in lines]
    return "\n".join((remark(suggestion.words), *lines))


def remark(words: str) -> str:
    """One line that configures nothing, whatever a device calls itself."""
    return "# " + "".join(one if one.isprintable() else " " for one in words)


def named(devices: Iterable[Suggestion]) -> list[Suggestion]:
    """The same, each called after its role: pad, then pad-2."""
    given: dict[str, int] = {}
    renamed = []
    for one in devices:
        number = given[one.role] = given.get(one.role, 0) + 1
        name = one.role.value if number == 1 else f"{one.role.value}-{number}"
        renamed.append(msgspec.structs.replace(one, name=name))
    return renamed


def _pairs(options: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {_value(value)}" for key, value in options.items())


def _value(value: object) -> str:
    """A TOML value; its strings are those of JSON, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

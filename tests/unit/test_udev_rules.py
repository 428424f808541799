"""The udev rules: readable by udev, and complete for the devices that are known."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from drivers.known_devices import KNOWN, Bus, KnownDevice

_ROOT = Path(__file__).parents[2]
_PART = re.compile(
    r'(?P<key>[A-Z_]+(?:\{[\w/]+\})?)(?P<sign>==|!=|\+=|=)"(?P<value>[^"]*)"'
)
_LINES = [
    line
    for line in (_ROOT / "systemd/60-tongjie.rules").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]

Rule = list[tuple[str, str, str]]


def parts(line: str) -> Rule:
    """Key, sign and value of each part of a rule."""
    return [match.group("key", "sign", "value") for match in _PART.finditer(line)]


def matches(rule: Rule, known: KnownDevice) -> bool:
    """Whether a rule is about this device, by its subsystem and its numbers."""
    facts = {
        "SUBSYSTEM": known.bus.value,
        "idVendor": known.vendor.lower(),
        "idProduct": known.product.lower(),
    }
    asked = {
        re.sub(r"ATTRS?\{(\w+)\}", r"\1", key): value
        for key, sign, value in rule
        if sign == "=="
    }
    return "idVendor" in asked and all(
        any(fnmatch(fact, one) for one in asked[key].split("|"))
        for key, fact in facts.items()
        if key in asked
    )


def keyboards_and_nodes() -> list[KnownDevice]:
    return [
        known
        for known in KNOWN
        if known.bus in (Bus.INPUT, Bus.HIDRAW, Bus.USB) and known.driver
    ]


@pytest.mark.parametrize("line", _LINES)
def test_every_line_is_made_of_keys_signs_and_values(line: str) -> None:
    assert (
        ", ".join(f'{key}{sign}"{value}"' for key, sign, value in parts(line)) == line
    )


@pytest.mark.parametrize(
    "known", keyboards_and_nodes(), ids=lambda known: f"{known.vendor}:{known.product}"
)
def test_every_known_device_that_needs_a_rule_has_one(known: KnownDevice) -> None:
    rules = [rule for rule in map(parts, _LINES) if matches(rule, known)]

    assert len(rules) == 1
    given = {key: value for key, sign, value in rules[0] if sign != "=="}
    if known.bus is Bus.INPUT:
        assert given == {"ENV{TONGJIE_WEDGE}": known.role}
    else:
        assert given["GROUP"] == "tongjie"


def test_what_a_wedge_types_never_reaches_the_screen() -> None:
    wedges = [
        rule
        for rule in map(parts, _LINES)
        if ("ENV{TONGJIE_WEDGE}", "==", "?*") in rule
    ]

    assert any(("ENV{LIBINPUT_IGNORE_DEVICE}", "=", "1") in rule for rule in wedges)

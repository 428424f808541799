"""Asks what hangs on a serial port, one protocol after the other, and does it no harm.

A driver's `open` proves its device by a harmless query, which begins with a mark or a
length of its own and ends in a check sum. So no other device takes it for a command; at
worst one waits for the rest of it, and forgets it when none comes within a moment.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drivers.api import DriverError
from drivers.registry import create
from drivers.transports.address import open_address
from kiosk.config import Role

#: A scanner, or a reader in scan mode, that talks by itself is heard within that time.
LISTEN_S = 0.4
#: After so long on one port no further question is begun; the last takes up to 7 s more.
BUDGET_S = 45.0
_HEARD_BYTES = 4096

Options = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to ask for one driver's device.

    `lines`: what its options say of the line, first as the maker delivers it. `asking`:
    options for the question alone. `checked` False: its answer has no check sum, so
    that it proves something only on a silent port, and only twice.
    """

    driver: str
    role: Role
    lines: Sequence[Options] = ({},)
    asking: Options = field(default_factory=dict)
    checked: bool = True


def _at(*bauds: int) -> tuple[Options, ...]:
    return ({}, *({"baud": baud} for baud in bauds))


#: In this order, as each protects what comes behind it:
#: 1. The printer. Its question is three control codes, twice; all others ignore it. Any
#:    later question would stand on paper, had the printer not been found before. (One
#:    that can't answer clears its buffer before it prints.)
#: 2. Readers that are asked for a version or their state: nothing changes.
#: 3. Readers whose driver changes something that any driver of them needs, and only once
#:    they have answered: an M100 stops to poll, a UHFReader18 in scan mode is set to
#:    answer (for good), a PN532 is woken up.
#: 4. Scanners. A GM65 is only read. SSI enables scanning, which another scanner drops for
#:    its sum. A Honeywell is asked in plain text, which anything that shows text would
#:    show; so it comes last.
RECIPES: tuple[Recipe, ...] = (
    Recipe("escpos", Role.PRINTER, _at(115200, 19200, 38400), checked=False),
    Recipe(
        "feig_obid",
        Role.PAD,
        (*_at(9600, 19200, 115200), {"parity": "N"}),
        {"reply_timeout_s": 0.5},
    ),
    Recipe("rfidstation", Role.PAD, _at(9600, 115200)),
    Recipe("bibliotheca", Role.PAD, asking={"reply_timeout_s": 0.5}),
    Recipe("samv", Role.CARD, _at(9600)),
    Recipe("r2000", Role.PAD, _at(38400), {"reply_timeout_s": 0.5}),
    Recipe("m100", Role.PAD, _at(38400, 9600)),
    Recipe("uhfreader18", Role.PAD, _at(9600, 115200, 38400), {"reply_timeout_s": 0.5}),
    Recipe("pn532", Role.CARD, asking={"reply_timeout_s": 0.5}),
    Recipe("gm65", Role.SCANNER, _at(115200, 57600)),
    Recipe("ssi", Role.SCANNER, _at(115200)),
    # "?" only asks for the value of a setting (not confirmed on hardware).
    Recipe(
        "honeywell",
        Role.SCANNER,
        _at(115200),
        {"menu": "TRGMOD?!", "reply_timeout_s": 0.5},
        checked=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """The device of `driver` answered; `options` are those of its line."""

    driver: str
    role: Role
    options: Options


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody answered. `heard`: what the port said by itself."""

    heard: bytes = b""

    @property
    def looks_like_a_scanner(self) -> bool:
        """Whole lines of printable characters, which are no UIDs of tags."""
        lines = re.findall(rb"([^\r\n]+)[\r\n]+", self.heard)
        return bool(lines) and all(map(_is_code, lines))

    @property
    def looks_like_scan_mode(self) -> bool:
        """A reader that tells the tags it sees, but to nobody in particular."""
        return bool(_UIDS.search(self.heard))


_UIDS = re.compile(rb"(?<![0-9A-F])E0[0-9A-F]{14}(?![0-9A-F])", re.IGNORECASE)


def _is_code(line: bytes) -> bool:
    text = line.decode("utf-8", "replace")
    return text.isprintable() and "\ufffd" not in text and not _UIDS.search(line)


def probe(
    port: str,
    recipes: Sequence[Recipe] = RECIPES,
    progress: Callable[[str], None] = lambda _words: None,
) -> Recognised | Unknown:
    """Listen, then ask. Raises DeviceLost for a port that is in use or not there.

    `progress` is told what is being asked.
    """
    progress("listening")
    heard = listen(port)
    deadline = time.monotonic() + BUDGET_S
    for recipe, line in plan(port, recipes, talks=bool(heard)):
        if time.monotonic() > deadline:
            progress("out of time")
            break
        progress(f"{recipe.driver} {' '.join(map(str, line.values()))}".rstrip())
        if _answers(port, recipe, line):
            return Recognised(recipe.driver, recipe.role, line)
    return Unknown(heard)


def listen(port: str, listen_s: float = LISTEN_S) -> bytes:
    """What the port says unasked at 9600 baud. Raises DeviceLost."""
    line = open_address(port)
    heard, deadline = b"", time.monotonic() + listen_s
    try:
        while (left_s := deadline - time.monotonic()) > 0:
            heard = (heard + line.read(left_s))[-_HEARD_BYTES:]
    finally:
        line.close()
    return heard


def plan(
    port: str, recipes: Sequence[Recipe], *, talks: bool
) -> Iterator[tuple[Recipe, Options]]:
    """First everything as it comes from the maker; then other speeds, if there are any."""
    usable = [recipe for recipe in recipes if recipe.checked or not talks]
    yield from ((recipe, recipe.lines[0]) for recipe in usable)
    if _has_speed(port):
        for recipe in usable:
            yield from ((recipe, line) for line in recipe.lines[1:])


def _has_speed(port: str) -> bool:
    """A USB device that is a serial port itself, a terminal and TCP have none."""
    if not port.startswith("/"):
        return not port.startswith("tcp:")
    return not str(Path(port).resolve()).startswith(("/dev/pts/", "/dev/ttyACM"))


def _answers(port: str, recipe: Recipe, line: Options) -> bool:
    driver = create(recipe.driver, {"port": port, **recipe.asking, **line})
    try:
        for _ in range(1 if recipe.checked else 2):
            driver.open()
            driver.close()
    except DriverError:
        return False
    finally:
        driver.close()
    return True

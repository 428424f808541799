"""Stacks of tags through each pad's driver, against the time their bytes take."""

from __future__ import annotations

import queue
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from drivers import registry
from drivers.api import Driver, Tag, TagsOnPad
from drivers.tagdata.detect import read_tag
from kiosk.domain.pad import Patience
from kiosk.domain.session import Book, BookClass, StackChanged
from kiosk.messages import DeviceSaid, Inbox
from kiosk.pads import PadRoom
from kiosk.runner import DeviceRunner
from tests.bench.figures import Figure
from tests.bench.paced_readers import READERS, Line, paced_reader

TAGS, STACK = 10, 12
STACK_AIM_S = 2.0
#: Rounds in which a stack must have been read.
_MOST_ROUNDS = 60
_PATIENCE_S = 30.0


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Two figures a pad: ten tags read by the driver, a stack of twelve listed."""
    return [
        figure
        for driver in READERS
        for figure in (_overhead(driver, folder, rounds), _listing(driver, folder))
    ]


def _overhead(driver: str, folder: Path, rounds: int) -> Figure:
    measured = [_read_once(driver, folder) for _ in range(rounds)]
    wall, line = sorted(measured, key=lambda pair: pair[0] / pair[1])[rounds // 2]
    reader = READERS[driver]
    return Figure(
        name=f"{TAGS} tags read, {driver}",
        unit="ms",
        value=wall * 1000,
        beside="bytes and gaps" if reader.gap_s else "its bytes on the line",
        reference=line * 1000,
        rounds=rounds,
        aim=reader.aim,
        aim_is_ratio=True,
    )


def _read_once(driver: str, folder: Path) -> tuple[float, float]:
    """Seconds until ten tags are read, and the least that their traffic takes."""
    with paced_reader(driver, folder, TAGS) as line:
        pad = registry.create(driver, {"port": str(line.port)})
        pad.open()
        line.busy()
        wall = _read_stack(pad)
        busy, requests = line.busy()
        pad.close()
    return wall, max(busy, requests * READERS[driver].gap_s)


def _read_stack(pad: Driver) -> float:
    started = time.monotonic()
    for _, event in zip(range(_MOST_ROUNDS), pad.events(), strict=False):
        if isinstance(event, TagsOnPad) and _all_read(event.tags):
            return time.monotonic() - started
    raise AssertionError(f"{TAGS} tags were never read")


def _all_read(tags: tuple[Tag, ...]) -> bool:
    return len(tags) == TAGS and all(tag.memory for tag in tags)


def _listing(driver: str, folder: Path) -> Figure:
    """Seconds from the pad's start over a stack until that is stable, every book known."""
    with paced_reader(driver, folder, STACK) as line:
        seconds = [_list_once(driver, line) for _ in range(3)]
    return Figure(
        name=f"{STACK} books listed, {driver}",
        unit="s",
        value=statistics.median(seconds),
        rounds=len(seconds),
        aim=STACK_AIM_S,
    )


def _list_once(driver: str, line: Line) -> float:
    inbox: Inbox = queue.Queue()
    room = PadRoom(Patience(), lambda tags: tuple(map(_book, tags)))
    for _ in range(Patience().stable_rounds):
        room.saw("pad", TagsOnPad(()))  # empty at the start: what comes then counts
    runner = DeviceRunner(
        "pad", registry.create(driver, {"port": str(line.port)}), inbox
    )
    started = time.monotonic()
    runner.start()
    try:
        _wait_until_listed(inbox, lambda event: room.saw("pad", event))
        return time.monotonic() - started
    finally:
        runner.stop()


def _wait_until_listed(
    inbox: Inbox, saw: Callable[[TagsOnPad], StackChanged | None]
) -> None:
    while True:
        message = inbox.get(timeout=_PATIENCE_S)
        if isinstance(message, DeviceSaid) and isinstance(message.event, TagsOnPad):
            stack = saw(message.event)
            if stack and stack.stable and _listed(stack):
                return


def _listed(stack: StackChanged) -> bool:
    return len(stack.books) == STACK and all(book.barcode for book in stack.books)


def _book(tag: Tag) -> Book:
    content = read_tag(tag)
    return Book(tag.uid, BookClass.OWN, content.item, uids=(tag.uid,))

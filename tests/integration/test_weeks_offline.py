"""Weeks without a network, then the whole backlog and every list anew."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import pytest
from werkzeug.wrappers import Response

from sync.agent.client import PAGE_CHANGES
from sync.exchange import MAX_ANSWER_BYTES
from sync.hub.county import catalogue
from sync.hub.store.database import store_in_chunks
from sync.protocol import MAX_BATCH, Batch, FeedPage
from tests.integration.hub_world import book
from tests.integration.point_world import Pair, pair
from tests.model import truths

AWAY_S = 30 * 86_400.0
#: What the agent may hold at once, the hub beside it included.
MEMORY_BYTES = 64 << 20
_STACK = 200


@dataclass
class Watched:
    """What went over the line: sizes, and when an ask that came in between was sent."""

    here: Pair
    batches: list[int] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    asked_after: int = 0
    answered_after: int = 0

    def __call__(self, environ: dict[str, Any]) -> Response:
        body = environ["wsgi.input"].read()
        environ["wsgi.input"].seek(0)
        response = self.here.hub.call(environ)
        assert len(response.get_data()) <= MAX_ANSWER_BYTES
        if response.status_code == HTTPStatus.OK:
            self._note(environ["PATH_INFO"], body, response.get_data())
        return response

    def _note(self, path: str, body: bytes, told: bytes) -> None:
        if path == "/v1/events":
            events = msgspec.json.decode(body, type=Batch).events
            self.batches.append(len(events))
            asked = {plan.ask.event_id for plan in self.here.point.asked if plan.ask}
            if asked & {event.event_id for event in events}:
                self.answered_after = len(self.batches)
            if len(self.batches) == 2:
                self._a_reader_comes()
        elif path == "/v1/feed":
            self.pages.append(len(msgspec.json.decode(told, type=FeedPage).changes))

    def _a_reader_comes(self) -> None:
        """While the agent is at work: a return, and a loan, which the hub is asked for.

        What the mirror says is too old by now to lend without asking.
        """
        point = self.here.point
        point.take_back(["YL0002"])
        point.ask(self.here.refs["R1"], ["YL0001"])
        self.asked_after = len(self.batches)


def weeks_offline(
    folder: Path, events: int, changes: int, *, weighed: bool = True
) -> str:
    """Come back with so many events to so many changed items. Raises AssertionError.

    `weighed`: look at the memory as well, which takes ten times as long.
    """
    with pair(folder) as here:
        _live_alone(here, events)
        _change_lists(here, changes)
        here.hub.time.seconds += AWAY_S
        seen = Watched(here)
        here.answers_by(seen)

        with _memory(weighed) as peak:
            assert here.all_is_said()
        here.point.close_asks(in_time=True)
        assert here.point.knowledge.loan_of("YL0001") is not None
        assert here.all_is_said()

        assert (seen.asked_after, seen.answered_after) == (2, 3), "an ask had to wait"
        assert max(seen.batches) <= MAX_BATCH
        assert max(seen.pages) <= PAGE_CHANGES
        assert sum(seen.pages) >= changes
        truths.ledgers_and_hub_agree(here.hub, [here.point])
        truths.each_counts_once(here.hub)
        truths.views_agree(here.hub, [here.point])
        last = here.point.knowledge.mirror.item(f"N{changes - 1:05d}")
        assert last is not None
    assert peak[0] < MEMORY_BYTES, f"{peak[0] >> 20} MiB at once"
    return (
        f"{sum(seen.batches)} events in {len(seen.batches)} batches, {sum(seen.pages)} "
        f"changes in {len(seen.pages)} pages, {peak[0] >> 20} MiB at most"
    )


@pytest.mark.fault("O26")
def test_point_comes_back_after_weeks_and_works_meanwhile(tmp_path: Path) -> None:
    weeks_offline(tmp_path, events=900, changes=1100, weighed=False)


def _live_alone(here: Pair, events: int) -> None:
    for start in range(0, events, _STACK):
        stack = range(start, min(start + _STACK, events))
        here.point.take_back([f"N{number:05d}" for number in stack])


def _change_lists(here: Pair, changes: int) -> None:
    database = here.hub.database
    books = (replace(book("YL0001"), barcode=f"N{n:05d}") for n in range(changes))
    store_in_chunks(database, catalogue.put_items, books)


@contextmanager
def _memory(weighed: bool) -> Iterator[list[int]]:  # noqa: FBT001
    peak = [0]
    if not weighed:
        yield peak
        return
    tracemalloc.start()
    try:
        yield peak
        peak[0] = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

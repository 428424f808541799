"""The queue of a small county, and the library system of its own that it is told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync.hub.library import tasks
from sync.hub.library.task_log import Kept, keep_by
from sync.hub.store import schema
from sync.protocol import Event, Kind
from tests.integration.hub_world import DAY, NOON, County
from tests.integration.library_world import (
    OwnLibrary,
    SocketLibrary,
    own_library,
    serve_queue,
)

NOW = NOON + 40 * DAY


@pytest.fixture
def library(county: County) -> Iterator[OwnLibrary]:
    """The county's own library system, told of everything from now on."""
    with county.hub.database.writing() as conn:
        keep_by(conn, Kept.SIP2)
    with own_library() as made:
        yield made


def serve(county: County, library: OwnLibrary) -> None:
    serve_queue(county.hub.database, SocketLibrary(library.address), NOW)


def send(county: County, *events: Event) -> None:
    county.send(*events, now=NOW)


def states(county: County) -> dict[str, int]:
    with county.hub.database.reading() as conn:
        counts = tasks.status(conn).counts
    return {state: count for state, count in counts.items() if count}


def notes(county: County) -> list[str]:
    return [row["note"] for row in county.rows(schema.library_tasks, "fact_id")]


def renews(county: County, item: str, number: str, **fields: object) -> Event:
    at = fields.pop("at")
    return county.k1.event(
        Kind.RENEW, at, item=item, patron_ref=county.refs[number], **fields
    )

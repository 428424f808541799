"""Whatever stands in an event, the hub refuses or parks it, and the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from sync.hub.intake.wire import Malformed, TooLarge
from sync.protocol import Event, Kind, chain_hash
from tests.integration.hub_world import NOON, County, county, database_url, hub

__all__ = ["county", "database_url", "hub"]

#: JSON texts that stand where a value should.
BAD_VALUES = {
    "NUL": '"a\\u0000b"',
    "lone surrogate": '"\\ud800"',
    "right-to-left": '"\\u202e"',
    "line break": '"a\\nb"',
    "long string": json.dumps("x" * 200_000),
    "NaN": "NaN",
    "infinity": "1e999",
    "huge number": str(1 << 70),
    "beyond 64 bits": str(1 << 63),
    "negative": "-1",
    "fraction": "0.5",
    "null": "null",
    "true": "true",
    "list": "[]",
    "object": '{"a": {"b": []}}',
    "deeply nested": "[" * 5000 + "]" * 5000,
    "year 1": '"0001-01-01T00:00:00Z"',
    "year 9999": '"9999-12-31T23:59:59Z"',
    "year 0 in UTC": '"0001-01-01T00:00:00+23:59"',
    "year 10000 in UTC": '"9999-12-31T23:59:59-23:59"',
}
FIELDS = [field.name for field in msgspec.structs.fields(Event)]
PAYLOAD = ("payload.due_on", "payload.title")
#: Which fields are spoilt in an event of which kind.
SPOILT = {
    Kind.CHECKOUT: (*FIELDS, *PAYLOAD),
    Kind.CHECKIN: ("item", "loan_ref", "payload.title"),
    Kind.CONFIRMED: ("item", "patron_ref", "refers_to", "occurred_at"),
}


@pytest.mark.fault("O23", "O24")
@pytest.mark.parametrize("bad", BAD_VALUES)
def test_a_bad_value_in_any_field_holds_up_nothing(county: County, bad: str) -> None:
    for body in _bodies(county, BAD_VALUES[bad]):
        _send(county, body)

    good = county.k1.takes_back("YL0002", NOON)
    assert county.verdict(good).event_id == good.event_id


@pytest.mark.fault("O24")
def test_what_is_no_json_is_refused_whole(county: County) -> None:
    event = msgspec.json.encode(county.k1.takes_back("YL0001")).decode()
    for text in (
        b"\xff\xfe",
        b'{"events":[' + event.encode()[:-1] + b',"x":"\xff"}]}',
        b'{"events":[' + b"[" * 100_000,
        b'{"events":NaN}',
        b"",
    ):
        with pytest.raises((Malformed, TooLarge)):
            county.send_body(text, "k1")


@pytest.mark.fault("O24")
def test_of_a_key_that_comes_twice_one_value_counts(county: County) -> None:
    event = county.k1.takes_back("YL0001")
    body = msgspec.json.encode(event).decode()
    doubled = body.replace('"item":"YL0001"', '"item":"YL0009","item":"YL0001"')

    taken = county.send_body(f'{{"events":[{doubled}]}}'.encode(), "k1")

    assert [verdict.event_id for verdict in taken.verdicts] == [event.event_id]
    assert county.verdict(event) == taken.verdicts[0]


def _bodies(county: County, bad: str) -> Iterator[bytes]:
    """Batches of one event, genuine by its hash where it has one at all."""
    for kind, spoilt in SPOILT.items():
        for field in spoilt:
            event = county.k1.event(
                kind, NOON, item="YL0001", patron_ref="p", loan_ref="l", refers_to="r"
            )
            fields = msgspec.to_builtins(event)
            yield _batch(fields, field, bad)


def _batch(fields: dict[str, Any], field: str, bad: str) -> bytes:
    place, _, inner = field.partition(".")
    mark = "@@here@@"
    fields[place] = {inner: mark} if inner else mark
    text = json.dumps(fields).replace(f'"{mark}"', bad)
    if field != "hash":
        text = text.replace(fields["hash"], _true_hash(text) or fields["hash"])
    return f'{{"events":[{text}]}}'.encode()


def _true_hash(text: str) -> str | None:
    try:
        return chain_hash(msgspec.json.decode(text, type=Event))
    except (msgspec.DecodeError, RecursionError):
        return None


def _send(county: County, body: bytes) -> None:
    """It is refused as a whole, or there is a word on it; nothing else can happen."""
    try:
        taken = county.send_body(body, "k1")
    except (Malformed, TooLarge):
        return
    assert len(taken.verdicts) == 1

"""Messages of the document, of public projects and of live servers, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from sync.sip2 import messages, wire
from sync.sip2.dialects import Dialect
from sync.sip2.layouts import ANSWERS, LAYOUTS, UNNUMBERED
from sync.sip2.trailer import ChecksumStatus, checksum
from tests.unit.vectors import vectors_of

Vector = dict[str, Any]

VECTORS = vectors_of("sip2")
SEALED = [each for each in VECTORS if each["checksum_status"] != "absent"]
VALID = [each for each in VECTORS if each["checksum_status"] == "valid"]
CANONICAL = [each for each in VECTORS if each["reencodes_identically"]]
TRAILER_BYTES = len("AY0AZ0000")


def named(vectors: list[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=lambda each: each["id"])


def line_of(vector: Vector) -> bytes:
    given = vector.get("raw_hex")
    return bytes.fromhex(given) if given else vector["raw"].encode("ascii")


def dialect_of(vector: Vector) -> Dialect:
    return Dialect(
        charset=vector["encoding"],
        error_detection=vector["checksum_status"] != "absent",
    )


def test_every_message_there_is_has_a_vector() -> None:
    assert {each["message_id"] for each in VECTORS} == LAYOUTS.keys()


@named(VECTORS)
def test_line_is_taken_apart(vector: Vector) -> None:
    message = wire.decode(line_of(vector), dialect_of(vector))

    assert message.message_id == vector["message_id"]
    assert message.fixed == vector["fixed"]
    assert [list(pair) for pair in message.fields] == vector["fields"]
    assert message.sequence == vector.get("sequence")


@named(VECTORS)
def test_check_sum_is_judged(vector: Vector) -> None:
    message = wire.decode(line_of(vector), dialect_of(vector))

    assert message.checksum == vector["checksum_status"]


@named(SEALED)
def test_check_sum_is_what_the_bytes_give(vector: Vector) -> None:
    assert checksum(line_of(vector)[:-4]) == vector["checksum_computed"]


@named(CANONICAL)
def test_parts_written_again_give_the_same_line(vector: Vector) -> None:
    line, dialect = line_of(vector), dialect_of(vector)

    again = wire.encode(wire.decode(line, dialect), dialect)

    match vector["checksum_status"]:
        case "absent":
            assert again == line
        case _ if "sequence" not in vector and vector["message_id"] not in UNNUMBERED:
            assert again == line.partition(b"AZ")[0]
        case "valid":
            assert again == line
        case _:
            assert again[:-4] == line[:-4]


@named(VALID)
def test_any_changed_digit_of_a_check_sum_is_seen(vector: Vector) -> None:
    line, dialect = line_of(vector), dialect_of(vector)
    for at in range(len(line) - 4, len(line)):
        other = b"1" if line[at : at + 1] != b"1" else b"2"
        changed = line[:at] + other + line[at + 1 :]

        assert wire.decode(changed, dialect).checksum is ChecksumStatus.MISMATCH


@named(VECTORS)
def test_typed_message_survives_being_written_and_read(vector: Vector) -> None:
    typed = messages.decode(line_of(vector), dialect_of(vector))

    assert messages.read(messages.write(typed)) == typed
    assert vector["message_id"] == typed.ID
    assert (vector["kind"] == "request") == (
        type(typed).__module__ == "sync.sip2.requests"
    )


def test_every_request_has_an_answer_of_ours() -> None:
    requests = {each["message_id"] for each in VECTORS if each["kind"] == "request"}

    assert requests - UNNUMBERED == ANSWERS.keys()

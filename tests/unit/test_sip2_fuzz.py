"""SIP2 with bytes that no server should send: nothing but the documented errors."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import ProtocolError
from kiosk.domain.values import COUNTY_TIME
from sync.sip2 import messages, wire
from sync.sip2.dates import due_day
from sync.sip2.dialects import DIALECTS, Checking, Dialect
from sync.sip2.errors import BadMessage, LinkLost, NotUnderstood, UnknownOutcome
from sync.sip2.fields import IDS
from sync.sip2.layouts import ANSWERS, LAYOUTS, UNNUMBERED
from sync.sip2.lines import LineFinder
from sync.sip2.messages import TYPES, Typed
from sync.sip2.requests import Checkout, ItemInformation
from sync.sip2.session import Answered, Session, Step
from sync.sip2.shown import as_json, as_listing, from_json
from sync.sip2.trailer import ChecksumStatus
from tests.fuzz.checks import check_memory, check_pieces, check_work
from tests.unit.vectors import vectors_of

quick = settings(max_examples=150, deadline=None)

GOOD = [
    bytes.fromhex(each["raw_hex"]) if "raw_hex" in each else each["raw"].encode()
    for each in vectors_of("sip2")
]
SPEECH = st.sampled_from(
    [
        *DIALECTS.values(),
        replace(DIALECTS["gbk"], checking=Checking.STRICT),
        Dialect(error_detection=False, checking=Checking.OFF),
    ]
)
AT = dt.datetime(2026, 11, 23, 9, 15, tzinfo=COUNTY_TIME)
QUESTIONS = [
    ItemInformation(transaction_date=AT, institution_id="", item_identifier="B1"),
    Checkout(
        sc_renewal_policy=False,
        no_block=False,
        transaction_date=AT,
        nb_due_date=AT,
        institution_id="",
        patron_identifier="R1",
        item_identifier="B1",
        terminal_password="",
    ),
]


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """Good lines and noise behind one another, some bytes changed, both ends cut off."""
    parts = (
        st.sampled_from(GOOD) | st.binary(max_size=20) | st.sampled_from([b"\r", b"|"])
    )
    raw = bytearray(b"".join(draw(st.lists(parts, min_size=1, max_size=4))))
    changes = st.tuples(st.integers(0, 300), st.integers(0, 255))
    for at, byte in draw(st.lists(changes, max_size=3)):
        raw[at % max(len(raw), 1) : at % max(len(raw), 1) + 1] = bytes((byte,))
    return bytes(raw[draw(CUT) : max(len(raw) - draw(CUT), 0)])


CUT = st.just(0) | st.integers(0, 12)


# --- decoding -------------------------------------------------------------------------


@quick
@given(mangled(), SPEECH)
def test_any_line_is_a_message_or_a_bad_one(line: bytes, speech: Dialect) -> None:
    try:
        message = wire.decode(line, speech)
    except BadMessage:
        return
    typed = messages.read(message)
    assert message.message_id == typed.ID
    as_json(message, show_personal=False)
    as_listing(message, show_personal=True)


@quick
@given(mangled(), SPEECH)
def test_what_was_read_can_be_written_or_is_refused(
    line: bytes, speech: Dialect
) -> None:
    try:
        again = wire.encode(wire.decode(line, speech), speech)
    except BadMessage:
        return
    assert not {b"\r"[0], b"\n"[0], 0} & set(again)


@quick
@given(st.sampled_from(GOOD), st.data())
def test_any_one_changed_byte_is_seen(line: bytes, data: st.DataObject) -> None:
    plain = Dialect(charset="latin-1")
    if wire.decode(line, plain).checksum is not ChecksumStatus.VALID:
        return
    at = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(1, 255).filter(lambda each: each not in b"\r\n \0"))
    changed = line[:at] + bytes((byte,)) + line[at + 1 :]
    same = changed[:-4] + changed[-4:].upper() == line
    try:
        status = wire.decode(changed, plain).checksum
    except BadMessage:
        return

    assert same or status is not ChecksumStatus.VALID


@quick
@given(st.text())
def test_any_json_is_a_message_or_a_bad_one(text: str) -> None:
    with suppress(BadMessage):
        from_json(text)


@quick
@given(st.text())
def test_any_due_date_is_a_day_or_none(text: str) -> None:
    assert isinstance(due_day(text), dt.date | None)


# --- both directions ------------------------------------------------------------------

TEXT = st.text(
    st.characters(codec="gbk", exclude_characters="|", exclude_categories=["Cc"])
)
WIDTHS = st.text(
    st.characters(codec="ascii", exclude_characters="|", exclude_categories=["Cc"])
)
MOMENTS = st.builds(
    dt.datetime.fromtimestamp,
    st.integers(0, 200 * 365 * 86400),
    st.sampled_from([dt.UTC, COUNTY_TIME]),
)
VALUES: dict[object, Callable[[int], st.SearchStrategy[Any]]] = {
    str: lambda width: (
        TEXT if not width else WIDTHS.map(lambda text: text[:width].ljust(width))
    ),
    str | None: lambda _width: st.none() | TEXT,
    bool: lambda _width: st.booleans(),
    bool | None: lambda _width: st.none() | st.booleans(),
    int | None: lambda width: st.none() | st.integers(0, 10**width - 1),
    dt.datetime | None: lambda _width: st.none() | MOMENTS,
    tuple[str, ...]: lambda _width: st.lists(TEXT, max_size=3).map(tuple),
}


@st.composite
def typed_messages(draw: st.DrawFn) -> Typed:
    """Any message, whose text needs neither cutting nor composing."""
    kind = TYPES[draw(st.sampled_from(sorted(TYPES)))]
    hints, layout = get_type_hints(kind), LAYOUTS[kind.ID]
    values = {
        each.name: draw(VALUES[hints[each.name]](layout.fixed.get(each.name, 0)))
        for each in fields(kind)
        if each.name != "other"
    }
    for name in set(values) - layout.fixed.keys():
        if hints[name] is str and IDS[name] not in layout.required:
            del values[name]
    return kind(**values)


@quick
@given(
    typed_messages(),
    st.sampled_from(["utf-8", "gbk", "gb18030", "auto"]),
    st.integers(0, 9),
)
def test_message_comes_out_as_it_went_in(
    typed: Typed, charset: str, number: int
) -> None:
    speech = Dialect(charset=charset)

    line = messages.encode(typed, speech, number)
    message = wire.decode(line, speech)

    assert messages.read(message) == messages.read(messages.write(typed))
    assert message.checksum is ChecksumStatus.VALID
    assert message.sequence == (None if typed.ID in UNNUMBERED else str(number))
    assert not message.problems


# --- the stream and the conversation --------------------------------------------------


class Lines:
    """LineFinder in the shape of the other decoders, errors as theirs."""

    def __init__(self) -> None:
        self._finder = LineFinder()

    def feed(self, data: bytes) -> list[object]:
        return _as_theirs(self._finder.feed(data))

    def flush(self) -> list[object]:
        return _as_theirs(self._finder.flush())


def _as_theirs(found: list[bytes | BadMessage]) -> list[object]:
    return [ProtocolError() if isinstance(one, BadMessage) else one for one in found]


@quick
@given(mangled(), st.lists(st.integers(1, 30), min_size=1))
def test_pieces_of_any_size_give_the_same_lines(raw: bytes, sizes: list[int]) -> None:
    check_pieces(Lines, raw, sizes)


@pytest.mark.parametrize("flood", [b"1", b"\r", random.Random(1).randbytes(1)])
def test_flood_takes_neither_memory_nor_more_work_than_it_is_long(flood: bytes) -> None:
    check_memory(Lines, flood * 200_000)
    check_work(Lines, flood * 12_000)


@quick
@given(st.sampled_from(QUESTIONS), SPEECH, st.lists(mangled() | st.none(), max_size=6))
def test_conversation_ends_in_an_answer_or_a_documented_error(
    question: ItemInformation | Checkout, speech: Dialect, heard: list[bytes | None]
) -> None:
    session = Session(speech)
    session.begin(question)
    ended: type[Exception] | None = None
    ids: set[str] = set()
    try:
        ids = _answers(session, heard)
    except (UnknownOutcome, LinkLost, NotUnderstood) as err:
        ended = type(err)

    # What changes nothing is never of unknown outcome, and what does is never just lost.
    assert ended is not (LinkLost if isinstance(question, Checkout) else UnknownOutcome)
    assert ids <= {ANSWERS[question.ID]}


def _answers(session: Session, heard: list[bytes | None]) -> set[str]:
    """Ids of the answers to the one question; None stands for silence."""
    for data in heard:
        steps: list[Step] = (
            [session.silence()] if data is None else session.receive(data + b"\r")
        )
        ids = {step.answer.ID for step in steps if isinstance(step, Answered)}
        if ids:
            return ids
    return set()

"""SIP2 lines: charsets, trailers, dates, and what can't be sent or read."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace

import pytest

from kiosk.domain.values import COUNTY_TIME
from sync.sip2 import messages, requests, wire
from sync.sip2.answers import Answer, CheckinResponse, CheckoutResponse
from sync.sip2.dialects import DIALECTS, Dialect
from sync.sip2.errors import BadMessage
from sync.sip2.fields import FREE_TEXT, HARMLESS, IDS, NAMES
from sync.sip2.layouts import LAYOUTS
from sync.sip2.lines import LineFinder
from sync.sip2.tables import Block, blocks
from sync.sip2.trailer import ChecksumStatus, checksum, seal
from sync.sip2.wire import LIMIT_BYTES, Message

PLAIN = Dialect()
GBK = DIALECTS["gbk"]
AT = dt.datetime(2026, 11, 23, 9, 15, tzinfo=COUNTY_TIME)
LOAN = "121NNY20261123    091500AOX|AAR1|ABB1|"


# --- charsets -------------------------------------------------------------------------


@pytest.mark.parametrize("charset", ["gbk", "gb18030", "big5"])
def test_delimiter_inside_a_character_does_not_end_the_field(charset: str) -> None:
    title = {"gbk": "東億質", "gb18030": "東億質遼飢", "big5": "育"}[charset]
    line = f"{LOAN}AJ{title}|AH|".encode(charset)
    assert line.count(b"|") > 5

    message = wire.decode(line, Dialect(charset=charset))

    assert message.fields[3:] == (("AJ", title), ("AH", ""))


def test_utf_8_is_tried_first_where_the_charset_is_guessed() -> None:
    auto = DIALECTS["auto"]

    for charset in ("utf-8", "gb18030"):
        line = f"{LOAN}AJ東周列國志|AH|".encode(charset)
        assert wire.decode(line, auto).value("AJ") == "東周列國志"


def test_check_sum_is_over_bytes_of_the_charset() -> None:
    text = (
        f"64{' ' * 14}01920261123    091500{'0' * 24}AOLIB1|AA44010001|AE张三|BLY|CQY|"
    )

    assert seal(text.encode("utf-8"), "3").endswith(b"AY3AZE744")
    assert seal(text.encode("gbk"), "3").endswith(b"AY3AZE84B")


def test_bytes_without_meaning_are_replaced_and_named() -> None:
    message = wire.decode(f"{LOAN}AJ".encode() + b"\xff\xfe|AH|", PLAIN)

    assert message.value("AJ") == "\N{REPLACEMENT CHARACTER}" * 2
    assert "bytes that are no utf-8" in message.problems


def test_decomposed_names_are_composed_and_blanks_are_kept_on_the_wire() -> None:
    line = "10000N20261123    091500AOX|AB1|AQcafe\N{COMBINING ACUTE ACCENT}|".encode()

    read = messages.decode(line, PLAIN)

    assert isinstance(read, CheckinResponse)
    assert read.permanent_location == "café"
    assert wire.encode(wire.decode(line, PLAIN), PLAIN) == line


@pytest.mark.parametrize("charset", ["utf-16", "cp037", "no-such", "utf-7", "idna"])
def test_charset_that_does_not_keep_ascii_is_no_dialect(charset: str) -> None:
    with pytest.raises(ValueError, match=charset):
        replace(PLAIN, charset=charset)


@pytest.mark.parametrize("delimiter", ["", "||", "·"])
def test_delimiter_is_one_ascii_character(delimiter: str) -> None:
    with pytest.raises(ValueError, match="delimiter"):
        replace(PLAIN, delimiter=delimiter)


def test_another_delimiter_is_used_in_both_directions() -> None:
    caret = replace(PLAIN, delimiter="^")

    assert wire.decode(b"9300CNa|b^COc^", caret).fields == (("CN", "a|b"), ("CO", "c"))
    message = Message("94", {"ok": "1"}, (("AF", "x|y"),))
    assert wire.encode(message, caret) == b"941AFx|y^"


# --- trailers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("summed", "expected"),
    [
        ("9900802.00AY1AZ", "FCA0"),
        ("941AY0AZ", "FDFD"),
        ("97AZ", "FEF5"),
        ("96AZ", "FEF6"),
        ("9300CNLoginUserID|COLoginPassword|CPLocationCode|AY5AZ", "EC7B"),
    ],
)
def test_check_sum_of_worked_examples(summed: str, expected: str) -> None:
    assert checksum(summed.encode()) == expected


def test_text_that_looks_like_a_trailer_is_none() -> None:
    for end in ("AFAMAZING|", "AFAMAZ1234|", "AFGAZ1234", "AFAMAZING", "AFAY1AZ12"):
        message = wire.decode(f"{LOAN}{end}".encode(), PLAIN)
        assert message.checksum is ChecksumStatus.ABSENT
        assert message.value("AF") == end[2:].rstrip("|")


def test_lower_case_digits_are_taken() -> None:
    assert wire.decode(b"9900802.00AY1AZfca0", PLAIN).checksum is ChecksumStatus.VALID


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("9900802.00AY1AZ0000", ChecksumStatus.PLACEHOLDER),
        ("941|AY4AZFF62", ChecksumStatus.DP2),
        ("941AY4AZFF62", ChecksumStatus.DP2),
        ("941AY4AZFF63", ChecksumStatus.MISMATCH),
    ],
)
def test_known_deviations_are_told_apart(line: str, expected: ChecksumStatus) -> None:
    assert wire.decode(line.encode(), PLAIN).checksum is expected


def test_sum_of_code_points_is_recognised() -> None:
    through_az = f"{LOAN}AJ张三|AH|AY1AZ"
    stated = f"{-sum(map(ord, through_az)) & 0xFFFF:04X}"

    message = wire.decode((through_az + stated).encode(), PLAIN)

    assert message.checksum is ChecksumStatus.CODE_POINTS


def test_request_to_say_it_again_has_a_sum_and_no_number() -> None:
    assert wire.encode(Message("97"), PLAIN) == b"97AZFEF5"
    assert wire.encode(Message("97"), replace(PLAIN, error_detection=False)) == b"97"


# --- what can be read -----------------------------------------------------------------


@pytest.mark.parametrize(
    "line", [b"", b"9", b"\r\n", b"5720261123", b"<html>", "命令".encode()]
)
def test_what_has_no_known_id_is_refused(line: bytes) -> None:
    with pytest.raises(BadMessage) as caught:
        wire.decode(line, PLAIN)

    assert caught.value.offset == 0


def test_very_long_line_is_refused() -> None:
    with pytest.raises(BadMessage, match="longer than"):
        wire.decode(b"12" + b"A" * LIMIT_BYTES, PLAIN)


def test_odd_things_are_named_and_read_all_the_same() -> None:
    message = wire.decode(b" \0\r1720261123    0915AO|Q|ABB1", PLAIN)

    assert message.fixed == {"transaction_date": "20261123    0915AO"}
    assert message.fields == (("Q", ""), ("AB", "B1"))
    assert message.problems == (
        "last field lacks its delimiter",
        "odd field id 'Q'",
        "required field AO is missing",
    )


def test_short_fixed_part_is_named() -> None:
    message = wire.decode(b"98YYY", PLAIN)

    assert message.fixed["checkout_ok"] == "Y"
    assert message.fixed["date_time_sync"] == ""
    assert message.problems[0] == "fixed part is 5 of 36 characters"


def test_unknown_repeated_and_empty_fields_stay_in_their_order() -> None:
    message = wire.decode(b"94" + b"1ZZ1|AFa|XI|AFb|ZZ2|", PLAIN)

    assert message.fields == (
        ("ZZ", "1"),
        ("AF", "a"),
        ("XI", ""),
        ("AF", "b"),
        ("ZZ", "2"),
    )
    assert message.values("AF") == ("a", "b")
    assert messages.read(message).other == message.fields


# --- what can be sent -----------------------------------------------------------------


def checkout(item: str = "B1") -> requests.Checkout:
    return requests.Checkout(
        sc_renewal_policy=False,
        no_block=True,
        transaction_date=AT,
        nb_due_date=None,
        institution_id="LIB1",
        patron_identifier="R1",
        item_identifier=item,
        terminal_password="",
        fee_acknowledged=False,
    )


def test_checkout_is_written_in_the_order_of_the_document() -> None:
    line = messages.encode(checkout(), PLAIN, 3)

    start = b"11NY20261123    091500" + b" " * 18
    assert line == seal(start + b"AOLIB1|AAR1|ABB1|AC|BON|", "3")


@pytest.mark.parametrize("bad", ["B|1", "B\r1", "B\n1", "B\0001"])
def test_barcode_that_would_break_the_line_is_refused_not_changed(bad: str) -> None:
    with pytest.raises(BadMessage, match="message 11, field AB") as caught:
        messages.encode(checkout(bad), PLAIN)

    assert caught.value.field == "AB"
    assert bad not in str(caught.value)


def test_character_that_the_charset_lacks_names_its_field() -> None:
    with pytest.raises(
        BadMessage, match="message 11, field AB, offset 54: a character"
    ):
        messages.encode(checkout("书1"), replace(PLAIN, charset="ascii"))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message("94", {}), "message 94, field ok, offset 2: 0 characters"),
        (Message("94", {"ok": "10"}), "wants 1"),
        (Message("94", {"ok": "1", "no": "1"}), "field no: no such fixed field"),
        (Message("57", {}), "unknown message id '57'"),
        (Message("94", {"ok": "1"}, (("AZ", "x"),)), "no id for a field"),
        (Message("94", {"ok": "1"}, (("A", "x"),)), "no id for a field"),
        (Message("94", {"ok": "1"}, (("A|", "x"),)), "can't carry"),
        (Message("94", {"ok": "1"}, sequence="12"), "field AY: .* one digit"),
    ],
)
def test_what_can_not_be_sent_says_why(message: Message, reason: str) -> None:
    with pytest.raises(BadMessage, match=reason):
        wire.encode(message, PLAIN)


def test_text_for_people_is_made_fit() -> None:
    read = messages.decode(f"{LOAN}AJ|AH|".encode(), PLAIN)
    assert isinstance(read, CheckoutResponse)

    answer = replace(read, screen_messages=("a|b\r\nc", "x" * 300))

    assert messages.write(answer).values("AF") == ("a b  c", "x" * 255)


# --- types ----------------------------------------------------------------------------


def test_every_layout_has_a_type_with_just_its_fields() -> None:
    assert messages.TYPES.keys() == LAYOUTS.keys()
    for message_id, kind in messages.TYPES.items():
        layout = LAYOUTS[message_id]
        names = [*layout.fixed, *(NAMES[each] for each in layout.ids)]
        assert {each.name for each in fields(kind)} == {*names, "other"}
        left_out = {each.name for each in fields(kind) if each.default is None}
        assert left_out.isdisjoint(NAMES[each] for each in layout.required)


def test_names_are_different_and_what_is_personal_is_not_harmless() -> None:
    assert len(IDS) == len(NAMES)
    assert HARMLESS.isdisjoint(
        {"AA", "AC", "AD", "AE", "AU", "BD", "BE", "BF", "CN", "CO"}
    )
    assert NAMES.keys() >= FREE_TEXT


def test_a_flag_is_true_only_if_the_server_clearly_says_so() -> None:
    for letter, expected in {
        "Y": True,
        "1": True,
        "N": False,
        "U": False,
        "y": False,
    }.items():
        answer = messages.decode(LOAN.replace("NNY", f"NU{letter}").encode(), PLAIN)
        assert isinstance(answer, CheckoutResponse)
        assert answer.desensitize is expected


def test_repr_of_a_message_tells_nothing_about_a_person() -> None:
    request = replace(checkout(), patron_password="0417", other=(("XO", "secret-id"),))

    shown = repr(request)

    assert "item_identifier='B1'" in shown
    assert "patron_identifier='***'" in shown
    assert "0417" not in shown
    assert "secret-id" not in shown


def test_blocks_are_what_is_marked_y() -> None:
    assert blocks("Y   Y N       ") == {Block.CHARGE_DENIED, Block.CARD_LOST}
    assert blocks("") == frozenset()


def test_answers_and_requests_are_of_two_kinds() -> None:
    assert all(
        issubclass(kind, Answer) != issubclass(kind, requests.Request)
        for kind in messages.TYPES.values()
    )


# --- the stream -----------------------------------------------------------------------


def test_lines_end_at_cr_or_lf_in_whatever_pieces_they_come() -> None:
    stream = b"\0 941\r\n\r9900802.00\n" + b"121NNY\r"

    finder = LineFinder()
    found = [line for byte in stream for line in finder.feed(bytes((byte,)))]

    assert found == [b"941", b"9900802.00", b"121NNY"]
    assert LineFinder().feed(stream) == found


def test_line_without_an_end_comes_when_nothing_more_will() -> None:
    finder = LineFinder()

    assert finder.feed(b"941") == []
    assert finder.flush() == [b"941"]
    assert finder.flush() == []


def test_line_too_long_is_dropped_and_the_next_one_found() -> None:
    finder = LineFinder()

    too_long, good = finder.feed(b"12" + b"x" * LIMIT_BYTES + b"\r941\r")

    assert isinstance(too_long, BadMessage)
    assert good == b"941"

"""SAM_V frames and card texts against vectors, in both directions, and with garbage."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame, ProtocolError
from drivers.codecs.samv.commands import (
    TEXT_SIZE,
    CardContent,
    Command,
    Status,
    parse_content,
    status_words,
)
from drivers.codecs.samv.describe import describe
from drivers.codecs.samv.frames import (
    MAX_FRAME,
    PREAMBLE,
    Reply,
    Request,
    decode,
    reply_finder,
    request_finder,
)
from drivers.codecs.samv.text import (
    NO_EXPIRY,
    CardType,
    IdentityCard,
    parse_card,
    read_fields,
)
from drivers.emulators.samv import citizen_text, photo
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("samv_idcard")
FRAMES = [vector for vector in VECTORS if "direction" in vector]
TEXTS = [vector for vector in VECTORS if vector.get("kind") == "text256"]
BY_ID = {vector["id"]: bytes.fromhex(vector.get("hex", "")) for vector in VECTORS}
RECORD = BY_ID["record-demo-a"]
EXPECTED: dict[str, Any] = next(
    vector["expect"] for vector in VECTORS if vector["id"] == "record-demo-a"
)
NUMBER = "110101199001010015"
PERSONAL = ("name", "id", "address", "birth", "en_name", "cn_name", "sex", "nation")

replies = st.builds(Reply, st.integers(0, 0xFF), st.binary(max_size=40))


def by_id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


# --- vectors ----------------------------------------------------------------------


@pytest.mark.parametrize("vector", FRAMES, ids=by_id)
def test_vector_is_described(vector: dict[str, Any]) -> None:
    description = describe(bytes.fromhex(vector["hex"]))

    keys = {"direction", "cmd", "sw"} & vector.keys()
    assert {key: description[key] for key in keys} == {key: vector[key] for key in keys}


@pytest.mark.parametrize("vector", FRAMES, ids=by_id)
def test_vector_survives_decoding_and_encoding(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["hex"])

    assert decode(frame).encode() == frame


@pytest.mark.parametrize("vector", TEXTS, ids=by_id)
def test_text_of_a_vector_is_read(vector: dict[str, Any]) -> None:
    assert read_fields(bytes.fromhex(vector["hex"])).items() >= vector["expect"].items()


def test_text_and_photo_of_the_record_are_told_apart() -> None:
    content = parse_content(RECORD[10:-1])

    expected = dict(EXPECTED)
    assert content.photo_size == expected.pop("photo_len")
    assert read_fields(content.text) == expected | {"type": ""}


@pytest.mark.parametrize(
    ("command", "frame_id"),
    [
        (Command.FIND_CARD, "find-req"),
        (Command.SELECT_CARD, "select-req"),
        (Command.READ_TEXT_PHOTO, "read-req"),
        (Command.STATUS, "status-req"),
    ],
)
def test_command_is_sent_as_in_the_vector(command: Command, frame_id: str) -> None:
    assert Request(command).encode() == BY_ID[frame_id]


def test_a_parameter_follows_the_command() -> None:
    most_rf_bytes = Request(Command.MAX_RF_BYTES, b"\x50")

    assert most_rf_bytes.encode().hex().upper() == "AAAAAA96690004" + "61FF50" + "CA"


# --- cards ------------------------------------------------------------------------


def permit_text() -> bytes:
    """Of a resident from Hong Kong, Macao or Taiwan."""
    fields = (
        ("样例", 15),
        ("2", 1),
        ("", 2),
        ("19900101", 8),
        ("测试路二号", 35),
        ("810000199001010019", 18),
        ("测试市公安局", 15),
        ("20200101", 8),
        ("20250101", 8),
        ("H12345678", 9),
        ("01", 2),
        ("", 3),
        ("J", 1),
        ("", 3),
    )
    return "".join(text.ljust(size) for text, size in fields).encode("utf-16-le")


def test_a_residence_permit_has_a_pass_number_and_a_count_of_issues() -> None:
    fields = read_fields(permit_text())

    assert fields["type"] == "J"
    assert fields["pass_number"] == "H12345678"
    assert fields["issue_count"] == "01"
    assert "nation" not in fields
    assert parse_card(permit_text()).type is CardType.HONG_KONG_MACAO_TAIWAN


def test_a_card_that_does_not_expire_says_so() -> None:
    assert read_fields(citizen_text(NUMBER))["valid_to"] == NO_EXPIRY


def test_a_long_english_name_goes_on_in_its_second_part() -> None:
    text = BY_ID["text-foreign-2023"]
    first, second = "A" * 35, "B" * 11
    text = text[:52] + first.encode("utf-16-le") + text[122:]
    text = text[:220] + second.encode("utf-16-le") + text[242:]

    assert read_fields(text)["en_name"] == first + second


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (citizen_text(NUMBER), NUMBER),
        (citizen_text("11010519491231002x"), "11010519491231002X"),
        (BY_ID["text-foreign-2017"], "CAN110101199000"),
        (BY_ID["text-foreign-2023"], "931084199009090012"),
        (permit_text(), "810000199001010019"),
    ],
)
def test_only_type_and_number_are_kept_of_a_card(text: bytes, number: str) -> None:
    card = parse_card(text)

    assert card.number == number
    assert set(IdentityCard.__slots__) == {"type", "number"}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        bytes(TEXT_SIZE),
        citizen_text("110101199001010016"),
        citizen_text("11010119900101"),
        citizen_text(NUMBER)[:-1],
        citizen_text(NUMBER)[:248] + "K".encode("utf-16-le") + bytes(6),
        citizen_text(NUMBER)[:248] + b"\x00\xd8" + bytes(6),
    ],
    ids=["none", "zeros", "check", "short number", "short", "type", "half a character"],
)
def test_a_card_that_makes_no_sense_is_refused_without_telling_it(text: bytes) -> None:
    with pytest.raises(BadFrame, match="SAM_V card text") as refused:
        parse_card(text)

    assert refused.value.__cause__ is None
    assert not hidden_in(str(refused.value))


@pytest.mark.parametrize("fingerprint_size", [0, 512, 1024])
def test_a_fingerprint_may_follow_the_photo(fingerprint_size: int) -> None:
    sizes = b"\x01\x00\x04\x00" + fingerprint_size.to_bytes(2)
    text = citizen_text(NUMBER)
    data = sizes + text + photo() + bytes(fingerprint_size)

    assert parse_content(data) == CardContent(text, 1024, fingerprint_size)
    frame = Reply(Status.OK, data).encode()
    assert len(frame) == 1297 + fingerprint_size
    assert describe(frame)["fingerprint_len"] == fingerprint_size


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x00",
        RECORD[10:-2],
        RECORD[10:-1] + b"\0",
        b"\0\0\0\0",
        b"\x01\0\0\0",
    ],
)
def test_content_whose_lengths_do_not_add_up_is_refused(data: bytes) -> None:
    with pytest.raises(BadFrame, match=f"card content of {len(data)} bytes"):
        parse_content(data)


# --- what is personal -------------------------------------------------------------


def hidden_in(written: str) -> list[str]:
    """What should be hidden and is not."""
    secrets = [str(EXPECTED[key]) for key in ("name", "id", "address", "birth")]
    as_bytes = [secret.encode("utf-16-le").hex() for secret in secrets]
    squeezed = written.replace(" ", "").lower()
    return [secret for secret in (*secrets, *as_bytes) if secret in squeezed]


def test_a_description_shows_what_is_personal_by_its_length_only() -> None:
    description = describe(RECORD)

    assert description["name"] == "3 characters"
    assert description["id"] == "18 characters"
    assert description["address"] == "14 characters"
    assert description["valid_to"] == "20400101"
    assert not hidden_in(repr(description))


@pytest.mark.parametrize("vector", TEXTS, ids=by_id)
def test_a_bare_text_is_described_and_hides_who_it_is(vector: dict[str, Any]) -> None:
    description = describe(bytes.fromhex(vector["hex"]))

    assert description["type"] == vector["expect"]["type"]
    shown = {key: description[key] for key in PERSONAL if key in description}
    assert all(str(value).endswith("characters") for value in shown.values())


def test_an_added_address_is_described_by_its_size() -> None:
    address = str(EXPECTED["address"]).ljust(35).encode("utf-16-le")

    description = describe(Reply(Status.OK, address).encode())

    assert description["data"] == "70 bytes"


def test_no_repr_shows_what_a_card_says() -> None:
    reply = decode(RECORD)
    assert isinstance(reply, Reply)
    content = parse_content(reply.data)

    shown = repr((reply, content, parse_card(content.text)))

    assert "photo_size=1024" in shown
    assert not hidden_in(shown)


@given(st.integers(1, len(RECORD) - 1), st.integers(1, 255))
def test_no_error_about_a_damaged_record_shows_it(place: int, flip: int) -> None:
    damaged = bytearray(RECORD)
    damaged[place] ^= flip
    errors: list[object] = [*reply_finder().feed(bytes(damaged) + RECORD)]
    for part in (bytes(damaged), RECORD[:place], RECORD[place:], RECORD + RECORD):
        with pytest.raises(ProtocolError) as refused:
            describe(part)
        errors.append(refused.value)

    written = "\n".join(f"{error} {error!r}" for error in errors)
    assert not hidden_in(written)


# --- frames -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", "0 bytes that do not begin AA AA AA 96 69"),
        ("AAAA96690003200122", "9 bytes that do not begin"),
        ("AAAAAA9669", "ends within"),
        ("AAAAAA966900032001", "ends within"),
        ("AAAAAA96690003200123", "check sum 23, expected 22"),
        ("AAAAAA96690003200122FF", "1 bytes behind its end"),
        ("AAAAAA966900010101", "frame of 8 bytes"),
        ("AAAAAA96690002000002", "frame of 9 bytes"),
        ("AAAAAA9669FFFF0000", "frame of 65542 bytes"),
        ("AAAAAA96690003000003", "no status 00 00 xx"),
    ],
)
def test_bad_frame_is_refused_with_its_reason(frame: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        describe(bytes.fromhex(frame))


def test_every_status_has_words_and_an_unknown_one_its_code() -> None:
    assert len({status_words(status) for status in Status}) == len(Status)
    assert status_words(0x66) == "the module is not authorised (66)"
    assert status_words(0x77) == "not known (77)"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (0x10FF, "reset"),
        (0x12FF, "sam id"),
        (0x6004, "set baud rate"),
        (0x7001, "unknown"),
    ],
)
def test_commands_are_named(command: int, name: str) -> None:
    assert describe(Request(command).encode())["name"] == name


@given(st.lists(replies, max_size=3), st.binary(max_size=20), st.integers(1, 7))
def test_replies_are_found_in_pieces_with_noise_between(
    sent: list[Reply], noise: bytes, size: int
) -> None:
    noise = noise.replace(b"\xaa", b"").replace(b"\x96", b"")
    line = noise + noise.join(reply.encode() for reply in sent)
    finder = reply_finder()

    found = [
        reply
        for at in range(0, len(line), size)
        for reply in finder.feed(line[at : at + size])
    ]

    assert found == sent


def test_a_reply_with_a_preamble_inside_is_found_whole() -> None:
    reply = Reply(Status.OK, PREAMBLE + b"\x00\x04" + PREAMBLE)

    assert reply_finder().feed(b"\xaa\xaa" + reply.encode()) == [reply]


def test_a_pause_within_a_reply_is_waited_out() -> None:
    finder = reply_finder()
    finder.feed(RECORD[:600])
    finder.flush()

    assert finder.feed(RECORD[600:]) == [decode(RECORD)]


@pytest.mark.parametrize("length", ["0000", "0001", "0913", "FFFF"])
def test_an_impossible_length_does_not_hide_the_next_reply(length: str) -> None:
    finder = reply_finder()

    found = finder.feed(PREAMBLE + bytes.fromhex(length) + BY_ID["find-ok"])

    assert isinstance(found[0], BadFrame)
    assert found[-1] == Reply(Status.CARD_FOUND, bytes(4))


@given(st.binary(max_size=3 * MAX_FRAME))
def test_garbage_is_held_within_bounds(garbage: bytes) -> None:
    finder = reply_finder()
    finder.feed(garbage)

    assert len(finder._buffer) <= MAX_FRAME


@given(st.binary(max_size=400))
def test_whatever_the_bytes_only_protocol_errors_are_raised(garbage: bytes) -> None:
    for data in (garbage, Reply(Status.OK, garbage).encode()):
        for finder in (reply_finder(), request_finder()):
            finder.feed(data)
        with suppress(ProtocolError):
            describe(data)


@given(st.binary(min_size=TEXT_SIZE, max_size=TEXT_SIZE))
def test_whatever_a_card_says_only_protocol_errors_are_raised(text: bytes) -> None:
    with suppress(ProtocolError):
        parse_card(text)
    with suppress(ProtocolError):
        parse_card(text[:248] + bytes(8))

"""UHFReader18 frames and replies against vectors, in both directions and in pieces."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.uhfreader18.commands import (
    Command,
    Dialect,
    ReadRequest,
    WriteRequest,
    answer_mode_request,
    inventory_request,
)
from drivers.codecs.uhfreader18.describe import describe
from drivers.codecs.uhfreader18.frames import (
    MAX_BODY,
    MAX_FRAME,
    Frame,
    decode,
    finder,
)
from drivers.codecs.uhfreader18.replies import (
    Found,
    FoundTag,
    ReaderInfo,
    encode_report,
    parse_found,
    parse_report,
)
from tests.unit.pieces import fed
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("uhf_reader18")
BY_ID = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in VECTORS}
#: Directions that the vectors only imply.
REQUESTS = {
    "inventory-req",
    "reader-info-req",
    "single-inv",
    "set-baud-9600-bcast",
    "scan-time-20",
    "get-work-mode",
    "set-answer-mode",
    "cmd35-a",
    "stop-93",
    "inv-qs",
    "derived-read-user",
}
EPC = bytes.fromhex("E28011606000020400000000")
OTHER_EPC = bytes.fromhex("00323038")

frames = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=MAX_BODY)
)
epcs = st.integers(1, 31).flatmap(
    lambda words: st.binary(min_size=2 * words, max_size=2 * words)
)


def _id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


# --- vectors ----------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_vector_is_described(vector: dict[str, Any]) -> None:
    described = describe(bytes.fromhex(vector["hex"]))

    expected = {
        key: value for key, value in vector.get("expect", {}).items() if key != "note"
    }
    assert described["cmd"] == vector["cmd"]
    assert described.items() >= expected.items()


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_direction_of_the_vector_is_found(vector: dict[str, Any]) -> None:
    described = describe(bytes.fromhex(vector["hex"]))

    is_request = vector["id"] in REQUESTS
    assert described["direction"] == ("request" if is_request else "response")


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_vector_survives_decoding_and_encoding(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])

    assert decode(raw).encode() == raw


@pytest.mark.parametrize(
    ("frame_id", "frame"),
    [
        ("inventory-req", Frame(0, 0x01, inventory_request(Dialect.OLD, 4, 0))),
        ("inv-qs", Frame(0, 0x01, inventory_request(Dialect.NEW, 2, 0))),
        ("set-answer-mode", Frame(0, *answer_mode_request(Dialect.OLD))),
        ("derived-read-user", Frame(0, 0x02, ReadRequest(EPC, 3, 0, 8).encode())),
    ],
)
def test_request_is_sent_as_in_the_vector(frame_id: str, frame: Frame) -> None:
    assert frame.encode() == BY_ID[frame_id]


@pytest.mark.parametrize(
    ("frame_id", "dialect"),
    [
        ("inv-one-epc12", Dialect.OLD),
        ("inv-two", Dialect.OLD),
        ("288-inv-one", Dialect.NEW),
        ("288-inv-epc4", Dialect.NEW),
        ("288-inv-none", Dialect.NEW),
    ],
)
def test_inventory_of_the_vector_in_both_directions(
    frame_id: str, dialect: Dialect
) -> None:
    content = decode(BY_ID[frame_id]).content

    found, recognised = parse_found(content)

    assert recognised is dialect
    assert found == Found.parse(content, dialect)
    assert found.encode() == content


def test_information_of_the_vector_in_both_directions() -> None:
    content = decode(BY_ID["reader-info-resp"]).content

    info = ReaderInfo.parse(content)

    assert (info.version, info.type, info.power_dbm) == ((5, 2), 0x86, 26)
    assert info.scan_time_s == pytest.approx(2.0)
    assert info.encode() == content


# --- frames -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "no bytes ends within"),
        ("04", "ends within"),
        ("040001DB", "ends within"),
        ("040001DB4C", "CRC is DB4C, expected DB4B"),
        ("0400014BDB", "CRC is 4BDB, expected DB4B"),
        ("03000100", "length 03 is below 4"),
        ("040001DB4B00", "00 behind the frame"),
    ],
)
def test_bad_frame_is_refused_with_its_reason(raw: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        describe(bytes.fromhex(raw))


def test_error_about_an_endless_input_is_short() -> None:
    with pytest.raises(BadFrame) as refused:
        describe(b"\x03" * 100_000)

    assert len(str(refused.value)) < 600


def test_body_that_no_frame_holds_is_not_sent() -> None:
    with pytest.raises(BadFrame, match="252 bytes"):
        Frame(0, 1, bytes(MAX_BODY + 1)).encode()


@given(st.lists(frames, max_size=4), st.lists(st.integers(1, 40), min_size=1))
def test_pieces_give_the_same_frames_as_the_whole(
    sent: list[Frame], sizes: list[int]
) -> None:
    line = b"".join(frame.encode() for frame in sent)

    assert fed(finder().feed, line, sizes) == sent


def test_frame_behind_noise_is_found_when_the_line_falls_silent() -> None:
    decoder = finder()
    tag = BY_ID["288-inv-one"]

    found = decoder.feed(b"\xff\x20\x00\x05" + tag[:9] + tag) + decoder.flush()

    assert decode(tag) in found


@pytest.mark.parametrize("noise", [b"\xff", b"\x04", b"\x00", b"\x20\x00\x01"])
def test_flood_of_noise_leaves_little_behind(noise: bytes) -> None:
    decoder = finder()

    for _ in range(16):
        decoder.feed(noise * 500)

    assert len(decoder._buffer) <= MAX_FRAME


@given(st.binary(max_size=300))
def test_garbage_raises_nothing_but_bad_frame(garbage: bytes) -> None:
    finder().feed(garbage)
    with suppress(BadFrame):
        assert describe(garbage)["direction"]


@given(st.sampled_from(Command), st.integers(0, 255), st.binary(max_size=40))
def test_any_content_raises_nothing_but_bad_frame(
    cmd: Command, status: int, content: bytes
) -> None:
    raw = Frame(0, cmd, bytes((status,)) + content).encode()
    for direction in (None, "request", "response"):
        with suppress(BadFrame):
            assert describe(raw, direction)["name"] == cmd.name.lower()


@given(st.sampled_from(VECTORS), st.integers(0, 40), st.integers(1, 255))
def test_no_single_wrong_byte_goes_unseen(
    vector: dict[str, Any], place: int, change: int
) -> None:
    raw = bytearray.fromhex(vector["hex"])
    raw[place % len(raw)] ^= change

    with pytest.raises(BadFrame):
        decode(bytes(raw))


# --- tags -------------------------------------------------------------------------


@given(st.lists(epcs, max_size=6))
def test_old_list_of_tags_survives(listed: list[bytes]) -> None:
    found = Found(tuple(FoundTag(epc) for epc in listed))

    assert Found.parse(found.encode(), Dialect.OLD) == found


@given(st.lists(st.tuples(epcs, st.integers(0, 255)), max_size=6))
def test_new_list_of_tags_survives(listed: list[tuple[bytes, int]]) -> None:
    found = Found(tuple(FoundTag(*tag) for tag in listed), antennas=0b0100)

    assert Found.parse(found.encode(), Dialect.NEW) == found
    assert found.antenna == 3


def test_tag_without_epc_does_not_hide_the_others() -> None:
    found = Found((FoundTag(b""), FoundTag(EPC)))

    assert Found.parse(found.encode(), Dialect.OLD) == found


@pytest.mark.parametrize(
    ("content", "dialect", "reason"),
    [
        ("", Dialect.OLD, "number of tags"),
        ("0103001122", Dialect.OLD, "3 bytes is not whole words"),
        ("01041122", Dialect.OLD, "EPC needs 4 bytes"),
        ("020400112233", Dialect.OLD, "size of the EPC"),
        ("0102001122", Dialect.OLD, "1 bytes too many"),
        ("0101020011", Dialect.NEW, "RSSI"),
    ],
)
def test_bad_list_of_tags_is_refused(
    content: str, dialect: Dialect, reason: str
) -> None:
    with pytest.raises(BadFrame, match=reason):
        Found.parse(bytes.fromhex(content), dialect)


def test_list_that_fits_no_dialect_is_refused() -> None:
    with pytest.raises(BadFrame, match="0103 is no list of tags"):
        parse_found(b"\x01\x03")


def test_report_of_scan_mode_in_both_directions() -> None:
    report = Found((FoundTag(OTHER_EPC, 0x6B),), antennas=1)

    assert encode_report(report).hex() == "0104003230386b"
    assert parse_report(encode_report(report)) == report


@given(epcs, st.binary(max_size=40).filter(lambda words: len(words) % 2 == 0))
def test_requests_survive(epc: bytes, words: bytes) -> None:
    write = WriteRequest(epc, 3, 1, words, b"\xaa\xbb\xcc\xdd")
    read = ReadRequest(epc, 2, 0, 6, mask=b"\x02\x04")

    assert WriteRequest.parse(write.encode()) == write
    assert ReadRequest.parse(read.encode()) == read


def test_write_request_has_its_words_between_place_and_password() -> None:
    write = WriteRequest(OTHER_EPC, 1, 1, b"\x34\x07", b"\xaa\xbb\xcc\xdd")

    assert write.encode().hex() == "010200323038" + "0101" + "3407" + "aabbccdd"


def test_mask_may_stand_in_for_the_epc() -> None:
    raw = bytes.fromhex("FF" + "030008" + "00000000" + "01002010" + "E280")

    assert ReadRequest.parse(raw) == ReadRequest(
        b"", 3, 0, 8, mask=bytes.fromhex("01002010E280")
    )


@pytest.mark.parametrize("mask", ["01", "010020", "01002020E280"])
def test_bad_mask_is_refused(mask: str) -> None:
    with pytest.raises(BadFrame, match=f"{mask} is no mask"):
        ReadRequest.parse(bytes.fromhex("00" + "030008" + "00000000" + mask))

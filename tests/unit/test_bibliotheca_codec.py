"""3M / Bibliotheca frames against vectors, both ways, whole, in pieces and damaged."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.bibliotheca import replies, requests
from drivers.codecs.bibliotheca.describe import describe
from drivers.codecs.bibliotheca.frames import (
    MAX_BODY,
    MAX_FRAME,
    Frame,
    Layer,
    decode,
    finder,
)
from drivers.codecs.bibliotheca.replies import (
    AirReply,
    Blocks,
    BlockStyle,
    Inventory,
    InventoryRecord,
    Reply,
    TagInformation,
    Version,
)
from drivers.codecs.bibliotheca.requests import Command, Request
from drivers.codecs.bibliotheca.status import Status, status_text
from tests.unit.pieces import fed
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("reader_3m")
BY_ID = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in VECTORS}
UID = "E007000001234567"
OLD_UID = "0000000001234567"

frames = st.builds(
    Frame, st.binary(min_size=1, max_size=40), st.sampled_from(list(Layer))
)


def _id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def framed(body: str) -> bytes:
    return Frame(bytes.fromhex(body)).encode()


# --- vectors ------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_vector_survives_decoding_and_encoding(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])

    assert decode(raw).encode() == raw


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_vector_is_described(vector: dict[str, Any]) -> None:
    described = describe(bytes.fromhex(vector["hex"]))

    assert described["direction"] == vector.get("direction", "unknown")
    expected = vector.get("expect", {})
    if not isinstance(expected, dict):
        expected = {"name": "boot"}
    if "block0" in expected:
        # Behind the tag's own flags.
        expected = {"air": "00" + expected["block0"]}
    assert described.items() >= expected.items()


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_vector_with_any_byte_changed_is_refused(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])
    for at in range(len(raw)):
        for damage in (0x01, 0x80, 0xFF):
            damaged = raw[:at] + bytes([raw[at] ^ damage]) + raw[at + 1 :]
            with pytest.raises(BadFrame, match="3M"):
                describe(damaged)


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (requests.inventory(), "inventory-req"),
        (Request(Command.VERSION), "version-req"),
        (Request(Command.QUIET, UID), "quiet-req"),
        (requests.read_blocks(OLD_UID, 0, 2), "read2-req"),
        (
            requests.write_blocks(OLD_UID, 0, bytes.fromhex("1234ABCD55667788")),
            "write2-req",
        ),
        (Request(Command.WRITE_AFI, UID, b"\xd7"), "write-afi-req"),
        (Request(Command.TAG_INFO, "E007C10001234567", b"\x03"), "tag-info-req"),
    ],
)
def test_request_is_sent_as_in_the_vector(request_: Request, name: str) -> None:
    assert Frame(request_.encode()).encode() == BY_ID[name]
    assert requests.parse_request(decode(BY_ID[name]).body) == request_


@pytest.mark.parametrize(
    ("command", "data", "name"),
    [
        (
            Command.INVENTORY,
            Inventory(
                0,
                5,
                (
                    InventoryRecord("0000000000AD6302"),
                    InventoryRecord("E0070000006000AE"),
                ),
            ).encode(),
            "inventory-resp-2",
        ),
        (
            Command.PASS_THROUGH,
            AirReply(0x83, bytes.fromhex("0055555555")).encode(),
            "passthru-resp",
        ),
        (
            Command.READ_BLOCKS,
            bytes.fromhex(OLD_UID)
            + Blocks(0, (bytes.fromhex("00112233"),) * 2, bytes(2)).encode(),
            "read2-resp",
        ),
        (Command.GET_AFI, bytes.fromhex(UID + "DA"), "get-afi-resp"),
    ],
)
def test_reply_is_made_as_in_the_vector(command: int, data: bytes, name: str) -> None:
    assert Frame(Reply(command, data=data).encode()).encode() == BY_ID[name]


# --- frames -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "ends within"),
        ("D6", "ends within"),
        ("D60005FE0005FA", "ends within"),
        ("D60005FE0005FA4000", "00 behind the frame"),
        ("D60005FE0005FA41", "CRC is FA41, expected FA40"),
        ("D60005FE000540FA", "CRC is 40FA, expected FA40"),
        ("D60002FA40", "length 2 is not possible"),
        ("D6FFFFFE00", "length 65535 is not possible"),
        ("D70005FE0005FA40", "D7 begins no frame"),
        ("FE0005", "FE begins no frame"),
    ],
)
def test_what_is_no_frame_is_refused_with_the_reason(raw: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        describe(bytes.fromhex(raw))


def test_error_about_an_endless_input_is_short() -> None:
    with pytest.raises(BadFrame) as refused:
        describe(BY_ID["version-req"] * 1000)

    assert len(str(refused.value)) < 600


@pytest.mark.parametrize("size", [0, MAX_BODY + 1])
def test_body_of_an_impossible_size_is_not_sent(size: int) -> None:
    with pytest.raises(BadFrame, match=f"{size} bytes"):
        Frame(bytes(size)).encode()


def test_longest_frame_comes_through() -> None:
    longest = Frame(bytes(MAX_BODY))

    assert finder().feed(longest.encode()) == [longest]


@given(st.lists(frames, max_size=4), st.lists(st.integers(1, 30), min_size=1))
def test_pieces_give_the_same_frames_as_the_whole(
    sent: list[Frame], sizes: list[int]
) -> None:
    line = b"".join(frame.encode() for frame in sent)

    assert fed(finder().feed, line, sizes) == sent


@given(st.binary(max_size=60), frames)
def test_frame_behind_noise_is_found_once_the_line_is_quiet(
    noise: bytes, frame: Frame
) -> None:
    seeker = finder()

    found = seeker.feed(noise + frame.encode()) + seeker.flush()

    assert frame in found


def test_flood_of_noise_leaves_little_behind() -> None:
    seeker = finder()
    for _ in range(4):
        seeker.feed(b"\xd6\x01\x00" * 3000)

    assert len(seeker._buffer) <= MAX_FRAME


# --- content ------------------------------------------------------------------------


@given(st.binary(min_size=1, max_size=60))
def test_any_body_is_described_or_refused(body: bytes) -> None:
    with suppress(BadFrame):
        described = describe(Frame(body).encode())
        assert described["direction"] in ("request", "response", "unknown")


@given(st.sampled_from(list(Command)), st.binary(max_size=40))
def test_any_reply_to_a_known_command_is_described_or_refused(
    command: Command, data: bytes
) -> None:
    with suppress(BadFrame):
        described = describe(Frame(Reply(command, data=data).encode()).encode())
        assert described["name"] == command.title


@given(
    first=st.integers(0, 200),
    blocks=st.lists(st.binary(min_size=4, max_size=4), max_size=40),
    style=st.sampled_from(BlockStyle),
)
def test_blocks_of_any_style_are_told_by_their_numbers(
    first: int, blocks: list[bytes], style: BlockStyle
) -> None:
    locks = bytes(at % 4 for at in range(len(blocks)))
    sent = Blocks(first, tuple(blocks), locks, style)

    found = replies.parse_blocks(sent.encode())

    assert found.blocks == sent.blocks
    if style is not BlockStyle.NEW_WITHOUT_LOCKS:
        assert found.locks == locks
    if blocks:
        assert found.first == first


@given(
    st.builds(
        TagInformation,
        dsfid=st.none() | st.integers(0, 255),
        afi=st.none() | st.integers(0, 255),
        ic_ref=st.none() | st.binary(min_size=2, max_size=2),
    ),
    st.none() | st.tuples(st.integers(1, 256), st.integers(1, 256)),
)
def test_tag_information_survives_the_way_there_and_back(
    info: TagInformation, size: tuple[int, int] | None
) -> None:
    block_size, block_count = size or (None, None)
    sent = TagInformation(info.dsfid, info.afi, block_size, block_count, info.ic_ref)

    assert replies.parse_tag_information(sent.encode()) == sent


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("1100" + "0A030206", {"version": "3.2.6"}),
        ("FE00" + "0003" + "01" + "06" + UID, {"tags": [UID], "dsfids": ["06"]}),
        ("FE00" + "0005" + "00", {"tags": []}),
        ("FE" + "00" + "45" + "02", {"direction": "request", "options": "45"}),
        ("FE31", {"error": status_text(Status.BAD_OPTION)}),
        ("0200" + UID + "0301" + "AABBCCDD", {"first": 3, "locks": ["00"]}),
        ("0200" + UID + "0301" + "02AABBCCDD", {"first": 3, "locks": ["02"]}),
        ("02" + UID + "00080C", {"direction": "request", "options": "0C"}),
        ("0400" + UID + "08", {"next_block": 8}),
        ("0412" + UID + "03", {"direction": "response", "uid": UID}),
        ("05" + UID + "02" + "01020304", {"blocks": {"2": "01020304"}}),
        ("0500" + UID, {"direction": "response"}),
        ("08" + UID + "05", {"direction": "request", "first": 5}),
        ("0800" + UID, {"direction": "response", "uid": UID}),
        ("08" + OLD_UID + "00", {"direction": "request", "uid": OLD_UID}),
        ("0800" + OLD_UID, {"direction": "response", "uid": OLD_UID}),
        ("0C" + UID + "01", {"direction": "request", "eas": "01"}),
        ("0C00" + UID, {"direction": "response"}),
        ("0300" + UID + "01", {"eas": "01"}),
        ("0306" + UID + "00", {"direction": "response", "uid": UID}),
        ("0D00" + UID + "02" + "DA", {"have": ["AFI"], "afi": "DA"}),
        ("0D00" + UID + "00", {"have": []}),
        (
            "0D00" + UID + "0F" + "06C2" + "031B" + "0001",
            {"dsfid": "06", "block_size": 4, "block_count": 28, "ic_ref": "0001"},
        ),
        (
            "14" + "000B" + "0006" + "0000" + "2320936973120000" + "07E000",
            {"direction": "request", "most": 6, "air": "232093697312000007E000"},
        ),
        ("13" + "04" + "0100020003000400", {"direction": "request"}),
        ("13" + "00" + "0201010302020300", {"direction": "response"}),
        ("5502", {"name": "unknown", "direction": "response"}),
        ("5507", {"error": "07 unknown error"}),
        ("5512345678", {"direction": "response"}),
        ("5577345678", {"direction": "unknown", "data": "77345678"}),
    ],
)
def test_content_is_described(body: str, content: dict[str, object]) -> None:
    assert describe(framed(body)).items() >= content.items()


@pytest.mark.parametrize(
    "body",
    [
        "FE00" + "0005" + "02" + UID,
        "FE00" + "0005" + "01" + UID + "00",
        "0200" + UID + "02" + "000011223344",
        "0200" + UID + "02" + "000011223344" + "020011223344",
        "04" + UID + "0002" + "00" + "11223344",
        "0D00" + UID + "04" + "03",
        "0D00" + UID + "01" + "0607",
        "1400" + "03" + "0005" + "0055",
    ],
    ids=[
        "tag missing",
        "byte after the tags",
        "block missing",
        "blocks not in turn",
        "block to write missing",
        "half a size",
        "more than it has",
        "air bytes missing",
    ],
)
def test_frame_that_contradicts_itself_is_refused(body: str) -> None:
    with pytest.raises(BadFrame, match=r"neither a request \(.*\) nor a reply \(.*\)"):
        describe(framed(body))


def test_answer_of_the_boot_layer_has_a_version() -> None:
    assert describe(BY_ID["probe-d5-resp-b"])["version"] == "5.2.27"
    assert Version(5, 2, 27).encode().hex().upper() == "0A05021B"


@pytest.mark.parametrize("data", ["0A0502", "0B050203", "0A05020300"])
def test_version_of_another_maker_is_refused(data: str) -> None:
    with pytest.raises(BadFrame, match="version"):
        replies.parse_version(bytes.fromhex(data))

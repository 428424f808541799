"""M100 frames against published samples, and against everything else."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.gen2 import Bank, TagError
from drivers.codecs.m100.commands import (
    Access,
    Command,
    Info,
    Select,
    SelectMode,
    multi_poll,
    parse_access,
    parse_select,
    read,
    request,
    set_power,
    write,
)
from drivers.codecs.m100.describe import describe
from drivers.codecs.m100.errors import Error, error_text, of_tag, tag_error
from drivers.codecs.m100.frames import (
    LONGEST_FRAME,
    MAX_PARAMS,
    Frame,
    FrameType,
    decode,
    finder,
)
from drivers.codecs.m100.replies import parse_accessed, parse_failure, parse_sight
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("uhf_m100")
GOOD = [vector for vector in VECTORS if vector["valid"]]
BAD = [vector for vector in VECTORS if not vector["valid"]]
HEX = {vector["id"]: vector["hex"] for vector in VECTORS}

EPC = bytes.fromhex("30751FEB705C5904E3D50D70")
REQUESTS = {
    "single-poll": request(Command.SINGLE_POLL),
    "multi-65535": multi_poll(65535),
    "stop": request(Command.STOP),
    "select-set-mask-doc": request(Command.SET_SELECT, Select.by_epc(EPC).encode()),
    "select-mode": request(Command.SELECT_MODE, bytes([SelectMode.NEVER])),
    "write-user-4w": write(Bank.USER, 0, bytes.fromhex("0102030405060708")),
    "read-user-4w": read(Bank.USER, 0, 4),
    "info-hw": request(Command.INFO, bytes([Info.HARDWARE])),
    "power-20dbm-doc": set_power(2000),
    "region-china2": request(Command.SET_REGION, b"\x01"),
}


def hexed(vector: dict[str, Any]) -> str:
    return str(vector["id"])


# --- published samples ------------------------------------------------------------


@pytest.mark.parametrize("vector", GOOD, ids=hexed)
def test_a_published_frame_is_told_in_words(vector: dict[str, Any]) -> None:
    content = describe(bytes.fromhex(vector["hex"]))

    assert content["type"] == vector["type"]
    assert content["cmd"] == vector["cmd"]
    assert content["name"] != "unknown"
    assert {key: content[key] for key in vector.get("expect", {})} == vector.get(
        "expect", {}
    )


@pytest.mark.parametrize("vector", GOOD, ids=hexed)
def test_a_published_frame_is_encoded_as_it_was_read(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])

    assert decode(raw).encode() == raw


@pytest.mark.parametrize("vector", BAD, ids=hexed)
def test_a_published_misprint_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(BadFrame, match="ends within a frame"):
        describe(bytes.fromhex(vector["hex"]))


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_requests_are_those_of_the_samples(name: str) -> None:
    assert REQUESTS[name].encode().hex().upper() == HEX[name]


# --- frames -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "does not begin with BB"),
        ("00220000227E", "does not begin with BB"),
        ("BB00220000227EBB", "BB behind the frame"),
        ("BB00220000237E", "check sum is 23, expected 22"),
        ("BB00220000227F", "does not end with 7E"),
        ("BB03220000257E", "no type 03"),
        ("BB0022FFFF207E", "absurd length 65535"),
        ("BB0022", "ends within a frame"),
    ],
)
def test_a_frame_that_is_none_is_refused_with_the_reason(raw: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        decode(bytes.fromhex(raw))


def test_the_text_of_an_error_is_no_longer_than_a_frame() -> None:
    with pytest.raises(BadFrame) as refusal:
        decode(bytes(100_000))

    assert len(str(refusal.value)) < 2 * LONGEST_FRAME + 100


def test_marks_inside_the_parameters_end_nothing() -> None:
    frame = Frame(FrameType.RESPONSE, Command.READ, b"\x7e\xbb\x7e\x00\xbb")

    assert finder().feed(frame.encode()) == [frame]


def test_parameters_that_no_frame_takes_are_refused() -> None:
    longest = Frame(FrameType.RESPONSE, Command.READ, bytes(MAX_PARAMS))

    assert decode(longest.encode()) == longest
    with pytest.raises(ValueError, match="601 bytes"):
        Frame(FrameType.RESPONSE, Command.READ, bytes(MAX_PARAMS + 1)).encode()


def frames() -> st.SearchStrategy[Frame]:
    return st.builds(
        Frame, st.sampled_from(FrameType), st.integers(0, 255), st.binary(max_size=40)
    )


@given(st.lists(frames(), max_size=4), st.data())
def test_frames_are_found_however_they_are_cut(
    sent: list[Frame], data: st.DataObject
) -> None:
    decoder, wire = finder(), b"".join(frame.encode() for frame in sent)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(wire)), max_size=6)))

    found = []
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        found += decoder.feed(wire[start:end])

    assert found == sent


@given(st.binary(max_size=30).filter(lambda noise: b"\xbb" not in noise), frames())
def test_noise_before_a_frame_is_passed_over(noise: bytes, frame: Frame) -> None:
    assert finder().feed(noise + frame.encode()) == [frame]


@given(st.binary(max_size=3 * LONGEST_FRAME))
def test_garbage_is_refused_and_never_fills_the_memory(noise: bytes) -> None:
    decoder = finder()

    decoder.feed(b"\xbb" + noise)

    assert len(decoder._buffer) < LONGEST_FRAME


@given(st.binary(max_size=80))
def test_random_bytes_raise_nothing_but_bad_frame(raw: bytes) -> None:
    for whole in (raw, Frame(FrameType.RESPONSE, 0x39, raw).encode()):
        with suppress(BadFrame):
            assert describe(whole)["type"] in (0, 1, 2)


@given(st.sampled_from(GOOD), st.integers(0, 60), st.integers(1, 255))
def test_a_frame_with_one_wrong_byte_is_refused(
    vector: dict[str, Any], place: int, change: int
) -> None:
    raw = bytearray.fromhex(vector["hex"])
    raw[place % len(raw)] ^= change

    with pytest.raises(BadFrame):
        describe(bytes(raw))


@given(st.sampled_from(FrameType), st.sampled_from(Command), st.binary(max_size=40))
def test_whatever_is_inside_is_told_or_refused(
    kind: FrameType, command: Command, params: bytes
) -> None:
    try:
        content = describe(Frame(kind, command, params).encode())
    except BadFrame:
        return
    assert content["params"] == params.hex().upper()
    json.dumps(content)


# --- tags -------------------------------------------------------------------------


@given(st.binary(max_size=31).map(lambda half: half + half))
def test_a_tag_with_an_epc_of_any_length_is_read(epc: bytes) -> None:
    pc = (len(epc) // 2) << 11
    params = b"\xc9" + pc.to_bytes(2) + epc + b"\x12\x34"

    sight = parse_sight(params)

    assert (sight.epc, sight.pc, sight.rssi_dbm) == (epc, pc, -55)
    assert sight.crc == b"\x12\x34"


def test_a_tag_with_an_extended_pc_keeps_its_epc() -> None:
    params = b"\xc9" + bytes.fromhex("0A00" + "8001" + "1234" + "ABCD")

    assert parse_sight(params).epc == b"\x12\x34"


@pytest.mark.parametrize(
    "params",
    ["", "C9", "C930", "C93000", "C930000000", "C93000E2001071000052", "C908001234"],
)
def test_a_tag_whose_length_contradicts_it_is_refused(params: str) -> None:
    with pytest.raises(BadFrame, match="M100"):
        parse_sight(bytes.fromhex(params))


@pytest.mark.parametrize("words", [1, 5, 6, 8, 15])
def test_a_mask_is_the_whole_epc(words: int) -> None:
    epc = bytes(range(words * 2))

    select = Select.by_epc(epc)

    assert (select.mask, select.mask_bits) == (epc, words * 16)
    assert select.encode()[:6] == b"\x01\x00\x00\x00\x20" + bytes((words * 16,))
    assert parse_select(select.encode()) == select


def test_a_mask_too_long_for_its_length_byte_is_the_end_of_the_epc() -> None:
    epc = bytes(range(62))

    select = Select.by_epc(epc)

    assert select.mask == epc[-30:]
    assert select.pointer_bits == 32 + 32 * 8
    assert select.mask_bits == 240


@given(
    st.builds(
        Select,
        st.binary(min_size=1, max_size=31),
        st.just(0),
        st.integers(0, 2**32 - 1),
        st.sampled_from(Bank),
        st.integers(0, 7),
        st.integers(0, 7),
        st.booleans(),
    )
)
def test_selects_are_read_as_they_were_written(drawn: Select) -> None:
    bits = len(drawn.mask) * 8
    select = parse_select(drawn.encode()[:5] + bytes((bits,)) + drawn.encode()[6:])

    assert select.mask_bits == bits
    assert select.encode()[:5] == drawn.encode()[:5]
    assert (select.bank, select.target, select.action, select.truncate) == (
        drawn.bank,
        drawn.target,
        drawn.action,
        drawn.truncate,
    )


def test_a_mask_of_another_length_than_announced_is_refused() -> None:
    with pytest.raises(BadFrame, match="96 bits in mask 3075"):
        parse_select(bytes.fromhex("010000002060003075"))


def test_accesses_are_read_as_they_were_written() -> None:
    access = Access(Bank.TID, 258, 2, b"abcd", b"1234")

    assert parse_access(access.encode()) == access


def test_an_answer_names_its_tag() -> None:
    params = bytes.fromhex(HEX["read-ok"])[5:-2]

    answer = parse_accessed(params)

    assert answer.epc.hex().upper() == "E2000016551102060390EAAF"
    assert answer.rest.hex() == "0102030405060708"


def test_an_error_may_name_its_tag() -> None:
    params = bytes.fromhex(HEX["read-pwd-wrong-16"])[5:-2]

    assert parse_failure(params).epc == EPC
    assert parse_failure(b"\x15").epc is None


@pytest.mark.parametrize("params", ["", "090E", "0901AA", "090430001234", "09043000"])
def test_an_error_that_contradicts_itself_is_refused(params: str) -> None:
    with pytest.raises(BadFrame, match="M100"):
        parse_failure(bytes.fromhex(params))


def test_a_write_with_less_data_than_announced_is_refused() -> None:
    access = Access(Bank.USER, 0, 2, b"ab")

    with pytest.raises(BadFrame, match="2 words announced"):
        describe(request(Command.WRITE, access.encode()).encode())


# --- words ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (Error.INVENTORY_EMPTY, "no tag in the field (15)"),
        (Error.WRONG_PASSWORD, "wrong access password (16)"),
        (0xB3, "tag refuses the write: no such memory (B3)"),
        (0xA4, "tag refuses the read: memory locked (A4)"),
        (0xC7, "tag refuses the lock: unknown error (C7)"),
        (0x99, "unknown error (99)"),
    ],
)
def test_errors_are_told_in_words(code: int, text: str) -> None:
    assert error_text(code) == text


def test_what_the_tag_answered_is_told_apart_from_the_reader() -> None:
    assert tag_error(of_tag(0xA, TagError.OVERRUN)) == TagError.OVERRUN
    assert tag_error(Error.BAD_COMMAND) is None


@pytest.mark.parametrize(
    ("kind", "command", "params", "content"),
    [
        (
            FrameType.RESPONSE,
            Command.GET_QUERY,
            "1020",
            {"dr": "8", "m": 1, "trext": 1, "session": 0, "inventory_target": "A"}
            | {"sel": 0, "q": 4},
        ),
        (FrameType.REQUEST, Command.HOPPING, "FF", {"on": True}),
        (FrameType.REQUEST, Command.CARRIER, "00", {"on": False}),
        (FrameType.RESPONSE, Command.GET_REGION, "04", {"region": "04 China 840-845"}),
        (FrameType.RESPONSE, Command.GET_REGION, "09", {"region": "09 unknown"}),
        (FrameType.RESPONSE, Command.GET_POWER, "07D0", {"centi_dbm": 2000}),
        (FrameType.REQUEST, Command.MULTI_POLL, "222710", {"count": 10000}),
        (FrameType.REQUEST, Command.SELECT_MODE, "02", {"mode": 2}),
        (FrameType.REQUEST, Command.SELECT_MODE, "07", {"mode_text": "unknown"}),
        (FrameType.REQUEST, Command.IDLE_MINUTES, "05", {"minutes": 5}),
        (FrameType.REQUEST, Command.KILL, "00000001", {"pwd": "00000001"}),
        (
            FrameType.REQUEST,
            Command.LOCK,
            "0000FFFF020080",
            {"pwd": "0000FFFF", "mask": "080", "action": "080"},
        ),
        (FrameType.REQUEST, Command.NXP_CHANGE_EAS, "0000FFFF01", {"armed": True}),
        (FrameType.RESPONSE, Command.KILL, "0408001234" + "00", {"result": 0}),
        (FrameType.RESPONSE, Command.INFO, "01FF41", {"text": r"\xffA"}),
        (FrameType.REQUEST, 0x77, "01", {"name": "unknown", "params": "01"}),
    ],
)
def test_settings_are_told_in_words(
    kind: FrameType, command: int, params: str, content: dict[str, object]
) -> None:
    told = describe(Frame(kind, command, bytes.fromhex(params)).encode())

    assert {key: told[key] for key in content} == content
    assert told["direction"] == ("response" if kind else "request")

"""The emulated M100 reader refuses what a real one would, so that a wrong driver fails."""

from __future__ import annotations

import pytest

from drivers.codecs.gen2 import Bank
from drivers.codecs.m100.commands import (
    Access,
    Command,
    Select,
    SelectMode,
    multi_poll,
    read,
    request,
    set_power,
    write,
)
from drivers.codecs.m100.frames import Frame, FrameType, finder
from drivers.codecs.m100.replies import DONE, ERROR, parse_accessed, parse_sight
from drivers.emulators.m100 import Fault, M100Emulator
from drivers.emulators.uhf_tag import VirtualUhfTag

EPC = bytes.fromhex("E20010710000529B0940B402")
OTHER = bytes.fromhex("30751FEB705C5904E3D50D70")
SHORT = EPC[:8]
USER = bytes(range(16))
NO_COMMAND, NO_TAG_TO_READ, NO_TAG_TO_WRITE = b"\x17", b"\x09", b"\x10"


def tag(epc: bytes = EPC) -> VirtualUhfTag:
    return VirtualUhfTag((len(epc) // 2 << 11).to_bytes(2) + epc, user=USER)


@pytest.fixture
def reader() -> M100Emulator:
    emulator = M100Emulator()
    emulator.field.place(tag())
    return emulator


def ask(reader: M100Emulator, asked: Frame) -> list[Frame]:
    found = finder().feed(b"".join(reader.answer(asked.encode())))
    return [frame for frame in found if isinstance(frame, Frame)]


def ask_one(reader: M100Emulator, asked: Frame) -> Frame:
    (reply,) = ask(reader, asked)
    assert reply.type is FrameType.RESPONSE
    return reply


def error(reader: M100Emulator, asked: Frame) -> bytes:
    reply = ask_one(reader, asked)
    assert reply.cmd == ERROR
    return reply.params


def select(reader: M100Emulator, epc: bytes) -> None:
    asked = request(Command.SET_SELECT, Select.by_epc(epc).encode())
    assert ask_one(reader, asked).params == DONE


# --- frames -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw", ["BB00220000237E", "BB00220000227F", "BB01220000237E", "00", "BB0022"]
)
def test_what_is_no_request_gets_no_reply(reader: M100Emulator, raw: str) -> None:
    assert list(reader.answer(bytes.fromhex(raw))) == []


@pytest.mark.parametrize(
    "asked",
    [
        request(Command.SLEEP),
        Frame(FrameType.REQUEST, 0x77),
        request(Command.INFO),
        request(Command.INFO, b"\x03"),
        request(Command.SET_REGION, b"\x09"),
        request(Command.SET_POWER, b"\x01"),
        request(Command.SELECT_MODE, b"\x03"),
        request(Command.SET_SELECT, b"\x01\0\0\0\x20\x60\0"),
        request(Command.MULTI_POLL),
        read(Bank.USER, 0, 0),
        request(Command.READ, Access(7, 0, 1).encode()),
        request(Command.READ, b"\0\0\0\0"),
        request(Command.WRITE, Access(Bank.USER, 0, 2, b"ab").encode()),
        write(Bank.USER, 0, bytes(66)),
    ],
    ids=lambda asked: asked.encode().hex()[:40],
)
def test_a_command_that_makes_no_sense_is_refused(
    reader: M100Emulator, asked: Frame
) -> None:
    assert error(reader, asked) == NO_COMMAND


def test_settings_are_kept(reader: M100Emulator) -> None:
    ask(reader, request(Command.SET_REGION, b"\x04"))
    ask(reader, set_power(9999))
    select(reader, EPC)

    assert ask_one(reader, request(Command.GET_REGION)).params == b"\x04"
    assert ask_one(reader, request(Command.GET_POWER)).params == (3300).to_bytes(2)
    mask = ask_one(reader, request(Command.GET_SELECT)).params
    assert mask == Select.by_epc(EPC).encode()


# --- inventory --------------------------------------------------------------------


def test_a_poll_tells_each_tag_with_its_crc(reader: M100Emulator) -> None:
    reader.field.place(tag(OTHER))

    sights = [
        parse_sight(frame.params) for frame in ask(reader, request(Command.SINGLE_POLL))
    ]

    assert [(sight.epc, sight.rssi_dbm) for sight in sights] == [
        (EPC, -45),
        (OTHER, -45),
    ]
    assert sights[0].crc == b"\xeb\x98"


def test_tags_that_collide_come_with_the_next_poll() -> None:
    reader = M100Emulator(tags_per_poll=2)
    for number in range(5):
        reader.field.place(tag(bytes((number,)) * 12))

    polls = [ask(reader, request(Command.SINGLE_POLL)) for _ in range(3)]

    assert [len(poll) for poll in polls] == [2, 2, 2]
    assert len({frame.params for poll in polls for frame in poll}) == 5


def test_a_mask_narrows_an_inventory_in_mode_always_only(reader: M100Emulator) -> None:
    reader.field.place(tag(OTHER))
    select(reader, OTHER)
    assert len(ask(reader, request(Command.SINGLE_POLL))) == 2

    ask(reader, request(Command.SELECT_MODE, bytes((SelectMode.ALWAYS,))))

    (notice,) = ask(reader, request(Command.SINGLE_POLL))
    assert parse_sight(notice.params).epc == OTHER


def test_an_empty_field_is_told() -> None:
    assert error(M100Emulator(), request(Command.SINGLE_POLL)) == b"\x15"


# --- access -----------------------------------------------------------------------


def test_the_masked_tag_is_read(reader: M100Emulator) -> None:
    reader.field.place(tag(OTHER))
    select(reader, OTHER)

    answer = parse_accessed(ask_one(reader, read(Bank.USER, 1, 2)).params)

    assert (answer.epc, answer.rest) == (OTHER, USER[2:6])


def test_a_mask_that_nobody_meets_reaches_nobody(reader: M100Emulator) -> None:
    select(reader, OTHER)

    assert error(reader, read(Bank.USER, 0, 1)) == NO_TAG_TO_READ
    assert error(reader, write(Bank.USER, 0, b"ab")) == NO_TAG_TO_WRITE


def test_a_loose_mask_reaches_the_wrong_tag(reader: M100Emulator) -> None:
    reader.field.place(tag(SHORT))
    select(reader, SHORT)

    answer = parse_accessed(ask_one(reader, read(Bank.USER, 0, 1)).params)

    assert answer.epc == EPC


def test_without_a_mask_any_tag_is_reached(reader: M100Emulator) -> None:
    select(reader, OTHER)
    ask(reader, request(Command.SELECT_MODE, bytes((SelectMode.NEVER,))))

    assert ask_one(reader, read(Bank.USER, 0, 1)).cmd == Command.READ


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (read(Bank.USER, 7, 2), 0xA3),
        (write(Bank.USER, 8, b"ab"), 0xB3),
        (write(Bank.EPC, 1, b"ab"), 0xB4),
    ],
)
def test_what_the_tag_refuses_is_told_with_its_name(
    reader: M100Emulator, asked: Frame, code: int
) -> None:
    reader.field.tags[0].locked.add(Bank.EPC)
    select(reader, EPC)

    assert error(reader, asked) == bytes((code, 14, 0x30, 0x00)) + EPC


def test_a_tag_with_a_password_asks_for_it(reader: M100Emulator) -> None:
    reader.field.tags[0].reserved = bytes(4) + b"1234"
    select(reader, EPC)

    assert error(reader, read(Bank.USER, 0, 1)).startswith(b"\x16")
    known = Access(Bank.USER, 0, 1, password=b"1234")
    assert ask_one(reader, request(Command.READ, known.encode())).cmd == Command.READ


def test_a_write_answers_with_the_name_that_the_tag_had(reader: M100Emulator) -> None:
    select(reader, EPC)

    reply = ask_one(reader, write(Bank.EPC, 2, b"\x12\x34"))

    assert parse_accessed(reply.params).epc == EPC
    assert reader.field.tags[0].epc == b"\x12\x34" + EPC[2:]


# --- troubles ---------------------------------------------------------------------


def test_faults_strike_so_often_and_no_more(reader: M100Emulator) -> None:
    select(reader, EPC)
    for fault in (Fault.FLICKER, Fault.READ_FAILS, Fault.WRITE_FORGOTTEN):
        reader.fault(fault, 1)

    assert error(reader, request(Command.SINGLE_POLL)) == b"\x15"
    assert error(reader, read(Bank.USER, 0, 1)) == NO_TAG_TO_READ
    assert ask_one(reader, write(Bank.USER, 0, b"ab")).cmd == Command.WRITE
    assert reader.field.tags[0].user == USER
    reader.fault(Fault.HOPPING, 1)
    assert ask_one(reader, request(Command.STOP)).params == DONE
    assert error(reader, request(Command.SINGLE_POLL)) == b"\x20"
    assert len(ask(reader, request(Command.SINGLE_POLL))) == 1


def test_a_running_multi_poll_hears_nothing_but_stop(reader: M100Emulator) -> None:
    woken: list[None] = []
    reader.wake = lambda: woken.append(None)

    started = ask(reader, multi_poll(3))
    during = ask(reader, read(Bank.USER, 0, 1))

    assert [frame.type for frame in started + during] == [FrameType.NOTICE] * 2
    assert len(woken) == 2
    assert ask(reader, request(Command.STOP))[0].cmd == Command.STOP
    assert list(reader.answer(b"")) == []


def test_a_multi_poll_ends_by_itself(reader: M100Emulator) -> None:
    ask(reader, multi_poll(2))

    assert len(list(reader.answer(b""))) == 1
    assert list(reader.answer(b"")) == []

"""The emulated RFIDStation reader, asked frame by frame as a host would."""

from __future__ import annotations

import time

import pytest

from drivers.codecs.rfidstation.frames import Frame, decode
from drivers.emulators.hf_field import Fault
from drivers.emulators.rfidstation import HidReports, RfidstationEmulator
from drivers.emulators.tag import VirtualTag
from drivers.transports.hidraw import to_reports

UID, UID_SENT = "E004015000000001", "01000000500104E0"
OTHER_UID = "E004015000000002"
ONE_TAG = f"{UID_SENT}AA0000"
NO_TAG = "0000"
DONE, REFUSED, CRC, UNHEARD = "0000", "0101", "0102", "0103"


@pytest.fixture
def tag() -> VirtualTag:
    return VirtualTag(UID, afi=0x07, dsfid=0x06, memory=b"12345678")


@pytest.fixture
def reader(tag: VirtualTag) -> RfidstationEmulator:
    emulator = RfidstationEmulator(gap_s=0)
    emulator.place(tag)
    return emulator


def _ask(reader: RfidstationEmulator, cmd: int, params: str = "") -> str:
    """The parameters of the reply in hex; "silence" when there is none."""
    request = Frame(cmd, bytes.fromhex(params), target=1).encode()
    reply = b"".join(reader.answer(request))
    return decode(reply).params.hex().upper() if reply else "silence"


def test_version_is_told_to_whoever_asks(reader: RfidstationEmulator) -> None:
    assert _ask(reader, 0xF7).startswith(b"R321G".hex().upper())
    assert len(_ask(reader, 0xF7)) == 2 * 52


def test_tag_is_told_once_until_the_field_is_reset(reader: RfidstationEmulator) -> None:
    answers = [_ask(reader, 0x11, "00") for _ in range(2)]
    repeated = _ask(reader, 0x11, "01")
    _ask(reader, 0xF0, "0200")

    assert answers == [ONE_TAG, NO_TAG]
    assert repeated == NO_TAG
    assert _ask(reader, 0x11, "00") == ONE_TAG
    assert _ask(reader, 0x11, "01") == ONE_TAG


def test_more_tags_than_fit_are_told_in_parts(reader: RfidstationEmulator) -> None:
    for number in range(2, 31):
        reader.place(VirtualTag(f"E0040150000000{number:02X}"))

    first, second = _ask(reader, 0x11, "00"), _ask(reader, 0x11, "00")

    assert (len(first) // 18, first[-4:]) == (25, "0500")
    assert (len(second) // 18, second[-4:]) == (5, "0000")


def test_field_that_is_off_holds_no_tag(reader: RfidstationEmulator) -> None:
    assert _ask(reader, 0xF0, "0000") == DONE

    assert _ask(reader, 0x11, "00") == NO_TAG
    assert _ask(reader, 0x22, f"{UID_SENT}0001") == UNHEARD
    assert _ask(reader, 0xF0, "0100") == DONE
    assert _ask(reader, 0x11, "00") == ONE_TAG


@pytest.mark.parametrize(
    ("cmd", "params", "reply"),
    [
        (0x22, f"{UID_SENT}0002", "3132333435363738" + DONE),
        (0x22, f"{UID_SENT}1B02", REFUSED),
        (0x22, f"{UID_SENT}0021", REFUSED),
        (0x22, "02000000500104E00001", UNHEARD),
        (0x23, f"{UID_SENT}010141424344", DONE),
        (0x23, f"{UID_SENT}1B024142434445464748", REFUSED),
        (0x24, f"{UID_SENT}C2", DONE),
        (0x24, "02000000500104E0C2", UNHEARD),
        (0x26, f"{UID_SENT}3E", DONE),
        (0x28, UID_SENT, "00000F06071B0301"),
        (0x28, "02000000500104E0", UNHEARD),
        (0xF0, "0700", "0100"),
        (0x2F, "0B22A204" + UID_SENT + "204E02", "00" + DONE),
        (0x2F, "0B22A204" + UID_SENT + "4A0102", UNHEARD),
        (0x2F, "0B22A207" + UID_SENT + "204E02", UNHEARD),
        (0x2F, "0302A504" + "204E21", UNHEARD),
        (0x99, "", "silence"),
        (0x22, "00", "silence"),
        (0xF7, "00", "silence"),
    ],
)
def test_command_is_answered(
    reader: RfidstationEmulator, cmd: int, params: str, reply: str
) -> None:
    assert _ask(reader, cmd, params) == reply


def test_what_is_locked_stays(reader: RfidstationEmulator, tag: VirtualTag) -> None:
    for cmd, params in ((0x25, ""), (0x27, ""), (0x2C, "01")):
        assert _ask(reader, cmd, UID_SENT + params) == DONE

    assert _ask(reader, 0x24, f"{UID_SENT}C2") == REFUSED
    assert _ask(reader, 0x26, f"{UID_SENT}3E") == REFUSED
    assert _ask(reader, 0x23, f"{UID_SENT}010141424344") == REFUSED
    assert (tag.afi, tag.dsfid, tag.memory[:8]) == (0x07, 0x06, b"12345678")


def test_eas_rings_while_it_is_set(
    reader: RfidstationEmulator, tag: VirtualTag
) -> None:
    alarm = "0302A504" + "204E21"
    _ask(reader, 0x2F, "0B22A204" + UID_SENT + "204E02")
    ringing = _ask(reader, 0x2F, alarm)
    short = _ask(reader, 0x2F, "0302A504" + "204E08")
    _ask(reader, 0x2F, "0B22A404" + UID_SENT + "204E02")

    assert (len(ringing) // 2, ringing[-4:]) == (33 + 2, DONE)
    assert short == CRC
    assert _ask(reader, 0x2F, "0B22A304" + UID_SENT + "204E02") == "0112" + DONE
    assert tag.eas


def test_faults_strike_as_often_as_they_are_told(reader: RfidstationEmulator) -> None:
    for fault in Fault:
        reader.fault(fault, 1)

    assert [_ask(reader, 0x11, "00") for _ in range(2)] == [NO_TAG, ONE_TAG]
    assert _ask(reader, 0x22, f"{UID_SENT}0001") == CRC
    assert _ask(reader, 0x22, f"{UID_SENT}0001") == "31323334" + DONE
    assert _ask(reader, 0x24, f"{UID_SENT}C2") == UNHEARD
    assert _ask(reader, 0x24, f"{UID_SENT}C2") == DONE


@pytest.mark.parametrize(
    "request_",
    [
        Frame(0xF7, target=2).encode(),
        Frame(0xF7, is_reply=True).encode(),
        Frame(0xF7).encode()[:-1] + b"\0",
    ],
    ids=["for another", "a reply", "damaged"],
)
def test_frame_that_is_no_request_to_it_gets_no_reply(
    reader: RfidstationEmulator, request_: bytes
) -> None:
    assert list(reader.answer(request_)) == []


def test_request_that_comes_too_soon_gets_no_reply() -> None:
    reader = RfidstationEmulator(gap_s=60)

    assert _ask(reader, 0xF7) != "silence"
    assert _ask(reader, 0xF7) == "silence"


def test_reply_goes_to_who_asked_by_whatever_address() -> None:
    reader = RfidstationEmulator(address=0xABCD, gap_s=0)
    request = Frame(0xF7, source=0x0042).encode()

    reply = decode(b"".join(reader.answer(request)))

    assert (reply.source, reply.target) == (0xABCD, 0x0042)


def test_memory_is_noted_as_told_when_it_is_written(
    reader: RfidstationEmulator,
) -> None:
    before = reader.memory_told_at(UID)
    _ask(reader, 0x22, f"{UID_SENT}0001")
    told = reader.memory_told_at(UID)

    assert before is None
    assert told is not None
    assert abs(time.monotonic() - told) < 5


def test_reports_carry_requests_in_pieces_and_replies_in_two(
    reader: RfidstationEmulator,
) -> None:
    device = HidReports(reader.answer)
    written = b"\0" + to_reports(Frame(0xF7).encode())[0]

    assert list(device(written[:30])) == []
    first, second = device(written[30:])

    assert (first[0], second[0]) == (63, 1)

"""What the emulated UHFReader18 refuses, as a real one would; and odd readers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.api import CommandRefused, DeviceLost
from drivers.codecs.gen2 import Bank
from drivers.codecs.uhfreader18.commands import (
    Command,
    Dialect,
    ReadRequest,
    Status,
    WriteRequest,
)
from drivers.codecs.uhfreader18.frames import BROADCAST, Frame, decode
from drivers.codecs.uhfreader18.replies import parse_report
from drivers.emulators.uhfreader18 import UhfReader18Emulator
from tests.contract.pad_contract import IN_STOCK
from tests.contract.uhf_rig import MODELS, uhf_rig

OPTIONS = {"reply_timeout_s": 0.15, "scan_margin_s": 0.15}


@pytest.fixture
def reader() -> UhfReader18Emulator:
    return UhfReader18Emulator()


def _ask(
    reader: UhfReader18Emulator, cmd: int, body: bytes = b"", *, adr: int = 0
) -> list[Frame]:
    raw = b"".join(reader.answer(Frame(adr, cmd, body).encode()))
    replies = []
    while raw:
        size = 1 + raw[0]
        replies.append(decode(raw[:size]))
        raw = raw[size:]
    return replies


# --- the emulator -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("cmd", "body", "status"),
    [
        (Command.INVENTORY, b"", Status.NO_TAG),
        (Command.INVENTORY, b"\4\0", Status.NO_TAG),
        (Command.READ, b"\0", Status.BAD_LENGTH),
        (Command.READ, ReadRequest(b"", 4, 0, 1).encode(), Status.BAD_PARAMETER),
        (Command.READ, ReadRequest(b"", 3, 0, 0).encode(), Status.BAD_PARAMETER),
        (Command.READ, ReadRequest(b"ab", 3, 0, 1).encode(), Status.NO_TAG),
        (Command.WRITE, WriteRequest(b"", 4, 0, b"ab").encode(), Status.BAD_PARAMETER),
        (Command.WRITE, WriteRequest(b"", 3, 0, b"").encode(), Status.BAD_PARAMETER),
        (Command.WRITE, WriteRequest(b"ab", 3, 0, b"ab").encode(), Status.NO_TAG),
        (Command.SET_POWER, b"\x1f", Status.BAD_PARAMETER),
        (Command.SET_POWER, b"", Status.BAD_LENGTH),
        (Command.SET_WORK_MODE, b"\0", Status.BAD_LENGTH),
        (Command.SET_REALTIME_MODE, b"\0", Status.BAD_COMMAND),
        (Command.KILL, bytes(5), Status.BAD_COMMAND),
        (0x99, b"", Status.BAD_COMMAND),
    ],
)
def test_what_a_reader_cannot_do_has_a_status(
    reader: UhfReader18Emulator, cmd: int, body: bytes, status: Status
) -> None:
    (reply,) = _ask(reader, cmd, body)

    assert reply.body == bytes((status,))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", Status.BAD_LENGTH),
        (b"\x10\0", Status.BAD_PARAMETER),
        (b"\4\4", Status.BAD_PARAMETER),
    ],
)
def test_a_newer_reader_wants_a_session(body: bytes, status: Status) -> None:
    (reply,) = _ask(UhfReader18Emulator(Dialect.NEW), Command.INVENTORY, body)

    assert reply.body == bytes((status,))


@pytest.mark.parametrize("raw", ["040021D96B", "0400", "ABCDEF"])
def test_a_broken_frame_gets_no_reply(reader: UhfReader18Emulator, raw: str) -> None:
    assert list(reader.answer(bytes.fromhex(raw))) == []


def test_only_settings_are_taken_from_a_broadcast(reader: UhfReader18Emulator) -> None:
    assert _ask(reader, Command.READER_INFO, adr=BROADCAST) == []
    assert _ask(reader, Command.SET_POWER, b"\x0a", adr=BROADCAST)[0].status == 0


def test_in_scan_mode_tags_are_reported_and_questions_refused(
    reader: UhfReader18Emulator,
) -> None:
    tag = MODELS[0].make(1, IN_STOCK)
    reader.field.place(tag)
    reader.scanning = True

    report, refusal = _ask(reader, Command.READER_INFO)
    assert report.cmd == Command.REALTIME_REPORT
    assert parse_report(report.content).tags[0].epc == tag.epc
    assert refusal.body == bytes((Status.BAD_COMMAND,))
    assert _ask(reader, Command.SET_POWER, b"\x0a")[-1].status == Status.BAD_COMMAND


def test_the_work_mode_is_told(reader: UhfReader18Emulator) -> None:
    (reply,) = _ask(reader, Command.GET_WORK_MODE)

    assert reply.body.hex().upper() == "00001E0A0F0002040206000000"


@pytest.mark.parametrize(
    ("bank", "word", "status", "error"),
    [
        (Bank.USER, 0, Status.TAG_ERROR, b"\x04"),
        (Bank.RESERVED, 9, Status.TAG_ERROR, b"\x03"),
        (Bank.RESERVED, 0, Status.OK, b""),
    ],
)
def test_a_tags_own_error_is_passed_on(
    reader: UhfReader18Emulator, bank: Bank, word: int, status: Status, error: bytes
) -> None:
    tag = MODELS[0].make(1, IN_STOCK)
    tag.locked.add(Bank.USER)
    reader.field.place(tag)

    request = WriteRequest(tag.epc, bank, word, b"ab")
    (reply,) = _ask(reader, Command.WRITE, request.encode())

    assert (reply.status, reply.content) == (status, error)


# --- odd readers ------------------------------------------------------------------


class Odd(UhfReader18Emulator):
    """Answers one command with something of its own."""

    def __init__(self, cmd: int, reply: bytes) -> None:
        super().__init__(scan_time=0)
        self._odd = {cmd: reply}

    def _carry_out(self, request: Frame) -> Iterator[bytes]:
        if request.cmd in self._odd:
            yield self._odd[request.cmd]
        else:
            yield from super()._carry_out(request)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(b"\0\5\2", "fields needs 8 bytes"), (b"\xf9", r"failed \(F9\)")],
)
def test_a_device_without_proper_information_is_no_reader(
    tmp_path: Path, reply: bytes, reason: str
) -> None:
    odd = Odd(Command.READER_INFO, reply)

    with (
        pytest.raises(DeviceLost, match=f"no UHFReader18: .*{reason}"),
        uhf_rig("uhfreader18", odd, tmp_path, options=OPTIONS),
    ):
        pass


@pytest.mark.parametrize("reply", [b"\1\1\3\0\0\0", b"\1\2\2\0\0", b"\1"])
def test_a_list_that_makes_no_sense_is_no_round(tmp_path: Path, reply: bytes) -> None:
    odd = Odd(Command.INVENTORY, reply)
    with uhf_rig("uhfreader18", odd, tmp_path, options=OPTIONS) as rig:
        assert next(rig.pad.events()) is None


@pytest.mark.parametrize(
    ("reply", "reason"), [(b"\0\5\6", "gave 0506"), (b"\xfc", "no code")]
)
def test_a_read_that_makes_no_sense_is_a_refusal(
    tmp_path: Path, reply: bytes, reason: str
) -> None:
    emulator = Odd(0x100, b"")
    with uhf_rig("uhfreader18", emulator, tmp_path, options=OPTIONS) as rig:
        uid = rig.place(1)
        next(rig.pad.events())

        emulator._odd = {Command.READ: reply}

        with pytest.raises(CommandRefused, match=reason):
            rig.pad.read_afi(uid)

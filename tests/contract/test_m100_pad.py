"""The M100 pad driver on a real pseudo-terminal, with tags of both models."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

import pytest

from drivers import registry
from drivers.api import BadOptions, CommandRefused, DeviceLost, TagsOnPad
from drivers.codecs.m100.commands import Command
from drivers.codecs.m100.errors import Error
from drivers.codecs.m100.frames import Frame, FrameType
from drivers.codecs.m100.replies import ERROR
from drivers.emulators.bad_line import Trouble
from drivers.emulators.m100 import Fault, M100Emulator
from drivers.emulators.pty import Answer
from drivers.emulators.uhf_tag import VirtualUhfTag
from tests.contract.pad_contract import (
    IN_STOCK,
    ON_LOAN,
    PadContract,
    SecurityContract,
    next_round,
    read_all,
)
from tests.contract.ports import port_with
from tests.contract.uhf_rig import CULTU_TAGS, ISO_TAGS, TagModel, UhfRig, uhf_rig

#: A question may take so long; the slowest call asks a harmless one first, and writes.
OPTIONS = {"reply_timeout_s": 0.15, "write_timeout_s": 0.15}
LONGEST_CALL_S = 0.8
LATE_S = 0.22


def rig_for(model: TagModel, tmp_path: Path) -> AbstractContextManager[UhfRig]:
    return uhf_rig(
        "m100",
        M100Emulator(),
        tmp_path,
        options=OPTIONS,
        model=model,
        longest_call_s=LONGEST_CALL_S,
        late_s=LATE_S,
    )


class TestM100Pad(PadContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[UhfRig]:
        with rig_for(ISO_TAGS, tmp_path) as rig:
            yield rig


class TestM100PadWithCultuTags(SecurityContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[UhfRig]:
        with rig_for(CULTU_TAGS, tmp_path) as rig:
            yield rig


# --- what is special to this reader ---------------------------------------------------


MakeRig = Callable[..., UhfRig]


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    with ExitStack() as rigs:

        def make(
            options: Mapping[str, object] | None = None, **emulator: int
        ) -> UhfRig:
            reader = M100Emulator(**emulator)
            settings = {**OPTIONS, "reply_timeout_s": 0.3} | dict(options or {})
            made = uhf_rig("m100", reader, tmp_path, options=settings)
            return rigs.enter_context(made)

        yield make


def reader_of(rig: UhfRig) -> M100Emulator:
    assert isinstance(rig.emulator, M100Emulator)
    return rig.emulator


def place_epc(rig: UhfRig, epc: bytes, user: bytes = b"") -> VirtualUhfTag:
    """A tag that no library wrote."""
    tag = VirtualUhfTag((len(epc) // 2 << 11).to_bytes(2) + epc, user)
    rig.emulator.field.place(tag)
    return tag


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"port": "/dev/pad", "baud": 1234},
        {"port": "/dev/pad", "region": "mars"},
        {"port": "/dev/pad", "power_dbm": 40},
        {"port": "/dev/pad", "min_rssi_dbm": 3},
        {"port": "/dev/pad", "colour": "red"},
    ],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadOptions):
        registry.create("m100", options)


def test_region_and_power_stay_as_they_are(make_rig: MakeRig) -> None:
    reader = reader_of(make_rig())

    assert (reader.region, reader.centi_dbm) == (1, 2000)


def test_region_and_power_are_set_when_given(make_rig: MakeRig) -> None:
    reader = reader_of(make_rig({"region": "china_840", "power_dbm": 17.55}))

    assert (reader.region, reader.centi_dbm) == (4, 1755)


def refusing(reader: M100Emulator, command: Command) -> Answer:
    """The reader without one of its commands."""

    def answer(received: bytes) -> Iterable[bytes]:
        refused = Frame(FrameType.RESPONSE, ERROR, bytes((Error.BAD_COMMAND,)))
        replies = list(reader.answer(received))
        return [refused.encode()] if received[2:3] == bytes((command,)) else replies

    return answer


def test_a_reader_that_refuses_its_settings_is_not_taken(tmp_path: Path) -> None:
    reader = M100Emulator()
    rig = uhf_rig(
        "m100",
        reader,
        tmp_path,
        options={**OPTIONS, "power_dbm": 20},
        answer=refusing(reader, Command.SET_POWER),
    )

    with pytest.raises(DeviceLost, match=r"no M100 reader: .*command error"), rig:
        pass


def test_a_reader_that_has_nothing_to_stop_is_taken(tmp_path: Path) -> None:
    reader = M100Emulator()
    answer = refusing(reader, Command.STOP)

    with uhf_rig("m100", reader, tmp_path, options=OPTIONS, answer=answer) as rig:
        assert next_round(rig) == {}


def test_a_device_that_says_something_else_is_not_taken(tmp_path: Path) -> None:
    def echo(received: bytes) -> Iterator[bytes]:
        yield b"9787020002207\r\n" + received

    with port_with(tmp_path, echo) as port:
        pad = registry.create("m100", {"port": port, "reply_timeout_s": 0.1})

        started = time.monotonic()
        with pytest.raises(DeviceLost, match="no M100 reader"):
            pad.open()
        assert time.monotonic() - started < 0.5


def test_a_change_of_mode_may_be_answered_like_one_of_the_mask(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(mode_answer=Command.SET_SELECT)
    uid = rig.place(1)

    assert rig.pad.write_afi(uid, ON_LOAN) == ON_LOAN


@pytest.mark.parametrize("tags", [0, 3])
def test_a_reader_left_polling_is_stopped(make_rig: MakeRig, tags: int) -> None:
    rig = make_rig()
    reader = reader_of(rig)
    uids = {rig.place(number) for number in range(1, tags + 1)}
    rig.pad.close()
    reader.wake = lambda: rig.pty.send(b"")
    reader.polls_left = 65535
    reader.wake()

    rig.pad.open()

    assert reader.polls_left == 0
    assert next_round(rig).keys() == uids


def test_reports_of_an_empty_field_answer_nothing_else(make_rig: MakeRig) -> None:
    rig = make_rig()
    uid = rig.place(1)
    read_all(rig, 1)
    flood = bytes.fromhex("BB01FF000115167E")
    rig.line.trouble(Trouble.GLUED, times=1)
    rig.pty.send(flood * 5)

    with suppress(CommandRefused):
        rig.pad.read_afi(uid)
    assert rig.pad.read_afi(uid) == IN_STOCK


@pytest.mark.parametrize("tags_per_poll", [1, 3, 12])
def test_a_stack_is_told_in_every_round_however_few_answer_at_once(
    make_rig: MakeRig, tags_per_poll: int
) -> None:
    rig = make_rig(tags_per_poll=tags_per_poll)
    uids = {rig.place(number) for number in range(1, 13)}

    read_all(rig, 12)  # the first rounds may tell fewer

    assert [next_round(rig).keys() for _ in range(5)] == [uids] * 5


@pytest.mark.parametrize("words", [1, 4, 6, 8, 15, 16, 31])
def test_a_tag_with_an_epc_of_any_length_is_reached(
    make_rig: MakeRig, words: int
) -> None:
    rig = make_rig()
    wanted = bytes(range(words * 2))
    place_epc(rig, b"\xff" * words * 2, user=b"no")
    place_epc(rig, wanted, user=b"yes!")

    assert wanted.hex().upper() in next_round(rig)
    assert rig.pad.read_blocks(wanted.hex().upper(), 0, 2) == b"yes!"


def test_a_long_bank_is_read_and_written_in_parts(make_rig: MakeRig) -> None:
    rig = make_rig()
    tag = place_epc(rig, b"\x12\x34" * 6, user=bytes(400))
    content = bytes(range(200))
    (uid,) = next_round(rig)

    rig.pad.write_blocks(uid, 50, content)

    assert tag.user == bytes(100) + content + bytes(100)
    assert rig.pad.read_blocks(uid, 50, 100) == content


def test_only_what_answers_strongly_lies_on_the_pad(make_rig: MakeRig) -> None:
    rig = make_rig({"min_rssi_dbm": -60})
    near, far = rig.place(1), rig.place(2)
    rig.tag(near).rssi_dbm, rig.tag(far).rssi_dbm = -60, -61

    assert list(next_round(rig)) == [near]


def test_a_write_that_did_not_take_shows_what_stands(make_rig: MakeRig) -> None:
    rig = make_rig()
    uid = rig.place(1)
    read_all(rig, 1)
    reader_of(rig).fault(Fault.WRITE_FORGOTTEN, 1)

    assert rig.pad.write_afi(uid, ON_LOAN) == IN_STOCK


def test_a_write_whose_answer_got_lost_is_read_back(make_rig: MakeRig) -> None:
    rig = make_rig()
    uid = rig.place(1)
    read_all(rig, 1)
    reader_of(rig).fault(Fault.WRITE_UNANSWERED, 1)

    assert rig.pad.write_afi(uid, ON_LOAN) == ON_LOAN


@pytest.mark.parametrize("command", [Command.SET_SELECT, Command.READ])
def test_an_answer_that_contradicts_the_question_is_a_refusal(
    tmp_path: Path, command: Command
) -> None:
    """A mask that the reader did not take, and the content of another tag."""
    reader = M100Emulator()
    wrong = Frame(FrameType.RESPONSE, command, bytes.fromhex("040800BEEF0001"))

    def contradict(received: bytes) -> Iterable[bytes]:
        replies = list(reader.answer(received))
        return [wrong.encode()] if received[2:3] == bytes((command,)) else replies

    with uhf_rig("m100", reader, tmp_path, options=OPTIONS, answer=contradict) as rig:
        uid = rig.place(1)

        with pytest.raises(CommandRefused, match="BEEF"):
            rig.pad.read_afi(uid)


def test_a_tag_that_makes_no_sense_is_passed_over(tmp_path: Path) -> None:
    reader = M100Emulator()
    cut = Frame(FrameType.NOTICE, Command.SINGLE_POLL, b"\xc9\x30\x00\x12")

    def with_nonsense(received: bytes) -> Iterable[bytes]:
        return [cut.encode(), *reader.answer(received)]

    with uhf_rig(
        "m100", reader, tmp_path, options=OPTIONS, answer=with_nonsense
    ) as rig:
        uid = rig.place(1)

        assert list(next_round(rig)) == [uid]


def test_a_tag_with_a_password_refuses(make_rig: MakeRig) -> None:
    rig = make_rig()
    uid = rig.place(1)
    read_all(rig, 1)
    rig.tag(uid).reserved = bytes(4) + b"1234"

    with pytest.raises(CommandRefused, match="wrong access password") as refusal:
        rig.pad.write_afi(uid, ON_LOAN)

    assert refusal.value.status == 0x16


def test_a_round_without_a_free_channel_is_passed_over(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.place(1)
    reader_of(rig).fault(Fault.HOPPING, 1)
    events = rig.pad.events()

    assert next(events) is None
    assert isinstance(next(events), TagsOnPad)

"""The pad common to all UHF readers, on a reader that has no line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.api import (
    BadFrame,
    CommandRefused,
    DeviceLost,
    NoAnswer,
    ProtocolError,
    Tag,
    TagReader,
    TagsOnPad,
    TagWriter,
)
from drivers.codecs.gen2 import Bank, TagError
from drivers.emulators.uhf_tag import TagRefused, UhfField, VirtualUhfTag
from drivers.pads.pad import (
    AMBIGUOUS,
    NO_AFI,
    NO_ANSWER,
    NO_TAG,
    READ_BACK_DIFFERS,
)
from drivers.pads.uhf_pad import UhfOptions, UhfPad
from drivers.pads.uhf_reader import BankEnds, UhfReader, UhfSighting
from tests.contract.uhf_rig import (
    CULTU_USER_BANK,
    CULTU_USER_READ,
    ISO_USER_BANK,
    ISO_USER_READ,
    MODELS,
    TagModel,
)

IN_STOCK, ON_LOAN = 0x07, 0xC2
ISO, CULTU = MODELS
READ = {ISO: ISO_USER_READ, CULTU: CULTU_USER_READ}
#: A maker's number, as on a tag that no library has written.
FOREIGN = bytes.fromhex("3000E28011700000020FEBEAD3B5")
ONE_TAG_STATUS = 0x09


class DirectReader:
    """Reaches the tags of a field at once; counts what it was asked."""

    name = "reader"

    def __init__(self, *, tells_pc: bool = True, tells_rssi: bool = True) -> None:
        self.field = UhfField()
        self.reads: list[tuple[bytes, Bank, int, int]] = []
        self.writes: list[tuple[bytes, Bank, int, bytes]] = []
        self.fails: Callable[[Bank], Exception | None] = lambda _bank: None
        self.loses_writes = False
        self.closed = False
        self._tells_pc = tells_pc
        self._tells_rssi = tells_rssi

    def inventory(self) -> list[UhfSighting]:
        return [
            UhfSighting(
                tag.epc,
                tag.pc if self._tells_pc else None,
                tag.rssi_dbm if self._tells_rssi else None,
            )
            for tag in self.field.tags
        ]

    def read_bank(self, epc: bytes, bank: Bank, word: int, count: int) -> bytes:
        self.reads.append((epc, bank, word, count))
        if error := self.fails(bank):
            raise error
        try:
            return self._reach(epc).read(bank, word, count)
        except TagRefused as err:
            kind = BankEnds if err.error is TagError.OVERRUN else CommandRefused
            raise kind("refused", status=err.error) from err

    def write_bank(self, epc: bytes, bank: Bank, word: int, data: bytes) -> None:
        self.writes.append((epc, bank, word, data))
        tag = self._reach(epc)
        if self.loses_writes:
            return
        try:
            tag.write(bank, word, data)
        except TagRefused as err:
            raise CommandRefused("refused", status=err.error) from err

    def close(self) -> None:
        self.closed = True

    def _reach(self, epc: bytes) -> VirtualUhfTag:
        for tag in self.field.tags:
            if tag.epc.startswith(epc):
                return tag
        raise CommandRefused("no tag", status=ONE_TAG_STATUS)


class DirectPad(UhfPad):
    def __init__(self, options: UhfOptions, reader: DirectReader) -> None:
        super().__init__(options)
        self.reader = reader

    def _connect(self) -> UhfReader:
        return self.reader


def make_pad(
    reader: DirectReader | None = None,
    *,
    user_words: int = 32,
    min_rssi_dbm: int | None = None,
) -> DirectPad:
    options = UhfOptions(
        port="/dev/pad", user_words=user_words, min_rssi_dbm=min_rssi_dbm
    )
    pad = DirectPad(options, reader or DirectReader())
    pad.open()
    return pad


def place(pad: DirectPad, tag: VirtualUhfTag) -> VirtualUhfTag:
    pad.reader.field.place(tag)
    return tag


def one_round(pad: DirectPad) -> dict[str, Tag]:
    event = next(pad.events())
    assert isinstance(event, TagsOnPad)
    return {tag.uid: tag for tag in event.tags}


def uid_of(model: TagModel, number: int) -> str:
    return model.make(number, IN_STOCK).epc.hex().upper()


@pytest.fixture
def pad() -> DirectPad:
    return make_pad()


both_models = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
both_ways = pytest.mark.parametrize("tells_pc", [True, False], ids=["PC", "no PC"])


# --- rounds -----------------------------------------------------------------------


def test_a_pad_reads_and_writes_tags(pad: DirectPad) -> None:
    assert isinstance(pad, TagReader)
    assert isinstance(pad, TagWriter)


@both_models
@both_ways
@pytest.mark.parametrize("afi", [IN_STOCK, ON_LOAN])
def test_a_tag_comes_with_all_that_stands_on_it(
    model: TagModel, afi: int, *, tells_pc: bool
) -> None:
    pad = make_pad(DirectReader(tells_pc=tells_pc))
    tag = place(pad, model.make(1, afi))
    uid = uid_of(model, 1)

    bank = tag.pc.to_bytes(2) + tag.epc
    assert one_round(pad) == {
        uid: Tag(uid, afi, None, READ[model], block_size=2, epc_bank=bank)
    }


def test_a_tag_that_no_library_wrote_is_there_without_state(pad: DirectPad) -> None:
    place(pad, VirtualUhfTag(FOREIGN, user=bytes(64)))

    (tag,) = one_round(pad).values()

    assert (tag.afi, tag.memory) == (None, b"")
    assert tag.uid == FOREIGN[2:].hex().upper()
    assert pad.reader.reads == []


def test_a_tag_without_an_epc_is_passed_over(pad: DirectPad) -> None:
    place(pad, VirtualUhfTag(bytes(14)))

    assert one_round(pad) == {}


def test_the_same_epc_twice_is_one_tag(pad: DirectPad) -> None:
    for _ in range(2):
        place(pad, ISO.make(1, IN_STOCK))

    assert list(one_round(pad)) == [uid_of(ISO, 1)]


def test_what_answers_too_weakly_does_not_lie_on_the_pad() -> None:
    pad = make_pad(min_rssi_dbm=-50)
    for number, rssi_dbm in ((1, -49), (2, -50), (3, -51)):
        place(pad, ISO.make(number, IN_STOCK)).rssi_dbm = rssi_dbm

    assert list(one_round(pad)) == [uid_of(ISO, 1), uid_of(ISO, 2)]


def test_a_tag_of_unknown_strength_lies_on_the_pad() -> None:
    pad = make_pad(DirectReader(tells_rssi=False), min_rssi_dbm=-50)
    place(pad, ISO.make(1, IN_STOCK))

    assert list(one_round(pad)) == [uid_of(ISO, 1)]


# --- the user bank ----------------------------------------------------------------


def test_the_user_bank_is_read_once_while_the_tag_stays(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))
    one_round(pad)
    asked = len(pad.reader.reads)

    assert one_round(pad)[uid_of(ISO, 1)].memory == ISO_USER_READ
    assert len(pad.reader.reads) == asked


def test_a_tag_that_was_away_for_long_is_read_again(pad: DirectPad) -> None:
    tag = place(pad, ISO.make(1, IN_STOCK))
    one_round(pad)
    pad.reader.field.lift(tag)
    for _ in range(8):
        one_round(pad)

    tag.user = bytes(64)
    place(pad, tag)

    assert one_round(pad)[uid_of(ISO, 1)].memory == bytes(16)  # eight words of nothing


@pytest.mark.parametrize("words", [0, 1, 2, 5, 7, 8, 9, 15, 31, 32, 100])
def test_a_user_bank_of_any_size_is_read_to_its_end_or_to_the_limit(words: int) -> None:
    pad = make_pad(user_words=32)
    tag = place(pad, CULTU.make(1, IN_STOCK))
    tag.user = bytes(range(words * 2))

    assert one_round(pad)[uid_of(CULTU, 1)].memory == tag.user[:64]

    asked = len(pad.reader.reads)
    one_round(pad)
    assert len(pad.reader.reads) == asked


@pytest.mark.parametrize("words", [1, 3, 8, 11])
def test_no_more_than_the_limit_is_read(words: int) -> None:
    pad = make_pad(user_words=words)
    place(pad, ISO.make(1, IN_STOCK))

    assert one_round(pad)[uid_of(ISO, 1)].memory == ISO_USER_READ[: words * 2]


@pytest.mark.parametrize(
    "error", [CommandRefused("gone", status=9), NoAnswer("silence"), BadFrame("noise")]
)
def test_a_user_bank_that_fails_is_left_out_and_read_later(
    pad: DirectPad, error: Exception
) -> None:
    uid = uid_of(ISO, 1)
    place(pad, ISO.make(1, IN_STOCK))
    pad.reader.fails = lambda bank: error if bank is Bank.USER else None
    assert one_round(pad)[uid].memory == b""
    assert one_round(pad)[uid].afi == IN_STOCK

    pad.reader.fails = lambda _bank: None

    memories = [one_round(pad)[uid].memory for _ in range(4)]
    assert memories[-1] == ISO_USER_READ


def test_a_user_bank_that_keeps_failing_is_tried_less_and_less(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))
    pad.reader.fails = lambda _bank: NoAnswer("silence")

    for _ in range(50):
        one_round(pad)

    assert len(pad.reader.reads) < 15


def test_a_pc_word_that_fails_costs_the_tag_a_round() -> None:
    pad = make_pad(DirectReader(tells_pc=False))
    place(pad, ISO.make(1, IN_STOCK))
    pad.reader.fails = lambda _bank: NoAnswer("silence")
    assert one_round(pad) == {}

    pad.reader.fails = lambda _bank: None

    assert list(one_round(pad)) == [uid_of(ISO, 1)]


def test_a_lost_reader_is_lost_whatever_was_asked(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))
    pad.reader.fails = lambda _bank: DeviceLost("unplugged")

    with pytest.raises(DeviceLost):
        one_round(pad)


# --- the security state -----------------------------------------------------------


@both_models
@both_ways
def test_one_word_is_written_and_read_back(model: TagModel, *, tells_pc: bool) -> None:
    pad = make_pad(DirectReader(tells_pc=tells_pc))
    tag, uid = place(pad, model.make(1, IN_STOCK)), uid_of(model, 1)
    before = tag.pc_and_epc
    one_round(pad)

    assert pad.write_afi(uid, ON_LOAN) == ON_LOAN

    ((_, bank, word, data),) = pad.reader.writes
    assert (bank, word, len(data)) == (Bank.EPC, 1 if model is ISO else 2, 2)
    assert tag.pc_and_epc == model.make(1, ON_LOAN).pc_and_epc != before
    assert pad.read_afi(uid) == ON_LOAN
    assert one_round(pad)[uid].afi == ON_LOAN


@both_models
def test_the_user_bank_is_not_read_again_after_a_loan(
    pad: DirectPad, model: TagModel
) -> None:
    place(pad, model.make(1, IN_STOCK))
    uid = uid_of(model, 1)
    one_round(pad)
    pad.write_afi(uid, ON_LOAN)
    pad.reader.reads.clear()

    assert one_round(pad)[uid].memory == READ[model]
    assert pad.reader.reads == []


@both_models
def test_what_somebody_else_changed_meanwhile_is_kept(
    pad: DirectPad, model: TagModel
) -> None:
    tag, uid = place(pad, model.make(1, IN_STOCK)), uid_of(model, 1)
    one_round(pad)
    tag.write(Bank.EPC, 1, (tag.pc ^ 0x0400).to_bytes(2))

    pad.write_afi(uid, ON_LOAN)

    changed = model.make(1, ON_LOAN)
    assert tag.pc == changed.pc ^ 0x0400
    assert tag.epc == changed.epc


def test_a_tag_that_somebody_else_lent_meanwhile_is_found(pad: DirectPad) -> None:
    tag, uid = place(pad, CULTU.make(1, IN_STOCK)), uid_of(CULTU, 1)
    one_round(pad)
    tag.pc_and_epc = CULTU.make(1, ON_LOAN).pc_and_epc

    assert pad.read_afi(uid) == ON_LOAN
    assert pad.write_afi(uid, IN_STOCK) == IN_STOCK


@both_models
def test_a_write_that_did_not_arrive_shows_what_stands(
    pad: DirectPad, model: TagModel
) -> None:
    uid = uid_of(model, 1)
    place(pad, model.make(1, IN_STOCK))
    pad.reader.loses_writes = True

    assert pad.write_afi(uid, ON_LOAN) == IN_STOCK
    assert one_round(pad)[uid].afi == IN_STOCK


@both_models
@both_ways
def test_a_locked_tag_refuses_and_shows_what_stands(
    model: TagModel, *, tells_pc: bool
) -> None:
    pad = make_pad(DirectReader(tells_pc=tells_pc))
    tag, uid = place(pad, model.make(1, IN_STOCK)), uid_of(model, 1)
    one_round(pad)
    tag.locked.add(Bank.EPC)

    with pytest.raises(CommandRefused) as refusal:
        pad.write_afi(uid, ON_LOAN)

    assert refusal.value.status == TagError.LOCKED
    assert one_round(pad)[uid].afi == IN_STOCK


def test_a_tag_of_neither_model_has_no_state_to_read_or_write(pad: DirectPad) -> None:
    tag = place(pad, VirtualUhfTag(FOREIGN))
    (uid,) = one_round(pad)

    with pytest.raises(CommandRefused) as reading:
        pad.read_afi(uid)
    with pytest.raises(CommandRefused) as writing:
        pad.write_afi(uid, ON_LOAN)

    assert reading.value.status == writing.value.status == NO_AFI
    assert tag.pc_and_epc == FOREIGN


def test_a_bit_takes_no_other_state_than_its_two(pad: DirectPad) -> None:
    place(pad, CULTU.make(1, IN_STOCK))

    with pytest.raises(CommandRefused) as refusal:
        pad.write_afi(uid_of(CULTU, 1), 0x55)

    assert refusal.value.status == NO_AFI
    assert pad.reader.writes == []


def test_nothing_is_written_where_another_epc_begins_alike(pad: DirectPad) -> None:
    short, uid = place(pad, ISO.make(1, IN_STOCK)), uid_of(ISO, 1)
    longer = ((len(short.epc) // 2 + 1) << 11 | 0x0507).to_bytes(2) + short.epc
    place(pad, VirtualUhfTag(longer + b"\x12\x34"))
    one_round(pad)

    with pytest.raises(CommandRefused) as refusal:
        pad.write_afi(uid, ON_LOAN)

    assert refusal.value.status == AMBIGUOUS
    assert pad.reader.writes == []


def test_a_tag_that_is_not_here_is_refused(pad: DirectPad) -> None:
    tag, uid = place(pad, ISO.make(1, IN_STOCK)), uid_of(ISO, 1)
    one_round(pad)
    pad.reader.field.lift(tag)

    with pytest.raises(CommandRefused) as asked_afi:
        pad.read_afi(uid)
    with pytest.raises(CommandRefused) as asked_memory:
        pad.read_blocks(uid, 0, 1)

    assert asked_afi.value.status == asked_memory.value.status == NO_TAG


class LooseReader(DirectReader):
    """Its mask reaches whichever tag is there."""

    def _reach(self, epc: bytes) -> VirtualUhfTag:  # noqa: ARG002  (that is its fault)
        return self.field.tags[0]


def test_an_answer_of_another_tag_is_refused() -> None:
    pad = make_pad(LooseReader())
    tag, uid = place(pad, ISO.make(1, IN_STOCK)), uid_of(ISO, 1)
    one_round(pad)
    pad.reader.field.lift(tag)
    place(pad, ISO.make(2, IN_STOCK))

    with pytest.raises(CommandRefused, match=f"asked {uid}") as refusal:
        pad.read_afi(uid)

    assert refusal.value.status == NO_ANSWER


# --- words of the user bank -------------------------------------------------------


def test_words_are_read_on_demand(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))

    assert pad.read_blocks(uid_of(ISO, 1), 2, 3) == ISO_USER_BANK[4:10]


def test_words_are_written_read_back_and_shown(pad: DirectPad) -> None:
    tag, uid = place(pad, CULTU.make(1, IN_STOCK)), uid_of(CULTU, 1)
    one_round(pad)
    pad.reader.reads.clear()

    pad.write_blocks(uid, 2, b"abcd")

    expected = CULTU_USER_BANK[:4] + b"abcd" + CULTU_USER_BANK[8:]
    assert tag.user == expected
    assert one_round(pad)[uid].memory.startswith(expected[:16])


def test_words_that_read_back_otherwise_are_refused(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))
    pad.reader.loses_writes = True

    with pytest.raises(CommandRefused, match="wrote 61626364") as refusal:
        pad.write_blocks(uid_of(ISO, 1), 0, b"abcd")

    assert refusal.value.status == READ_BACK_DIFFERS
    assert one_round(pad)[uid_of(ISO, 1)].memory == ISO_USER_READ


def test_half_a_word_is_not_written(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))

    with pytest.raises(ValueError, match="3 bytes are not whole words"):
        pad.write_blocks(uid_of(ISO, 1), 0, b"abc")


@pytest.mark.parametrize("error", [NoAnswer("silence"), BadFrame("noise")])
def test_an_answer_that_fails_to_come_is_a_refusal(
    pad: DirectPad, error: ProtocolError
) -> None:
    place(pad, ISO.make(1, IN_STOCK))
    one_round(pad)
    pad.reader.fails = lambda _bank: error

    with pytest.raises(CommandRefused) as refusal:
        pad.read_afi(uid_of(ISO, 1))

    assert refusal.value.status == NO_ANSWER


# --- the reader -------------------------------------------------------------------


class RefusingReader(DirectReader):
    def inventory(self) -> list[UhfSighting]:
        raise CommandRefused("hopping failed", status=0x20)


class SilentReader(DirectReader):
    def inventory(self) -> list[UhfSighting]:
        raise NoAnswer("silence")


def test_a_reader_that_refuses_every_round_is_lost() -> None:
    events = make_pad(RefusingReader()).events()

    assert [next(events) for _ in range(19)] == [None] * 19
    with pytest.raises(DeviceLost, match="20 rounds in a row"):
        next(events)


def test_silence_is_counted_by_the_line_and_not_here() -> None:
    events = make_pad(SilentReader()).events()

    assert [next(events) for _ in range(30)] == [None] * 30


def test_a_closed_pad_is_lost_and_lets_go(pad: DirectPad) -> None:
    pad.close()
    pad.close()

    assert pad.reader.closed
    with pytest.raises(DeviceLost, match="not open"):
        next(pad.events())

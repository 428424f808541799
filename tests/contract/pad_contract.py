"""What every pad driver must do, whatever its reader speaks; subclassed per driver.

A subclass gives a `rig` fixture: a driver, an emulated reader on a pseudo-terminal
behind a `BadLine`, and virtual tags numbered from 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

import pytest

from drivers.api import (
    CommandRefused,
    DeviceLost,
    Driver,
    DriverError,
    Tag,
    TagReader,
    TagsOnPad,
    TagWriter,
)
from drivers.emulators.bad_line import BadLine, Trouble
from drivers.emulators.pty import Pty
from tests.waiting import within

IN_STOCK, ON_LOAN = 0x07, 0xC2
#: A stack of twelve is read over several rounds.
ROUNDS = 30
#: So often a trouble strikes; those without chance in them do the same every time.
STRIKES = dict.fromkeys(Trouble, 2) | dict.fromkeys(
    (Trouble.NOISE, Trouble.LOSS, Trouble.DAMAGE), 3
)


class Pad(Driver, TagReader, TagWriter, Protocol):
    """The capabilities of a pad."""


class PadRig(Protocol):
    """A pad driver that is open, and what lies at the other end of its line.

    `longest_call_s`: what the slowest single call or round may take by its options.
    """

    line: BadLine
    pty: Pty
    longest_call_s: float

    @property
    def pad(self) -> Pad: ...

    def place(self, number: int, *, afi: int = IN_STOCK) -> str:
        """Lay a readable library tag on the pad; returns its UID."""

    def lift(self, uid: str) -> None: ...

    def item_on(self, tag: Tag) -> str:
        """The item identifier that the driver's reading of the tag gives."""

    def item_of(self, number: int) -> str:
        """The identifier that `place` wrote on that tag."""

    def afi_on_tag(self, uid: str) -> int:
        """The security state as it truly stands on the tag."""

    def lock_security(self, uid: str) -> None:
        """Make the tag refuse a new AFI."""


def rounds(rig: PadRig) -> Iterator[dict[str, Tag]]:
    """Tags by UID, round by round; rounds without a usable answer are passed over."""
    for _, event in zip(range(ROUNDS), rig.pad.events(), strict=False):
        if isinstance(event, TagsOnPad):
            yield {tag.uid: tag for tag in event.tags}


def next_round(rig: PadRig) -> dict[str, Tag]:
    return next(rounds(rig))


def read_all(rig: PadRig, count: int) -> dict[str, Tag]:
    """Wait until `count` tags are there and each could be read."""
    for tags in rounds(rig):
        if len(tags) == count and all(rig.item_on(tag) for tag in tags.values()):
            return tags
    raise AssertionError(f"never saw {count} readable tags")


class SecurityContract:
    """What depends on how a library writes its tags, not only on the reader."""

    @pytest.fixture
    def rig(self) -> PadRig:
        raise NotImplementedError

    def test_a_tag_is_seen_with_its_item_and_security_state(self, rig: PadRig) -> None:
        uid = rig.place(1)

        tag = read_all(rig, 1)[uid]

        assert rig.item_on(tag) == rig.item_of(1)
        assert tag.afi == IN_STOCK

    def test_a_stack_of_twelve_is_told_apart(self, rig: PadRig) -> None:
        items = {rig.place(number): rig.item_of(number) for number in range(1, 13)}

        tags = read_all(rig, 12)

        assert {uid: rig.item_on(tag) for uid, tag in tags.items()} == items

    def test_a_new_afi_is_written_read_back_and_shown(self, rig: PadRig) -> None:
        uid, other = rig.place(1), rig.place(2)
        read_all(rig, 2)

        assert rig.pad.write_afi(uid, ON_LOAN) == ON_LOAN

        assert rig.afi_on_tag(uid) == ON_LOAN
        assert rig.afi_on_tag(other) == IN_STOCK
        assert rig.pad.read_afi(uid) == ON_LOAN
        assert next_round(rig)[uid].afi == ON_LOAN

    def test_the_uid_stays_the_same_when_the_security_state_changes(
        self, rig: PadRig
    ) -> None:
        uid = rig.place(1)
        read_all(rig, 1)

        rig.pad.write_afi(uid, ON_LOAN)
        rig.pad.write_afi(uid, IN_STOCK)

        assert list(next_round(rig)) == [uid]
        assert rig.afi_on_tag(uid) == IN_STOCK

    def test_a_locked_afi_refuses_to_change(self, rig: PadRig) -> None:
        uid = rig.place(1)
        read_all(rig, 1)
        rig.lock_security(uid)

        with pytest.raises(CommandRefused):
            rig.pad.write_afi(uid, ON_LOAN)

        assert rig.afi_on_tag(uid) == IN_STOCK

    @pytest.mark.parametrize("trouble", list(Trouble))
    def test_a_bad_reply_never_shows_a_wrong_state(
        self, rig: PadRig, trouble: Trouble
    ) -> None:
        uid, other = rig.place(1), rig.place(2, afi=ON_LOAN)
        read_all(rig, 2)
        answered = 0
        for _ in range(STRIKES[trouble]):
            rig.line.trouble(trouble, times=1)
            for tag, truth in ((uid, IN_STOCK), (other, ON_LOAN)):
                try:
                    assert rig.pad.read_afi(tag) == truth
                except CommandRefused:
                    continue
                answered += 1
        assert answered


class PadContract(SecurityContract):
    """All that a pad driver must do."""

    # --- rounds -------------------------------------------------------------------

    def test_an_empty_pad_is_a_round_without_tags(self, rig: PadRig) -> None:
        assert next_round(rig) == {}

    def test_a_lifted_tag_is_missing_in_the_next_round(self, rig: PadRig) -> None:
        gone, stays = rig.place(1), rig.place(2)
        read_all(rig, 2)

        rig.lift(gone)

        assert list(next_round(rig)) == [stays]

    # --- commands -----------------------------------------------------------------

    def test_a_tag_that_is_gone_refuses_a_command(self, rig: PadRig) -> None:
        uid = rig.place(1)
        read_all(rig, 1)
        rig.lift(uid)

        with pytest.raises(CommandRefused):
            rig.pad.write_afi(uid, ON_LOAN)

    def test_a_tag_never_seen_refuses_a_command(self, rig: PadRig) -> None:
        uid = rig.place(1)
        rig.lift(uid)

        with pytest.raises(CommandRefused):
            rig.pad.read_afi(uid)

    def test_a_block_beyond_what_a_reader_can_name_is_refused(
        self, rig: PadRig
    ) -> None:
        uid = rig.place(1)
        read_all(rig, 1)

        with pytest.raises(CommandRefused):
            rig.pad.read_blocks(uid, 255, 2)
        with pytest.raises(CommandRefused):
            rig.pad.write_blocks(uid, 256, bytes(4))

    # --- bad lines ----------------------------------------------------------------

    @pytest.mark.parametrize("trouble", [Trouble.BYTEWISE, Trouble.PAUSES])
    def test_a_slow_line_changes_nothing(self, rig: PadRig, trouble: Trouble) -> None:
        uid = rig.place(1)
        rig.line.trouble(trouble)

        assert rig.item_on(read_all(rig, 1)[uid]) == rig.item_of(1)
        assert rig.pad.write_afi(uid, ON_LOAN) == ON_LOAN

    @pytest.mark.parametrize(
        "trouble",
        [Trouble.NOISE, Trouble.LOSS, Trouble.DAMAGE, Trouble.SILENCE, Trouble.GLUED],
    )
    def test_a_bad_reply_costs_a_round_at_most(
        self, rig: PadRig, trouble: Trouble
    ) -> None:
        uid = rig.place(1)
        read_all(rig, 1)
        rig.line.trouble(trouble, times=1)

        seen = list(zip(range(3), rounds(rig), strict=False))

        assert uid in seen[-1][1]

    @pytest.mark.parametrize("trouble", [Trouble.SILENCE, Trouble.NOISE, Trouble.LATE])
    def test_every_call_ends_within_its_time(
        self, rig: PadRig, trouble: Trouble
    ) -> None:
        uid = rig.place(1)
        read_all(rig, 1)
        rig.line.trouble(trouble)

        with within(rig.longest_call_s), suppress(DriverError):
            rig.pad.write_afi(uid, ON_LOAN)

    def test_a_reader_that_falls_silent_is_lost(self, rig: PadRig) -> None:
        rig.line.trouble(Trouble.SILENCE)

        with pytest.raises(DeviceLost):
            list(rounds(rig))

    # --- the plug -----------------------------------------------------------------

    def test_a_pulled_plug_is_lost_and_a_new_one_works(self, rig: PadRig) -> None:
        uid = rig.place(1)
        read_all(rig, 1)

        rig.pty.unplug()
        with pytest.raises(DeviceLost):
            list(rounds(rig))
        rig.pad.close()
        with pytest.raises(DeviceLost):
            rig.pad.open()

        rig.pty.plug()
        rig.pad.open()
        assert uid in read_all(rig, 1)

    def test_closing_twice_is_fine_and_a_closed_pad_is_lost(self, rig: PadRig) -> None:
        rig.pad.close()
        rig.pad.close()

        with pytest.raises(DeviceLost):
            rig.pad.read_afi("E004015000000001")

    def test_a_port_without_this_reader_is_refused_in_time(self, rig: PadRig) -> None:
        rig.pad.close()
        rig.line.trouble(Trouble.SILENCE)

        with within(rig.longest_call_s), pytest.raises(DeviceLost):
            rig.pad.open()

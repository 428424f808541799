"""What every driver of a patron-card reader must do; subclassed per driver.

A subclass gives a `rig` fixture: a driver that is open, and an emulated reader at the
other end, with cards numbered from 1. Options keep polls and time-outs short.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

import pytest

from drivers.api import (
    CardGone,
    CardKind,
    CardSeen,
    DeviceEvent,
    DeviceLost,
    Driver,
    DriverError,
)
from drivers.emulators.bad_line import BadLine, Trouble
from tests.contract.listening import Events, for_a_while, hear_out, listen, until
from tests.waiting import within


class CardRig(Protocol):
    """A driver that is open, and the cards at its other end.

    `tells_removal`: a keyboard wedge sees a card come, never go. `longest_call_s`:
    what `open` or one step of `events` may take by the options.
    """

    reader: Driver
    kind: CardKind
    tells_removal: bool
    longest_call_s: float

    def uid_of(self, number: int) -> str:
        """What CardSeen says of that card."""

    def present(self, number: int) -> None:
        """Lay the card on the reader, beside those that lie there; tap it on a wedge."""

    def remove(self) -> None:
        """Take away whatever lies there."""

    def unplug(self) -> None:
        """On return the device is gone."""

    def plug(self) -> None:
        """On return the device can be opened, under the same options."""


class CardLineRig(CardRig, Protocol):
    """The same for a reader that answers questions over a line."""

    line: BadLine


def seen(rig: CardRig, number: int) -> CardSeen:
    return CardSeen(rig.uid_of(number), rig.kind)


def removed(rig: CardRig, events: Events) -> list[DeviceEvent]:
    """Take the card away; what the driver says of it."""
    rig.remove()
    return until(events, CardGone()) if rig.tells_removal else for_a_while(events)


class CardContract:
    @pytest.fixture
    def rig(self) -> CardRig:
        raise NotImplementedError

    # --- cards --------------------------------------------------------------------

    def test_no_card_is_nothing_new(self, rig: CardRig) -> None:
        events = rig.reader.events()

        with within(2 * rig.longest_call_s):
            assert [next(events), next(events)] == [None, None]

    def test_a_card_is_seen_once_while_it_lies_there(self, rig: CardRig) -> None:
        events = listen(rig.reader)
        rig.present(1)

        assert until(events, seen(rig, 1)) == [seen(rig, 1)]
        assert for_a_while(events) == []

    def test_only_a_reader_that_senses_cards_sees_one_from_before_its_opening(
        self, rig: CardRig
    ) -> None:
        rig.reader.close()
        rig.present(1)
        rig.reader.open()
        events = listen(rig.reader)

        if rig.tells_removal:
            assert until(events, seen(rig, 1)) == [seen(rig, 1)]
        assert for_a_while(events) == []

    def test_a_removed_card_is_gone_once(self, rig: CardRig) -> None:
        events = listen(rig.reader)
        rig.present(1)
        until(events, seen(rig, 1))

        told = removed(rig, events)

        assert told == ([CardGone()] if rig.tells_removal else [])
        assert for_a_while(events) == []

    def test_a_card_that_comes_back_is_seen_again(self, rig: CardRig) -> None:
        events = listen(rig.reader)
        rig.present(1)
        until(events, seen(rig, 1))
        removed(rig, events)

        rig.present(1)

        assert until(events, seen(rig, 1)) == [seen(rig, 1)]

    def test_each_card_has_a_uid_of_its_own(self, rig: CardRig) -> None:
        events = listen(rig.reader)
        for number in (1, 2, 3):
            rig.present(number)
            assert until(events, seen(rig, number)) == [seen(rig, number)]
            removed(rig, events)

        assert len({rig.uid_of(number) for number in (1, 2, 3)}) == 3

    # --- the plug -----------------------------------------------------------------

    def test_a_pulled_plug_is_a_lost_reader(self, rig: CardRig) -> None:
        events = listen(rig.reader)
        next(events)

        rig.unplug()

        with pytest.raises(DeviceLost):
            hear_out(events)

    def test_an_absent_reader_cannot_be_opened(self, rig: CardRig) -> None:
        rig.reader.close()
        rig.unplug()

        with within(rig.longest_call_s), pytest.raises(DeviceLost):
            rig.reader.open()

    def test_a_reader_that_is_plugged_in_again_sees_cards(self, rig: CardRig) -> None:
        rig.unplug()
        rig.reader.close()

        rig.plug()
        rig.reader.open()
        rig.present(1)

        assert until(listen(rig.reader), seen(rig, 1)) == [seen(rig, 1)]

    def test_closing_twice_is_fine_and_a_closed_reader_is_lost(
        self, rig: CardRig
    ) -> None:
        rig.reader.close()
        rig.reader.close()

        with pytest.raises(DeviceLost, match="closed"):
            next(rig.reader.events())


class CardLineContract(CardContract):
    """And what a reader must do that answers questions over a line of bytes."""

    @pytest.fixture
    def rig(self) -> CardLineRig:
        raise NotImplementedError

    @pytest.mark.parametrize("trouble", [Trouble.BYTEWISE, Trouble.PAUSES])
    def test_a_slow_line_changes_nothing(
        self, rig: CardLineRig, trouble: Trouble
    ) -> None:
        events = listen(rig.reader)
        rig.line.trouble(trouble)
        rig.present(1)

        assert until(events, seen(rig, 1)) == [seen(rig, 1)]
        assert for_a_while(events) == []

    @pytest.mark.parametrize(
        "trouble",
        [Trouble.NOISE, Trouble.LOSS, Trouble.DAMAGE, Trouble.SILENCE, Trouble.GLUED],
    )
    def test_a_bad_reply_neither_loses_nor_repeats_nor_changes_a_card(
        self, rig: CardLineRig, trouble: Trouble
    ) -> None:
        events = listen(rig.reader)
        rig.present(1)
        until(events, seen(rig, 1))

        rig.line.trouble(trouble, times=1)

        assert for_a_while(events) == []

    @pytest.mark.parametrize("trouble", [Trouble.SILENCE, Trouble.NOISE, Trouble.LATE])
    def test_every_step_ends_within_its_time(
        self, rig: CardLineRig, trouble: Trouble
    ) -> None:
        events = rig.reader.events()
        next(events)
        rig.line.trouble(trouble)

        with within(rig.longest_call_s), suppress(DriverError):
            next(events)

    def test_a_reader_that_falls_silent_is_lost(self, rig: CardLineRig) -> None:
        rig.line.trouble(Trouble.SILENCE)

        with pytest.raises(DeviceLost):
            hear_out(listen(rig.reader))

    def test_a_port_without_this_reader_is_refused_in_time(
        self, rig: CardLineRig
    ) -> None:
        rig.reader.close()
        rig.line.trouble(Trouble.SILENCE)

        with within(rig.longest_call_s), pytest.raises(DeviceLost):
            rig.reader.open()

"""A slot travels with the kiosk: whichever worker told it, every other one knows it."""

from __future__ import annotations

import datetime as dt

import pytest

from sync.hub.door.lanes import Lanes, ToldToWait, Visit
from sync.hub.door.nonces import slot_nonce, slot_of
from sync.hub.door.slots import FORGET_S, LONGEST_S
from sync.hub.intake.wire import Load

SECRET = b"a secret of the hub"
NOW = dt.datetime(2026, 7, 5, 4, 0, tzinfo=dt.UTC)
SMALL = Load(10, open_ask=False)
ASK = Load(1, open_ask=True)
#: Leaves room for whoever comes in a slot, and none for newcomers who stand in line.
SOME = Load(120, open_ask=False)
#: Leaves no room for anybody.
LARGE = Load(2000, open_ask=False)


@pytest.mark.parametrize("ahead_s", [LONGEST_S, 0.001, 0, 1 - FORGET_S])
def test_a_slot_is_read_from_its_nonce_until_it_is_forgotten(ahead_s: float) -> None:
    slot = NOW + dt.timedelta(seconds=ahead_s)

    assert slot_of(SECRET, "k1", slot_nonce(SECRET, "k1", slot), NOW) == slot


@pytest.mark.parametrize("ahead_s", [LONGEST_S + 1, -FORGET_S, -86400])
def test_a_slot_of_another_time_is_none(ahead_s: float) -> None:
    nonce = slot_nonce(SECRET, "k1", NOW + dt.timedelta(seconds=ahead_s))

    assert slot_of(SECRET, "k1", nonce, NOW) is None


def test_a_slot_cannot_be_made_up() -> None:
    genuine = slot_nonce(SECRET, "k1", NOW)
    slot_ms, proof = genuine.split(".")

    assert slot_of(SECRET, "k1", genuine, NOW) == NOW
    assert slot_of(SECRET, "k2", genuine, NOW) is None
    assert slot_of(b"another hub", "k1", genuine, NOW) is None
    assert slot_of(SECRET, "k1", f"{int(slot_ms) - 1}.{proof}", NOW) is None


@pytest.mark.parametrize("text", ["", ".", "0" * 32, "1." + "0" * 32, "٣." + "a" * 32])
def test_another_text_names_no_slot(text: str) -> None:
    assert slot_of(SECRET, "k1", text, NOW) is None


def test_who_comes_to_another_worker_in_its_slot_goes_before_newcomers() -> None:
    worker, other = Worker(), Worker()
    with worker.busy(LARGE):
        told = worker.told("patient", Visit(SMALL))
    with other.busy(LARGE):
        other.told("somebody", Visit(LARGE))  # from now on there is a line
    later_s = told.ahead_s + 0.2

    with other.after(later_s).busy(SOME):
        other.told("newcomer", Visit(SMALL))
        assert other.enters("patient", Visit(SMALL, told.ahead_s - later_s))


def test_who_comes_to_another_worker_too_early_is_told_the_same_again() -> None:
    worker, other = Worker(), Worker()
    with worker.busy(LARGE):
        told = worker.told("patient", Visit(SMALL))
    early_s = told.ahead_s / 2

    with other.after(early_s).busy(LARGE):
        again = other.told("patient", Visit(SMALL, told.ahead_s - early_s))

    assert again.ahead_s == pytest.approx(told.ahead_s - early_s)
    assert again.wait_s == max(round(told.ahead_s - early_s), 1)


def test_a_slot_that_is_long_past_is_no_slot() -> None:
    worker = Worker()
    with worker.busy(LARGE):
        worker.told("somebody", Visit(LARGE))

    with worker.after(1).busy(SOME):
        worker.told("late", Visit(SMALL, -FORGET_S))


def test_the_later_of_two_slots_counts() -> None:
    """A kiosk whose answer was lost comes with the nonce of the slot before."""
    worker = Worker()
    with worker.busy(LARGE):
        told = worker.told("k1", Visit(SMALL))

        again = worker.told("k1", Visit(SMALL, -5.0))

    assert again.ahead_s == told.ahead_s


def test_an_ask_needs_no_slot() -> None:
    worker = Worker()

    with worker.busy(LARGE):
        assert worker.enters("k1", Visit(ASK, 300.0))


class Worker:
    """One process's lanes, on a clock that a test moves."""

    def __init__(self) -> None:
        self._now_s = 1000.0
        self.lanes = Lanes(lambda: self._now_s)

    def after(self, seconds: float) -> Worker:
        self._now_s += seconds
        return self

    def busy(self, load: Load) -> Inside:
        return Inside(self.lanes, load)

    def told(self, key_id: str, visit: Visit) -> ToldToWait:
        with pytest.raises(ToldToWait) as caught, self.lanes.inside(key_id, visit):
            pass
        return caught.value

    def enters(self, key_id: str, visit: Visit) -> bool:
        with self.lanes.inside(key_id, visit):
            return True


class Inside:
    """Somebody of no name, who came before there was a line."""

    def __init__(self, lanes: Lanes, load: Load) -> None:
        self._lanes, self._load = lanes, load

    def __enter__(self) -> None:
        self._lanes._slots.enter("", self._load.events, self._lanes._now_s())

    def __exit__(self, *_: object) -> None:
        self._lanes._slots.leave(self._load.events, self._lanes._now_s())

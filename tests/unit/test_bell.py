from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.bell import Bell, BellListener, agent_bell, kiosk_bell


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return kiosk_bell(tmp_path)


@pytest.fixture
def bell(path: Path) -> Iterator[Bell]:
    with closing(Bell(path)) as hung:
        yield hung


def test_a_ring_is_heard(path: Path, bell: Bell) -> None:
    with closing(BellListener(path)) as listener:
        bell.ring()

        assert listener.wait(1.0)


def test_silence_ends_after_its_time(path: Path) -> None:
    with closing(BellListener(path)) as listener:
        assert not listener.wait(0.01)
        assert not listener.wait(0)


def test_rings_that_piled_up_count_as_one(path: Path, bell: Bell) -> None:
    with closing(BellListener(path)) as listener:
        for _ in range(3):
            bell.ring()

        assert listener.wait(1.0)
        assert not listener.wait(0)


def test_a_ring_wakes_a_waiting_thread(path: Path, bell: Bell) -> None:
    heard: list[bool] = []
    with closing(BellListener(path)) as listener:
        waiting = threading.Thread(target=lambda: heard.append(listener.wait(5.0)))
        waiting.start()
        bell.ring()
        waiting.join(5.0)

    assert heard == [True]


def test_nobody_there_is_no_trouble(bell: Bell) -> None:
    bell.ring()


def test_a_listener_that_was_away_never_blocks_the_one_who_rings(
    path: Path, bell: Bell
) -> None:
    with closing(BellListener(path)) as listener:
        for _ in range(2000):
            bell.ring()

        assert listener.wait(0)


def test_a_bell_that_a_crash_left_behind_is_hung_up_again(
    path: Path, bell: Bell
) -> None:
    path.touch()

    with closing(BellListener(path)) as listener:
        bell.ring()
        assert listener.wait(1.0)

    assert not path.exists()


def test_a_bell_rings_for_a_listener_that_came_later(path: Path, bell: Bell) -> None:
    with closing(BellListener(path)):
        bell.ring()
    with closing(BellListener(path)) as later:
        bell.ring()

        assert later.wait(1.0)


def test_a_place_where_no_bell_can_hang_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        BellListener(kiosk_bell(tmp_path / "missing"))


def test_kiosk_and_agent_have_bells_of_their_own(tmp_path: Path) -> None:
    assert agent_bell(tmp_path) != kiosk_bell(tmp_path)

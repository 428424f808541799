from __future__ import annotations

import time

import pytest

from tests.waiting import GRACE_S, within


def test_what_ends_in_time_passes() -> None:
    with within(0.1):
        time.sleep(0.1)


def test_what_takes_longer_than_its_grace_fails() -> None:
    with pytest.raises(AssertionError, match=r"0\.\d+ s"), within(0.1):
        time.sleep(0.1 + 2 * GRACE_S)


def test_an_error_of_the_block_is_not_hidden() -> None:
    with pytest.raises(KeyError), within(0.1):
        raise KeyError("x")

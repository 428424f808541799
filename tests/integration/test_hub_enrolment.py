"""One-time codes: one device each, five tries, half an hour."""

from __future__ import annotations

import threading

import pytest

from sync.hub.devices.devices import Device
from sync.hub.devices.enrolment import (
    LIFE,
    TRIES,
    KeyInUse,
    UnknownSite,
    make_code,
    redeem,
)
from tests.integration.hub_world import MINUTE, NOON, County, county, database_url, hub

__all__ = ["county", "database_url", "hub"]

KEY = "ab" * 32
OTHER_KEY = "cd" * 32


def test_code_enrols_a_device_at_its_site(county: County) -> None:
    device = _redeem(county, _code(county), KEY)

    assert device is not None
    assert (device.site_id, device.public_key) == ("A", KEY)


@pytest.mark.fault("O44")
def test_same_device_may_ask_again(county: County) -> None:
    code = _code(county)
    first = _redeem(county, code, KEY)

    assert _redeem(county, code, KEY) == first


@pytest.mark.fault("O44")
def test_used_code_enrols_no_second_device(county: County) -> None:
    code = _code(county)
    _redeem(county, code, KEY)

    assert _redeem(county, code, OTHER_KEY) is None


@pytest.mark.fault("O44")
def test_code_raced_by_two_devices_enrols_one(county: County) -> None:
    code = _code(county)
    start = threading.Barrier(2)
    winners: list[Device | None] = []

    def race(key: str) -> None:
        start.wait()
        winners.append(_redeem(county, code, key))

    racers = [threading.Thread(target=race, args=(key,)) for key in (KEY, OTHER_KEY)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert sum(winner is not None for winner in winners) == 1


@pytest.mark.fault("O44")
def test_code_ends_after_half_an_hour(county: County) -> None:
    code = _code(county)

    with county.hub.database.writing() as conn:
        assert redeem(conn, code, KEY, "", "", NOON + LIFE) is None


def test_code_is_burnt_after_five_wrong_tries(county: County) -> None:
    code = _code(county)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    for _ in range(TRIES):
        assert _redeem(county, wrong, KEY) is None

    assert _redeem(county, code, KEY) is None


def test_four_wrong_tries_leave_the_code_good(county: County) -> None:
    code = _code(county)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    for _ in range(TRIES - 1):
        _redeem(county, wrong, KEY)

    assert _redeem(county, code, KEY) is not None


def test_key_of_an_enrolled_device_is_refused(county: County) -> None:
    _redeem(county, _code(county), KEY)

    with pytest.raises(KeyInUse):
        _redeem(county, _code(county), KEY)


@pytest.mark.fault("O44")
@pytest.mark.parametrize("code", ["", "-", "0000-0000-0000-0000", "码", "A" * 10_000])
def test_guess_finds_nothing(county: County, code: str) -> None:
    _code(county)

    assert _redeem(county, code, KEY) is None


def test_code_may_be_typed_as_people_type(county: County) -> None:
    code = _code(county)

    typed = " " + code.lower().replace("-", " ").replace("0", "o").replace("1", "l")

    assert _redeem(county, typed, KEY) is not None


def test_code_has_sixty_bits_to_guess(county: County) -> None:
    code = _code(county).replace("-", "")

    assert len(code) == 16
    assert set(code) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_code_for_an_unknown_site_is_refused(county: County) -> None:
    with (
        pytest.raises(UnknownSite, match="nowhere"),
        county.hub.database.writing() as c,
    ):
        make_code(c, "nowhere", NOON)


def _code(county: County) -> str:
    with county.hub.database.writing() as conn:
        return make_code(conn, "A", NOON)


def _redeem(county: County, code: str, key: str) -> Device | None:
    with county.hub.database.writing() as conn:
        return redeem(conn, code, key, "", "pi", NOON + MINUTE)

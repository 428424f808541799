"""The adapter against whatever Koha TONGJIE_KOHA_SERVER=https://… names.

TONGJIE_KOHA_LOGIN=client-id:secret is needed as well, and TONGJIE_KOHA_BASIC=1 if that is
a login name and its password. More is tried with TONGJIE_KOHA_PATRON=card:pin. Nothing is
changed there unless TONGJIE_KOHA_ITEM names an item that is free to be lent to that patron;
it is lent and renewed, and returned if TONGJIE_SIP2_SERVER and TONGJIE_SIP2_LOGIN are set.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator

import pytest

from kiosk.domain.values import COUNTY_TIME
from sync.hub.library.koha import KohaLibrary
from sync.hub.library.koha_api import KohaApi
from sync.hub.library.koha_http import KohaAccount, KohaHttp
from sync.hub.library.port import (
    Done,
    ItemThere,
    Lending,
    PatronThere,
    PinCheck,
    Renewal,
    TakingBack,
)
from sync.hub.library.sip2 import Sip2Library
from sync.sip2.account import Account
from sync.sip2.client import Client
from tests.integration.hub_world import ITEMS
from tests.integration.koha_world import koha_with_two_doors


def wanted(name: str) -> str:
    """The variable's value, or a skip that names it."""
    value = os.environ.get(f"TONGJIE_{name}")
    if not value:
        pytest.skip(f"TONGJIE_{name} is not set: no foreign Koha is tried")
    return value


@pytest.fixture
def system() -> Iterator[KohaLibrary]:
    opened = connect()
    yield opened
    opened.close()


def connect() -> KohaLibrary:
    base = wanted("KOHA_SERVER")
    user, _, secret = wanted("KOHA_LOGIN").partition(":")
    basic = bool(os.environ.get("TONGJIE_KOHA_BASIC"))
    account = KohaAccount(base=base, user=user, secret=secret, basic=basic)
    returns = None
    if address := os.environ.get("TONGJIE_SIP2_SERVER"):
        host, _, port = address.rpartition(":")
        user, _, password = os.environ.get("TONGJIE_SIP2_LOGIN", "").partition(":")
        returns = Sip2Library(
            Client(Account(host=host, port=int(port), user=user, password=password))
        )
    return KohaLibrary(KohaApi(KohaHttp(account)), returns)


def test_an_unknown_item_and_an_unknown_patron_are_said_to_be_so(
    system: KohaLibrary,
) -> None:
    assert system.item("NO-SUCH-ITEM") == ItemThere(on_loan=None)
    assert system.patron("NO-SUCH-CARD") == PatronThere()


def test_a_pin_is_checked(system: KohaLibrary) -> None:
    card, _, pin = wanted("KOHA_PATRON").partition(":")

    assert system.check_pin(card, pin) in {PinCheck.RIGHT, PinCheck.NOT_TOLD}
    assert system.check_pin(card, f"{pin}0") in {PinCheck.WRONG, PinCheck.NOT_TOLD}


def test_an_item_is_lent_renewed_and_returned(system: KohaLibrary) -> None:
    card, item = wanted("KOHA_PATRON").partition(":")[0], wanted("KOHA_ITEM")
    wanted("SIP2_SERVER")
    now = dt.datetime.now(COUNTY_TIME)
    due_on = now.date() + dt.timedelta(days=30)

    lent = system.lend(Lending(card, item, now, due_on))
    try:
        assert isinstance(lent, Done)
        assert system.item(item) == ItemThere(on_loan=True, due_on=lent.due_on)
        held = system.patron(card)
        assert isinstance(held, PatronThere)
        assert item in held.items
        system.renew(Renewal(card, item, now, due_on))  # the rules may forbid it
    finally:
        assert system.take_back(TakingBack(item, now)) == Done()
    assert system.item(item) == ItemThere(on_loan=False)


def test_these_checks_hold_for_our_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with koha_with_two_doors() as doors:
        for name, value in {
            "KOHA_SERVER": doors.rest.address,
            "KOHA_LOGIN": "key:hush",
            "KOHA_PATRON": "R1:0417",
            "KOHA_ITEM": ITEMS[0],
            "SIP2_SERVER": f"127.0.0.1:{doors.sip2.port}",
            "SIP2_LOGIN": "kiosk:secret",
        }.items():
            monkeypatch.setenv(f"TONGJIE_{name}", value)
        monkeypatch.delenv("TONGJIE_KOHA_BASIC", raising=False)
        system = connect()
        test_an_unknown_item_and_an_unknown_patron_are_said_to_be_so(system)
        test_a_pin_is_checked(system)
        test_an_item_is_lent_renewed_and_returned(system)
        system.close()
    assert [deed for deed, _ in doors.library.deeds] == ["lent", "renewed", "returned"]

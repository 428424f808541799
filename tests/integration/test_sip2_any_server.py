"""The SIP2 client against whatever server TONGJIE_SIP2_SERVER=host:port names.

Nothing of it is needed but that it speaks SIP2; more is tried with:
TONGJIE_SIP2_LOGIN=user:password, TONGJIE_SIP2_DIALECT, TONGJIE_SIP2_PATRON=card:pin, and
TONGJIE_SIP2_ITEM, which must be free to be lent to that patron, and is returned.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sync.sip2.account import Account
from sync.sip2.client import Client, PinCheck
from sync.sip2.dialects import DIALECTS
from sync.sip2.probe import Outcome
from sync.sip2.requests import Checkin, Checkout
from sync.sip2.tables import ON_LOAN, Summary
from tests.sip2_server import SipServer, serving


def wanted(name: str) -> str:
    """The variable's value, or a skip that names it."""
    value = os.environ.get(f"TONGJIE_SIP2_{name}")
    if not value:
        pytest.skip(f"TONGJIE_SIP2_{name} is not set: no foreign server is tried")
    return value


@pytest.fixture
def client() -> Iterator[Client]:
    host, _, port = wanted("SERVER").rpartition(":")
    user, _, password = os.environ.get("TONGJIE_SIP2_LOGIN", "").partition(":")
    account = Account(
        host=host,
        port=int(port),
        user=user or None,
        password=password,
        dialect=DIALECTS[os.environ.get("TONGJIE_SIP2_DIALECT", "auto")],
    )
    with Client(account) as opened:
        yield opened


@pytest.fixture
def patron() -> tuple[str, str]:
    card, _, pin = wanted("PATRON").partition(":")
    return card, pin


def test_status_is_told(client: Client) -> None:
    assert client.status().protocol_version.startswith(("1.", "2."))


def test_unknown_item_is_not_on_loan(client: Client) -> None:
    assert client.item("NO-SUCH-ITEM").circulation_status not in ON_LOAN


def test_pin_is_checked(client: Client, patron: tuple[str, str]) -> None:
    card, pin = patron

    assert client.check_pin(card, pin) in {PinCheck.RIGHT, PinCheck.NOT_TOLD}
    assert client.check_pin(card, f"{pin}0") in {PinCheck.WRONG, PinCheck.NOT_TOLD}


def test_item_is_lent_found_by_the_probe_and_returned(
    client: Client, patron: tuple[str, str]
) -> None:
    item, (card, pin) = wanted("ITEM"), patron

    assert client.checkout(card, item, pin=pin).ok
    try:
        lent = client.patron(card, pin=pin, summary=Summary.CHARGED_ITEMS)
        assert item in lent.charged_items
        assert client.probe(a_checkout(card, item)) is Outcome.DONE
        assert client.probe(a_checkin(item)) is Outcome.NOT_DONE
    finally:
        assert client.checkin(item).ok
    assert client.probe(a_checkout(card, item)) is Outcome.NOT_DONE
    assert client.probe(a_checkin(item)) is Outcome.DONE


def a_checkout(card: str, item: str) -> Checkout:
    return Checkout(
        sc_renewal_policy=False,
        no_block=False,
        transaction_date=None,
        nb_due_date=None,
        institution_id="",
        patron_identifier=card,
        item_identifier=item,
        terminal_password="",
    )


def a_checkin(item: str) -> Checkin:
    return Checkin(
        no_block=False,
        transaction_date=None,
        return_date=None,
        current_location="",
        institution_id="",
        item_identifier=item,
        terminal_password="",
    )


def test_these_checks_hold_for_our_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    server = SipServer()
    monkeypatch.setenv("TONGJIE_SIP2_ITEM", "B1")
    with serving(server), Client(Account(host="127.0.0.1", port=server.port)) as client:
        test_status_is_told(client)
        test_unknown_item_is_not_on_loan(client)
        test_pin_is_checked(client, ("R1", "0417"))
        test_item_is_lent_found_by_the_probe_and_returned(client, ("R1", "0417"))
    assert server.library.deeds == [("lent", "B1"), ("returned", "B1")]

"""A SIP2 client and the server that it talks to, for tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from kiosk.domain.values import COUNTY_TIME
from sync.sip2.account import Account, Patience
from sync.sip2.client import Client
from tests.sip2_server import Fault, SipServer

AT = dt.datetime(2026, 11, 23, 9, 15, tzinfo=COUNTY_TIME)
#: Any answer comes within that, on a busy machine, too.
PATIENT = Patience(answer_s=10, whole_s=25, idle_s=60)
#: For answers that never come.
HASTY = Patience(answer_s=0.3, whole_s=5)


def account_of(server: SipServer) -> Account:
    return Account(
        host="127.0.0.1",
        port=server.port,
        user="kiosk",
        password="secret",
        location_code="V017",
        dialect=server.dialect,
        patience=PATIENT,
    )


def client_for(server: SipServer, fault: Fault) -> Client:
    """One that gives up soon if the fault is silence."""
    account = account_of(server)
    if fault in {Fault.REQUEST_LOST, Fault.ANSWER_LOST}:
        account = replace(account, patience=HASTY)
    return Client(account, now=lambda: AT)

"""The queue and a library system that speaks SIP2, with answers lost at every step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.domain.values import COUNTY_TIME
from sync.hub.library.port import (
    Away,
    Done,
    ItemThere,
    Lending,
    NoBlock,
    PatronThere,
    PinCheck,
    Refused,
    TakingBack,
    Unknown,
)
from sync.hub.library.sip2 import Sip2Library
from sync.hub.library.task_log import Kept, keep_by
from sync.hub.store import schema
from sync.sip2.account import Account, Patience
from sync.sip2.client import Client
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    fresh_hub,
    furnish,
)
from tests.integration.library_world import LIFE, send_a_life, serve_queue
from tests.sip2_library import AT as DAY_OF_LIBRARY
from tests.sip2_library import Library, Loan
from tests.sip2_server import Fault, SipServer, serving

BOOK = ITEMS[0]
NOW = DAY_OF_LIBRARY + 40 * DAY
AT = dt.datetime(2026, 7, 3, 12, 0, tzinfo=COUNTY_TIME)
DUE = dt.date(2026, 8, 2)
#: Nothing was done, or it was, and the answer did not come.
LOST = (
    Fault.HUNG_UP_BEFORE,
    Fault.HUNG_UP_AFTER,
    Fault.HALF_ANSWER,
    Fault.WRONG_ANSWER,
    Fault.SENTENCE,
)


@pytest.fixture
def server() -> Iterator[SipServer]:
    titles = {item: f"书 {item}" for item in ITEMS}
    library = Library(pins={"R1": "0417", "R2": "1234"}, titles=titles)
    with serving(SipServer(library=library)) as made:
        yield made


@pytest.fixture
def system(server: SipServer) -> Iterator[Sip2Library]:
    made = connect(server)
    yield made
    made.close()


def connect(server: SipServer, no_block: NoBlock = NoBlock.AUTO) -> Sip2Library:
    patience = Patience(answer_s=2.0, retries=1)
    account = Account(
        host="127.0.0.1",
        port=server.port,
        user="kiosk",
        password="secret",
        location_code="V017",
        patience=patience,
    )
    return Sip2Library(Client(account), no_block)


def test_a_loan_is_made_and_seen(server: SipServer, system: Sip2Library) -> None:
    outcome = system.lend(Lending("R1", BOOK, AT, DUE))

    due_there = server.library.loans[BOOK].due
    assert outcome == Done(due_there)
    assert system.item(BOOK) == ItemThere(on_loan=True, due_on=due_there)
    assert system.patron("R1") == PatronThere(frozenset({BOOK}), complete=True)


def test_what_the_library_refuses_says_why(system: Sip2Library) -> None:
    assert system.lend(Lending("stranger", BOOK, AT, DUE)) == Refused("失败")


def test_an_item_that_nobody_knows_there_may_be_anywhere(system: Sip2Library) -> None:
    assert system.item("XX1") == ItemThere(on_loan=None)


def test_a_return_is_dated_by_when_it_happened(
    server: SipServer, system: Sip2Library
) -> None:
    server.library.loans[BOOK] = Loan("R1", DUE)

    assert system.take_back(TakingBack(BOOK, AT)) == Done()

    assert server.heard[-1].startswith(
        b"09N20260703    12000020260703    120000APV017|"
    )


@pytest.mark.parametrize(
    ("no_block", "flag"),
    [(NoBlock.YES, b"Y"), (NoBlock.NO, b"N"), (NoBlock.AUTO, b"N")],
)
def test_no_block_is_said_as_the_county_wishes_or_the_library_takes_it(
    server: SipServer, no_block: NoBlock, flag: bytes
) -> None:
    system = connect(server, no_block)
    system.lend(Lending("R1", BOOK, AT, DUE))
    system.close()

    told = server.heard[-1]
    assert told[:4] == b"11N" + flag
    assert told[4:40] == b"20260703    12000020260802    235959"


def test_a_lost_answer_is_unknown_and_a_missing_server_away(
    server: SipServer, system: Sip2Library
) -> None:
    server.fail("11", Fault.HUNG_UP_AFTER)
    lost = system.lend(Lending("R1", BOOK, AT, DUE))
    server.library.online = False
    away = system.lend(Lending("R1", BOOK, AT, DUE))

    assert isinstance(lost, Unknown)
    assert isinstance(away, Away)
    assert server.ids_heard().count("11") == 1


def test_a_pin_is_checked(system: Sip2Library) -> None:
    assert system.check_pin("R1", "0417") is PinCheck.RIGHT
    assert system.check_pin("R1", "9999") is PinCheck.WRONG
    assert system.check_pin("stranger", "0417") is PinCheck.WRONG


def test_a_list_of_titles_is_no_proof_that_a_patron_lacks_a_book(
    server: SipServer, system: Sip2Library
) -> None:
    server.library.titles = {BOOK: BOOK[:4]}  # as if the list held the title
    server.library.loans[BOOK] = Loan("R1", DUE)
    system.item(BOOK)

    assert not system.patron("R1").complete  # type: ignore[union-attr]  # it is there


@pytest.mark.parametrize("what", ["93", "99", "17", "63", "11", "29", "09"])
@pytest.mark.parametrize("fault", LOST)
def test_an_answer_lost_at_any_step_doubles_nothing(
    tmp_path: Path, server: SipServer, what: str, fault: Fault
) -> None:
    with fresh_hub(f"sqlite:///{tmp_path / 'hub.db'}", tmp_path) as hub:
        county = furnish(hub)
        with hub.database.writing() as conn:
            keep_by(conn, Kept.SIP2)
        send_a_life(county, BOOK)
        system = connect(server)
        server.fail(what, fault)

        serve_queue(hub.database, system, NOW)

        system.close()
        tasks = county.rows(schema.library_tasks, "fact_id")
        assert {row["state"] for row in tasks} == {"done"}
    assert server.library.deeds == [(deed, BOOK) for deed in LIFE]

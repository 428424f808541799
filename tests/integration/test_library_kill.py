"""SIGKILL anywhere in the worker, and two workers at once: nothing told twice."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.hub.library.lock import AnotherWorker, only_worker
from sync.hub.library.task_log import Kept, keep_by
from sync.hub.library.worker import Worker
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.sip2.account import Account
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    NOON,
    County,
    county,
    database_url,
    hub,
)
from tests.integration.killed import kill_at, lines_of
from tests.integration.library_commands import command, invoke, running, status
from tests.integration.library_world import (
    OwnLibrary,
    SocketLibrary,
    own_library,
    serve_queue,
)
from tests.sip2_library import Library
from tests.sip2_server import SipServer, serving
from tests.waiting import eventually

__all__ = ["county", "database_url", "hub"]

BOOK = ITEMS[0]
NOW = NOON + 40 * DAY
ROUNDS = 12
ONE_LIFE = ["lend", "take_back", "lend", "take_back"]


@pytest.fixture
def library(county: County) -> Iterator[OwnLibrary]:
    use(county, Kept.SIP2)
    with own_library() as made:
        yield made


def use(county: County, kept: Kept) -> None:
    with county.hub.database.writing() as conn:
        keep_by(conn, kept)


def live(county: County, item: str, number: int) -> None:
    """Lent, lent to another reader without a return, returned."""
    at = NOON - 60 * DAY + number * DAY
    county.send(
        county.k1.lends(item, county.refs["R1"], at),
        county.k1.lends(item, county.refs["R2"], at + DAY / 4),
        county.k1.takes_back(item, at + DAY / 2),
        now=NOW,
    )


@pytest.mark.slow
def test_a_worker_killed_anywhere_doubles_and_loses_nothing(
    county: County, library: OwnLibrary, database_url: str
) -> None:
    chance, deaths = random.Random(11), 0

    def work() -> None:
        database = Database(database_url)
        serve_queue(database, SocketLibrary(library.address), NOW)
        database.close()

    live(county, BOOK, 0)
    length = lines_of(work)
    for number in range(1, ROUNDS):
        live(county, BOOK, number)
        deaths += kill_at(chance.randrange(length), work)
        deaths += kill_at(chance.randrange(length), work)
    work()

    assert [what for what, _ in library.of(BOOK)] == ONE_LIFE * ROUNDS
    tasks = county.rows(schema.library_tasks, "fact_id")
    assert {row["state"] for row in tasks} == {"done"}
    assert len(tasks) == 3 * ROUNDS
    assert deaths >= ROUNDS  # most of the workers were killed before their end


@pytest.mark.parametrize("done_there", [True, False])
def test_what_a_dead_worker_was_sending_is_looked_up_first(
    county: County, library: OwnLibrary, *, done_there: bool
) -> None:
    county.send(county.k1.lends(BOOK, county.refs["R1"]), now=NOW)
    with county.hub.database.writing() as conn:
        conn.execute(schema.library_tasks.update().values(state="sending", attempts=1))
    if done_there:
        library.loans[BOOK] = ("R1", (NOON + 30 * DAY).date())

    serve_queue(county.hub.database, SocketLibrary(library.address), NOW)

    assert library.requests[0] == "item"
    assert ("lend" in library.requests) is not done_there
    assert [row["state"] for row in county.rows(schema.library_tasks, "state")] == [
        "done"
    ]


def test_what_is_sent_stands_in_the_database_before_the_first_byte(
    county: County, library: OwnLibrary
) -> None:
    seen: list[str] = []

    class Watching(SocketLibrary):
        def lend(self, act: object) -> object:  # type: ignore[override]  # any act
            seen.extend(
                row["state"] for row in county.rows(schema.library_tasks, "state")
            )
            return super().lend(act)  # type: ignore[arg-type]  # as above

    county.send(county.k1.lends(BOOK, county.refs["R1"]), now=NOW)
    system = Watching(library.address)
    Worker(county.hub.database, system, lambda: NOW).turn()  # type: ignore[arg-type]

    assert seen == ["sending"]


@pytest.mark.usefixtures("hub")
def test_only_one_worker_serves_a_queue(database_url: str) -> None:
    first, second = Database(database_url), Database(database_url)

    with only_worker(first) as alone:
        alone()
        with pytest.raises(AnotherWorker, match="another worker"), only_worker(second):
            pytest.fail("two workers")
    with only_worker(second) as alone:
        alone()

    first.close()
    second.close()


def test_the_command_tells_what_waits_and_ends_on_sigterm(
    county: County, database_url: str, tmp_path: Path
) -> None:
    use(county, Kept.SIP2)
    password = tmp_path / "password"
    password.write_text("secret\n")
    books = Library(pins={"R1": "", "R2": ""}, titles={BOOK: "围城"})
    live(county, BOOK, 0)

    with serving(SipServer(library=books)) as server:
        options = ["--port", str(server.port), "--password-file", str(password)]
        with running(database_url, options) as worker:
            eventually(lambda: len(books.deeds) == len(ONE_LIFE), "all is told")
            eventually(lambda: status(database_url)["done"] == 3, "it is noted")
            second = command(database_url, options)
            _, complaint = second.communicate(timeout=20)
            worker.send_signal(signal.SIGTERM)
            output, errors = worker.communicate(timeout=20)

    assert worker.returncode == 0
    assert second.returncode == 1
    assert b"another worker" in complaint
    assert b"secret" not in output + errors


def test_the_command_keeps_trying_while_nobody_is_there(
    county: County, database_url: str
) -> None:
    use(county, Kept.SIP2)
    live(county, BOOK, 0)

    with running(database_url, ["--port", "1"]) as worker:
        eventually(lambda: status(database_url)["note"], "it says why")
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=20)

    told = status(database_url)
    assert (told["waiting"], told["library_system"]) == (3, "sip2")


@pytest.mark.usefixtures("county")
def test_commands_say_what_is_wrong(database_url: str) -> None:
    base = ["--database", database_url]
    run = invoke("run", *base, "--host", "localhost")
    retry = invoke("retry", "nothing", *base)
    charset = invoke("run", *base, "--host", "localhost", "--charset", "klingon")

    assert "use sip2" in run
    assert "not refused, or not known: nothing" in retry
    assert "klingon" in charset


@pytest.mark.usefixtures("county")
def test_what_is_used_is_shown(database_url: str) -> None:
    before = status(database_url)["library_system"]
    invoke("use", "sip2", "--database", database_url)

    assert before == "none"
    assert status(database_url)["library_system"] == "sip2"
    assert "library_system\tsip2" in invoke("status", "--database", database_url)


def test_passwords_are_in_no_text_of_an_account() -> None:
    assert "hush" not in repr(Account(host="h", password="hush"))

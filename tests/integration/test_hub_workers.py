"""Several worker processes at once on one PostgreSQL: gunicorn as it is installed."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil
import pytest
import requests
from click.testing import CliRunner
from sqlalchemy import Table, func, select, text
from sqlalchemy.exc import OperationalError

from kiosk.domain.values import Site
from sync.hub.cli import hub as hub_cli
from sync.hub.county import catalogue
from sync.hub.feed.feedruns import BEGINNING, Position, is_known, newest, runs_after
from sync.hub.store import database, schema
from sync.hub.store.database import Database
from sync.protocol import (
    BatchAnswer,
    Event,
    FeedPage,
    FeedRun,
    LoanChanged,
    Outcome,
    Removed,
    Verdict,
)
from tests.bench.hub_load import Point, furnished, points, served
from tests.integration.hub_server import Client, now
from tests.integration.hub_world import MINUTE, NOON, fresh_hub
from tests.postgres import Postgres
from tests.waiting import eventually

WORKERS = 2
KIOSKS = 8
ROUNDS = 4
CONTESTED = "contested"

pytestmark = pytest.mark.slow


@dataclass
class Hub:
    """A hub of two workers, seen from outside."""

    process: subprocess.Popen[str]
    address: str
    database: Database
    kiosks: Sequence[Point]

    def client(self, number: int) -> Client:
        point = self.kiosks[number]
        return Client(self.address, point.key, point.kiosk.kiosk_id)

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    @contextmanager
    def alone(self, worker: psutil.Process) -> Iterator[None]:
        """The others stand still meanwhile, and so take no connection."""
        others = [one for one in self.workers() if one != worker]
        for one in others:
            one.suspend()
        eventually(lambda: all(map(stands_still, others)), "the others stand still")
        yield
        for one in others:
            one.resume()

    def count(self, table: Table) -> int:
        with self.database.reading() as conn:
            counted: int = conn.execute(
                select(func.count()).select_from(table)
            ).scalar_one()
            return counted

    def runs(self, after: int) -> tuple[FeedRun, ...]:
        with self.database.reading() as conn:
            return runs_after(conn, after)

    @contextmanager
    def holding_the_pen(self) -> Iterator[None]:
        """Nobody else writes meanwhile, as if somebody's transaction took long."""
        with self.database.engine.begin() as conn:
            conn.execute(select(schema.feed_clock).with_for_update())
            yield

    def somebody_waits(self) -> bool:
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        with self.database.engine.connect() as conn:
            return bool(conn.execute(waiting).scalar_one())


@dataclass
class Mirror:
    """The open loans that a kiosk knows which follows the feed page by page."""

    client: Client
    at: Position = BEGINNING
    loans: set[str] = field(default_factory=set)
    changes: int = 0

    def pull(self) -> None:
        """Take one page. Fails if the hub calls the cursor unknown."""
        path = f"/v1/feed?cursor={self.at.version}&run={self.at.run}&limit=1000"
        answer = self.client.call("GET", path)
        assert answer.status_code == 200, answer.text
        page = msgspec.json.decode(answer.content, type=FeedPage)
        self.at = Position(page.cursor, page.run)
        self.changes += len(page.changes)
        for change in page.changes:
            if isinstance(change, LoanChanged):
                self.loans.add(change.value.loan_ref)
            elif isinstance(change, Removed):
                self.loans.discard(change.key)


@pytest.fixture
def hub(postgres: Postgres, tmp_path: Path) -> Iterator[Hub]:
    kiosks = points(KIOSKS, "w")
    items = [CONTESTED, *(book_of(one) for one in kiosks)]
    with postgres.database() as url:
        furnished(url, tmp_path, kiosks, items)
        database = Database(url)
        with served(url, tmp_path, WORKERS) as (process, address):
            made = Hub(process, address, database, kiosks)
            eventually(lambda: len(made.workers()) == WORKERS, "both workers run")
            for worker in made.workers():
                with made.alone(worker):
                    eventually(lambda: answers(made), "this worker answers")
            yield made
        database.close()


def test_what_many_kiosks_push_through_both_workers_counts_once(hub: Hub) -> None:
    mirror = Mirror(hub.client(0))
    mirror.pull()
    before = mirror.at.version
    for worker in hub.workers():
        with hub.alone(worker):
            assert hub.client(0).push(loan(hub, 0)).status_code == 200
    done = threading.Event()

    with ThreadPoolExecutor(KIOSKS) as pool:
        pushed = [pool.submit(push_twice, hub, n) for n in range(1, KIOSKS)]
        following = pool.submit(follow, mirror, done)
        verdicts = [verdict for one in pushed for verdict in one.result()]
        done.set()
        following.result()

    assert len(verdicts) == (KIOSKS - 1) * 2 * ROUNDS
    assert hub.count(schema.events) == len(verdicts) + WORKERS
    assert {verdict.outcome for verdict in verdicts} == {Outcome.ACCEPTED}
    assert hub.count(schema.loans) == (KIOSKS - 1) * ROUNDS + 1
    assert len(mirror.loans) == KIOSKS
    # Each worker began one run at most, with its first write, and none later.
    assert 1 <= len(hub.runs(before)) <= WORKERS


def test_one_book_that_all_ask_for_at_once_is_granted_once(hub: Hub) -> None:
    start = threading.Barrier(KIOSKS)

    def ask(number: int) -> Verdict:
        point, client = hub.kiosks[number], hub.client(number)
        client.call("GET", "/v1/feed?cursor=0&limit=1")  # has a nonce now
        event = point.kiosk.asks(CONTESTED, point.reader, now())
        start.wait(10)
        (verdict,) = verdicts_of(client.push(event))
        return verdict

    with ThreadPoolExecutor(KIOSKS) as pool:
        outcomes = [one.outcome for one in pool.map(ask, range(KIOSKS))]

    assert sorted(outcomes) == [Outcome.ACCEPTED] + [Outcome.REFUSED] * (KIOSKS - 1)


@pytest.mark.fault("O18")
def test_worker_killed_in_a_request_is_replaced_and_nothing_is_half_done(
    hub: Hub,
) -> None:
    mirror = Mirror(hub.client(0))
    mirror.pull()
    client, event = hub.client(1), loan(hub, 1)
    with hub.holding_the_pen(), ThreadPoolExecutor(1) as pool:
        killed = hub.workers()[0]
        with hub.alone(killed):
            push = pool.submit(client.push, event)
            eventually(hub.somebody_waits, "the batch waits to be written")
            killed.kill()
        assert isinstance(push.exception(10), requests.ConnectionError)
        eventually(lambda: answers(hub), "the other one goes on")
    assert hub.count(schema.events) == 0

    again = verdicts_of(client.push(event))

    assert [verdict.outcome for verdict in again] == [Outcome.ACCEPTED]
    assert hub.count(schema.loans) == 1
    eventually(lambda: replaced(hub, killed), "another worker in its place")
    for number in range(2, KIOSKS):  # the new one writes as well
        assert hub.client(number).push(loan(hub, number)).status_code == 200
    known = mirror.changes
    mirror.pull()
    assert mirror.changes - known == KIOSKS - 1


def test_sigterm_lets_a_request_that_is_under_way_end(hub: Hub) -> None:
    with ThreadPoolExecutor(1) as pool:
        with hub.holding_the_pen():
            push: Future[requests.Response] = pool.submit(
                hub.client(1).push, loan(hub, 1)
            )
            eventually(hub.somebody_waits, "the batch waits to be written")
            hub.process.send_signal(signal.SIGTERM)
            eventually(lambda: not answers(hub), "no new requests")
        verdicts = verdicts_of(push.result(10))

    assert [verdict.outcome for verdict in verdicts] == [Outcome.ACCEPTED]
    assert hub.process.wait(20) == 0
    assert hub.count(schema.loans) == 1


@contextmanager
def two_writers(
    postgres: Postgres, folder: Path
) -> Iterator[tuple[Database, Database]]:
    """One database as two processes have it."""
    with (
        postgres.database() as url,
        fresh_hub(url, folder),
        closing(Database(url)) as one,
        closing(Database(url)) as other,
    ):
        yield one, other


def put_site(store: Database, name: str) -> None:
    with store.writing() as conn:
        catalogue.put_sites(conn, [Site(name, name, name, "point")])


def program(name: str, url: str, *arguments: str) -> None:
    subprocess.run([name, "--dbname", url, *arguments], check=True)


def answers(hub: Hub) -> bool:
    try:
        return requests.get(f"{hub.address}/healthz", timeout=1).status_code == 200
    except requests.RequestException:
        return False


def push_twice(hub: Hub, number: int) -> list[Verdict]:
    """Take back and lend some times; every batch is sent again at once."""
    point, client = hub.kiosks[number], hub.client(number)
    verdicts: list[Verdict] = []
    for turn in range(ROUNDS):
        at = NOON + 3 * turn * MINUTE
        back = point.kiosk.takes_back(book_of(point), at)
        lent = point.kiosk.lends(book_of(point), point.reader, at + MINUTE)
        batch = (back, lent)
        first = verdicts_of(patiently(lambda batch=batch: client.push(*batch)))
        assert verdicts_of(patiently(lambda batch=batch: client.push(*batch))) == first
        verdicts += first
    return verdicts


def patiently(push: Callable[[], requests.Response]) -> requests.Response:
    """Until it is taken: it may be told to wait for a slot."""
    return eventually(lambda: taken(push()), "the batch is taken")


def taken(answer: requests.Response) -> requests.Response | None:
    assert answer.status_code in {200, 503}, answer.text
    return answer if answer.status_code == 200 else None


def follow(mirror: Mirror, done: threading.Event) -> None:
    """Pull page by page while others write, and once more when they are done."""
    while not done.is_set():
        mirror.pull()
    mirror.pull()


def stands_still(worker: psutil.Process) -> bool:
    return worker.status() == psutil.STATUS_STOPPED


def replaced(hub: Hub, killed: psutil.Process) -> bool:
    workers = hub.workers()
    return len(workers) == WORKERS and killed not in workers


def loan(hub: Hub, number: int) -> Event:
    point = hub.kiosks[number]
    return point.kiosk.lends(book_of(point), point.reader)


def book_of(point: Point) -> str:
    return f"book-of-{point.kiosk.kiosk_id}"


def verdicts_of(answer: requests.Response) -> tuple[Verdict, ...]:
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=BatchAnswer).verdicts


def test_worker_that_was_idle_tells_a_restored_database_from_its_own(
    postgres: Postgres, tmp_path: Path
) -> None:
    """The number alone looks right to it: it wrote last before the backup was made."""
    with two_writers(postgres, tmp_path) as (idle, busy):
        put_site(idle, "once")
        put_site(busy, "in the backup")
        dumped = tmp_path / "dump"
        url = busy.engine.url.set(drivername="postgresql").render_as_string()
        program("pg_dump", url, "--format=custom", "--file", str(dumped))
        put_site(busy, "forgotten")
        with busy.reading() as conn:
            forgotten = newest(conn)
        program("pg_restore", url, "--clean", "--single-transaction", str(dumped))

        put_site(idle, "instead")

        with idle.reading() as conn:
            assert newest(conn).version == forgotten.version
            assert not is_known(conn, forgotten)


def test_workers_that_write_in_turn_begin_no_runs(
    postgres: Postgres, tmp_path: Path
) -> None:
    with two_writers(postgres, tmp_path) as (one, other):
        put_site(one, "first")
        put_site(other, "second")
        with one.reading() as conn:
            before = newest(conn)

        for number in range(5):
            put_site(one, f"one {number}")
            put_site(other, f"other {number}")

        with one.reading() as conn:
            assert runs_after(conn, before.version) == ()
            assert newest(conn).run == before.run


def test_who_waits_too_long_for_the_pen_gives_up(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "POSTGRES_SETTINGS", ("SET lock_timeout = 100",))
    with two_writers(postgres, tmp_path) as (one, other):
        with one.writing(), pytest.raises(OperationalError, match="lock timeout"):
            put_site(other, "too late")

        put_site(other, "again")


def test_sqlite_is_served_by_one_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"

    done = CliRunner().invoke(hub_cli, ["serve", "--database", url, "--workers", "2"])

    assert done.exit_code == 2
    assert "needs PostgreSQL" in done.output


def test_service_manager_is_told_when_the_hub_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    furnished(url, tmp_path, points(1, "w"), [])
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)

        with served(url, tmp_path):
            told = manager.recv(1000)

    assert b"READY=1" in told

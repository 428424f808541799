"""How long the pages of the case desk take in a county with a year of events."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from sync.hub import desk
from sync.hub.county.audit import Actor
from sync.hub.county.permits import Role, Standing
from sync.hub.county.users import add_user
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from tests.bench.figures import Figure, p95
from tests.integration.desk_world import NAME, PASSWORD, Browser
from tests.integration.hub_world import MINUTE, NOON, fresh_hub, furnish
from tests.postgres import Missing, postgres_server

EVENTS = 1_000_000
OPEN = 10_000
#: Closed cases beside each open one.
CLOSED = 9
ROUNDS = 40
AIM_MS = 300.0
_CHUNK = 5_000
_KINDS = ("loan_displaced", "lent_against_rules", "patron_unknown", "loans_overlap")
_SEVERITIES = ("medium", "low", "high", "high")
#: What staff look at: the first page, one of the last, a filter, everything, a site.
PAGES = {
    "first page": "",
    "page by key": "from_severity=low&from_time=2026-07-03T05:00:00%2B00:00&from_case=z",
    "one kind": "kind=loan_displaced",
    "all states": "state=all",
    "one site": "site=B&older=1",
}


def measure(
    folder: Path, events: int = EVENTS, opened: int = OPEN, rounds: int = ROUNDS
) -> list[Figure]:
    figures = _measure_on(
        "SQLite", f"sqlite:///{folder / 'cases.db'}", folder, events, opened, rounds
    )
    try:
        with postgres_server() as server, server.database() as url:
            figures += _measure_on("PostgreSQL", url, folder, events, opened, rounds)
    except Missing as err:
        missing = [one.name.replace("SQLite", "PostgreSQL") for one in figures]
        figures += [
            msgspec.structs.replace(one, name=name, note=str(err))
            for one, name in zip(figures, missing, strict=True)
        ]
    return figures


def names() -> set[str]:
    return {
        f"cases, {what}, p95, {database}"
        for what in (*PAGES, "one case")
        for database in ("SQLite", "PostgreSQL")
    }


def _measure_on(
    database: str, url: str, folder: Path, events: int, opened: int, rounds: int
) -> list[Figure]:
    with fresh_hub(url, folder) as hub:
        _fill(hub, events, opened)
        browser = _logged_in(hub)
        addresses = {what: f"/desk/cases?{query}" for what, query in PAGES.items()}
        addresses["one case"] = f"/desk/cases/{_name(0)}"
        return [
            Figure(
                name=f"cases, {what}, p95, {database}",
                unit="ms",
                value=p95(list(_times_ms(browser.client, address, rounds))),
                rounds=rounds,
                aim=AIM_MS,
                note=f"{events} events, {opened} open cases",
            )
            for what, address in addresses.items()
        ]


def _times_ms(client: FlaskClient, address: str, rounds: int) -> Iterator[float]:
    for _ in range(rounds):
        started = time.perf_counter()
        answer = client.get(address)
        yield (time.perf_counter() - started) * 1000
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status}")


def _logged_in(hub: Hub) -> Browser:
    with hub.database.writing() as conn:
        who = Actor("bench", "command")
        add_user(conn, who, NAME, PASSWORD, Standing(Role.STAFF), NOON)
    app = Flask("hub")
    desk.install(
        app, hub.database, key=hub.key, clock=lambda: NOON + dt.timedelta(days=9)
    )
    browser = Browser(app.test_client())
    browser.log_in()
    return browser


def _fill(hub: Hub, events: int, opened: int) -> None:
    """Straight into the tables: how the rows came to be is measured elsewhere."""
    refs = list(furnish(hub).refs.values())
    cases = opened * (CLOSED + 1)
    for table, count, row in (
        (schema.facts, events, _fact),
        (schema.events, events, _event),
        (schema.cases, cases, _case),
    ):
        for first in range(0, count, _CHUNK):
            numbers = range(first, min(first + _CHUNK, count))
            with hub.database.writing() as conn:
                conn.execute(
                    insert(table), [row(at, refs[at % len(refs)]) for at in numbers]
                )
    with hub.database.engine.connect() as conn:
        conn.exec_driver_sql("ANALYZE")
        conn.commit()


def _fact(number: int, patron_ref: str) -> dict[str, object]:
    at = NOON + number % 100_000 * MINUTE / 10
    return {
        "fact_id": f"event-{number}",
        "item": f"YL{number % 50_000:06d}",
        "move": "lend",
        "standing": "firm",
        "recorded_at": at,
        "recorded_clock": "synced",
        "at": at,
        "earliest": at,
        "latest": at,
        "clock": "synced",
        "boot_id": "boot-1",
        "monotonic_ns": number,
        "kiosk_id": "k1",
        "epoch": "e1",
        "seq": number + 1,
        "site_id": "AB"[number % 2],
        "patron_ref": patron_ref,
        "loan_ref": f"loan-{number}",
        "title_id": "",
        "withdrawn": False,
        "believed": True,
        "received_at": at,
        "records": "{}",
    }


def _event(number: int, patron_ref: str) -> dict[str, object]:
    return {
        "event_id": f"event-{number}",
        "kiosk_id": "k1",
        "epoch": "e1",
        "seq": number + 1,
        "hash": "0" * 64,
        "prev_hash": "0" * 64,
        "kind": "CHECKOUT",
        "body": msgspec.json.encode({"patron_ref": patron_ref}).decode(),
        "received_at": NOON,
        "verdict": None,
    }


def _name(number: int) -> str:
    return f"{_KINDS[number % len(_KINDS)]}:event-{number}"


def _case(number: int, patron_ref: str) -> dict[str, object]:
    fact = _fact(number, patron_ref)
    side = {"event_id": fact["fact_id"], "patron_ref": patron_ref}
    return {
        "case_id": _name(number),
        "kind": _KINDS[number % len(_KINDS)],
        "severity": _SEVERITIES[number % len(_SEVERITIES)],
        "state": "open" if number % (CLOSED + 1) == 0 else "settled",
        "item": f"YL000{number % 8 + 1}",
        "patron_ref": patron_ref,
        "event_id": fact["fact_id"],
        "kiosk_id": "k1",
        "site_id": fact["site_id"],
        "sides": msgspec.json.encode({"event": side}).decode(),
        "opened_at": fact["at"],
        "note": "",
        "steps": 0,
    }

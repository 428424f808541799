"""How long the desk's pages take in a big county, over HTTP with a session.

One worker process answers one browser; PostgreSQL runs on the same machine.
"""

from __future__ import annotations

import datetime as dt
import html
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import requests

from sync.hub.county.audit import Actor
from sync.hub.county.permits import Role, Standing
from sync.hub.county.users import add_user
from tests.bench.big_county import Size, fill
from tests.bench.figures import Figure, milliseconds, p95
from tests.bench.hub_load import TIMEOUT_S, served
from tests.integration.desk_world import NAME, PASSWORD
from tests.integration.hub_world import fresh_hub
from tests.postgres import Missing, postgres_server

ROUNDS = 40
AIM_MS = 300.0
#: Pages turned before a list is far down.
TURNED = 10
#: What staff look at, below /desk/.
PAGES: Mapping[str, str] = {
    "overview": "",
    "overview, 2nd page of devices": "now?page=2",
    "one case": "cases/case-10",
    "cases": "cases",
    "cases of a kind": "cases?kind=loan_displaced",
    "all cases of a site": "cases?site=P00010&state=all",
    "loans": "loans",
    "loans overdue": "loans?state=overdue",
    "all loans of a site": "loans?site=P00002&state=all",
    "all loans of a title": "loans?item=春秋&state=all",
    "all loans of a reader": "loans?patron=R629900000002&state=all",
    "books by words": "items?text=春秋",
    "books by class": "items?text=I2",
    "one book": "items/YL0000000002",
    "readers by name": "patrons?text=张",
    "one site": "sites/P00010",
    "sites": "sites",
    "events": "events",
    "holds": "holds",
    "transfers of a site": "transfers?site=P00001",
}
#: Lists that are turned page by page before they are timed.
FAR: Mapping[str, str] = {
    "all cases": "cases?state=all",
    "all loans": "loans?state=all",
    "all books": "items",
    "all readers": "patrons",
}
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_ONWARD = re.compile(r'href="(/desk/\w+\?[^"]*\b(?:from|from_case|after)=[^"]*)"')


def measure(folder: Path, size: Size, rounds: int = ROUNDS) -> list[Figure]:
    note = f"{size.points} devices, {size.events} events, {size.items} copies"
    try:
        with postgres_server() as server, server.database() as url:
            _furnish(url, folder, size)
            with served(url, folder) as (_process, address):
                return [
                    _figure(name, times_s, note)
                    for name, times_s in _times_s(address, rounds)
                ]
    except Missing as err:
        return [_figure(name, [0.0], str(err)) for name in (*PAGES, *_far())]


def names() -> set[str]:
    return {_name(page) for page in (*PAGES, *_far())}


def _far() -> list[str]:
    return [f"{name}, {TURNED} pages down" for name in FAR]


def _name(page: str) -> str:
    return f"desk, {page}, p95"


def _furnish(url: str, folder: Path, size: Size) -> None:
    with fresh_hub(url, folder) as hub:
        with hub.database.writing() as conn:
            who, now = Actor("bench", "command"), dt.datetime.now(dt.UTC)
            add_user(conn, who, NAME, PASSWORD, Standing(Role.STAFF), now)
        fill(hub, size)


def _times_s(address: str, rounds: int) -> Iterator[tuple[str, list[float]]]:
    with requests.Session() as session:
        _log_in(session, address)
        for name, path in PAGES.items():
            yield name, _taken_s(session, f"{address}/desk/{path}", rounds)
        for name, path in zip(_far(), FAR.values(), strict=True):
            last = _turned(session, address, f"/desk/{path}")
            yield name, _taken_s(session, address + last, rounds)


def _log_in(session: requests.Session, address: str) -> None:
    page = session.get(f"{address}/desk/login", timeout=TIMEOUT_S)
    (token,) = _TOKEN.findall(page.text)[:1]
    form = {"csrf": token, "name": NAME, "password": PASSWORD}
    answer = session.post(f"{address}/desk/login", form, timeout=TIMEOUT_S)
    answer.raise_for_status()


def _turned(session: requests.Session, address: str, path: str) -> str:
    """Where the list goes on after so many pages; a short one ends before."""
    for _ in range(TURNED):
        page = session.get(address + path, timeout=TIMEOUT_S)
        onward = _ONWARD.findall(page.text)
        if not onward:
            break
        path = html.unescape(onward[-1])
    return path


def _taken_s(session: requests.Session, url: str, rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds):
        started_s = time.perf_counter()
        answer = session.get(url, timeout=TIMEOUT_S)
        taken.append(time.perf_counter() - started_s)
        answer.raise_for_status()
    return taken


def _figure(page: str, times_s: list[float], note: str) -> Figure:
    return Figure(
        name=_name(page),
        unit="ms",
        value=p95(times_s) * 1000,
        beside="median",
        reference=milliseconds(times_s),
        aim=AIM_MS,
        rounds=len(times_s),
        note=note,
    )

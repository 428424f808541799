"""Slowing down whoever guesses passwords; counted in the database, for all workers.

Three counts run: of an account, of an address, and of an account from one address.
Where an account was used from, only the last one closes it: wrong passwords sent
from elsewhere don't keep its owner out. Every wait ends, and a day without a wrong
password wipes the count.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping, delete, select, update

from sync.hub.county.users import forget_tries
from sync.hub.store import schema
from sync.hub.store.rows import put_rows

#: Wrong passwords in a row that cost nothing; people mistype.
FREE_TRIES = 5
#: A library's people share one address, and an account has more than one enemy.
FREE_TRIES_OF_MANY = 20
FIRST_WAIT = dt.timedelta(seconds=30)
LONGEST_WAIT = dt.timedelta(minutes=15)
MEMORY = dt.timedelta(days=1)
#: An address that an account was used from counts as its owner's for so long.
OWN_PLACE = dt.timedelta(days=90)
_MOST_DOUBLINGS = 10
_IPV6_PREFIX = 64

_NO_WAIT = dt.timedelta(0)
_TRIES, _PLACES = schema.login_tries, schema.login_places


def begin_try(
    conn: Connection, name: str, address: str, now: dt.datetime
) -> dt.timedelta:
    """Count a try as wrong before the password is looked at; zero if it may be.

    Otherwise it returns how long to wait, and nothing is counted. Tries that come
    at once are counted one after another, so none of them is free.
    """
    free = _free_tries(conn, name, address, now)
    rows = _counted(conn, list(free), now)
    closed: list[dt.datetime] = [row["closed_until"] for row in rows.values()]
    wait = max([now, *closed]) - now
    if wait:
        return wait
    wrong = {key: rows[key]["wrong"] + 1 if key in rows else 1 for key in free}
    put_rows(conn, _TRIES, [_row(key, wrong[key], free[key], now) for key in free])
    forget_old(conn, now)
    return _NO_WAIT


def end_try(conn: Connection, name: str, address: str, now: dt.datetime) -> None:
    """The password was right: take the count back and remember the place."""
    forget_tries(conn, name)
    of_address = _TRIES.c.key == f"from {_network(address)}"
    fewer = {"wrong": _TRIES.c.wrong - 1, "closed_until": now}
    conn.execute(update(_TRIES).where(of_address, _TRIES.c.wrong > 0).values(fewer))
    place = {"name": name, "address": _network(address), "last_at": now}
    put_rows(conn, _PLACES, [place])


def forget_old(conn: Connection, now: dt.datetime) -> int:
    """Drop tries and places that count no more; returns how many."""
    tries = delete(_TRIES).where(_TRIES.c.last_at < now - MEMORY)
    places = delete(_PLACES).where(_PLACES.c.last_at < now - OWN_PLACE)
    return conn.execute(tries).rowcount + conn.execute(places).rowcount


def wait_after(wrong: int, free: int) -> dt.timedelta:
    """How long the next try waits after so many wrong ones."""
    if wrong < free:
        return _NO_WAIT
    doublings = min(wrong - free, _MOST_DOUBLINGS)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def _free_tries(
    conn: Connection, name: str, address: str, now: dt.datetime
) -> Mapping[str, int]:
    """The counts that this try is part of, and how many wrong ones each lets pass."""
    network = _network(address)
    free = {f"both {name} {network}": FREE_TRIES}
    if not _is_own_place(conn, name, network, now):
        free[f"user {name}"] = FREE_TRIES_OF_MANY
    if not _is_this_machine(address):
        free[f"from {network}"] = FREE_TRIES_OF_MANY
    return free


def _counted(
    conn: Connection, keys: list[str], now: dt.datetime
) -> dict[str, RowMapping]:
    recent = select(_TRIES).where(
        _TRIES.c.key.in_(keys), _TRIES.c.last_at >= now - MEMORY
    )
    return {row["key"]: row for row in conn.execute(recent).mappings()}


def _row(key: str, wrong: int, free: int, now: dt.datetime) -> dict[str, object]:
    closed_until = now + wait_after(wrong, free)
    return {"key": key, "wrong": wrong, "last_at": now, "closed_until": closed_until}


def _is_own_place(conn: Connection, name: str, network: str, now: dt.datetime) -> bool:
    mine = select(_PLACES.c.name).where(
        _PLACES.c.name == name,
        _PLACES.c.address == network,
        _PLACES.c.last_at >= now - OWN_PLACE,
    )
    return conn.execute(mine).first() is not None


def _network(address: str) -> str:
    """An IPv6 host has billions of addresses in its network: they count as one."""
    parsed = _parsed(address)
    if not isinstance(parsed, ipaddress.IPv6Address):
        return address
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))


def _is_this_machine(address: str) -> bool:
    """A proxy that names no sender would otherwise make one address of everybody."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None

"""The proof of what was forgotten: when, up to when, and how much; never of whom."""

from __future__ import annotations

import datetime as dt
import secrets
from collections import Counter

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from sync.hub.store import schema

_RUNS = schema.privacy_runs


class Run(msgspec.Struct, frozen=True):
    """One purge or erasure. `ended_at` None: at work, or killed; the counts hold.

    `forgotten`: links by where they stood. `kept`: what had to stay, by the reason.
    """

    run: str
    kind: str
    who: str
    started_at: dt.datetime
    cut_off: dt.datetime
    ended_at: dt.datetime | None
    forgotten: dict[str, int]
    kept: dict[str, int]


def begin(
    conn: Connection, kind: str, who: str, cut_off: dt.datetime, now: dt.datetime
) -> str:
    """Note that links are about to be forgotten; returns the run's name."""
    run = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    row = {
        "run_id": run,
        "kind": kind,
        "who": who,
        "started_at": now,
        "cut_off": cut_off,
        "forgotten": "{}",
        "kept": "{}",
    }
    conn.execute(insert(_RUNS), [row])
    return run


def count(
    conn: Connection,
    run: str,
    forgotten: Counter[str],
    kept: Counter[str],
    ended_at: dt.datetime | None = None,
) -> None:
    """Write down how far it came; in the transaction that forgets."""
    values = {
        "forgotten": _text(forgotten),
        "kept": _text(kept),
        "ended_at": ended_at,
    }
    conn.execute(update(_RUNS).where(_RUNS.c.run_id == run).values(**values))


def runs(conn: Connection, limit: int = 50) -> list[Run]:
    """The latest, the newest first."""
    query = select(_RUNS).order_by(_RUNS.c.started_at.desc(), _RUNS.c.run_id)
    return [_run(row) for row in conn.execute(query.limit(limit)).mappings()]


def last_purge(conn: Connection) -> Run | None:
    """The latest purge that came to its end."""
    done = (_RUNS.c.kind == "purge") & _RUNS.c.ended_at.is_not(None)
    query = select(_RUNS).where(done).order_by(_RUNS.c.cut_off.desc()).limit(1)
    row = conn.execute(query).mappings().first()
    return None if row is None else _run(row)


def _text(counts: Counter[str]) -> str:
    return msgspec.json.encode(dict(counts), order="sorted").decode()


def _run(row: RowMapping) -> Run:
    return Run(
        run=row["run_id"],
        kind=row["kind"],
        who=row["who"],
        started_at=row["started_at"],
        cut_off=row["cut_off"],
        ended_at=row["ended_at"],
        forgotten=msgspec.json.decode(row["forgotten"]),
        kept=msgspec.json.decode(row["kept"]),
    )

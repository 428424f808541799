"""What a run of an import made and changed, written beside each change.

Of a row that was made stands a fingerprint; of one that was changed, also what was
there before. So a row that somebody changed since is recognised and left alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from sync.hub.county import audit
from sync.hub.county.audit import Actor
from sync.hub.refusal import Refusal
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.rows import add_rows

Value = TypeVar("Value")
_RUNS, _CHANGES = schema.import_runs, schema.import_changes
_DIGEST_SIGNS = 16


class NoSuchRun(Refusal, LookupError):
    """No run of an import has this id."""


class RunLine(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `left`: how many of its changes have not been undone."""

    run: str
    kind: str
    file: str
    started_by: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    undone_at: dt.datetime | None
    left: int
    report: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Written(Generic[Value]):
    """One row that was written; `before` is None for one that was made."""

    key: str
    before: Value | None
    after: Value


@dataclass
class Journal:
    """The changes of one run, in the order in which they were made."""

    run: str
    seq: int = 0

    def note(
        self, conn: Connection, kind: str, writings: Iterable[Written[Any]]
    ) -> None:
        """Add changes in the transaction that makes them."""
        add_rows(conn, _CHANGES, [self._row(kind, written) for written in writings])

    def _row(self, kind: str, written: Written[Any]) -> dict[str, object]:
        self.seq += 1
        before = former(written.before, written.after)
        return {
            "run_id": self.run,
            "seq": self.seq,
            "kind": kind,
            "key": written.key,
            "before": msgspec.json.encode(before).decode() if before else "",
            "after": fingerprint(written.after, before),
        }


def former(before: object | None, after: object) -> dict[str, object]:
    """The fields that were overwritten, as they were; empty for what was made."""
    if before is None:
        return {}
    new: dict[str, object] = msgspec.to_builtins(after)
    old: dict[str, object] = msgspec.to_builtins(before)
    return {name: value for name, value in old.items() if value != new[name]}


def fingerprint(value: object, fields: Iterable[str] = ()) -> str:
    """What these fields of a value hold, or all of them, in a few signs."""
    content: dict[str, object] = msgspec.to_builtins(value)
    wanted = sorted(fields) or sorted(content)
    text = msgspec.json.encode([(name, content[name]) for name in wanted])
    return hashlib.sha256(text).hexdigest()[:_DIGEST_SIGNS]


def begin_run(
    database: Database, kind: str, file: str, who: Actor, now: dt.datetime
) -> Journal:
    """Note that an import begins; what it stored stays known even if it is killed."""
    run = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    row = {
        "run_id": run,
        "kind": kind,
        "file": file,
        "started_by": who.name,
        "started_at": now,
        "report": "{}",
    }
    with database.writing() as conn:
        conn.execute(insert(_RUNS), [row])
        audit.note(
            conn, who, "import.begin", f"import:{run}", now, after={"kind": kind}
        )
    return Journal(run)


def end_run(
    database: Database, run: str, figures: dict[str, int], now: dt.datetime
) -> None:
    text = msgspec.json.encode(figures).decode()
    with database.writing() as conn:
        conn.execute(
            update(_RUNS).where(_RUNS.c.run_id == run).values(ended_at=now, report=text)
        )


def runs(conn: Connection) -> list[RunLine]:
    """Every run, the newest first."""
    counted = select(_CHANGES.c.run_id, func.count().label("left"))
    left = counted.group_by(_CHANGES.c.run_id).subquery()
    rows = conn.execute(
        select(_RUNS, func.coalesce(left.c.left, 0).label("left"))
        .outerjoin(left, left.c.run_id == _RUNS.c.run_id)
        .order_by(_RUNS.c.started_at.desc(), _RUNS.c.run_id)
    )
    return [_line(row) for row in rows.mappings()]


def changes(
    conn: Connection, run: str, before_seq: int, limit: int
) -> Sequence[RowMapping]:
    """Changes that are not undone, the last ones first."""
    query = select(_CHANGES).where(
        _CHANGES.c.run_id == run, _CHANGES.c.seq < before_seq
    )
    rows = conn.execute(query.order_by(_CHANGES.c.seq.desc()).limit(limit))
    return rows.mappings().all()


def forget(conn: Connection, run: str, seqs: Sequence[int]) -> None:
    """Take out changes that are undone."""
    conn.execute(
        delete(_CHANGES).where(_CHANGES.c.run_id == run, _CHANGES.c.seq.in_(seqs))
    )


def check_run(conn: Connection, run: str) -> None:
    """Raises NoSuchRun."""
    found = conn.execute(select(_RUNS.c.run_id).where(_RUNS.c.run_id == run)).first()
    if found is None:
        raise NoSuchRun(f"there is no import run {run!r}")


def close_undo(conn: Connection, run: str, now: dt.datetime) -> None:
    conn.execute(update(_RUNS).where(_RUNS.c.run_id == run).values(undone_at=now))


def _line(row: RowMapping) -> RunLine:
    return RunLine(
        run=row["run_id"],
        kind=row["kind"],
        file=row["file"],
        started_by=row["started_by"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        undone_at=row["undone_at"],
        left=row["left"],
        report=msgspec.Raw(row["report"].encode()),
    )

"""A PostgreSQL hub by PostgreSQL's own programs, in its custom format."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, text

from sync.hub.backup.archive import BadBackup, Content
from sync.hub.backup.content import content_of, tables_of
from sync.hub.store.database import Database

_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
#: Functions of triggers, say; not those that an extension brought.
_ROUTINES = text(
    "SELECT oid::regprocedure::text FROM pg_proc"
    " WHERE pronamespace = current_schema()::regnamespace AND NOT EXISTS"
    " (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
)
#: Whoever may not read or own something in the source must not stop the copy.
_NOBODYS = ("--no-owner", "--no-privileges")


def dump(database: Database, target: Path) -> Content:
    """Copy the database as it is at one moment; return what was in it then."""
    with database.reading() as conn:
        snapshot = conn.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        where = ("--snapshot", snapshot, "--file", str(target))
        _run("pg_dump", database.engine.url, "--format=custom", *_NOBODYS, *where)
        return content_of(conn)


def put_back(database: Database, dumped: Path, rows: Mapping[str, int]) -> None:
    """Replace all that is in a database by a dump, in one transaction.

    Raises BadBackup, also if a table has not so many `rows` in the end; then all is
    as it was.
    """
    script, emptying = dumped.with_name("restore.sql"), dumped.with_name("empty.sql")
    counting = dumped.with_name("count.sql")
    _run("pg_restore", None, *_NOBODYS, "--file", str(script), str(dumped))
    with database.engine.connect() as conn:
        if conn.execute(_OTHERS).scalar_one():
            raise BadBackup("others are connected to this database: stop the hub first")
        emptying.write_text(_drop_all(conn), encoding="utf-8")
        counting.write_text(_count_all(conn, rows), encoding="utf-8")
    steps = (emptying, script, counting)
    files = [word for step in steps for word in ("--file", str(step))]
    quiet = ("--no-psqlrc", "--quiet", "--output", os.devnull)
    whole = ("--single-transaction", "--set", "ON_ERROR_STOP=1")
    _run("psql", database.engine.url, *quiet, *whole, *files)


@contextmanager
def scratch(url: URL) -> Iterator[URL]:
    """An empty database on the same server, dropped afterwards. Needs CREATEDB there."""
    name = f"tongjie_check_{secrets.token_hex(6)}"
    with _outside_transactions(url) as conn:
        conn.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        try:
            yield url.set(database=name)
        finally:
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _outside_transactions(url: URL) -> Iterator[Connection]:
    database = Database(url.render_as_string(hide_password=False))
    try:
        with database.engine.connect() as conn:
            yield conn.execution_options(isolation_level="AUTOCOMMIT")
    finally:
        database.close()


def _drop_all(conn: Connection) -> str:
    quote = conn.dialect.identifier_preparer.quote_identifier
    tables = [f"TABLE {quote(name)}" for name in tables_of(conn)]
    routines = [f"ROUTINE {name}" for name in conn.execute(_ROUTINES).scalars()]
    return "".join(f"DROP {what} CASCADE;\n" for what in (*tables, *routines))


def _count_all(conn: Connection, rows: Mapping[str, int]) -> str:
    """Fails at a table with other rows; the dump leaves no search path to go by."""
    quote = conn.dialect.identifier_preparer.quote_identifier
    schema = quote(conn.execute(text("SELECT current_schema()")).scalar_one())
    checks = [
        f"IF (SELECT count(*) FROM {schema}.{quote(name)}) <> {count:d} THEN"  # noqa: S608  (quoted)
        f" RAISE EXCEPTION 'not whole: other numbers of rows in %', {_text(name)};"
        " END IF;\n"
        for name, count in sorted(rows.items())
    ]
    return "DO $count$ BEGIN\n" + "".join(checks) + "END $count$;\n"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _run(program: str, url: URL | None, *arguments: str) -> None:
    """Call one of PostgreSQL's programs. Raises BadBackup with what it said."""
    found = shutil.which(program)
    if found is None:
        detail = f"{program} is missing: install PostgreSQL's client programs"
        raise BadBackup(detail)
    command, environment = [found, *arguments], dict(os.environ)
    if url is not None:
        plain = url._replace(drivername="postgresql", password=None)
        command += ["--dbname", plain.render_as_string()]
        if url.password:
            environment["PGPASSWORD"] = str(url.password)  # others can't read it there
    done = subprocess.run(  # noqa: S603  (a program of PostgreSQL, no shell)
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BadBackup(f"{program}: {done.stderr.strip()}")

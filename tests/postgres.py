"""A PostgreSQL server of our own, on a Unix socket in a temporary folder."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.waiting import eventually

#: Debian keeps the server's programs out of the search path, a folder per version.
_DEBIAN = Path("/usr/lib/postgresql")
_STOP_S = 30.0


class Missing(RuntimeError):
    """There is no PostgreSQL to start; the text says what is missing."""


class Postgres:
    """One server process; it may be stopped, killed and started again."""

    def __init__(self, folder: Path, *, fsync: bool) -> None:
        """Make a new cluster in `folder`. Raises Missing. `fsync`: survive a power cut."""
        self._folder = folder
        self._fsync = fsync
        self._programs = _programs()
        self._process: subprocess.Popen[bytes] | None = None
        self._as_user = _unprivileged()
        if self._as_user:
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def start(self) -> None:
        """Return once it answers."""
        arguments = ["-c", "listen_addresses=", "-k", str(self._folder)]
        durable = "on" if self._fsync else "off"
        arguments += ["-c", f"fsync={durable}", "-c", "max_connections=60"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *arguments],
                stdout=log,
                stderr=log,
                **self._as_user,
            )
        eventually(self._answers, "PostgreSQL answers")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends it in order; SIGQUIT at once, as a crash does."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(timeout=_STOP_S)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a new database, a copy of `template`, dropped afterwards."""
        name = f"tongjie_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield self.url(name)
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        with self._connect() as connection:
            connection.execute(statement.encode())

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self._folder), user="postgres", dbname="postgres", autocommit=True
        )

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, "-D", self._data, *arguments],
            check=True,
            capture_output=True,
            **self._as_user,
        )


@contextmanager
def postgres_server(*, fsync: bool = False) -> Iterator[Postgres]:
    """A started server; only what was started here is ended. Raises Missing."""
    folder = Path(tempfile.mkdtemp(prefix="tongjie-pg-"))
    try:
        server = Postgres(folder, fsync=fsync)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder)


def postgres_or_skip() -> Iterator[Postgres]:
    """What a fixture yields: a server, or a skip that names what is missing."""
    try:
        _programs()
        _unprivileged()
    except Missing as err:
        pytest.skip(str(err))
    with postgres_server() as server:
        yield server


def _programs() -> Path:
    found: Sequence[Path] = sorted(_DEBIAN.glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    in_path = shutil.which("initdb")
    if in_path is None:
        raise Missing("PostgreSQL is not installed: no initdb (Debian: postgresql)")
    return Path(in_path).parent


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; its own user must do it."""
    if os.geteuid() != 0:
        return {}
    try:
        pwd.getpwnam("postgres")
    except KeyError as err:
        raise Missing("as root PostgreSQL needs the user postgres") from err
    return {"user": "postgres", "group": "postgres", "extra_groups": []}

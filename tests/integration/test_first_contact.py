"""A point that boots in 1970 and meets its hub later; the hub has the true time."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import create_engine, select, text

from kiosk.identity import Identity, save_identity
from kiosk.store.ledger import SqliteLedger
from kiosk.store.mirror import MirrorReader
from sync.hub.store import schema
from sync.keys import box_hex, key_path, load_or_make_key, public_hex
from sync.protocol import Enrol, Enrolled
from tests.integration.hub_server import Client, Server, server

__all__ = ["server"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not there"),
]
#: The machine starts with this wall clock; its counting clocks stay true.
IN_1970 = ["faketime", "-f", "@1970-01-01 00:00:20"]
LENT = "YL0001"


@pytest.fixture
def folder(server: Server, tmp_path: Path) -> Path:
    """The data folder of a device that is enrolled and knows the county."""
    key = load_or_make_key(key_path(tmp_path))
    client = Client(server.url, key, public_hex(key))
    body = Enrol(code=server.code(), public_key=public_hex(key), box_key=box_hex(key))
    answer = client.call("POST", "/v1/enrol", body)
    enrolled = msgspec.json.decode(answer.content, type=Enrolled)
    identity = Identity(enrolled.kiosk_id, enrolled.site_id, enrolled.hub_key)
    save_identity(tmp_path, identity)
    SqliteLedger(tmp_path / "ledger.db", enrolled.kiosk_id).close()
    _config(tmp_path, server.url)
    _run([], "-m", "kiosk", *_sync(tmp_path))
    _forget_this_boot(tmp_path)
    return tmp_path


@pytest.mark.fault("O29")
def test_loan_of_1970_gets_its_true_time_at_first_contact(
    server: Server, folder: Path, record_property: Any
) -> None:
    told = json.loads(
        _run(IN_1970, "-m", "tests.integration.clockless", str(folder), LENT)
    )
    true = _true_time(told["boottime_ns"])
    time.sleep(1)  # so that taking the time of arrival for it would show

    _run(IN_1970, "-m", "kiosk", *_sync(folder))

    assert told["told"] == "line.date_follows"
    assert (told["wall"][:4], told["quality"]) == ("1970", "guessed")
    fact = _fact(server)
    error_s = (fact["at"] - true).total_seconds()
    record_property("error_s", error_s)
    sys.stdout.write(f"corrected to {error_s:+.3f} s\n")
    assert abs(error_s) <= 2
    assert fact["earliest"] <= true <= fact["latest"]
    assert fact["clock"] == "synced"
    (loan,) = _mirrored_loans(folder)
    assert (loan.due_on - true.date()).days in range(29, 33)


def _true_time(boottime_ns: int) -> dt.datetime:
    passed_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - boottime_ns
    return dt.datetime.now(dt.UTC) - dt.timedelta(microseconds=passed_ns // 1000)


def _sync(folder: Path) -> list[str]:
    return ["sync", "--config", str(folder / "kiosk.toml"), "--once"]


def _config(folder: Path, hub: str) -> None:
    lines = f'data = "{folder}"\n[sync]\nhub = "{hub}"\n'
    (folder / "kiosk.toml").write_text(lines)


def _run(clock: list[str], *arguments: str) -> str:
    done = subprocess.run(
        [*clock, sys.executable, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
        env={
            **os.environ,
            "PYTHONPATH": str(Path.cwd()),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
    )
    return done.stdout


def _forget_this_boot(folder: Path) -> None:
    """What the hub told so far was in an earlier boot."""
    engine = create_engine(f"sqlite:///{folder / 'mirror.db'}")
    with engine.begin() as conn:
        conn.execute(text("UPDATE feed SET boot_id = 'an-earlier-boot'"))
    engine.dispose()


def _fact(server: Server) -> dict[str, Any]:
    with server.database.reading() as conn:
        query = select(schema.facts).where(schema.facts.c.item == LENT)
        return dict(conn.execute(query).mappings().one())


def _mirrored_loans(folder: Path) -> list[Any]:
    loan = MirrorReader(folder / "mirror.db").loan_of(LENT)
    return [loan] if loan else []

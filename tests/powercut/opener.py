"""Opens a ledger: makes, salvages or upgrades it, whichever is due.

    python -m tests.powercut.opener FOLDER this|next

The `next` version has one step of the schema more than this one.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from kiosk import logs
from kiosk.store import ledger_checks, ledger_opening, ledger_reader
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_schema import UPGRADES
from tests.integration.store_samples import KIOSK
from tests.powercut.writing import await_word, say


def take_next_version() -> None:
    """Let this process be of a version whose schema is one step further."""
    upgrades = (*UPGRADES, _next_version)
    for module in (ledger_checks, ledger_opening, ledger_reader):
        vars(module)["UPGRADES"] = upgrades


def _next_version(connection: Connection) -> None:
    """Copies every event, as a step may; a second time it would fail."""
    connection.exec_driver_sql("CREATE TABLE upgraded AS SELECT * FROM event")
    connection.exec_driver_sql(f"PRAGMA user_version = {len(UPGRADES) + 1}")


def main(folder: Path, version: str) -> None:
    logs.configure()  # to standard error
    if version == "next":
        take_next_version()
    await_word()
    with closing(SqliteLedger(folder / "ledger.db", KIOSK)) as ledger:
        say("done", ledger.head().seq)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

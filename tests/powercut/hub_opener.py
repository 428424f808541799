"""Upgrades a hub's database: python -m tests.powercut.hub_opener FOLDER"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from sync.hub.migrations import steps  # noqa: F401  (imported before the clock runs)
from sync.hub.store.database import Database
from sync.hub.store.upgrade import upgrade
from tests.powercut.writing import await_word, say


def main(folder: Path) -> None:
    await_word()
    with closing(Database(f"sqlite:///{folder / 'hub.db'}")) as database:
        upgrade(database)
    say("done")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

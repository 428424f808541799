"""Where the ledger lies, and how a new one takes its place.

`ledger.db` is never created in place. A new one is built as `ledger.building.db`
and, once whole, renamed to `ledger.ready.db`; from then on a file that lies at
`ledger.db` is the damaged one. So a power cut at any point loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from kiosk.durable import flush


@dataclass(frozen=True, slots=True)
class LedgerFiles:
    """Where the ledger and what belongs to it lie."""

    db: Path

    @property
    def lock(self) -> Path:
        return self.db.with_suffix(".lock")

    @property
    def building(self) -> Path:
        return self.db.with_suffix(".building.db")

    @property
    def ready(self) -> Path:
        return self.db.with_suffix(".ready.db")

    def damaged(self, number: int) -> Path:
        return self.db.with_suffix(f".damaged-{number}.db")

    def free_number(self) -> int:
        """The first number that no damaged file has yet; from 1."""
        return next(
            number
            for number in count(1)
            if not self.damaged(number).exists()
            and not wal_of(self.damaged(number)).exists()
        )

    def clear_site(self) -> Path:
        """Where to build a new ledger; what a power cut left there is removed."""
        for path in (self.building, wal_of(self.building), shm_of(self.building)):
            path.unlink(missing_ok=True)
        return self.building

    def mark_ready(self) -> None:
        """Say by its name that the new ledger is whole; it must be closed."""
        self.building.replace(self.ready)
        flush(self.db.parent)

    def install(self) -> None:
        """Put the new ledger in its place; whatever lies there is set aside."""
        aside = self.damaged(self.free_number())
        shm_of(self.db).unlink(missing_ok=True)
        for path, name in ((wal_of(self.db), wal_of(aside)), (self.db, aside)):
            if path.exists():
                path.replace(name)
        self.ready.replace(self.db)
        flush(self.db.parent)


def wal_of(db: Path) -> Path:
    return db.with_name(db.name + "-wal")


def shm_of(db: Path) -> Path:
    return db.with_name(db.name + "-shm")

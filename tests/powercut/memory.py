"""What a point was heard to promise, remembered outside its disk: it plays the hub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from sync.protocol import AckedThrough, Event
from tests.powercut.findings import Findings

KIOSK = "K-1"
_MOST_EVENTS = 1_000_000
Chains = Mapping[str, Sequence[Event]]


@dataclass
class Memory:
    """By epoch and seq the hash that was acknowledged; each stands for all before it."""

    heads: dict[str, dict[int, str]] = field(default_factory=dict)
    acked: AckedThrough | None = None
    #: How many events the use case records that was under way.
    under_way: int = 0

    def hear(self, lines: Sequence[Sequence[str]]) -> Findings:
        """Take in what the point said before one cut."""
        heard = Findings(cuts=1)
        self.under_way = 0
        for what, *words in lines:
            if what == "begin":
                self.under_way = int(words[0])
            else:
                heard.acked += self.under_way
                heard.reused += self._learn(words[0], int(words[1]), words[2])
                self.under_way = 0
        return heard

    def check(self, folder: Path, *, tell: bool) -> Findings:
        """Open the ledger as a kiosk does after a power cut, and compare.

        `tell`: the mirror still holds how far the hub had got.
        """
        path = folder / "ledger.db"
        with closing(SqliteLedger(path, KIOSK, self.acked if tell else None)) as ledger:
            began, fault = ledger.opening.began, ledger.opening.fault
            faults = [fault, ledger.first_break(), _sqlite_fault(ledger)]
        reader = LedgerReader(path)
        chains = {
            epoch: reader.events_after(epoch, 0, _MOST_EVENTS)
            for epoch in reader.epochs()
        }
        lost = sum(self._lost(chains, epoch) for epoch in self.heads)
        return Findings(
            lost=lost,
            losing_cuts=int(lost > 0),
            reused=self._reused(chains),
            faults=[text for text in faults if text],
            began=Counter([began.value] if began else []),
            **self._tail(chains),
        )

    def _learn(self, epoch: str, seq: int, digest: str) -> bool:
        """Returns whether this number was acknowledged before, for something else."""
        known = self.heads.setdefault(epoch, {}).setdefault(seq, digest)
        self.acked = AckedThrough(epoch=epoch, seq=seq, hash=digest)
        return known != digest

    def _lost(self, chains: Chains, epoch: str) -> int:
        there = {event.seq: event.hash for event in chains.get(epoch, ())}
        promised = self.heads[epoch]
        good = [seq for seq, digest in promised.items() if there.get(seq) == digest]
        return max(promised) - max(good, default=0)

    def _reused(self, chains: Chains) -> int:
        return sum(
            self.heads.get(epoch, {}).get(event.seq, event.hash) != event.hash
            for epoch, chain in chains.items()
            for event in chain
        )

    def _tail(self, chains: Chains) -> dict[str, int]:
        """What is there beyond the last promise: nothing, or all that was under way."""
        if self.acked is None:
            tail = sum(len(chain) for chain in chains.values())
        else:
            tail = len(chains.get(self.acked.epoch, ())) - self.acked.seq
        return {"in_doubt": int(tail > 0), "torn": tail > 0 and tail != self.under_way}


def _sqlite_fault(ledger: SqliteLedger) -> str | None:
    with ledger._engine.connect() as connection:
        check = connection.exec_driver_sql("PRAGMA integrity_check")
        verdict = str(check.scalar_one())
    return None if verdict == "ok" else verdict

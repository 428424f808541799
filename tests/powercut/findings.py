"""What power cuts did to what had been promised."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Findings:
    """Sums over cuts. `faults`: damage that a power cut must never leave behind.

    `in_doubt` counts cuts after which one transaction was there that nobody had been
    told of; `torn` those after which it was there in part, or more than it.
    """

    cuts: int = 0
    acked: int = 0
    lost: int = 0
    losing_cuts: int = 0
    reused: int = 0
    in_doubt: int = 0
    torn: int = 0
    faults: list[str] = field(default_factory=list)
    began: Counter[str] = field(default_factory=Counter)

    def add(self, other: Findings) -> None:
        self.cuts += other.cuts
        self.acked += other.acked
        self.lost += other.lost
        self.losing_cuts += other.losing_cuts
        self.reused += other.reused
        self.in_doubt += other.in_doubt
        self.torn += other.torn
        self.faults += other.faults
        self.began += other.began

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing torn, no number given twice, nothing damaged."""
        return not (self.lost or self.reused or self.torn or self.faults)

    def __str__(self) -> str:
        began = ", ".join(f"{why} {n}" for why, n in sorted(self.began.items()))
        return (
            f"{self.cuts} cuts, {self.acked} acknowledged, {self.lost} lost in "
            f"{self.losing_cuts} cuts, {self.reused} numbers reused, {self.in_doubt} "
            f"in doubt, {self.torn} torn, new epochs: {began or 'none'}, "
            f"faults: {self.faults or 'none'}"
        )

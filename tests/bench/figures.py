"""A figure with what stands beside it, and the table of all of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec

_HEADINGS = ("figure", "value", "beside it", "ratio", "aim", "")


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One result. `beside`: what `reference`, in the same unit, is the figure of.

    `aim` is an upper limit of the value, or of the ratio when `aim_is_ratio`; a
    lower one when `at_least`.
    """

    name: str
    unit: str
    value: float
    rounds: int
    beside: str = ""
    reference: float | None = None
    aim: float | None = None
    aim_is_ratio: bool = False
    at_least: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.reference if self.reference else None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None for a figure without one."""
        judged = self.ratio if self.aim_is_ratio else self.value
        if self.aim is None or judged is None:
            return None
        return judged >= self.aim if self.at_least else judged <= self.aim


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A figure as it stands in the JSON file, with what follows from it."""

    figure: Figure
    ratio: float | None
    met: bool | None


def reports(figures: Sequence[Figure]) -> list[Report]:
    return [Report(figure=each, ratio=each.ratio, met=each.met) for each in figures]


def table(figures: Sequence[Figure]) -> str:
    """All figures as text, notes below."""
    rows = [_HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    notes = [f"{each.name}: {each.note}" for each in figures if each.note]
    return "\n".join(line.rstrip() for line in [*lines, "", *notes])


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed; never one that was not measured."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]


def milliseconds(seconds: Sequence[float]) -> float:
    """The median of durations in seconds, in ms."""
    return statistics.median(seconds) * 1000


def _row(figure: Figure) -> tuple[str, ...]:
    unit = figure.unit
    beside = "" if figure.reference is None else f"{figure.reference:.2f} {unit}"
    return (
        figure.name,
        f"{figure.value:.2f} {unit}",
        f"{beside} ({figure.beside})" if beside else "",
        "" if figure.ratio is None else f"{figure.ratio:.2f}×",
        _aim(figure),
        {True: "met", False: "not met", None: ""}[figure.met],
    )


def _aim(figure: Figure) -> str:
    if figure.aim is None:
        return ""
    limit = "≥" if figure.at_least else "≤"
    return f"{limit} {figure.aim:g}{'×' if figure.aim_is_ratio else f' {figure.unit}'}"

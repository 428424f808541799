"""What follows from the facts about some items: loans, whereabouts, holds, transfers.

Everything here is worked out from all facts known, never from the order in which
they came. An item's loans come first; the limits of its readers, the holds on its
title and the way that it has to go follow from them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sync.hub.circulation import holds, limits, shelf
from sync.hub.circulation.facts import Finding, History, provisional_title
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.transfers import following as transfers


@dataclass(frozen=True, slots=True)
class Outlook:
    """An item's history as it is now, and all that was found on the way."""

    history: History
    findings: tuple[Finding, ...]


def follow(
    work: UnitOfWork,
    item: str,
    now: dt.datetime,
    new: str | None = None,
    dated: Collection[str] = (),
) -> Outlook:
    """Store what follows; `new` is the fact that came, None if some were `dated` anew.

    The limits of the readers are left for `limits.settle`, when all has come.
    Their readers' cases tell by which clock, even if no loan has changed by it.
    """
    played = shelf.play(work, item, now, new)
    for loan in played.history.loans:
        if loan.loan_id in dated:
            work.loans_before.setdefault(loan.loan_id, loan)
    findings = list(played.findings)
    begun = played.history.begun_by(new) if new else None
    if begun is not None:
        findings += limits.against(work, begun)
    record = work.item(item)
    title_id = record.title_id if record else provisional_title(item)
    findings += holds.review(work, title_id, now)
    transfers.review(work, item, played.handled)
    return Outlook(played.history, tuple(findings))


def follow_all(
    work: UnitOfWork,
    items: Iterable[str],
    now: dt.datetime,
    dated: Collection[str] = (),
) -> None:
    """Store what follows after facts about these items were dated anew.

    A hold on a title has no item: the titles that readers wait for are looked at.
    """
    for item in items:
        if item:
            follow(work, item, now, dated=dated)
        else:
            for title_id in holds.titles(work):
                holds.review(work, title_id, now)
    limits.settle(work, now)

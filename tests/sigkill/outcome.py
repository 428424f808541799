"""What is left of what was promised after all the kills."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from kiosk.store.ledger import SqliteLedger
from tests.ledgers import every_event, happened
from tests.sigkill.county import County


@dataclass(frozen=True, slots=True)
class Outcome:
    """Compares point and hub, event by event. `fault`: what is wrong with the ledger."""

    kills: int
    acknowledged: int
    lost: int
    doubled: int
    missing_at_hub: int
    unknown_to_point: int
    wrong_loans: int
    fault: str | None

    @property
    def clean(self) -> bool:
        wrong = (self.lost, self.doubled, self.missing_at_hub)
        return not (
            any(wrong) or self.unknown_to_point or self.wrong_loans or self.fault
        )


def outcome(county: County) -> Outcome:
    """Look when the county has settled."""
    events = every_event(county.ledger)
    there = {(event.epoch, event.seq, event.hash) for event in events}
    ids, held = {event.event_id for event in events}, county.hub_events()
    acknowledged, loans = county.acknowledged(), county.hub_loans()
    return Outcome(
        kills=county.kills.total(),
        acknowledged=max((seq for _, seq, _ in acknowledged), default=0),
        lost=len(set(acknowledged) - there),
        doubled=len(held) - len(set(held)) + len(loans) - len(set(loans)),
        missing_at_hub=len(ids - set(held)),
        unknown_to_point=len(set(held) - ids),
        wrong_loans=len(happened(events) ^ set(loans)),
        fault=_fault(county),
    )


def _fault(county: County) -> str | None:
    kiosk_id = every_event(county.ledger)[0].kiosk_id
    with closing(SqliteLedger(county.ledger, kiosk_id)) as ledger:
        if ledger.opening.began is not None:
            return f"a new epoch: {ledger.opening.began}"
        return ledger.opening.fault or ledger.first_break()

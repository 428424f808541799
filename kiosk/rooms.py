"""What the dispatcher works with: one object for each thing it must get done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kiosk.contacts import Contacts
from kiosk.epoch_desk import EpochDesk
from kiosk.healer import Healer
from kiosk.loan_desk import LoanDesk
from kiosk.pad_cards import PadCards
from kiosk.pads import PadRoom
from kiosk.presenter import Surroundings
from kiosk.print_desk import PrintDesk
from kiosk.renew_desk import RenewDesk
from kiosk.return_desk import ReturnDesk
from kiosk.scribe import Scribe
from kiosk.service.accounts import Accounts
from kiosk.service.daybook import Daybook
from kiosk.service.identification import Identification
from kiosk.service.ports import Moment
from kiosk.signals import Signals
from kiosk.storage_desk import StorageDesk
from kiosk.upkeep import Upkeep


@dataclass(frozen=True, slots=True)
class Rooms:
    """Only the dispatcher's own thread enters them."""

    pads: PadRoom
    scribe: Scribe
    loans: LoanDesk
    renewals: RenewDesk
    accounts: Accounts
    returns: ReturnDesk
    healer: Healer
    daybook: Daybook
    identification: Identification
    pad_cards: PadCards
    printing: PrintDesk
    signals: Signals
    contacts: Contacts
    storage: StorageDesk
    upkeep: Upkeep
    epochs: EpochDesk
    surroundings: Callable[[frozenset[str], Moment], Surroundings]
    ring: Callable[[], None]

    @property
    def deadlines(self) -> list[float | None]:
        """When each has something to do though no message comes (monotonic s)."""
        return [
            self.loans.deadline,
            self.renewals.deadline,
            self.scribe.deadline,
            self.healer.deadline,
            self.printing.deadline,
            self.contacts.deadline,
            self.upkeep.deadline,
        ]

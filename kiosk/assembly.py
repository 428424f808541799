"""Puts the rooms of the dispatcher together from the configuration."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from drivers.api import BadOptions, Driver
from drivers.registry import create
from kiosk.around import Around, HubLink
from kiosk.asking import Asking
from kiosk.config import Config, Device
from kiosk.contacts import Contacts
from kiosk.domain.pad import Patience
from kiosk.domain.session import Manners
from kiosk.epoch_desk import EpochDesk, diverged_in
from kiosk.healer import Healer
from kiosk.ids import RANDOM_BYTES, uuid7
from kiosk.loan_desk import LoanDesk
from kiosk.pad_cards import PadCards
from kiosk.pads import PadRoom
from kiosk.print_desk import PrintDesk, Say
from kiosk.renew_desk import RenewDesk
from kiosk.return_desk import ReturnDesk
from kiosk.rooms import Rooms
from kiosk.runner import DeviceRunner
from kiosk.scribe import Scribe
from kiosk.service.accounts import Accounts
from kiosk.service.classify import read_stack
from kiosk.service.daybook import Daybook
from kiosk.service.identification import Identification
from kiosk.service.knowledge import Knowledge
from kiosk.service.lending import Lending
from kiosk.service.ports import Ledger, Mirror, Moment, NoSpace
from kiosk.service.renewing import Renewing
from kiosk.service.retention import Retention
from kiosk.service.returning import Returning
from kiosk.service.security import Custodian
from kiosk.signals import Signals
from kiosk.storage_desk import StorageDesk
from kiosk.upkeep import Upkeep

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outside:
    """What the rooms reach: both databases, the clock, the agent's bell, words, room."""

    ledger: Ledger
    mirror: Mirror
    now: Callable[[], Moment]
    ring: Callable[[], None]
    say: Say
    give_up_reserve: Callable[[], bool]


def rooms(
    config: Config, site_id: str, outside: Outside, runners: Mapping[str, DeviceRunner]
) -> Rooms:
    """Make the rooms; withdraws first what a crash left open. Raises LedgerError."""
    knowledge = Knowledge(outside.ledger, outside.mirror)
    writers = {name: r for name, r in runners.items() if r.writes_tags}
    daybook = Daybook(knowledge, site_id, outside.now, new_id, bool(writers))
    custodian = Custodian(knowledge)
    _withdraw_open_asks(daybook)
    accounts = Accounts(knowledge, site_id)
    identification = Identification(knowledge, accounts.waiting)
    pads = _pads(config, outside.mirror)
    scribe = Scribe(writers, pads)
    link = HubLink(config.folder)
    storage = StorageDesk(outside.ledger, outside.give_up_reserve)
    asking = partial(
        Asking,
        daybook,
        hub_answers=link.answers,
        budget_s=config.lending.ask_budget_s,
    )
    return Rooms(
        pads=pads,
        scribe=scribe,
        loans=LoanDesk(Lending(daybook), storage, asking()),
        renewals=RenewDesk(Renewing(daybook), storage, asking()),
        accounts=accounts,
        returns=ReturnDesk(Returning(daybook), custodian, scribe, storage),
        healer=Healer(custodian, pads, scribe),
        daybook=daybook,
        identification=identification,
        pad_cards=PadCards(identification),
        printing=PrintDesk({n: r for n, r in runners.items() if r.prints}, outside.say),
        signals=Signals(
            {n: r for n, r in runners.items() if r.signals},
            {n: r for n, r in runners.items() if r.locks},
        ),
        contacts=Contacts(daybook),
        storage=storage,
        upkeep=_upkeep(config, outside),
        epochs=_epochs(config, outside),
        surroundings=_around(config, site_id, outside.mirror, link).at,
        ring=outside.ring,
    )


def manners(config: Config) -> Manners:
    """How patient the screen is."""
    ui, lending = config.ui, config.lending
    return Manners(
        ui.locale, ui.idle_s, ui.warning_s, lending.card_stays, lending.unlocks
    )


def drivers(config: Config) -> dict[str, Driver]:
    """Make every device's driver, closed. Raises BadOptions naming the device."""
    return {device.name: _driver(device) for device in config.devices}


def new_id(at: Moment) -> str:
    return uuid7(at, os.urandom(RANDOM_BYTES))


def _driver(device: Device) -> Driver:
    try:
        return create(device.driver, device.options)
    except BadOptions as err:
        raise BadOptions(f"device {device.name!r}: {err}") from err


def _withdraw_open_asks(daybook: Daybook) -> None:
    """What a full disk keeps open now is withdrawn before the next loan."""
    try:
        withdrawn = daybook.withdraw_open_asks()
    except NoSpace as err:
        log.error("asks left open by a crash not withdrawn", reason=str(err))
        return
    if withdrawn:
        log.warning("asks left open by a crash withdrawn", count=withdrawn)


def _pads(config: Config, mirror: Mirror) -> PadRoom:
    patience = Patience(config.lending.stable_rounds, config.lending.missed_rounds)
    return PadRoom(patience, lambda tags: read_stack(tags, mirror))


def _upkeep(config: Config, outside: Outside) -> Upkeep:
    keep = dt.timedelta(days=config.storage.keep_days)
    return Upkeep(Retention(outside.ledger, outside.mirror, keep), outside.now)


def _epochs(config: Config, outside: Outside) -> EpochDesk:
    diverged = partial(diverged_in, config.folder)
    return EpochDesk(outside.ledger, outside.mirror, diverged, outside.ring)


def _around(config: Config, site_id: str, mirror: Mirror, link: HubLink) -> Around:
    roles = {device.name: device.role for device in config.devices}
    return Around(mirror, link, site_id, roles, max_books=config.lending.max_books)

"""What a device is told to do, carried out in the device's own thread.

An order that expects an answer always gets one, also when the device is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import assert_never

import structlog

from drivers.api import (
    CommandRefused,
    Driver,
    EasWriter,
    Feedback,
    Lock,
    Printer,
    PrintOutcome,
    TagWriter,
)
from kiosk.domain.rules import SecurityMode, SecurityRule
from kiosk.messages import (
    InboxMessage,
    Order,
    PrintOrder,
    SignalOrder,
    SlipDone,
    TagsWritten,
    UnlockOrder,
    WriteOrder,
)

Answer = Callable[[InboxMessage], None]

log = structlog.get_logger(__name__)


def carry_out(driver: Driver, order: Order, answer: Answer) -> None:
    """Do it. Raises DeviceLost; `answer` has been called by then all the same."""
    match order:
        case WriteOrder():
            _secure_tags(driver, order, answer)
        case PrintOrder():
            _print(driver, order, answer)
        case SignalOrder():
            _signal(driver, order)
        case UnlockOrder():
            _unlock(driver, order)
        case _:
            assert_never(order)


def give_up(order: Order, answer: Answer) -> None:
    """Answer for a device that is not there."""
    match order:
        case WriteOrder():
            answer(TagsWritten(order.ticket, dict.fromkeys(order.afis)))
        case PrintOrder():
            answer(SlipDone(order.ticket, PrintOutcome.BLOCKED))
        case SignalOrder() | UnlockOrder():
            return
        case _:
            assert_never(order)


def _secure_tags(driver: Driver, order: WriteOrder, answer: Answer) -> None:
    seen: dict[str, int | None] = dict.fromkeys(order.afis)
    try:
        for uid, afi in order.afis.items():
            seen[uid] = _try_to_secure(driver, uid, afi, order.rule)
    finally:
        # Also when the device is lost half-way: what was written is known.
        answer(TagsWritten(order.ticket, seen))


def _try_to_secure(
    driver: Driver, uid: str, afi: int, rule: SecurityRule
) -> int | None:
    try:
        return _secure(driver, uid, afi, rule)
    except CommandRefused as err:
        log.debug("tag not written", reason=str(err))
        return None


def _secure(driver: Driver, uid: str, afi: int, rule: SecurityRule) -> int | None:
    """Arm or disarm one tag; returns the AFI that stands for its state now.

    In the EAS mode nothing is read back, as a tag does not tell its bit: that it
    acknowledged is all there is.
    """
    if rule.mode is not SecurityMode.AFI and isinstance(driver, EasWriter):
        driver.write_eas(uid, armed=afi == rule.afi_in)
        if rule.mode is SecurityMode.EAS:
            return afi
    return driver.write_afi(uid, afi) if isinstance(driver, TagWriter) else None


def _print(driver: Driver, order: PrintOrder, answer: Answer) -> None:
    outcome = PrintOutcome.BLOCKED
    try:
        # What lies in the tray when the next reader comes would be theirs to read.
        if isinstance(driver, Printer) and not order.withdrawn.is_set():
            outcome = driver.print_slip(order.slip)
    finally:
        answer(SlipDone(order.ticket, outcome))


def _signal(driver: Driver, order: SignalOrder) -> None:
    if isinstance(driver, Feedback):
        if order.light is not None:
            driver.show(order.light)
        if order.beep is not None:
            driver.beep(order.beep)


def _unlock(driver: Driver, order: UnlockOrder) -> None:
    if time.monotonic() > order.until:
        log.warning("not unlocked", reason="the patron has been waiting too long")
        return
    try:
        if isinstance(driver, Lock):
            driver.unlock()
    except CommandRefused as err:
        log.warning("not unlocked", reason=str(err))

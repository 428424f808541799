"""Requests of machines that have logged in, answered from the county's database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync.hub.county import passwords
from sync.hub.county.login_guard import begin_try, end_try
from sync.hub.sip2_server import accounts, deeds, looks
from sync.hub.sip2_server.circulating import Desk
from sync.hub.sip2_server.county_view import site_name
from sync.hub.sip2_server.errors import Closed, NotNow
from sync.hub.sip2_server.here import Here
from sync.hub.sip2_server.machine import Machine
from sync.hub.sip2_server.memory import recalled, remember
from sync.hub.sip2_server.recording import Ledger
from sync.hub.sip2_server.repeats import Deed
from sync.hub.sip2_server.spelling import spelled
from sync.hub.store.database import Database
from sync.hub.store.turnstile import TurnMissed
from sync.sip2.requests import Request

log = structlog.get_logger(__name__)


class Service:
    """Shared by all connections. `now` is aware."""

    def __init__(
        self,
        database: Database,
        institution: str,
        county_name: str,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._database = database
        self._institution = institution
        self._county_name = county_name
        self._now = now

    def log_in(self, name: str, password: str, address: str) -> Machine | None:
        """None for a wrong password, and while too many wrong ones close the account.

        Slow on purpose. Raises NotNow.
        """
        account, now = accounts.guarded(name), self._now()
        try:
            with self._database.writing() as conn:
                wait = begin_try(conn, account, address, now)
                stored = accounts.stored_password(conn, name)
                machine = accounts.machine(conn, name)
            if wait or stored is None or not passwords.fits(stored, password):
                return None
            with self._database.writing() as conn:
                end_try(conn, account, address, now)
        except (DBAPIError, TurnMissed) as err:
            raise _not_now(name, err) from err
        return machine

    def answer(
        self, machine: Machine, request: Request, deed: Deed, *, may_be_repeat: bool
    ) -> str:
        """The text of the answer; a deed is done and its answer stored together.

        Raises Closed, NotNow.
        """
        try:
            if not isinstance(request, deeds.DEEDS):
                with self._database.reading() as conn:
                    here = self._here(conn, machine)
                    return spelled(looks.answer(conn, here, request), machine.dialect)
            with self._database.writing() as conn:
                return self._do(conn, machine, request, deed, may_be_repeat)
        except (DBAPIError, TurnMissed) as err:
            raise _not_now(machine.name, err) from err

    def _do(
        self,
        conn: Connection,
        machine: Machine,
        request: Request,
        deed: Deed,
        may_be_repeat: bool,  # noqa: FBT001  (private, named by its only caller)
    ) -> str:
        here = self._here(conn, machine)
        before = recalled(conn, machine.name, deed) if may_be_repeat else None
        if before is not None:
            log.info("asked again", machine=machine.name, message=request.ID)
            return before
        desk = Desk(conn, here, Ledger(conn, here.machine, here.now))
        answer = spelled(deeds.answer(desk, request), machine.dialect)
        remember(conn, machine.name, deed, answer, here.now)
        return answer

    def _here(self, conn: Connection, machine: Machine) -> Here:
        """The account is looked at anew for each request."""
        current = accounts.machine(conn, machine.name)
        if current is None:
            raise Closed(f"the account {machine.name} is closed")
        where = site_name(conn, current.site_id)
        return Here(current, self._institution, self._county_name, where, self._now())


def _not_now(name: str, err: Exception) -> NotNow:
    log.warning("database does not answer", machine=name, why=type(err).__name__)
    return NotNow("the database does not answer")

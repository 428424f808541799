"""One connection after another to one server: opened and logged in when it is needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

from sync.sip2.account import Account
from sync.sip2.answers import AcsStatus, Answer, LoginResponse
from sync.sip2.errors import LinkLost, LoginRefused, SipError
from sync.sip2.link import Link
from sync.sip2.requests import Login, Request, ScStatus
from sync.sip2.session import Answered, Session, Step
from sync.sip2.wire import Message

#: A server's own waiting time (98) is believed up to here; some mean seconds, not tenths.
_LONGEST_ANSWER_S = 30.0
_TIMEOUTS_THAT_SAY_NOTHING = (None, 0, 999)
#: A socket takes no time-out of zero or less.
_NO_TIME_S = 0.001


class Caller:
    """Blocking, for one thread."""

    def __init__(
        self, account: Account, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        #: The last answer as it came.
        self.heard: Message | None = None
        self._account = account
        self._monotonic = monotonic
        self._open: tuple[Link, Session] | None = None
        self._used_at = 0.0

    def ask(self, request: Request) -> Answer:
        """Any request; connects and logs in before it. The answer is of its kind."""
        link, session = self._connected()
        return self._exchange(link, session, request)

    def keep_alive(self) -> None:
        """Ask for the status if the link is open and was idle for long."""
        idle_s = self._monotonic() - self._used_at
        if self._open is not None and idle_s >= self._account.patience.idle_s:
            self.ask(ScStatus())

    def close(self) -> None:
        if self._open is not None:
            self._open[0].close()
            self._open = None

    def _connected(self) -> tuple[Link, Session]:
        if self._open is not None and self._open[0].is_stale():
            self.close()
        if self._open is None:
            self._connect()
        if self._open is None:
            raise LinkLost("the server closed the connection after the login")
        return self._open

    def _connect(self) -> None:
        account = self._account
        try:
            link = Link(account)
        except OSError as err:
            raise LinkLost(f"{account.host}:{account.port}: {_reason(err)}") from err
        session = Session(account.dialect, account.patience.retries)
        self._open = link, session
        try:
            self._introduce(link, session)
        except SipError:
            self.close()
            raise

    def _introduce(self, link: Link, session: Session) -> None:
        account = self._account
        if account.user is not None:
            login = Login(
                login_user_id=account.user,
                login_password=account.password,
                location_code=account.location_code,
            )
            said = cast(LoginResponse, self._exchange(link, session, login))
            if not said.ok:
                raise LoginRefused(
                    f"{account.host} refuses the login of {account.user}"
                )
        if account.dialect.asks_status:
            status = cast(AcsStatus, self._exchange(link, session, ScStatus()))
            if not status.online_status:
                raise LinkLost(f"{account.host} says that it is off line")

    def _exchange(self, link: Link, session: Session, request: Request) -> Answer:
        data = session.begin(request)
        still_good = False
        try:
            answer = self._converse(link, session, data)
            still_good = not session.tainted
        except SipError:
            raise
        except OSError as err:
            raise session.lost(_reason(err)) from err
        finally:
            if not still_good:
                self.close()
        self._used_at = self._monotonic()
        return answer

    def _converse(self, link: Link, session: Session, data: bytes) -> Answer:
        end = self._monotonic() + self._account.patience.whole_s
        while True:
            link.send(data, max(end - self._monotonic(), _NO_TIME_S))
            step = self._next_step(link, session, end)
            if isinstance(step, Answered):
                self.heard = step.message
                return step.answer
            data = step.data

    def _next_step(self, link: Link, session: Session, end: float) -> Step:
        overdue = min(end, self._monotonic() + self._answer_s(session))
        while True:
            left_s = overdue - self._monotonic()
            try:
                data = link.receive(max(left_s, _NO_TIME_S))
            except TimeoutError:
                if self._monotonic() >= end:
                    raise session.lost("no answer in time") from None
                return session.silence()
            if not data:
                raise session.lost("the server closed the connection")
            steps = session.receive(data)
            if steps:
                return steps[-1]

    def _answer_s(self, session: Session) -> float:
        """Our own time or the server's, whichever is longer."""
        own = self._account.patience.answer_s
        tenths = session.status.timeout_period if session.status else None
        if tenths is None or tenths in _TIMEOUTS_THAT_SAY_NOTHING:
            return own
        return max(own, min(tenths / 10, _LONGEST_ANSWER_S))

    def institution(self) -> str:
        """As configured, else as the server's status says it."""
        if self._account.institution_id:
            return self._account.institution_id
        _, session = self._connected()
        return session.status.institution_id if session.status else ""


def _reason(err: OSError) -> str:
    return err.strerror or str(err) or type(err).__name__

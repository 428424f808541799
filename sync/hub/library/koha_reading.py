"""What an answer of Koha's means: a value, or one of four ways to have none."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import requests

from sync.exchange import Answer

Reply = TypeVar("Reply")


class NotServed(Exception):
    """Surely nothing was done: nobody is there, or nobody lets us in."""


class NoSuchPath(NotServed):
    """Koha has no such path, in this version at least."""


class Declined(Exception):
    """Koha understood and did not do it; the text is what it said."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Uncertain(Exception):
    """It left and may have been done: no answer came, or none of Koha's."""


class _Fault(msgspec.Struct, frozen=True):
    message: str = ""
    path: str = ""


class _Problem(msgspec.Struct, frozen=True):
    """`errors`: the request does not fit this version's description of it."""

    error: str | None = None
    errors: tuple[_Fault, ...] = ()
    required_permissions: Any = None

    @property
    def reason(self) -> str:
        faults = [f"{fault.path} {fault.message}".strip() for fault in self.errors]
        return self.error or "; ".join(faults)


def read(answer: Answer, kind: type[Reply]) -> Reply:
    """What Koha answered. Raises NotServed, Declined or Uncertain."""
    codes = requests.codes
    if codes.ok <= answer.status < codes.multiple_choices:
        return _decoded(answer, kind)
    if answer.status in {codes.unauthorized, codes.too_many_requests}:
        raise NotServed(f"Koha turned us away: status {answer.status}")
    if not codes.bad_request <= answer.status < codes.internal_server_error:
        raise Uncertain(f"no answer of Koha's: status {answer.status}")
    _refuse(answer)
    raise Uncertain(f"no answer of Koha's: status {answer.status}")


def _refuse(answer: Answer) -> None:
    """Raise what a status of 4xx means, if it is Koha that says it."""
    problem = _problem(answer)
    if answer.status == requests.codes.not_found and not (problem and problem.error):
        raise NoSuchPath("Koha has no such path: another version, or another address?")
    if problem is None:
        return
    if problem.required_permissions is not None:
        raise NotServed(f"the account at Koha may not do that: {problem.reason}")
    raise Declined(answer.status, problem.reason or f"status {answer.status}")


def _problem(answer: Answer) -> _Problem | None:
    if not answer.is_json:
        return None
    try:
        return msgspec.json.decode(answer.body, type=_Problem)
    except (ValueError, RecursionError):
        return None


def _decoded(answer: Answer, kind: type[Reply]) -> Reply:
    """Half an answer, or a portal's page, says nothing."""
    if not answer.is_json:
        raise Uncertain("no answer of Koha's: not JSON; a login page?")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (ValueError, RecursionError) as err:
        raise Uncertain(f"no answer of Koha's: {err}") from err

"""Errors of the API: a status, a word for the machine and a sentence for people."""

from __future__ import annotations

import structlog
from flask import Flask, Response, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from sync.hub.door.answers import json_answer
from sync.hub.store.turnstile import TurnMissed
from sync.protocol import Problem

#: Where the API lives; the desk's pages show their errors as pages.
API_PATHS = ("/v1/", "/healthz")
#: How long a kiosk waits when the database is busy or away.
BUSY_S = 5

_WORDS = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "malformed",
}

log = structlog.get_logger(__name__)


class Refused(Exception):
    """A request that is answered with a problem. `nonce`: for its next try."""

    def __init__(
        self, status: int, error: str, detail: str = "", nonce: str | None = None
    ) -> None:
        super().__init__(detail or error)
        self.status = status
        self.error = error
        self.detail = detail
        self.nonce = nonce


def register(app: Flask) -> None:
    """Answer every error of the API with a `Problem`."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(TurnMissed, _database)
    app.register_error_handler(Exception, _bug)


def _refused(err: Refused) -> Response:
    problem = Problem(error=err.error, detail=err.detail)
    return json_answer(problem, err.status, err.nonce)


def _http(err: HTTPException) -> Response | HTTPException:
    if not request.path.startswith(API_PATHS):
        return err
    status = err.code or 500
    word = _WORDS.get(status, "refused" if status < 500 else "internal")
    return json_answer(Problem(error=word, detail=err.description or ""), status)


def busy(detail: str, wait_s: int, nonce: str | None = None) -> Response:
    """Come again in `wait_s` seconds."""
    answer = json_answer(Problem(error="busy", detail=detail), 503, nonce)
    answer.headers["Retry-After"] = str(wait_s)
    return answer


def _database(err: OperationalError | TurnMissed) -> Response:
    why = err.orig if isinstance(err, OperationalError) else err
    log.error("database away", error=str(why))
    return busy("try again soon", BUSY_S)


def _bug(err: Exception) -> Response:
    log.error("request failed", path=request.path, exc_info=err)
    return json_answer(Problem(error="internal", detail="an error of the hub"), 500)

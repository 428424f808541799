"""The way between an agent and the hub's application, in one process and unreliable."""

from __future__ import annotations

import enum
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest
from werkzeug.wrappers import Response

from sync.agent.errors import HubUnreachable
from sync.exchange import Answer

_PORTAL = Answer(200, {"Content-Type": "text/html"}, b"<html>please log in</html>")
_MOVED = Answer(302, {"Location": "http://portal.example/"}, b"")


class State(enum.Enum):
    """What the line does to each request until it is told otherwise."""

    UP = "up"
    CUT_BEFORE_SEND = "cut before send"
    CUT_MID_BODY = "cut mid-body"
    LOST_ANSWER = "cut after the hub's commit"
    HALF_ANSWER = "cut mid-answer"
    SLOW = "slow"
    PORTAL = "captive portal"
    MOVED = "redirected"


@dataclass(frozen=True, slots=True)
class Captured:
    """A request as somebody on the line saw it."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Line:
    """Stands where `sync.exchange.Exchange` stands; calls the hub directly."""

    hub: Callable[[dict[str, Any]], Response]
    slow_s: Callable[[float], None]
    state: State = State.UP
    captured: list[Captured] = field(default_factory=list)
    #: Which of them the hub has answered as done, since it was restored last.
    answered: set[int] = field(default_factory=set)

    def send(self, request: PreparedRequest) -> Answer:
        """Return the answer, whatever its status. Raises HubUnreachable."""
        seen = _captured(request)
        match self.state:
            case State.CUT_BEFORE_SEND:
                raise HubUnreachable("no connection to the hub")
            case State.PORTAL:
                return _PORTAL
            case State.MOVED:
                return _MOVED
            case State.CUT_MID_BODY:
                self.deliver(seen, whole=False)
                raise HubUnreachable("cut in the middle of the request")
            case State.LOST_ANSWER:
                answer = self._hand_over(seen)
                if _asks_for_nonce(answer):
                    return answer
                raise HubUnreachable("cut before the answer")
            case State.HALF_ANSWER:
                answer = self._hand_over(seen)
                if _asks_for_nonce(answer):
                    return answer
                half = answer.body[: len(answer.body) // 2]
                return Answer(answer.status, answer.headers, half)
            case State.SLOW:
                self.slow_s(60.0)
                return self._hand_over(seen)
            case State.UP:
                return self._hand_over(seen)

    def deliver(self, seen: Captured, *, whole: bool = True) -> Answer:
        """Let the hub have a request, or the first half of its body."""
        address = urlsplit(seen.url)
        body = seen.body if whole else seen.body[: len(seen.body) // 2]
        environ = {
            "REQUEST_METHOD": seen.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": address.path,
            "QUERY_STRING": address.query,
            "SERVER_NAME": address.hostname,
            "SERVER_PORT": str(address.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(seen.body)),
            "wsgi.url_scheme": address.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": address.netloc,
        } | {_name(name): value for name, value in seen.headers.items()}
        response = self.hub(environ)
        return Answer(response.status_code, dict(response.headers), response.get_data())

    def cut(self) -> None:
        """End nothing: the exchange is over when `send` returns."""

    def hang_up(self) -> None:
        """Keep nothing open between two requests anyway."""

    def close(self) -> None:
        """Close nothing: there is no connection."""

    def _hand_over(self, seen: Captured) -> Answer:
        self.captured.append(seen)
        answer = self.deliver(seen)
        if answer.status == HTTPStatus.OK:
            self.answered.add(len(self.captured) - 1)
        return answer


def _asks_for_nonce(answer: Answer) -> bool:
    """Nothing was done yet: what is to be lost is the answer to the repeat."""
    return answer.status == HTTPStatus.UNAUTHORIZED


def _captured(request: PreparedRequest) -> Captured:
    body = request.body or b""
    assert isinstance(body, bytes)
    assert request.method is not None
    assert request.url is not None
    return Captured(request.method, request.url, dict(request.headers), body)


def _name(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name == "CONTENT_TYPE" else f"HTTP_{name}"

"""The hub as the agent sees it: four calls, each answered, refused or unreachable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.agent.contact_clock import ContactClock
from sync.agent.errors import (
    HubBusy,
    HubError,
    HubRefused,
    HubUnreachable,
    Revoked,
    Unauthorised,
)
from sync.exchange import Answer, Exchange, NoAnswer, base_address
from sync.protocol import (
    Batch,
    BatchAnswer,
    Enrol,
    Enrolled,
    Event,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
    Problem,
    is_sane,
)
from sync.retry_after import retry_after_s
from sync.signing import NONCE_HEADER, sign

#: Changes in one page of the feed; about 100 kB, so that an ask need not wait long.
PAGE_CHANGES = 500

Reply = TypeVar("Reply", Enrolled, BatchAnswer, FeedPage, HeartbeatAnswer)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and the name it goes by at the hub."""

    key: Ed25519PrivateKey
    key_id: str


class HubClient:
    """Signed calls to one hub. Every call raises HubError of some kind, or returns.

    One thread at a time. `base` is the hub's address, with or without a path.
    Raises BadAddress.
    """

    def __init__(
        self,
        base: str,
        signer: Signer,
        timeout_s: float,
        clock: ContactClock | None = None,
    ) -> None:
        self._base = base_address(base)
        self._signer = signer
        self._exchange = Exchange(timeout_s, "hub")
        self._clock = clock or ContactClock()
        self._nonce: str | None = None

    def enrol(self, request: Enrol) -> Enrolled:
        return self._call("POST", "/v1/enrol", Enrolled, request)

    def push(self, events: Sequence[Event]) -> BatchAnswer:
        """Hand over events of one epoch, in ascending order."""
        return self._call(
            "POST", "/v1/events", BatchAnswer, Batch(events=tuple(events))
        )

    def feed(self, cursor: int, run: str) -> FeedPage:
        """Return the next page. Raises HubRefused, `cursor_unknown`, of a restored hub."""
        path = f"/v1/feed?cursor={cursor}&run={run}&limit={PAGE_CHANGES}"
        page = self._call("GET", path, FeedPage)
        if page.more and page.cursor == cursor:
            raise HubUnreachable(f"the feed stands still at {cursor}")
        return page

    def heartbeat(self, request: Heartbeat) -> HeartbeatAnswer:
        return self._call("POST", "/v1/heartbeat", HeartbeatAnswer, request)

    def abort(self) -> None:
        """Cut the exchange under way; from any thread or a signal handler."""
        self._exchange.cut()

    def close(self) -> None:
        self._exchange.close()

    def _call(
        self,
        method: str,
        path: str,
        reply: type[Reply],
        body: msgspec.Struct | None = None,
    ) -> Reply:
        answer = self._send(method, path, body)
        if answer.status == requests.codes.unauthorized and self._nonce is not None:
            answer = self._send(method, path, body)
        if answer.status != requests.codes.ok:
            error = _refusal(answer)
            if isinstance(error, HubBusy):
                self._exchange.hang_up()  # who waits in line needs no connection
            raise error
        decoded = _decoded(answer, reply)
        self._clock.heard(decoded.hub_time)
        return decoded

    def _send(self, method: str, path: str, body: msgspec.Struct | None) -> Answer:
        sent = self._clock.sending()  # at a repeat anew: it is sent at another time
        if isinstance(body, Batch | Heartbeat):
            body = msgspec.structs.replace(body, sent=sent)
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if content is None else {"Content-Type": "application/json"}
        request = requests.Request(
            method, self._base + path, data=content, headers=headers
        ).prepare()
        sign(request, self._signer.key, self._signer.key_id, self._nonce, sent.wall)
        try:
            answer = self._exchange.send(request)
        except NoAnswer as err:
            raise HubUnreachable(str(err)) from err
        self._nonce = _usable(answer.headers.get(NONCE_HEADER))
        return answer


def _usable(nonce: str | None) -> str | None:
    """Leave out what no signature can carry; the hub then tells another one."""
    return nonce if nonce and nonce.isascii() and nonce.isprintable() else None


def _decoded(answer: Answer, reply: type[Reply]) -> Reply:
    """Decode strictly: a portal's page or half an answer must not count."""
    if not answer.is_json:
        raise HubUnreachable("the answer is not our hub's: a captive portal?")
    try:
        decoded = msgspec.json.decode(answer.body, type=reply)
    except (ValueError, RecursionError) as err:
        raise HubUnreachable(f"the answer is not our hub's: {err}") from err
    if not is_sane(decoded.hub_time):
        raise HubUnreachable(f"the answer is not our hub's: time {decoded.hub_time}")
    return decoded


def _refusal(answer: Answer) -> HubError:
    """Turn a status other than 200 into the error that says how to go on."""
    if answer.status < requests.codes.bad_request:
        return HubUnreachable(f"status {answer.status}: a captive portal?")
    problem = _problem(answer)
    server_side = answer.status >= requests.codes.internal_server_error
    if server_side or answer.status == requests.codes.too_many_requests:
        slot = retry_after_s(
            answer.headers.get("Retry-After"), answer.headers.get("Date")
        )
        return HubBusy(f"status {answer.status} {problem.error}".rstrip(), slot)
    kind: type[HubRefused] = HubRefused
    if answer.status == requests.codes.unauthorized:
        kind = Unauthorised
    elif (answer.status, problem.error) == (requests.codes.forbidden, "revoked"):
        kind = Revoked
    return kind(answer.status, problem.error, problem.detail)


def _problem(answer: Answer) -> Problem:
    """Read the Problem; a proxy's own page has none."""
    if not answer.is_json:
        return Problem(error="")
    try:
        return msgspec.json.decode(answer.body, type=Problem)
    except (ValueError, RecursionError):
        return Problem(error="")

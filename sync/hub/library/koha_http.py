"""Koha's REST API over one connection: who we are there, and how often it is asked.

Nothing is tried twice but what Koha itself turned away for a token that ran out.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import requests

from sync.exchange import Answer, Exchange, NoAnswer, base_address
from sync.hub.library.koha_reading import Declined, NotServed, Reply, Uncertain, read
from sync.retry_after import retry_after_s

_API = "/api/v1"
_BUSY = (requests.codes.too_many_requests, requests.codes.service_unavailable)

Fields = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class KohaAccount:
    """`base` is the address of the staff pages; the secret is left out of its text.

    `user` is an API key's client id, or with `basic` a login name. Raises BadAddress.
    """

    base: str
    user: str
    secret: str = field(repr=False)
    basic: bool = False
    ca_file: Path | None = None
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", base_address(self.base))


class _Token(msgspec.Struct, frozen=True):
    access_token: str


class KohaHttp:
    """Blocking, for one thread."""

    def __init__(
        self, account: KohaAccount, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._account = account
        self._exchange = Exchange(account.timeout_s, "library", account.ca_file)
        self._monotonic = monotonic
        self._token: str | None = None
        self._quiet_until = 0.0

    def get(self, path: str, kind: type[Reply], query: Fields | None = None) -> Reply:
        """Ask for something. Raises NotServed or Declined."""
        try:
            return read(self._call("GET", path, query), kind)
        except Uncertain as err:
            raise NotServed(str(err)) from err

    def post(
        self, path: str, kind: type[Reply], body: Fields, query: Fields | None = None
    ) -> Reply:
        """Change something. Raises NotServed, Declined or Uncertain."""
        return read(self._call("POST", path, query, msgspec.json.encode(body)), kind)

    def close(self) -> None:
        self._exchange.close()

    def _call(
        self, method: str, path: str, query: Fields | None, body: bytes | None = None
    ) -> Answer:
        """A second time if the token had run out: what is not let in does nothing."""
        request = requests.Request(
            method, self._account.base + _API + path, params=dict(query or {})
        )
        if body is not None:
            request.data = body
            request.headers["Content-Type"] = "application/json"
        answer = self._send(self._signed(request))
        if answer.status == requests.codes.unauthorized and self._token is not None:
            self._token = None
            answer = self._send(self._signed(request))
        return answer

    def _signed(self, request: requests.Request) -> requests.Request:
        account = self._account
        if account.basic:
            pair = base64.b64encode(f"{account.user}:{account.secret}".encode())
            request.headers["Authorization"] = f"Basic {pair.decode()}"
            return request
        if self._token is None:
            self._token = self._new_token()
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _new_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._account.user,
            "client_secret": self._account.secret,
        }
        address = f"{self._account.base}{_API}/oauth/token"
        try:
            answer = self._send(requests.Request("POST", address, data=form))
            return read(answer, _Token).access_token
        except (Declined, Uncertain) as err:
            raise NotServed(f"Koha gives us no token: {err}") from err

    def _send(self, request: requests.Request) -> Answer:
        quiet_s = self._quiet_until - self._monotonic()
        if quiet_s > 0:
            raise NotServed(f"Koha asked for {quiet_s:.0f} s of quiet")
        request.headers["Accept"] = "application/json"
        try:
            answer = self._exchange.send(request.prepare())
        except NoAnswer as err:
            raise (Uncertain if err.sent else NotServed)(str(err)) from err
        if answer.status in _BUSY:
            headers = answer.headers
            wait_s = retry_after_s(headers.get("Retry-After"), headers.get("Date"))
            self._quiet_until = self._monotonic() + (wait_s or 0.0)
        return answer

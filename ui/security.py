"""Who may talk to the screen's server: the browser on this machine, from our own page.

Why there is no cookie: the screen has no login, and whoever stands at it may
press what it shows. What must be kept out is another page in the same browser
(cross-site requests, DNS rebinding). An exact Host, a same-origin check and a
token of this process inside the page do that: another origin can neither read
the token nor forge the two headers. The step token of the view makes each touch
good for one view only.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Response

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_OWN_NAMES = ("127.0.0.1", "localhost")
_HTTP_PORT = "80"  # browsers leave it out of Host and Origin
_READING = {"GET", "HEAD"}


class PageToken:
    """Proves that a touch comes from a page of this process."""

    def __init__(self) -> None:
        self.value = secrets.token_urlsafe(24)

    def matches(self, offered: str) -> bool:
        return hmac.compare_digest(self.value.encode(), offered.encode())


class Gate:
    """WSGI middleware that turns strangers away before any routing."""

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ.get("HTTP_HOST") not in _own_hosts(environ):
            refusal = Response("This server answers to its own address.\n", 421)
            return dress(refusal)(environ, start_response)
        if not _from_own_page(environ):
            refusal = Response("Only this screen's own page may do that.\n", 403)
            return dress(refusal)(environ, start_response)
        return self._inner(environ, start_response)


def dress(response: Response) -> Response:
    """Put the security headers on an answer; what sets no age of its own is not kept."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _own_hosts(environ: WSGIEnvironment) -> set[str]:
    """Every Host this server goes by; SERVER_PORT is the port that was bound."""
    port = environ["SERVER_PORT"]
    hosts = {f"{name}:{port}" for name in _OWN_NAMES}
    return hosts.union(_OWN_NAMES) if port == _HTTP_PORT else hosts


def _from_own_page(environ: WSGIEnvironment) -> bool:
    """Tell whether a request that does more than open a page comes from our page."""
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if environ["REQUEST_METHOD"] in _READING:
        opens_page = environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
        return opens_page or site in {None, "same-origin", "none"}
    origin = environ.get("HTTP_ORIGIN")
    if site not in {None, "same-origin"}:
        return False
    if origin == "null":
        # What a form of our own page sends, because of our Referrer-Policy.
        return site == "same-origin"
    return origin is None or origin == f"http://{environ['HTTP_HOST']}"

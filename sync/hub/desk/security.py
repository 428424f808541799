"""What keeps other web pages and other people away from the desk."""

from __future__ import annotations

import hmac
import secrets

from flask import Blueprint, Response, request, session

from sync.hub.desk.context import desk

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def protect(blueprint: Blueprint) -> None:
    """Check every request of the desk and put the headers on every answer."""
    blueprint.before_request(_refuse_foreign_host)
    blueprint.before_request(_refuse_nul)
    blueprint.before_request(_refuse_forged_post)
    blueprint.after_request(_dress)


def csrf_token() -> str:
    """Return the token of this session; every form carries it."""
    token: str = session.setdefault("csrf", secrets.token_urlsafe(24))
    return token


def _refuse_foreign_host() -> Response | None:
    # A page elsewhere can point its own name at our address (DNS rebinding).
    if _host_name(request.host) in desk().hosts:
        return None
    return _refusal("This hub is not known by that name.", 421)


def _refuse_nul() -> Response | None:
    # No name, number or word has one, and PostgreSQL stores and compares none.
    fields = (*request.args.items(multi=True), *request.form.items(multi=True))
    if "\0" in request.path or any("\0" in text for pair in fields for text in pair):
        return _refusal("A name, number or word has a sign that none can have.", 400)
    return None


def _refuse_forged_post() -> Response | None:
    if request.method != "POST":
        return None
    expected, offered = session.get("csrf", ""), request.form.get("csrf", "")
    if expected and hmac.compare_digest(offered.encode(), expected.encode()):
        return None
    return _refusal("This form is too old. Go back and load the page again.", 400)


def _refusal(text: str, status: int) -> Response:
    return Response(text + "\n", status, mimetype="text/plain")


def _dress(response: Response) -> Response:
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _host_name(host: str) -> str:
    """Return the Host without its port; an IPv6 address keeps its brackets."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()

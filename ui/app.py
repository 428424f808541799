"""The touchscreen's web application: four routes over one desk.

`GET /` is the page of the latest view, `POST /touch` hands a touch to the desk,
`GET /stream` sends the whole view at every change, `GET /healthz` is for the
watchdog. Everything works without JavaScript but the live updates.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from kiosk.view import Action, Desk, TouchAnswer, View
from ui.page import Pages
from ui.security import Gate, PageToken, dress
from ui.streams import LONGEST_STREAM, Streams
from ui.wording import Wording

LONGEST_TOUCH = 4096  # bytes of a form
STATIC_AGE_S = 365 * 24 * 3600  # addresses of static files carry their version

_EVENT_STREAM = "text/event-stream"
_RETRY_MS = 500
_KEEP_ALIVE = b": \n\n"  # a comment; finds out that a browser has gone


def create_app(desk: Desk, wording: Wording | None = None) -> Flask:
    """Build the application over a desk; its `streams_of` are closed with the server."""
    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=LONGEST_TOUCH, SEND_FILE_MAX_AGE_DEFAULT=STATIC_AGE_S
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    token, wording = PageToken(), wording or Wording()
    screen = _Screen(desk, Pages(app.jinja_env, wording, token), token, wording)
    app.extensions["streams"] = screen.streams
    app.add_url_rule("/", view_func=screen.page)
    app.add_url_rule("/touch", view_func=screen.touch, methods=["POST"])
    app.add_url_rule("/stream", view_func=screen.stream)
    app.add_url_rule("/healthz", view_func=screen.healthz)
    app.register_error_handler(HTTPException, screen.trouble)
    app.after_request(dress)
    app.wsgi_app = Gate(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way
    return app


def streams_of(app: Flask) -> Streams:
    """Return the open streams of an application."""
    streams: Streams = app.extensions["streams"]
    return streams


class _Screen:
    """The routes."""

    def __init__(
        self, desk: Desk, pages: Pages, token: PageToken, wording: Wording
    ) -> None:
        self._desk = desk
        self._pages = pages
        self._token = token
        self._wording = wording
        self.streams = Streams(desk)

    def page(self) -> ResponseReturnValue:
        return self._pages.page(self._desk.view())

    def touch(self) -> ResponseReturnValue:
        """Take one touch: 200/409 with the newest view, 303 for a plain form."""
        form = request.form
        if not self._token.matches(form.get("csrf", "")):
            return self._pages.page(self._desk.view()), 403
        action, value = form.get("action", ""), form.get("value", "")
        if not self._possible(action, value):
            return self._pages.page(self._desk.view()), 400
        return self._answer(
            self._desk.touch(Action(action), form.get("step", ""), value)
        )

    def stream(self) -> ResponseReturnValue:
        return Response(self._events(), mimetype=_EVENT_STREAM)

    def healthz(self) -> ResponseReturnValue:
        """Answer for the watchdog: the desk still gives views."""
        return {"ok": True, "revision": self._desk.view().revision}

    def trouble(self, error: HTTPException) -> ResponseReturnValue:
        """Show a calm page that goes home by itself, whatever went wrong."""
        return self._pages.trouble(self._desk.view()), error.code or 500

    def _possible(self, action: str, value: str) -> bool:
        if action == Action.LANGUAGE:
            return value in self._wording.locales
        return action in set(Action)

    def _answer(self, answer: TouchAnswer) -> ResponseReturnValue:
        if request.accept_mimetypes.best == "application/json":
            shown = self._pages.shown(answer.view)
            return Response(
                shown, 200 if answer.accepted else 409, mimetype="application/json"
            )
        if answer.accepted:
            return redirect("/", 303)
        return self._pages.page(answer.view), 409

    def _events(self) -> Iterator[bytes]:
        yield b"retry: %d\n\n" % _RETRY_MS
        sent = 0
        for view in self.streams.open():
            event = _KEEP_ALIVE if view is None else self._event(view)
            yield event
            sent += len(event)
            if sent > LONGEST_STREAM:
                return

    def _event(self, view: View) -> bytes:
        return b"data: " + self._pages.shown(view) + b"\n\n"

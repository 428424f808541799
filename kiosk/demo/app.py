"""The bench's web page and HTTP API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from flask import Flask, Response, render_template, request
from msgspec import Meta

from kiosk.demo.bench import BadFault, Bench, UnknownThing
from kiosk.demo.network import Mode, Network

T = TypeVar("T")


class PadRequest(msgspec.Struct, forbid_unknown_fields=True):
    place: list[str] = []
    lift: list[str] = []


class CardRequest(msgspec.Struct, forbid_unknown_fields=True):
    place: str | None


class ScanRequest(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=10_000)]


class FaultRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`times` None: until it is mended with kind "none"."""

    device: str
    kind: str
    times: Annotated[int, Meta(ge=1)] | None = None


class NetworkRequest(msgspec.Struct, forbid_unknown_fields=True):
    mode: Mode


def create_app(bench: Bench, network: Network, links: dict[str, str]) -> Flask:
    """Build the application; `links` are the kiosk's and the hub's addresses."""
    app = Flask(__name__)

    def state() -> Response:
        return _json({**bench.state(), "network": network.mode})

    def change(perform: Callable[[], None]) -> Response:
        perform()
        return state()

    @app.get("/")
    def table() -> str:
        return render_template("bench.html", links=links)

    @app.get("/bench")
    def show() -> Response:
        return state()

    @app.post("/bench/pad")
    def pad() -> Response:
        wanted = _body(PadRequest)
        bench.lift(wanted.lift)
        return change(lambda: bench.place(wanted.place))

    @app.post("/bench/card")
    def card() -> Response:
        wanted = _body(CardRequest)
        return change(lambda: bench.put_card(wanted.place))

    @app.post("/bench/scan")
    def scan() -> Response:
        wanted = _body(ScanRequest)
        return change(lambda: bench.scan(wanted.text))

    @app.post("/bench/fault")
    def fault() -> Response:
        wanted = _body(FaultRequest)
        return change(lambda: bench.fault(wanted.device, wanted.kind, wanted.times))

    @app.post("/bench/network")
    def set_network() -> Response:
        wanted = _body(NetworkRequest)
        return change(lambda: network.set_mode(wanted.mode))

    app.register_error_handler(UnknownThing, lambda err: (_problem(err), 404))
    app.register_error_handler(BadFault, lambda err: (_problem(err), 400))
    app.register_error_handler(msgspec.DecodeError, lambda err: (_problem(err), 400))
    app.after_request(_dress)
    return app


def _body(kind: type[T]) -> T:
    return msgspec.json.decode(request.get_data(), type=kind)


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), mimetype="application/json")


def _problem(err: Exception) -> Response:
    return _json({"error": str(err)})


def _dress(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' data:"
    )
    response.headers["Cache-Control"] = "no-store"
    return response

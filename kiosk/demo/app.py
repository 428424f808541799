"""The bench's web page and HTTP API."""

from __future__ import annotations

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
    api = _Api(bench, network)
    app.add_url_rule("/", "page", lambda: render_template("bench.html", links=links))
    app.add_url_rule("/bench", view_func=api.state)
    app.add_url_rule("/bench/printer", view_func=api.printer)
    for what in (api.pad, api.card, api.scan, api.fault, api.network):
        path = f"/bench/{what.__name__}"
        app.add_url_rule(path, view_func=what, methods=["POST"])
    app.register_error_handler(UnknownThing, lambda err: (_problem(err), 404))
    app.register_error_handler(BadFault, lambda err: (_problem(err), 400))
    app.register_error_handler(msgspec.DecodeError, lambda err: (_problem(err), 400))
    app.after_request(_dress)
    return app


class _Api:
    """Each call changes one thing and answers with the whole state."""

    def __init__(self, bench: Bench, network: Network) -> None:
        self._bench = bench
        self._network = network

    def state(self) -> Response:
        return _json({**self._bench.state(), "network": self._network.mode})

    def printer(self) -> Response:
        """What was printed, as hex and as a reader of the slip would see it."""
        printed = self._bench.printer.printed
        return _json(
            {"printed": printed.hex().upper(), "text": printed.decode("gbk", "replace")}
        )

    def pad(self) -> Response:
        wanted = _body(PadRequest)
        self._bench.lift(wanted.lift)
        self._bench.place(wanted.place)
        return self.state()

    def card(self) -> Response:
        self._bench.put_card(_body(CardRequest).place)
        return self.state()

    def scan(self) -> Response:
        self._bench.scan(_body(ScanRequest).text)
        return self.state()

    def fault(self) -> Response:
        wanted = _body(FaultRequest)
        self._bench.fault(wanted.device, wanted.kind, wanted.times)
        return self.state()

    def network(self) -> Response:
        self._network.set_mode(_body(NetworkRequest).mode)
        return self.state()


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

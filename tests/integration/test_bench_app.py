"""The bench's API over real ptys and sockets, without a kiosk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request, Response

from drivers.api import CardGone, CardSeen
from drivers.cards.pn532 import Pn532Reader
from kiosk.demo.app import create_app
from kiosk.demo.bench import Bench, BenchCard
from kiosk.demo.county import County, make_county
from kiosk.demo.network import Network


@pytest.fixture(scope="module")
def county() -> County:
    return make_county("small")


@pytest.fixture(scope="module")
def hub() -> Iterator[int]:
    """Something that answers every request, in the hub's place; yields its port."""
    server = make_server("127.0.0.1", 0, _hello)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@Request.application
def _hello(_request: Request) -> Response:
    return Response("hello")


@pytest.fixture
def network(hub: int) -> Iterator[Network]:
    network = Network(hub)
    yield network
    network.stop()


@pytest.fixture
def bench(tmp_path: Path, county: County) -> Iterator[Bench]:
    cards = [BenchCard.of(row) for row in county.patrons]
    bench = Bench(tmp_path, county.bench, cards)
    bench.start()
    yield bench
    bench.stop()


@pytest.fixture
def client(bench: Bench, network: Network) -> FlaskClient:
    links = {"kiosk": "http://127.0.0.1:1/", "hub": "http://127.0.0.1:2/"}
    return create_app(bench, network, links).test_client()


def content(answer: TestResponse) -> dict[str, Any]:
    found: dict[str, Any] = answer.get_json()
    return found


def fetch(network: Network) -> str:
    return requests.get(f"http://127.0.0.1:{network.port}/", timeout=5).text


def test_the_state_names_everything_and_nothing_lies_on_the_pad(
    client: FlaskClient, county: County
) -> None:
    state = content(client.get("/bench"))

    assert state["pad"] == []
    assert state["card"] is None
    assert state["network"] == "up"
    assert len(state["books"]) == len(county.bench)
    assert len(state["cards"]) == len(county.patrons)


def test_a_book_is_placed_by_barcode_and_lifted_by_tag(
    client: FlaskClient, county: County
) -> None:
    book = county.bench[0]

    placed = content(client.post("/bench/pad", json={"place": [book.barcode]}))
    lifted = content(client.post("/bench/pad", json={"lift": [book.uid]}))

    (tag,) = placed["pad"]
    assert (tag["uid"], tag["afi"], tag["item"]) == (book.uid, "07", book.barcode)
    assert tag["memory"].startswith(book.memory.upper())
    assert lifted["pad"] == []


def test_a_card_taken_away_and_laid_down_again_is_seen_anew(
    bench: Bench, tmp_path: Path, county: County
) -> None:
    patron = county.patrons[0]
    bench.put_card(patron.number)
    hand = threading.Thread(target=_take_and_lay, args=(bench, patron.number))

    with closing(Pn532Reader(_at(tmp_path / "card"))) as reader:
        reader.open()
        polls = reader.events()
        before = next(polls)
        hand.start()
        seen = [next(polls) for _ in iter(hand.is_alive, False)]
        seen += islice(polls, 2)

    assert before == CardSeen(patron.card_uid)
    assert [event for event in seen if event] == [CardGone(), before]


def _take_and_lay(bench: Bench, card: str) -> None:
    bench.put_card(None)
    bench.put_card(card)


def _at(port: Path) -> Pn532Reader.Options:
    return Pn532Reader.Options(port=str(port))


def test_a_set_is_placed_with_all_its_parts(
    client: FlaskClient, county: County
) -> None:
    parts = [book for book in county.bench if book.trouble == "set"]

    placed = content(client.post("/bench/pad", json={"place": [parts[0].barcode]}))

    assert [tag["part"] for tag in placed["pad"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("pad", {"place": ["NOWHERE"]}, 404, "NOWHERE"),
        ("card", {"place": "NOBODY"}, 404, "NOBODY"),
        ("fault", {"device": "oven", "kind": "noise"}, 404, "oven"),
        ("fault", {"device": "pad", "kind": "rust"}, 400, "rust"),
        ("fault", {"device": "pad", "kind": "noise", "times": 0}, 400, "times"),
        ("network", {"mode": "sideways"}, 400, "sideways"),
        ("scan", {"text": ""}, 400, "text"),
        ("pad", {"plaice": []}, 400, "plaice"),
    ],
)
def test_a_bad_request_says_what_is_wrong_and_changes_nothing(
    client: FlaskClient, path: str, body: dict[str, object], status: int, words: str
) -> None:
    before = content(client.get("/bench"))

    answer = client.post(f"/bench/{path}", json=body)

    assert answer.status_code == status
    assert words in content(answer)["error"]
    assert content(client.get("/bench")) == before


def test_a_scan_comes_out_of_the_scanners_port(
    client: FlaskClient, bench: Bench
) -> None:
    port = os.open(bench.ports["scanner"].path, os.O_RDWR | os.O_NOCTTY)
    try:
        client.post("/bench/scan", json={"text": "YL0417170061"})

        assert os.read(port, 64) == b"YL0417170061\r"
    finally:
        os.close(port)


def test_a_slip_is_kept_and_an_empty_roll_prints_nothing(
    client: FlaskClient, bench: Bench
) -> None:
    port = os.open(bench.ports["printer"].path, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(port, "活着\n".encode("gbk") + bytes.fromhex("100404"))
        assert os.read(port, 1) == b"\x12"

        client.post("/bench/fault", json={"device": "printer", "kind": "paper_out"})
        os.write(port, b"lost" + bytes.fromhex("100404"))
        assert os.read(port, 1) == b"\x72"
    finally:
        os.close(port)

    assert content(client.get("/bench/printer"))["text"] == "活着\n"


def test_an_unplugged_device_is_gone_until_it_is_mended(
    client: FlaskClient, bench: Bench
) -> None:
    client.post("/bench/fault", json={"device": "pad", "kind": "unplug"})
    assert not bench.ports["pad"].path.exists()

    client.post("/bench/fault", json={"device": "pad", "kind": "none"})

    assert bench.ports["pad"].path.exists()


def test_the_network_carries_cuts_and_loses_answers(
    client: FlaskClient, network: Network
) -> None:
    assert fetch(network) == "hello"

    for mode in ("cut", "lose_answers"):
        client.post("/bench/network", json={"mode": mode})
        with pytest.raises(requests.ConnectionError):
            fetch(network)
    client.post("/bench/network", json={"mode": "slow"})

    assert fetch(network) == "hello"


def test_the_page_links_kiosk_and_hub(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)

    assert "http://127.0.0.1:1/" in page
    assert "http://127.0.0.1:2/" in page

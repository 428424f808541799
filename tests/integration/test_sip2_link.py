"""The SIP2 client's link: login, loss, reconnection, idleness."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from sync.sip2.account import Account, Patience
from sync.sip2.client import Client
from sync.sip2.errors import BadMessage, LinkLost, LoginRefused
from tests.integration.sip2_world import AT, account_of
from tests.sip2_server import SipServer, serving


@pytest.fixture
def server() -> Iterator[SipServer]:
    started = SipServer()
    started.library.timeout_period = 0
    with serving(started):
        yield started


@pytest.fixture
def client(server: SipServer) -> Iterator[Client]:
    with Client(account_of(server), now=lambda: AT) as opened:
        yield opened


def test_wrong_login_is_refused_and_the_password_not_told(server: SipServer) -> None:
    account = replace(account_of(server), password="wrong-one")

    with Client(account) as client, pytest.raises(LoginRefused) as caught:
        client.status()

    assert "wrong-one" not in str(caught.value) + repr(account)
    assert server.ids_heard() == ["93"]


def test_library_that_is_off_line_is_a_lost_link(
    server: SipServer, client: Client
) -> None:
    server.library.online = False

    with pytest.raises(LinkLost, match="off line"):
        client.item("B1")


def test_nobody_listening_is_a_lost_link(server: SipServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    client = Client(replace(account_of(server), port=port))
    with client, pytest.raises(LinkLost, match=f"127.0.0.1:{port}"):
        client.status()


def test_link_that_the_server_closed_meanwhile_is_opened_anew(
    server: SipServer, client: Client
) -> None:
    client.item("B1")
    server.hang_up()

    assert client.checkout("R1", "B1").ok
    assert server.connections == 2


def test_idle_link_is_kept_alive_and_no_other_is_opened_for_it(
    server: SipServer,
) -> None:
    clock = [0.0]
    with Client(account_of(server), monotonic=lambda: clock[0]) as client:
        client.keep_alive()
        assert server.connections == 0
        client.item("B1")
        clock[0] = 59
        client.keep_alive()
        assert server.ids_heard() == ["93", "99", "17"]
        clock[0] = 61
        client.keep_alive()
    assert server.ids_heard() == ["93", "99", "17", "99"]


def test_value_that_can_not_be_sent_leaves_the_link_open(
    server: SipServer, client: Client
) -> None:
    client.status()

    with pytest.raises(BadMessage, match="field AB"):
        client.checkin("B|1")

    assert client.status().online_status
    assert server.connections == 1


def test_dripping_answer_does_not_hold_up_for_longer_than_the_whole_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()
        thread = threading.Thread(target=drip, args=[listener, stop])
        thread.start()
        account = Account(
            host="127.0.0.1",
            port=listener.getsockname()[1],
            patience=Patience(whole_s=0.5),
        )
        try:
            with Client(account) as client, pytest.raises(LinkLost):
                client.status()
        finally:
            stop.set()
            thread.join(10)
    assert not thread.is_alive()


def drip(listener: socket.socket, stop: threading.Event) -> None:
    connection, _ = listener.accept()
    with closing(connection):
        while not stop.wait(0.02):
            try:
                connection.sendall(b"9")
            except OSError:
                return

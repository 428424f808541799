"""SIP2 over TLS, and in clear text only within an own network."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sync.sip2.account import Account
from sync.sip2.client import Client
from sync.sip2.errors import LinkLost, PlainText
from sync.sip2.link import is_public
from tests.certificates import certificate
from tests.sip2_server import SipServer


@contextmanager
def behind_tls(server: SipServer, certificate_file: Path) -> Iterator[None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file)
    with socket.create_server(("127.0.0.1", 0)) as plain:
        server.port = plain.getsockname()[1]
        with context.wrap_socket(plain, server_side=True) as listener:
            thread = threading.Thread(target=server.serve, args=[listener])
            thread.start()
            try:
                yield
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                thread.join(10)
    assert not thread.is_alive()


def test_known_certificate_is_trusted_and_the_link_stays_open(tmp_path: Path) -> None:
    server, file = SipServer(), certificate(tmp_path, "127.0.0.1")
    with behind_tls(server, file):
        account = Account(host="127.0.0.1", port=server.port, tls=True, ca_file=file)
        with Client(account) as client:
            assert client.checkout("R1", "B1").ok
            assert client.checkin("B1").ok
    assert server.connections == 1


@pytest.mark.parametrize(
    ("address", "trusted"), [("127.0.0.1", False), ("127.0.0.9", True)]
)
def test_unknown_or_foreign_certificate_gets_no_password(
    tmp_path: Path, address: str, *, trusted: bool
) -> None:
    server, file = SipServer(), certificate(tmp_path, address)
    with behind_tls(server, file):
        account = Account(host="127.0.0.1", port=server.port, tls=True)
        account = replace(account, ca_file=file if trusted else None, user="kiosk")
        with (
            Client(account) as client,
            pytest.raises(LinkLost, match=r"(?i)certificate"),
        ):
            client.status()
    assert server.heard == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.1.5", False),
        ("100.64.0.1", False),
        ("fd00::1", False),
        ("::1", False),
        ("114.114.114.114", True),
        ("2400:3200::1", True),
        ("::ffff:114.114.114.114", True),
    ],
)
def test_public_addresses_are_known(address: str, *, public: bool) -> None:
    assert is_public(address) == public


def test_clear_text_to_a_public_address_is_refused_before_a_byte_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setattr("sync.sip2.link.is_public", lambda _address: True)
        client = Client(Account(host="127.0.0.1", port=port))
        with client, pytest.raises(PlainText, match="no TLS"):
            client.status()
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(100) == b""

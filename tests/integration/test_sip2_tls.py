"""SIP2 over TLS, and in clear text only within an own network."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sync.sip2.account import Account
from sync.sip2.client import Client
from sync.sip2.errors import LinkLost, PlainText
from sync.sip2.link import is_public
from tests.sip2_server import SipServer


def certificate(folder: Path, address: str) -> Path:
    """A file with a key and a certificate for this address, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "library")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address(address))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{address}.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


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

"""The socket to a server."""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
from contextlib import ExitStack

from sync.sip2.account import Account
from sync.sip2.errors import PlainText

_CHUNK_BYTES = 65536


class Link:
    """Connected when made. Raises OSError from everything; PlainText when made."""

    def __init__(self, account: Account) -> None:
        address = (account.host, account.port)
        with ExitStack() as unless_made:
            plain = socket.create_connection(address, account.patience.connect_s)
            unless_made.callback(plain.close)
            _refuse_public(plain, account)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = _secured(plain, account) if account.tls else plain
            unless_made.pop_all()

    def send(self, data: bytes, timeout_s: float) -> None:
        self._socket.settimeout(timeout_s)
        self._socket.sendall(data)

    def receive(self, timeout_s: float) -> bytes:
        """Some bytes; none when the server has closed. Raises TimeoutError."""
        self._socket.settimeout(timeout_s)
        return self._socket.recv(_CHUNK_BYTES)

    def is_stale(self) -> bool:
        """Whether the server closed it, or said something that nobody asked for."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def close(self) -> None:
        self._socket.close()


def _secured(plain: socket.socket, account: Account) -> socket.socket:
    context = ssl.create_default_context(cafile=account.ca_file)
    return context.wrap_socket(plain, server_hostname=account.host)


def _refuse_public(connection: socket.socket, account: Account) -> None:
    """Passwords go in clear: without TLS only to an address of an own network."""
    peer = connection.getpeername()[0].partition("%")[0]
    if is_public(peer) and not (account.tls or account.plain_text_anywhere):
        raise PlainText(
            f"{account.host} is a public address and the account has no TLS"
        )


def is_public(address: str) -> bool:
    """Whether the way to this IP address may lead through the internet."""
    given = ipaddress.ip_address(address)
    inner = given.ipv4_mapped if isinstance(given, ipaddress.IPv6Address) else None
    return (inner or given).is_global

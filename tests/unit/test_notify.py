from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.notify import notify


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's end of the channel."""
    path = str(tmp_path / "notify")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as channel:
        channel.bind(path)
        channel.settimeout(1.0)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield channel


@pytest.mark.parametrize("state", ["READY=1", "WATCHDOG=1", "STOPPING=1"])
def test_the_service_manager_is_told(manager: socket.socket, state: str) -> None:
    notify(state)

    assert manager.recv(64) == state.encode()


def test_an_abstract_address_works_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as channel:
        channel.bind("")  # Linux takes a free abstract name
        name = channel.getsockname()
        channel.settimeout(1.0)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name[1:].decode())

        notify("READY=1")

        assert channel.recv(64) == b"READY=1"


def test_without_a_service_manager_nothing_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    notify("READY=1")


def test_a_manager_that_went_away_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))

    notify("WATCHDOG=1")


def test_a_manager_that_does_not_listen_never_blocks(manager: socket.socket) -> None:
    for _ in range(2000):
        notify("WATCHDOG=1")

    assert manager.recv(64) == b"WATCHDOG=1"

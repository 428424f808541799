from __future__ import annotations

import socket

import pytest

from kiosk.demo.launch import Ports, PortTaken


@pytest.mark.parametrize("place", ["kiosk", "hub", "bench"])
def test_a_port_that_is_taken_is_named_before_anything_starts(place: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(PortTaken, match=f"port {port}: Address already in use"):
            Ports(**{"kiosk": 0, "hub": 0, "bench": 0, place: port}).check()


def test_free_ports_are_fine() -> None:
    Ports(0, 0, 0).check()

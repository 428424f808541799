"""How the inside of an emulated reader says no."""

from __future__ import annotations


class Refused(Exception):
    """The reader answers with a status other than OK, and `data` behind it."""

    def __init__(self, status: int, data: bytes = b"") -> None:
        super().__init__(f"status {status:02X}")
        self.status = status
        self.data = data

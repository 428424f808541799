"""Why a machine that has logged in gets no answer."""

from __future__ import annotations


class Closed(PermissionError):
    """Permanent: the machine's account is gone or disabled."""


class NotNow(RuntimeError):
    """Transient: the database did not answer; what was asked may be asked again."""

"""What a client must know of one server: where it is, who we are there, how it speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sync.sip2.dialects import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds; `whole_s` bounds one request with all its retries."""

    connect_s: float = 5.0
    answer_s: float = 10.0
    whole_s: float = 25.0
    retries: int = 2
    #: A link that is unused for longer is kept alive.
    idle_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Secrets are left out of its text. Without a user there is no login."""

    host: str
    port: int = 6001
    user: str | None = None
    password: str = field(default="", repr=False)
    location_code: str | None = None
    #: Empty: as the server says in its status.
    institution_id: str = ""
    terminal_password: str = field(default="", repr=False)
    dialect: Dialect = field(default_factory=Dialect)
    patience: Patience = field(default_factory=Patience)
    #: TLS, with a certificate that the system's authorities or those of `ca_file` signed.
    tls: bool = False
    ca_file: Path | None = None
    #: Clear text over the internet; only where a tunnel protects it.
    plain_text_anywhere: bool = False

"""Machines of others that lend by SIP2: their accounts, and what each was told last."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text, false

from sync.hub.store.schema.base import UtcTime, metadata

sip2_accounts = Table(
    "sip2_accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password", Text, nullable=False),  # see `county/passwords.py`
    Column("site_id", ForeignKey("sites.site_id"), nullable=False),
    Column("charset", Text, nullable=False),
    Column("ends_with_lf", Boolean, nullable=False, server_default=false()),
    Column("language", Text, nullable=False),  # of the texts that it shows
    Column("may_block", Boolean, nullable=False, server_default=false()),
    Column("disabled", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcTime, nullable=False),
)

#: The last request of a machine that changed something, and its answer; see
#: `sip2_server/memory.py`.
sip2_answers = Table(
    "sip2_answers",
    metadata,
    Column("name", ForeignKey("sip2_accounts.name"), primary_key=True),
    Column("digest", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)

"""What readers agreed to, and the proof of what was forgotten of them."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text

from sync.hub.store.schema.base import UtcTime, metadata

#: Each purge and each erasure; see `privacy/runs.py`.
privacy_runs = Table(
    "privacy_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("cut_off", UtcTime, nullable=False),
    Column("ended_at", UtcTime),  # None: at work, or killed
    Column("forgotten", Text, nullable=False),  # JSON: how many, by where they stood
    Column("kept", Text, nullable=False),  # JSON: how many, by the reason
)

#: What readers are asked to agree to; a version is never changed.
consent_texts = Table(
    "consent_texts",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("since", UtcTime, nullable=False),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
)

#: Who agreed to what, and until when it held; see `privacy/consent.py`.
consents = Table(
    "consents",
    metadata,
    Column("consent_id", Text, primary_key=True),
    Column("patron_ref", Text, nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("given_at", UtcTime, nullable=False),
    Column("taken_by", Text, nullable=False),
    Column("given_by", Text),  # patron_ref of the guardian; NULL: the reader
    Column("withdrawn_at", UtcTime),
    Column("withdrawn_by", Text),
)

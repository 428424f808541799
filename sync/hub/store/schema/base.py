"""What all tables share: one naming of constraints, one way to keep a time."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import DateTime, Dialect, MetaData
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[dt.datetime]):
    """An aware time in, an aware UTC time out, to the microsecond, on any database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(
        self,
        value: dt.datetime | None,
        dialect: Dialect,  # noqa: ARG002  (SQLAlchemy's signature)
    ) -> dt.datetime | None:
        return as_stored(value)

    def process_result_value(
        self,
        value: dt.datetime | None,
        dialect: Dialect,  # noqa: ARG002  (SQLAlchemy's signature)
    ) -> dt.datetime | None:
        return value and value.replace(tzinfo=dt.UTC)


def as_stored(value: dt.datetime | None) -> dt.datetime | None:
    """A time as the columns hold it: in UTC, without saying so."""
    return value and value.astimezone(dt.UTC).replace(tzinfo=None)

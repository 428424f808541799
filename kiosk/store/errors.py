"""What can go wrong with the two databases, and what each error asks for.

The second base says it: Transient, try again; Permanent, tell staff; Corrupt,
stop and open again. A ledger error always means: the transaction did not happen.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kiosk.service import ports

#: SQLite keeps the kind of an error in the low byte of its extended code.
_PRIMARY = 0xFF


class StoreError(Exception):
    """Base of everything `kiosk.store` raises on purpose."""


class Transient(StoreError):
    """The same call may succeed later."""


class Permanent(StoreError):
    """The same call will fail again; a person has to change something."""


class Corrupt(StoreError):
    """The file or its medium can't be trusted; open the database again."""


class LedgerError(StoreError, ports.LedgerError):
    """Base of the errors of `ledger.db`; the use cases know it by the port's name."""


class LedgerBusy(Transient, LedgerError, TimeoutError):
    """Another connection held the database for too long."""


class LedgerMissing(Transient, LedgerError, FileNotFoundError):
    """There is no ledger yet, or it is being replaced at this moment."""


class LedgerFull(Transient, LedgerError, ports.NoSpace, OSError):
    """The disk is full; nothing was written."""


class LedgerInUse(Permanent, LedgerError, RuntimeError):
    """Another process owns the ledger."""


class LedgerTooNew(Permanent, LedgerError, RuntimeError):
    """A newer version of the program wrote this ledger."""


class LedgerRefused(Permanent, LedgerError, ValueError):
    """The call breaks a rule of the ledger, such as closing an ask twice."""


class LedgerDamaged(Corrupt, LedgerError, RuntimeError):
    """The ledger's content is not what was written."""


class LedgerUnwritable(Corrupt, LedgerError, OSError):
    """The medium failed or went read-only; nothing can be promised about it."""


class MirrorError(StoreError):
    """Base of the errors of `mirror.db`."""


class MirrorBusy(Transient, MirrorError, OSError):
    """The mirror could not be written now: locked, disk full or medium failed."""


class MirrorInUse(Permanent, MirrorError, RuntimeError):
    """Another process owns the mirror."""


class MirrorRefused(Permanent, MirrorError, ValueError):
    """The call breaks a rule of the mirror's tables."""


class MirrorDamaged(Corrupt, MirrorError, RuntimeError):
    """The mirror is damaged; open it again and it is pulled anew."""


class PageTooFarOn(Permanent, MirrorError, ValueError):
    """A page of the feed that goes on from a place where the mirror is not yet."""


class BadRulesSignature(Permanent, MirrorError, ValueError):
    """Lending rules that the hub's key did not sign."""


#: What a database call may raise: SQLite's word, a wait for the one connection that
#: was too long, a text that is none (which the driver does not wrap).
Failure = DBAPIError | PoolTimeout | UnicodeDecodeError

_LEDGER: dict[int, type[LedgerError]] = {
    sqlite3.SQLITE_BUSY: LedgerBusy,
    sqlite3.SQLITE_LOCKED: LedgerBusy,
    sqlite3.SQLITE_FULL: LedgerFull,
    sqlite3.SQLITE_IOERR: LedgerUnwritable,
    sqlite3.SQLITE_READONLY: LedgerUnwritable,
    sqlite3.SQLITE_CANTOPEN: LedgerUnwritable,
    sqlite3.SQLITE_PERM: LedgerUnwritable,
    sqlite3.SQLITE_CORRUPT: LedgerDamaged,
    sqlite3.SQLITE_NOTADB: LedgerDamaged,
    sqlite3.SQLITE_ERROR: LedgerDamaged,  # "no such table" and the like
}
_MIRROR: dict[int, type[MirrorError]] = {
    sqlite3.SQLITE_BUSY: MirrorBusy,
    sqlite3.SQLITE_LOCKED: MirrorBusy,
    sqlite3.SQLITE_FULL: MirrorBusy,
    sqlite3.SQLITE_IOERR: MirrorBusy,
    sqlite3.SQLITE_READONLY: MirrorBusy,
    sqlite3.SQLITE_CANTOPEN: MirrorBusy,
    sqlite3.SQLITE_PERM: MirrorBusy,
    sqlite3.SQLITE_CORRUPT: MirrorDamaged,
    sqlite3.SQLITE_NOTADB: MirrorDamaged,
    sqlite3.SQLITE_ERROR: MirrorDamaged,
}


def ledger_error(error: Failure) -> LedgerError:
    """Say a database error in the ledger's words."""
    if isinstance(error, PoolTimeout):
        return LedgerBusy(f"ledger: {error}")
    if isinstance(error, UnicodeDecodeError):
        return LedgerDamaged(f"ledger: {error}")
    return _LEDGER.get(_code(error), LedgerRefused)(f"ledger: {error.orig}")


def mirror_error(error: Failure) -> MirrorError:
    """Say a database error in the mirror's words."""
    if isinstance(error, PoolTimeout):
        return MirrorBusy(f"mirror: {error}")
    if isinstance(error, UnicodeDecodeError):
        return MirrorDamaged(f"mirror: {error}")
    return _MIRROR.get(_code(error), MirrorRefused)(f"mirror: {error.orig}")


def _code(error: DBAPIError) -> int:
    # What Python's own module finds carries no code: a text that is no UTF-8 is an
    # OperationalError, a value that can't be bound is not.
    is_content = isinstance(error.orig, sqlite3.OperationalError)
    found = sqlite3.SQLITE_CORRUPT if is_content else sqlite3.SQLITE_MISUSE
    code: int = getattr(error.orig, "sqlite_errorcode", found)
    return code & _PRIMARY

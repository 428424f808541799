"""The name that stands for the reader of an old loan, and leads to nobody.

Facts of one loan share it, so that the loan reads as it did; no two loans do.
"""

from __future__ import annotations

PREFIX = "former:"


def former_reader(token: str) -> str:
    """A name made of a random token."""
    return PREFIX + token


def is_former(patron_ref: str | None) -> bool:
    return patron_ref is not None and patron_ref.startswith(PREFIX)


def may_be_same(one: str | None, other: str | None) -> bool:
    """Tell whether two names may be one reader's: nobody knows of a former one."""
    return one == other or is_former(one) or is_former(other)

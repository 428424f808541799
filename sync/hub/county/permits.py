"""Who may do what, and where: the one place that decides.

A role is held at a site, or in the whole county. Keepers act at their own site,
towns at theirs and all below it, everybody else in the whole county.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from sync.hub.county.tree import Parents, subtree


class Role(enum.StrEnum):
    """ADMIN looks after the hub itself; STAFF does the county library's work.

    BUREAU reads but sees no person; ASSESSOR sees sums only.
    """

    KEEPER = "keeper"
    TOWN = "town"
    STAFF = "staff"
    ADMIN = "admin"
    BUREAU = "bureau"
    ASSESSOR = "assessor"


class Action(enum.StrEnum):
    """What a page or a button of the desk does."""

    OPEN = "open"  # before logging in
    OWN = "own"  # one's own session and password
    SEE_FIGURES = "see_figures"
    SEE_SITES = "see_sites"
    SEE_DEVICES = "see_devices"
    SEE_RECORDS = "see_records"  # loans, events, cases: readers by masked name
    SEE_PATRONS = "see_patrons"  # a reader's own record
    EDIT_PATRONS = "edit_patrons"
    MOVE_ITEMS = "move_items"  # send, receive, pack and unpack copies
    EDIT_ITEMS = "edit_items"
    EDIT_SITES = "edit_sites"
    EDIT_RULES = "edit_rules"
    EDIT_USERS = "edit_users"
    SEE_LIBRARY = "see_library"  # the queue towards the library system, and retry
    SETTLE_CASES = "settle_cases"
    SERVE_HOLDS = "serve_holds"  # fetch copies, keep them, end holds
    SEE_AUDIT = "see_audit"


#: Roles that are held at a site and end there.
LOCAL = frozenset({Role.KEEPER, Role.TOWN})

_ASSESSOR = {Action.OPEN, Action.OWN, Action.SEE_FIGURES}
_BUREAU = _ASSESSOR | {Action.SEE_SITES, Action.SEE_DEVICES}
_KEEPER = _BUREAU | {Action.MOVE_ITEMS, Action.SERVE_HOLDS, Action.SEE_RECORDS}
_TOWN = _KEEPER | {Action.SETTLE_CASES}
_STAFF = _TOWN | {
    Action.SEE_PATRONS,
    Action.EDIT_PATRONS,
    Action.EDIT_ITEMS,
    Action.EDIT_SITES,
    Action.SEE_LIBRARY,
}
_MAY: Mapping[Role, frozenset[Action]] = {
    Role.ASSESSOR: frozenset(_ASSESSOR),
    Role.BUREAU: frozenset(_BUREAU),
    Role.KEEPER: frozenset(_KEEPER),
    Role.TOWN: frozenset(_TOWN),
    Role.STAFF: frozenset(_STAFF),
    Role.ADMIN: frozenset(Action),
}

#: The sites that somebody sees; None for all of them and the county itself.
Reach = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A role and where it is held; `site` None for the whole county."""

    role: Role
    site: str | None = None


def may(role: Role, action: Action) -> bool:
    """Whether a role ever does that, wherever it may be."""
    return action in _MAY[role]


def allows(
    standing: Standing, action: Action, site: str | None, parents: Parents
) -> bool:
    """Whether it may be done to what stands at `site`; None: the county itself."""
    if not may(standing.role, action):
        return False
    sites = reach(standing, parents)
    return sites is None or site in sites


def reach(standing: Standing, parents: Parents) -> Reach:
    """The sites that this standing has to do with."""
    if standing.role not in LOCAL:
        return None
    if standing.site is None:
        return frozenset()
    if standing.role is Role.KEEPER:
        return frozenset({standing.site})
    return subtree(standing.site, parents)

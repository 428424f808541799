"""Every page of the desk says what it does; who may is decided in one place.

A page that says nothing is shown to nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import current_app, g, request
from sqlalchemy import Column, ColumnElement, Connection, or_, true

from sync.hub.county.audit import Actor
from sync.hub.county.permits import (
    LOCAL,
    Action,
    Reach,
    Standing,
    allows,
    may,
    reach,
)
from sync.hub.county.site_tree import parents_of_sites
from sync.hub.county.tree import Parents
from sync.hub.desk.origin import address

_MARK = "desk_action"
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class User:
    """Who is logged in, and the county's tree as it is now if the role goes by it.

    `one_time`: with a password that has to be changed before anything else.
    """

    name: str
    standing: Standing
    parents: Parents
    one_time: bool = False

    @property
    def role(self) -> str:
        return self.standing.role.value

    @property
    def sites(self) -> Reach:
        """The sites that this user sees; None for all."""
        return reach(self.standing, self.parents)

    def may(self, action: str) -> bool:
        """Whether to show a link to it; a template asks by the action's value."""
        return may(self.standing.role, Action(action))

    def allows(self, action: Action, site: str | None) -> bool:
        return allows(self.standing, action, site, self.parents)


def needs(action: Action) -> Callable[[View], View]:
    """Declare what a page does; the first decorator above its function."""

    def declare(view: View) -> View:
        setattr(view, _MARK, action)
        return view

    return declare


def action_of(view: Callable[..., Any]) -> Action | None:
    found: Action | None = getattr(view, _MARK, None)
    return found


def action_of_request() -> Action | None:
    """What the requested page does; None if it does not say, or there is none."""
    view = current_app.view_functions.get(request.endpoint or "")
    return action_of(view) if view else None


def user() -> User:
    """Who asks for this page; only on pages that need a login."""
    found: User = g.user
    return found


def actor() -> Actor:
    """Who asks for this page, for the audit log."""
    return Actor(user().name, address())


def user_of(conn: Connection, name: str, standing: Standing, *, one_time: bool) -> User:
    # Of ten thousand sites the tree costs more than most pages; few need it.
    parents = parents_of_sites(conn) if standing.role in LOCAL else {}
    return User(name, standing, parents, one_time)


def within(sites: Reach, *columns: Column[Any]) -> ColumnElement[bool]:
    """What stands at one of the sites by any of the columns; everything for None."""
    if sites is None:
        return true()
    return or_(*(column.in_(sites) for column in columns))

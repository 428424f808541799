"""The desk's menu: its sections by group, and to which one a page belongs."""

from __future__ import annotations

from dataclasses import dataclass

from sync.hub.county.permits import Action


@dataclass(frozen=True, slots=True)
class Section:
    """A link of the menu, named like the page that it opens.

    `key`: after g it opens the section. `beginnings`: how the names of the pages
    begin that belong to it besides its own.
    """

    name: str
    action: Action
    key: str
    beginnings: tuple[str, ...] = ()

    def has(self, endpoint: str) -> bool:
        """Whether a page, like desk.patron_full, belongs to this section."""
        page = endpoint.removeprefix("desk.")
        return page == self.name or page.startswith(self.beginnings)


#: Work first, then what the county has, then how it is run.
MENU: tuple[tuple[Section, ...], ...] = (
    (
        Section("overview", Action.SEE_FIGURES, "o", ("overview_",)),
        Section("loans", Action.SEE_RECORDS, "l"),
        Section("holds", Action.SEE_RECORDS, "h", ("hold_", "holds_")),
        Section("transfers", Action.SEE_RECORDS, "t", ("transfers_", "box")),
        Section("cases", Action.SEE_RECORDS, "c", ("case",)),
        Section("events", Action.SEE_RECORDS, "e", ("events_",)),
    ),
    (
        Section("patrons", Action.SEE_PATRONS, "r", ("patron",)),
        Section("items", Action.SEE_RECORDS, "b", ("item",)),
        Section("sites", Action.SEE_SITES, "s", ("site",)),
        Section("rules", Action.SEE_SITES, "u", ("rules_",)),
    ),
    (
        Section("library", Action.SEE_LIBRARY, "y", ("library_",)),
        Section("users", Action.EDIT_USERS, "m", ("user_",)),
        Section("audit", Action.SEE_AUDIT, "a", ("audit_",)),
        Section("privacy", Action.SEE_AUDIT, "p"),
    ),
)

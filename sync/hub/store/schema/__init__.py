"""The hub's tables, the same on SQLite and on PostgreSQL; a file for each room.

Text ids, calendar dates and UTC times; JSON is kept as text, since it is stored
and handed out but never searched in.
"""

from __future__ import annotations

from sync.hub.store.schema.base import UtcTime, metadata
from sync.hub.store.schema.circulation import (
    case_steps,
    cases,
    facts,
    hold_bars,
    hold_steps,
    holds,
    library_tasks,
    loans,
)
from sync.hub.store.schema.county import (
    audit_log,
    credentials,
    import_changes,
    import_runs,
    item_parts,
    items,
    login_places,
    login_tries,
    patrons,
    search_terms,
    site_history,
    sites,
    titles,
    users,
)
from sync.hub.store.schema.kiosks import (
    boots,
    clock_pairs,
    devices,
    enrol_codes,
    event_copies,
    events,
    kiosk_heads,
    quarantine,
)
from sync.hub.store.schema.machines import sip2_accounts, sip2_answers
from sync.hub.store.schema.privacy import consent_texts, consents, privacy_runs
from sync.hub.store.schema.told import (
    feed,
    feed_clock,
    feed_runs,
    rules,
    settings,
)
from sync.hub.store.schema.transfers import box_items, boxes, transfers

__all__ = [
    "UtcTime",
    "audit_log",
    "boots",
    "box_items",
    "boxes",
    "case_steps",
    "cases",
    "clock_pairs",
    "consent_texts",
    "consents",
    "credentials",
    "devices",
    "enrol_codes",
    "event_copies",
    "events",
    "facts",
    "feed",
    "feed_clock",
    "feed_runs",
    "hold_bars",
    "hold_steps",
    "holds",
    "import_changes",
    "import_runs",
    "item_parts",
    "items",
    "kiosk_heads",
    "library_tasks",
    "loans",
    "login_places",
    "login_tries",
    "metadata",
    "patrons",
    "privacy_runs",
    "quarantine",
    "rules",
    "search_terms",
    "settings",
    "sip2_accounts",
    "sip2_answers",
    "site_history",
    "sites",
    "titles",
    "transfers",
    "users",
]

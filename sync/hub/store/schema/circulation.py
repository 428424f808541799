"""What happened to items, what follows from it, and what waits for a decision."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Table, Text

from sync.hub.store.schema.base import UtcTime, metadata

#: What happened to an item, one row per loan, return, renewal or hold, as recorded;
#: `loans`, `holds` and most cases are what follows from all of them.
facts = Table(
    "facts",
    metadata,
    Column("fact_id", Text, primary_key=True),  # the event_id of the loan, return …
    Column("item", Text, nullable=False, index=True),
    Column("move", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("recorded_clock", Text, nullable=False),
    Column("at", UtcTime, nullable=False),  # corrected
    Column("earliest", UtcTime, nullable=False),
    Column("latest", UtcTime, nullable=False),
    Column("clock", Text, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("monotonic_ns", BigInteger, nullable=False),
    Column("kiosk_id", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("site_id", Text, nullable=False),
    Column("patron_ref", Text, nullable=False, index=True),
    Column("loan_ref", Text, nullable=False),
    Column("title_id", Text, nullable=False, index=True),  # of a hold, else empty
    Column("promised", Date),
    Column("withdrawn", Boolean, nullable=False),
    Column("believed", Boolean, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("records", Text, nullable=False),  # JSON: what the county knew
    Column("ruling", Text),  # JSON: what staff have ruled, see `rulings.py`
    Index(None, "kiosk_id", "boot_id", "monotonic_ns"),
)

loans = Table(
    "loans",
    metadata,
    Column("loan_id", Text, primary_key=True),  # the fact that began it
    Column("loan_ref", Text, nullable=False, index=True),
    Column("item", Text, nullable=False, index=True),
    Column("patron_ref", Text, nullable=False),
    Column("loaned_at", UtcTime, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("renewed", Integer, nullable=False),
    Column("loan_site", Text, nullable=False),
    Column("returned_at", UtcTime),
    Column("return_site", Text),
    Column("closed_by", Text),  # the fact that ended it
    Column("how_closed", Text),
    Index(None, "patron_ref", "returned_at"),
    Index(None, "loaned_at", "loan_id"),
    Index(None, "loan_site"),
    Index(None, "return_site"),
    Index(None, "returned_at"),
)
#: Few loans are open, and the late ones among them are asked for all the time.
_OPEN = loans.c.returned_at.is_(None)
Index(
    "ix_loans_open",
    loans.c.due_on,
    loans.c.loan_id,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)

#: Who waits for a copy of a title, or for one copy, and what became of it; holds that
#: their readers gave up are not here.
holds = Table(
    "holds",
    metadata,
    Column("hold_id", Text, primary_key=True),  # the fact that placed it
    Column("title_id", Text, nullable=False, index=True),
    Column("item", Text, nullable=False),  # empty if any copy will do
    Column("patron_ref", Text, nullable=False, index=True),
    Column("site_id", Text, nullable=False),  # where the reader fetches it
    Column("placed_at", UtcTime, nullable=False),
    Column("filled_by", Text),  # the fact of the loan that ended it
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("copy", Text, nullable=False, server_default="", index=True),  # set aside
    Column("copy_site", Text, nullable=False, server_default=""),  # where it is
    Column("since", UtcTime),  # of the state
    Column("keep_until", Date),  # the last day to fetch it
    Index(None, "state", "keep_until"),
)

#: What staff, or the hub's own upkeep, did for a hold; see `circulation/hold_queue.py`.
hold_steps = Table(
    "hold_steps",
    metadata,
    Column("step_id", Text, primary_key=True),
    Column("hold_id", Text, nullable=False, index=True),
    Column("title_id", Text, nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("item", Text, nullable=False),  # empty if it is about no copy
    Column("site_id", Text, nullable=False),  # where that copy was
    Column("reason", Text, nullable=False),
)

#: Readers whose new holds are declined: too often nobody came for the book.
hold_bars = Table(
    "hold_bars",
    metadata,
    Column("bar_id", Text, primary_key=True),
    Column("patron_ref", Text, nullable=False, index=True),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime),  # NULL until staff lift it
    Column("lifted_by", Text, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("item", Text, index=True),
    Column("patron_ref", Text),
    Column("event_id", Text, nullable=False),
    Column("kiosk_id", Text, nullable=False),
    Column("sides", Text, nullable=False),  # JSON
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Column("closed_by", Text),
    Column("note", Text, nullable=False),
    Column("site_id", Text),
    Column("came_back_at", UtcTime),  # opened again after it was closed
    Column("steps", Integer, nullable=False, server_default="0"),  # in `case_steps`
    Index(None, "state", "severity", "opened_at", "case_id"),
    Index(None, "severity", "opened_at", "case_id"),
)

#: What became of a case since it was opened, step by step.
case_steps = Table(
    "case_steps",
    metadata,
    Column("step_id", Text, primary_key=True),
    Column("case_id", Text, nullable=False, index=True),
    Column("number", Integer, nullable=False),  # 1, 2, 3 …
    Column("at", UtcTime, nullable=False),
    Column("who", Text, nullable=False),  # empty: the hub itself
    Column("what", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("effect", Text, nullable=False),  # JSON: what an undo takes back
)

#: What the county's own library system has to learn: one row per fact, for ever.
library_tasks = Table(
    "library_tasks",
    metadata,
    Column("fact_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("queued_at", UtcTime, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),  # times that bytes may have left
    Column("sent_at", UtcTime),  # the last of them
    Column("due_before", Date),  # as the library system had it just before that
    Column("due_on", Date),  # as it has it now
    Column("finished_at", UtcTime),
    Column("note", Text, nullable=False),  # why not done, or not told
    Index(None, "state", "queued_at"),
)

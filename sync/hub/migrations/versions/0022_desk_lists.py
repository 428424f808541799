"""Indexes for the desk's lists: loans by their time and site, copies by their home."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_OPEN = text("returned_at IS NULL")
_ON_LOANS = {
    "ix_loans_loaned_at_loan_id": ["loaned_at", "loan_id"],
    "ix_loans_loan_site": ["loan_site"],
    "ix_loans_return_site": ["return_site"],
    "ix_loans_returned_at": ["returned_at"],
}


def upgrade() -> None:
    for name, columns in _ON_LOANS.items():
        op.create_index(name, "loans", columns)
    op.create_index(
        "ix_loans_open",
        "loans",
        ["due_on", "loan_id"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_items_home_site", "items", ["home_site"])


def downgrade() -> None:
    op.drop_index("ix_items_home_site", "items")
    for name in ("ix_loans_open", *_ON_LOANS):
        op.drop_index(name, "loans")

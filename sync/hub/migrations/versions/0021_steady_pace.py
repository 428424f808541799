"""Indexes that keep the pace of a drain, however much came before.

Facts by the moment of their boot, boots in their order, a reader's loans by their end.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_BY_MOMENT = "ix_facts_kiosk_id_boot_id_monotonic_ns"
_IN_ORDER = "ix_boots_kiosk_id_epoch_place_boot_id"
_BY_END = "ix_loans_patron_ref_returned_at"


def upgrade() -> None:
    op.create_index(_BY_MOMENT, "facts", ["kiosk_id", "boot_id", "monotonic_ns"])
    op.drop_index("ix_facts_kiosk_id_boot_id", "facts")
    op.create_index(_IN_ORDER, "boots", ["kiosk_id", "epoch", "place", "boot_id"])
    op.create_index(_BY_END, "loans", ["patron_ref", "returned_at"])
    op.drop_index("ix_loans_patron_ref", "loans")


def downgrade() -> None:
    op.create_index("ix_loans_patron_ref", "loans", ["patron_ref"])
    op.drop_index(_BY_END, "loans")
    op.drop_index(_IN_ORDER, "boots")
    op.create_index("ix_facts_kiosk_id_boot_id", "facts", ["kiosk_id", "boot_id"])
    op.drop_index(_BY_MOMENT, "facts")

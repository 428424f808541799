"""What becomes of holds: the copy that is set aside, acts for them, barred readers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ADDED = ("state", "copy", "copy_site", "since", "keep_until")


def upgrade() -> None:
    with op.batch_alter_table("holds") as holds:
        for name, default in (("state", "waiting"), ("copy", ""), ("copy_site", "")):
            holds.add_column(
                sa.Column(name, sa.Text(), nullable=False, server_default=default)
            )
        holds.add_column(sa.Column("since", sa.DateTime()))
        holds.add_column(sa.Column("keep_until", sa.Date()))
        holds.create_index(op.f("ix_holds_copy"), ["copy"])
        holds.create_index(op.f("ix_holds_state_keep_until"), ["state", "keep_until"])
    op.execute(sa.text("UPDATE holds SET since = placed_at"))
    filled = "UPDATE holds SET state = 'filled' WHERE filled_by IS NOT NULL"
    op.execute(sa.text(filled))
    op.create_table(
        "hold_steps",
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_hold_steps")),
    )
    op.create_index(op.f("ix_hold_steps_hold_id"), "hold_steps", ["hold_id"])
    op.create_index(op.f("ix_hold_steps_title_id"), "hold_steps", ["title_id"])
    op.create_table(
        "hold_bars",
        sa.Column("bar_id", sa.Text(), nullable=False),
        sa.Column("patron_ref", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime()),
        sa.Column("lifted_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("bar_id", name=op.f("pk_hold_bars")),
    )
    op.create_index(op.f("ix_hold_bars_patron_ref"), "hold_bars", ["patron_ref"])


def downgrade() -> None:
    """What was done for holds is lost; those that ended without a loan wait again."""
    op.drop_table("hold_bars")
    op.drop_table("hold_steps")
    with op.batch_alter_table("holds") as holds:
        holds.drop_index(op.f("ix_holds_state_keep_until"))
        holds.drop_index(op.f("ix_holds_copy"))
        for name in reversed(_ADDED):
            holds.drop_column(name)

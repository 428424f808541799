"""What the county's own library system has to learn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "library_tasks",
        sa.Column("fact_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.DateTime(), nullable=False),
        sa.Column("not_before", sa.DateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime()),
        sa.Column("due_before", sa.Date()),
        sa.Column("due_on", sa.Date()),
        sa.Column("finished_at", sa.DateTime()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fact_id", name=op.f("pk_library_tasks")),
    )
    op.create_index(
        op.f("ix_library_tasks_state_queued_at"),
        "library_tasks",
        ["state", "queued_at"],
    )


def downgrade() -> None:
    op.drop_table("library_tasks")

"""Runs of the feed, so that a cursor into a history that a restore undid is told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_runs",
        sa.Column(
            "first_version", sa.BigInteger(), autoincrement=False, nullable=False
        ),
        sa.Column("run", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("first_version", name=op.f("pk_feed_runs")),
    )


def downgrade() -> None:
    op.drop_table("feed_runs")

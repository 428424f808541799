"""Passwords that somebody else chose, to be changed at the first login."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(
            sa.Column(
                "one_time", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )


def downgrade() -> None:
    """Such passwords go on to work like any other."""
    with op.batch_alter_table("users") as users:
        users.drop_column("one_time")

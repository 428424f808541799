"""Sites have a kind, a state, a profile and a calendar, and keep what they were before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sites") as sites:
        sites.add_column(
            sa.Column("kind", sa.Text(), nullable=False, server_default="")
        )
        sites.add_column(
            sa.Column("state", sa.Text(), nullable=False, server_default="open")
        )
        sites.add_column(
            sa.Column("profile", sa.Text(), nullable=False, server_default="{}")
        )
        sites.add_column(sa.Column("calendar", sa.Text()))
    op.create_table(
        "site_history",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.Column("parent", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "until", name=op.f("pk_site_history")),
    )


def downgrade() -> None:
    """Calendars, profiles and former places are lost; a closed site is a site again."""
    op.drop_table("site_history")
    with op.batch_alter_table("sites") as sites:
        for name in ("calendar", "profile", "state", "kind"):
            sites.drop_column(name)

"""Machines of others have accounts, and their last answer is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.false()
    op.create_table(
        "sip2_accounts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("charset", sa.Text(), nullable=False),
        sa.Column("ends_with_lf", sa.Boolean(), nullable=False, server_default=no),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("may_block", sa.Boolean(), nullable=False, server_default=no),
        sa.Column("disabled", sa.Boolean(), nullable=False, server_default=no),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sip2_accounts")),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name=op.f("fk_sip2_accounts_site_id")
        ),
    )
    op.create_table(
        "sip2_answers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sip2_answers")),
        sa.ForeignKeyConstraint(
            ["name"], ["sip2_accounts.name"], name=op.f("fk_sip2_answers_name")
        ),
    )


def downgrade() -> None:
    """The accounts are lost; what the machines lent stays, as everything that happened."""
    op.drop_table("sip2_answers")
    op.drop_table("sip2_accounts")

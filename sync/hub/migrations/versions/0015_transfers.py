"""Copies on their way between sites, the boxes they travel in, and who is away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_AWAY = sa.text("current_site != home_site")


def upgrade() -> None:
    op.create_table(
        "transfers",
        sa.Column("transfer_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("from_site", sa.Text(), nullable=False),
        sa.Column("to_site", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime()),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime()),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime()),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_transfers")),
    )
    for columns in (["item"], ["state", "from_site"], ["state", "to_site"]):
        name = op.f(f"ix_transfers_{'_'.join(columns)}")
        op.create_index(name, "transfers", columns)
    op.create_table(
        "boxes",
        sa.Column("box_id", sa.Text(), nullable=False),
        sa.Column("home_site", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("back_by", sa.Date()),
        sa.PrimaryKeyConstraint("box_id", name=op.f("pk_boxes")),
    )
    op.create_table(
        "box_items",
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("box_id", sa.Text(), nullable=False),
        sa.Column("packed_at", sa.DateTime(), nullable=False),
        sa.Column("missing_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_box_items")),
    )
    op.create_index(op.f("ix_box_items_box_id"), "box_items", ["box_id"])
    op.create_index(
        "ix_items_away",
        "items",
        ["current_site"],
        sqlite_where=_AWAY,
        postgresql_where=_AWAY,
    )


def downgrade() -> None:
    """Lists and boxes are lost; every copy stays where it was seen last."""
    op.drop_index("ix_items_away", "items")
    for name in ("box_items", "boxes", "transfers"):
        op.drop_table(name)

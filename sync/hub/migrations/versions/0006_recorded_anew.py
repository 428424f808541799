"""Events that stand at two places, what revoked devices send in order, and gaps."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PLACE = ("epoch", "seq", "hash", "prev_hash")


def upgrade() -> None:
    op.create_table(
        "event_copies",
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "kiosk_id", "epoch", "seq", name=op.f("pk_event_copies")
        ),
    )
    with op.batch_alter_table("quarantine") as quarantine:
        for name in ("epoch", "hash", "prev_hash"):
            quarantine.add_column(
                sa.Column(name, sa.Text(), nullable=False, server_default="")
            )
        quarantine.add_column(
            sa.Column("seq", sa.BigInteger(), nullable=False, server_default="0")
        )
        quarantine.add_column(sa.Column("admitted_at", sa.DateTime()))
    _place_what_is_kept()
    with op.batch_alter_table("kiosk_heads") as heads:
        heads.add_column(sa.Column("gap_since", sa.DateTime()))
    with op.batch_alter_table("devices") as devices:
        devices.add_column(
            sa.Column("heads", sa.Text(), nullable=False, server_default="[]")
        )
        devices.add_column(
            sa.Column("why_revoked", sa.Text(), nullable=False, server_default="")
        )
    with op.batch_alter_table("enrol_codes") as codes:
        codes.add_column(sa.Column("for_kiosk", sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("enrol_codes") as codes:
        codes.drop_column("for_kiosk")
    with op.batch_alter_table("devices") as devices:
        devices.drop_column("why_revoked")
        devices.drop_column("heads")
    with op.batch_alter_table("kiosk_heads") as heads:
        heads.drop_column("gap_since")
    with op.batch_alter_table("quarantine") as quarantine:
        for name in ("admitted_at", *_PLACE):
            quarantine.drop_column(name)
    op.drop_table("event_copies")


def _place_what_is_kept() -> None:
    """What is kept already says in its body where it belongs."""
    names = ("kiosk_id", "event_id", "body", *_PLACE)
    kept = sa.table("quarantine", *(sa.column(name) for name in names))
    conn = op.get_bind()
    for row in conn.execute(sa.select(kept.c.kiosk_id, kept.c.event_id, kept.c.body)):
        body = json.loads(row.body)
        conn.execute(
            kept.update()
            .where(kept.c.kiosk_id == row.kiosk_id, kept.c.event_id == row.event_id)
            .values({name: body[name] for name in _PLACE})
        )

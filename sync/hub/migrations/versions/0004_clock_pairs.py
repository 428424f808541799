"""Times have bounds; a boot has pairs of clocks from both sides, and a place."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: How far a time was held to be off before bounds were stored.
_DOUBT = {
    "synced": dt.timedelta(seconds=5),
    "rtc": dt.timedelta(minutes=10),
    "guessed": dt.timedelta(days=7),
}
_STRETCH_NS = 6 * 3600 * 10**9

_facts = sa.table(
    "facts",
    sa.column("fact_id", sa.Text),
    sa.column("clock", sa.Text),
    sa.column("at", sa.DateTime),
    sa.column("earliest", sa.DateTime),
    sa.column("latest", sa.DateTime),
    sa.column("kiosk_id", sa.Text),
    sa.column("epoch", sa.Text),
    sa.column("boot_id", sa.Text),
    sa.column("seq", sa.BigInteger),
    sa.column("monotonic_ns", sa.BigInteger),
)


def upgrade() -> None:
    with op.batch_alter_table("facts") as facts:
        facts.add_column(sa.Column("earliest", sa.DateTime()))
        facts.add_column(sa.Column("latest", sa.DateTime()))
    _bound_facts(op.get_bind())
    with op.batch_alter_table("facts") as facts:
        facts.alter_column("earliest", existing_type=sa.DateTime(), nullable=False)
        facts.alter_column("latest", existing_type=sa.DateTime(), nullable=False)
    pairs = _make_pairs()
    _keep_anchors(op.get_bind(), pairs)
    op.drop_table("boots")
    boots = _make_boots()
    _place_boots(op.get_bind(), boots)


def downgrade() -> None:
    """Pairs are lost: facts keep the time they were dated to, new ones are guessed."""
    op.drop_table("clock_pairs")
    op.drop_table("boots")
    op.create_table(
        "boots",
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("wall", sa.DateTime(), nullable=False),
        sa.Column("monotonic_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kiosk_id", "boot_id", name=op.f("pk_boots")),
    )
    with op.batch_alter_table("facts") as facts:
        facts.drop_column("latest")
        facts.drop_column("earliest")


def _bound_facts(conn: sa.Connection) -> None:
    columns = (_facts.c.fact_id, _facts.c.at, _facts.c.clock)
    for row in conn.execute(sa.select(*columns)).all():
        doubt = _DOUBT[row.clock]
        conn.execute(
            sa.update(_facts)
            .where(_facts.c.fact_id == row.fact_id)
            .values(earliest=row.at - doubt, latest=row.at + doubt)
        )


def _make_pairs() -> sa.Table:
    return op.create_table(
        "clock_pairs",
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.Column("stretch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("low_wall", sa.DateTime(), nullable=False),
        sa.Column("low_ns", sa.BigInteger(), nullable=False),
        sa.Column("high_wall", sa.DateTime(), nullable=False),
        sa.Column("high_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "kiosk_id", "boot_id", "witness", "stretch", name=op.f("pk_clock_pairs")
        ),
    )


def _keep_anchors(conn: sa.Connection, pairs: sa.Table) -> None:
    """The one pair that a boot had so far came from an event that was in step."""
    anchors = sa.table(
        "boots",
        sa.column("kiosk_id", sa.Text),
        sa.column("boot_id", sa.Text),
        sa.column("wall", sa.DateTime),
        sa.column("monotonic_ns", sa.BigInteger),
    )
    doubt = _DOUBT["synced"]
    for row in conn.execute(sa.select(anchors)).all():
        values = {
            "kiosk_id": row.kiosk_id,
            "boot_id": row.boot_id,
            "witness": "event",
            "stretch": row.monotonic_ns // _STRETCH_NS,
            "low_wall": row.wall - doubt,
            "low_ns": row.monotonic_ns,
            "high_wall": row.wall + doubt,
            "high_ns": row.monotonic_ns,
        }
        conn.execute(sa.insert(pairs), [values])


def _make_boots() -> sa.Table:
    table = op.create_table(
        "boots",
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("last_ns", sa.BigInteger(), nullable=False),
        sa.Column("arrived_wall", sa.DateTime()),
        sa.Column("arrived_ns", sa.BigInteger()),
        sa.PrimaryKeyConstraint("kiosk_id", "epoch", "boot_id", name=op.f("pk_boots")),
    )
    op.create_index("ix_boots_kiosk_id_boot_id", "boots", ["kiosk_id", "boot_id"])
    return table


def _place_boots(conn: sa.Connection, boots: sa.Table) -> None:
    own = (_facts.c.kiosk_id, _facts.c.epoch, _facts.c.boot_id)
    places = sa.select(
        *own, sa.func.min(_facts.c.seq) * 2, sa.func.max(_facts.c.monotonic_ns)
    ).group_by(*own)
    names = ["kiosk_id", "epoch", "boot_id", "place", "last_ns"]
    conn.execute(sa.insert(boots).from_select(names, places))

"""What staff rule about facts, and the story of each case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_steps",
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_case_steps")),
    )
    op.create_index("ix_case_steps_case_id", "case_steps", ["case_id"])
    with op.batch_alter_table("facts") as facts:
        facts.add_column(sa.Column("ruling", sa.Text()))
    with op.batch_alter_table("cases") as cases:
        cases.add_column(sa.Column("site_id", sa.Text()))
        cases.add_column(sa.Column("came_back_at", sa.DateTime()))
        cases.add_column(
            sa.Column("steps", sa.Integer(), nullable=False, server_default="0")
        )
        cases.drop_index("ix_cases_state")
        for columns in _INDICES:
            cases.create_index("ix_cases_" + "_".join(columns), columns)
    _name_sites()


def downgrade() -> None:
    """Rulings are lost, and with them what they changed, once a fact comes."""
    with op.batch_alter_table("cases") as cases:
        for columns in _INDICES:
            cases.drop_index("ix_cases_" + "_".join(columns))
        cases.create_index("ix_cases_state", ["state"])
        for name in ("steps", "came_back_at", "site_id"):
            cases.drop_column(name)
    with op.batch_alter_table("facts") as facts:
        facts.drop_column("ruling")
    op.drop_table("case_steps")


_INDICES = (
    ["state", "severity", "opened_at", "case_id"],
    ["severity", "opened_at", "case_id"],
)


def _name_sites() -> None:
    """A case belongs to the site of its event, or of its kiosk if that has no fact."""
    cases = sa.table("cases", *map(sa.column, ("event_id", "kiosk_id", "site_id")))
    facts = sa.table("facts", *map(sa.column, ("fact_id", "site_id")))
    devices = sa.table("devices", *map(sa.column, ("kiosk_id", "site_id")))
    of_fact = sa.select(facts.c.site_id).where(facts.c.fact_id == cases.c.event_id)
    of_kiosk = sa.select(devices.c.site_id).where(
        devices.c.kiosk_id == cases.c.kiosk_id
    )
    named = sa.func.coalesce(of_fact.scalar_subquery(), of_kiosk.scalar_subquery())
    op.get_bind().execute(cases.update().values(site_id=named))

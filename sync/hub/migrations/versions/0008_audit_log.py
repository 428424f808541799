"""Who changed what: a log that is only ever added to, each entry chained to the last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

#: Refuses to change or remove an entry, whatever program tries it.
_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER audit_log_no_{change} BEFORE {change} ON audit_log BEGIN"
        " SELECT RAISE(ABORT, 'audit_log is append-only'); END"
        for change in ("update", "delete")
    ],
    "postgresql": [
        """
        CREATE FUNCTION audit_log_is_append_only() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION 'audit_log is append-only'; END
        $$ LANGUAGE plpgsql
        """,
        """
        CREATE TRIGGER audit_log_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()
        """,
    ],
}


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("entry", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_about", "audit_log", ["about"])
    op.create_index("ix_audit_log_who", "audit_log", ["who"])
    for guard in _GUARDS[op.get_bind().dialect.name]:
        op.execute(sa.text(guard))


def downgrade() -> None:
    """The log is lost with its table: export it before."""
    op.drop_table("audit_log")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text("DROP FUNCTION audit_log_is_append_only()"))
    settings = sa.table("settings", sa.column("name", sa.Text))
    op.execute(sa.delete(settings).where(settings.c.name == "audit_head"))

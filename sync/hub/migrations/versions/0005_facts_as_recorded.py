"""Facts keep what was recorded; due dates, holds and reservations follow from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_facts = sa.table(
    "facts",
    sa.column("recorded_at", sa.DateTime),
    sa.column("received_at", sa.DateTime),
    sa.column("promised", sa.Date),
    sa.column("due_on", sa.Date),
    sa.column("move", sa.Text),
)
#: What stood for "no due date" at a return.
_NEVER = "9999-12-31"


def upgrade() -> None:
    """A fact of before was due on a day that stands for what its kiosk promised."""
    with op.batch_alter_table("facts") as facts:
        facts.add_column(_text("title_id"))
        facts.add_column(sa.Column("promised", sa.Date()))
        facts.add_column(_flag("withdrawn", sa.false()))
        facts.add_column(_flag("believed", sa.true()))
        facts.add_column(sa.Column("received_at", sa.DateTime()))
        facts.add_column(_text("records", "{}"))
    conn = op.get_bind()
    lent = _facts.c.move == "lend"
    conn.execute(sa.update(_facts).values(received_at=_facts.c.recorded_at))
    conn.execute(sa.update(_facts).where(lent).values(promised=_facts.c.due_on))
    with op.batch_alter_table("facts") as facts:
        facts.alter_column("received_at", existing_type=sa.DateTime(), nullable=False)
        for name in ("title_id", "withdrawn", "believed", "records"):
            facts.alter_column(name, server_default=None)
        facts.drop_column("due_on")
        facts.drop_column("renewals")
        facts.create_index("ix_facts_title_id", ["title_id"])
        facts.create_index("ix_facts_patron_ref", ["patron_ref"])
    op.execute("DELETE FROM loans WHERE provisional")
    with op.batch_alter_table("loans") as loans:
        loans.drop_column("provisional")
    _make_holds()


def downgrade() -> None:
    """Holds and renewals are lost to the older hub: it knows no such facts."""
    op.drop_table("holds")
    op.execute("DELETE FROM facts WHERE move IN ('hold', 'renew')")
    with op.batch_alter_table("loans") as loans:
        loans.add_column(_flag("provisional", sa.false()))
    with op.batch_alter_table("loans") as loans:
        loans.alter_column("provisional", server_default=None)
    with op.batch_alter_table("facts") as facts:
        facts.add_column(
            sa.Column("due_on", sa.Date(), nullable=False, server_default=_NEVER)
        )
        facts.add_column(
            sa.Column("renewals", sa.Integer(), nullable=False, server_default="0")
        )
    promised = _facts.c.promised
    told = sa.update(_facts).where(promised.is_not(None)).values(due_on=promised)
    op.get_bind().execute(told)
    with op.batch_alter_table("facts") as facts:
        facts.alter_column("due_on", server_default=None)
        facts.alter_column("renewals", server_default=None)
        facts.drop_index("ix_facts_title_id")
        facts.drop_index("ix_facts_patron_ref")
        for name in (
            "title_id",
            "promised",
            "withdrawn",
            "believed",
            "received_at",
            "records",
        ):
            facts.drop_column(name)


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def _flag(name: str, default: sa.ColumnElement[bool]) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=default)


def _make_holds() -> None:
    op.create_table(
        "holds",
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("patron_ref", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(), nullable=False),
        sa.Column("filled_by", sa.Text()),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_title_id", "holds", ["title_id"])
    op.create_index("ix_holds_patron_ref", "holds", ["patron_ref"])

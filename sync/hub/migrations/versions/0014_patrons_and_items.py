"""More of patrons and their cards, parts of sets, and words to find records by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sync.hub.county.search_terms import Kind, class_steps, index, words

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_CHUNK = 1000
_OF_PATRONS = ("home_site", "guardian", "loan_limit", "why")


def upgrade() -> None:
    with op.batch_alter_table("patrons") as patrons:
        patrons.add_column(
            sa.Column("home_site", sa.Text(), nullable=False, server_default="")
        )
        patrons.add_column(sa.Column("guardian", sa.Text()))
        patrons.add_column(sa.Column("loan_limit", sa.Integer()))
        patrons.add_column(
            sa.Column("why", sa.Text(), nullable=False, server_default="")
        )
        patrons.create_index(op.f("ix_patrons_guardian"), ["guardian"])
    with op.batch_alter_table("credentials") as credentials:
        credentials.add_column(
            sa.Column("state", sa.Text(), nullable=False, server_default="active")
        )
        credentials.add_column(sa.Column("since", sa.DateTime()))
    op.create_table(
        "item_parts",
        sa.Column("barcode", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("missing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("barcode", "number", name=op.f("pk_item_parts")),
    )
    op.create_table(
        "search_terms",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "term", "key", name=op.f("pk_search_terms")),
        sqlite_with_rowid=False,
    )
    _find_all()


def downgrade() -> None:
    """What only these columns hold is lost; a lost card is dropped, not put back."""
    conn = op.get_bind()
    conn.execute(sa.text("DELETE FROM credentials WHERE state <> 'active'"))
    op.drop_table("search_terms")
    op.drop_table("item_parts")
    with op.batch_alter_table("credentials") as credentials:
        credentials.drop_column("since")
        credentials.drop_column("state")
    with op.batch_alter_table("patrons") as patrons:
        patrons.drop_index(op.f("ix_patrons_guardian"))
        for name in reversed(_OF_PATRONS):
            patrons.drop_column(name)


def _find_all() -> None:
    """Index what is there already, as `catalogue` and `patrons` do from now on."""
    titles = _rows("SELECT title_id AS key, title, author, clc FROM titles")
    for chunk in titles:
        terms = {row["key"]: words(f"{row['title']} {row['author']}") for row in chunk}
        index(op.get_bind(), Kind.TITLE, {}, terms)
        classes = {row["key"]: class_steps(row["clc"]) for row in chunk}
        index(op.get_bind(), Kind.CLASS, {}, classes)
    for chunk in _rows("SELECT number AS key, name FROM patrons"):
        index(
            op.get_bind(),
            Kind.PATRON,
            {},
            {row["key"]: words(row["name"]) for row in chunk},
        )


def _rows(query: str) -> list[list[sa.RowMapping]]:
    rows = op.get_bind().execute(sa.text(query)).mappings().all()
    return [list(rows[at : at + _CHUNK]) for at in range(0, len(rows), _CHUNK)]

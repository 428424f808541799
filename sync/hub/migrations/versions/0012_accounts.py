"""Accounts have a role at a site and can be disabled; wrong passwords are counted here.

The roles that there were keep their names: "admin" and "staff" of the whole county.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OLD_ROLES = ("admin", "staff")
_users = sa.table(
    "users",
    sa.column("name", sa.Text),
    sa.column("role", sa.Text),
    sa.column("disabled", sa.Boolean),
)


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("site_id", sa.Text()))
        users.add_column(
            sa.Column(
                "disabled", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
        users.create_foreign_key(
            op.f("fk_users_site_id"), "sites", ["site_id"], ["site_id"]
        )
    op.create_table(
        "login_tries",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.Column("closed_until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_tries")),
    )
    op.create_table(
        "login_places",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "address", name=op.f("pk_login_places")),
    )


def downgrade() -> None:
    """Accounts that the old schema could not keep in bounds are lost.

    It knew neither disabled ones nor roles at a site: they would see everything.
    """
    op.drop_table("login_places")
    op.drop_table("login_tries")
    unsafe = sa.or_(_users.c.disabled, _users.c.role.not_in(_OLD_ROLES))
    op.execute(sa.delete(_users).where(unsafe))
    with op.batch_alter_table("users") as users:
        users.drop_constraint(op.f("fk_users_site_id"), type_="foreignkey")
        users.drop_column("disabled")
        users.drop_column("site_id")

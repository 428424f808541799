"""Holds are told to the kiosks: those that are active now are marked as changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_KIND = "hold"
_ACTIVE = ("waiting", "on_its_way", "ready")

_holds = sa.table("holds", sa.column("hold_id"), sa.column("state"))
_feed = sa.table("feed", sa.column("kind"), sa.column("key"), sa.column("version"))
_clock = sa.table("feed_clock", sa.column("version"))


def upgrade() -> None:
    conn = op.get_bind()
    active = sa.select(_holds.c.hold_id).where(_holds.c.state.in_(_ACTIVE))
    names = conn.execute(active.order_by(_holds.c.hold_id)).scalars().all()
    if not names:
        return
    last = conn.execute(sa.select(_clock.c.version)).scalar_one()
    rows = [
        {"kind": _KIND, "key": name, "version": version}
        for version, name in enumerate(names, last + 1)
    ]
    conn.execute(_feed.insert(), rows)
    conn.execute(_clock.update().values(version=last + len(names)))


def downgrade() -> None:
    op.get_bind().execute(_feed.delete().where(_feed.c.kind == _KIND))

"""Kiosks are told readers' names of their own area only: each reader is told anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_READERS = sa.text("SELECT key FROM feed WHERE kind = 'patron' ORDER BY version")
_NEWEST = sa.text("SELECT version FROM feed_clock")
_TELL = sa.text("UPDATE feed SET version = :v WHERE kind = 'patron' AND key = :k")
_COUNT_ON = sa.text("UPDATE feed_clock SET version = :v")


def upgrade() -> None:
    conn = op.get_bind()
    newest = conn.execute(_NEWEST).scalar() or 0
    readers = conn.execute(_READERS).scalars().all()
    told = [{"k": key, "v": newest + n} for n, key in enumerate(readers, 1)]
    if told:
        conn.execute(_TELL, told)
        conn.execute(_COUNT_ON, {"v": newest + len(told)})


def downgrade() -> None:
    """Nothing to undo: a hub of before tells each name again when its reader changes."""

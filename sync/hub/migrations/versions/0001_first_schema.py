"""The hub's first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: In the order of their making; some refer to earlier ones.
_TABLES = (
    "sites",
    "users",
    "patrons",
    "credentials",
    "titles",
    "items",
    "facts",
    "loans",
    "cases",
    "devices",
    "enrol_codes",
    "boots",
    "events",
    "quarantine",
    "kiosk_heads",
    "rules",
    "feed",
    "feed_clock",
    "settings",
)


def upgrade() -> None:
    _create_places_and_staff()
    _create_people()
    _create_books()
    _create_facts()
    _create_loans_and_cases()
    _create_devices()
    _create_events()
    _create_feed()
    clock = sa.table("feed_clock", sa.column("clock_id"), sa.column("version"))
    op.bulk_insert(clock, [{"clock_id": 1, "version": 0}])


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create_places_and_staff() -> None:
    op.create_table(
        "sites",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("isil", sa.Text(), nullable=False),
        sa.Column("keeper", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("opens", sa.Text(), nullable=False),
        sa.Column("closes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="pk_sites"),
    )
    op.create_table(
        "users",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )


def _create_people() -> None:
    op.create_table(
        "patrons",
        sa.Column("patron_ref", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("patron_type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("patron_ref", name="pk_patrons"),
        sa.UniqueConstraint("number", name="uq_patrons_number"),
    )
    op.create_table(
        "credentials",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("patron_ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patron_ref"],
            ["patrons.patron_ref"],
            name="fk_credentials_patron_ref",
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_credentials"),
        sa.UniqueConstraint("text", name="uq_credentials_text"),
    )
    op.create_index("ix_credentials_patron_ref", "credentials", ["patron_ref"])


def _create_books() -> None:
    op.create_table(
        "titles",
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("year", sa.Text(), nullable=False),
        sa.Column("isbn", sa.Text(), nullable=False),
        sa.Column("clc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("title_id", name="pk_titles"),
    )
    op.create_index("ix_titles_isbn", "titles", ["isbn"])
    op.create_table(
        "items",
        sa.Column("barcode", sa.Text(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("item_type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("home_site", sa.Text(), nullable=False),
        sa.Column("current_site", sa.Text(), nullable=False),
        sa.Column("adult_only", sa.Boolean(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("barcode", name="pk_items"),
    )
    op.create_index("ix_items_title_id", "items", ["title_id"])


def _create_facts() -> None:
    op.create_table(
        "facts",
        sa.Column("fact_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("move", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("recorded_clock", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("monotonic_ns", sa.BigInteger(), nullable=False),
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("patron_ref", sa.Text(), nullable=False),
        sa.Column("loan_ref", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("renewals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("fact_id", name="pk_facts"),
    )
    op.create_index("ix_facts_item", "facts", ["item"])
    op.create_index("ix_facts_kiosk_id_boot_id", "facts", ["kiosk_id", "boot_id"])


def _create_loans_and_cases() -> None:
    op.create_table(
        "loans",
        sa.Column("loan_id", sa.Text(), nullable=False),
        sa.Column("loan_ref", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("patron_ref", sa.Text(), nullable=False),
        sa.Column("loaned_at", sa.DateTime(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("renewed", sa.Integer(), nullable=False),
        sa.Column("loan_site", sa.Text(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("returned_at", sa.DateTime(), nullable=True),
        sa.Column("return_site", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("how_closed", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("loan_id", name="pk_loans"),
    )
    op.create_index("ix_loans_item", "loans", ["item"])
    op.create_index("ix_loans_loan_ref", "loans", ["loan_ref"])
    op.create_index("ix_loans_patron_ref", "loans", ["patron_ref"])
    op.create_table(
        "cases",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("patron_ref", sa.Text(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("sides", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
    )
    op.create_index("ix_cases_item", "cases", ["item"])
    op.create_index("ix_cases_state", "cases", ["state"])


def _create_devices() -> None:
    op.create_table(
        "devices",
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("hostname", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=True),
        sa.Column("heartbeat", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_devices_site_id"
        ),
        sa.PrimaryKeyConstraint("kiosk_id", name="pk_devices"),
        sa.UniqueConstraint("public_key", name="uq_devices_public_key"),
    )
    op.create_table(
        "enrol_codes",
        sa.Column("code_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("kiosk_id", sa.Text(), nullable=True),
        sa.CheckConstraint("tries_left >= 0", name="ck_enrol_codes_tries"),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.site_id"], name="fk_enrol_codes_site_id"
        ),
        sa.PrimaryKeyConstraint("code_id", name="pk_enrol_codes"),
    )
    op.create_table(
        "boots",
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("wall", sa.DateTime(), nullable=False),
        sa.Column("monotonic_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kiosk_id", "boot_id", name="pk_boots"),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("refers_to", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name="pk_events"),
        sa.UniqueConstraint(
            "kiosk_id", "epoch", "seq", name="uq_events_kiosk_id_epoch_seq"
        ),
    )
    op.create_index("ix_events_received_at", "events", ["received_at"])
    op.create_index("ix_events_refers_to", "events", ["refers_to"])
    op.create_table(
        "quarantine",
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("kiosk_id", "event_id", name="pk_quarantine"),
    )
    op.create_table(
        "kiosk_heads",
        sa.Column("kiosk_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("highest_seq", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("kiosk_id", "epoch", name="pk_kiosk_heads"),
    )


def _create_feed() -> None:
    op.create_table(
        "rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_rules"),
    )
    op.create_table(
        "feed",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_feed"),
        sa.UniqueConstraint("version", name="uq_feed_version"),
    )
    op.create_table(
        "feed_clock",
        sa.Column("clock_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("clock_id", name="pk_feed_clock"),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_settings"),
    )

"""Whatever leaves the hub is explained in Chinese and in English."""

from __future__ import annotations

from sync.hub.county.export_readme import COLUMNS, TABLES
from sync.hub.county.export_tables import exported

TOLD = exported(readers=True)


def test_every_exported_table_has_words() -> None:
    assert {table.name for table in TOLD} - TABLES.keys() == set()


def test_every_exported_column_has_words() -> None:
    names = {name for table in TOLD for name in table.columns}

    assert "credentials" in {table.name for table in TOLD}
    assert {"barcode", "cards"} <= names
    assert names - COLUMNS.keys() == set()


def test_words_are_there_in_both_languages() -> None:
    for chinese, english in (*TABLES.values(), *COLUMNS.values()):
        assert chinese
        assert english
